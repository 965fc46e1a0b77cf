//! What the router in front says about the client.

use std::net::IpAddr;

use http::HeaderMap;

/// The lengths of a request id that Heroku's router lets a client choose.
const ID_BYTES: std::ops::RangeInclusive<usize> = 20..=200;

/// Who is asking, as far as a trusted proxy has said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// Whether the client spoke TLS to the proxy.
    pub scheme_https: bool,
    /// The address from which the client reached the proxy.
    pub address: Option<IpAddr>,
    /// The id under which the proxy logs the request.
    pub request_id: Option<String>,
}

impl ClientInfo {
    /// Reads the proxy's headers; says nothing where no proxy is trusted, for then the client has
    /// written them.
    pub fn new(headers: &HeaderMap, trust_proxy: bool) -> Self {
        if !trust_proxy {
            return Self::default();
        }
        Self {
            scheme_https: last_entry(headers, "x-forwarded-proto")
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            address: last_entry(headers, "x-forwarded-for").and_then(|entry| entry.parse().ok()),
            request_id: request_id(headers),
        }
    }
}

/// The right-most entry of a list: each proxy appends, so only this one is by the proxy next to us.
fn last_entry<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// The id, if there is one and it is fit for a log line.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all("x-request-id").iter();
    let (Some(id), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let id = id.to_str().ok()?;
    let is_clean =
        id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-'));
    (is_clean && ID_BYTES.contains(&id.len())).then(|| id.to_owned())
}
