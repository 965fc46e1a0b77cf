//! What a request asks of a file.

use crate::guests::admission::Client;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Who wants a file, which part of it, and under which condition.
#[derive(Debug, Default)]
pub(in crate::web) struct Wanted {
    pub(super) client: Client,
    pub(in crate::web) is_head: bool,
    pub(super) is_get: bool,
    pub(super) range: Option<HeaderValue>,
    pub(super) if_range: Option<HeaderValue>,
    pub(super) if_match: Option<HeaderValue>,
    pub(super) if_none_match: Option<HeaderValue>,
    pub(super) if_modified_since: Option<HeaderValue>,
    pub(super) if_unmodified_since: Option<HeaderValue>,
}

impl Wanted {
    /// Reads method and headers of a request.
    pub(in crate::web) fn new(method: &Method, headers: &HeaderMap, client: Client) -> Self {
        let get = |name: HeaderName| whole(headers, &name);
        Self {
            client,
            is_head: method == Method::HEAD,
            is_get: method == Method::GET,
            range: get(header::RANGE),
            if_range: get(header::IF_RANGE),
            if_match: get(header::IF_MATCH),
            if_none_match: get(header::IF_NONE_MATCH),
            if_modified_since: get(header::IF_MODIFIED_SINCE),
            if_unmodified_since: get(header::IF_UNMODIFIED_SINCE),
        }
    }
}

/// Several lines are one list (RFC 9110, section 5.3). What may stand only once, and stands twice,
/// is malformed by that.
fn whole(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    let rest: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    if rest.is_empty() {
        return Some(first.clone());
    }
    HeaderValue::from_bytes(&[&[first.as_bytes()], rest.as_slice()].concat().join(&b", "[..])).ok()
}
