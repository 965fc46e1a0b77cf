//! Which requests a browser may make here.
//!
//! Apps may be served from the dashboard's own origin, and their scripts then are no strangers to
//! the browser: they could ask for a page here and read it. So pages are given to a navigation of
//! the whole window only, which no script can read: not to `fetch`, and not to a frame. Browsers
//! say what a request is for, and scripts cannot change that (Fetch Metadata).

use crate::web::cross_origin;
use http::header::{HeaderMap, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method};

const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request for a page is refused; none: it may be answered.
pub(super) fn objection(head: &Parts, https: bool) -> Option<&'static str> {
    let said = |name: &HeaderName, wanted: &str| {
        let values: Vec<&HeaderValue> = head.headers.get_all(name).iter().collect();
        values.is_empty() || matches!(&values[..], [value] if value.as_bytes() == wanted.as_bytes())
    };
    if !said(&MODE, "navigate") || !said(&DEST, "document") {
        return Some("pages of the dashboard are for windows, and not for scripts or frames");
    }
    if [Method::GET, Method::HEAD].contains(&head.method) {
        return None;
    }
    let is_own = match site(&head.headers) {
        Some(site) => site == "same-origin",
        None => cross_origin::comes_from_visited(&head.headers, https),
    };
    (!is_own).then_some("this form was sent by another site, and nothing was done")
}

/// Whether a link of another site leads here. A browser then keeps back cookies of the session's
/// kind.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    site(headers) == Some("cross-site")
}

/// What the browser says of where a request comes from. Several values are as good as a wrong one.
fn site(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(SITE).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn passes(method: &str, https: bool, headers: &[(&str, &str)]) -> bool {
        let request = Request::builder().method(method).uri("/").header("host", "inn.example");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.body(()).expect("a request").into_parts();
        objection(&head, https).is_none()
    }

    #[test]
    fn pages_are_for_windows() {
        for (headers, may) in [
            (&[][..], true),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], true),
            (
                &[
                    ("sec-fetch-mode", "navigate"),
                    ("sec-fetch-dest", "document"),
                    ("sec-fetch-site", "cross-site"),
                ],
                true,
            ),
            (&[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], false),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], false),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "embed")], false),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-mode", "navigate")], false),
        ] {
            assert_eq!(passes("GET", false, headers), may, "{headers:?}");
        }
    }

    #[test]
    fn forms_come_from_here() {
        for (https, headers, may) in [
            (false, &[][..], false),
            (false, &[("origin", "http://inn.example")], true),
            (true, &[("origin", "http://inn.example")], false),
            (true, &[("origin", "https://inn.example")], true),
            (false, &[("origin", "http://inn.example:81")], false),
            (false, &[("origin", "null")], false),
            (false, &[("origin", "http://inn.example"), ("origin", "http://inn.example")], false),
            (false, &[("sec-fetch-site", "same-origin")], true),
            (false, &[("sec-fetch-site", "none")], false),
            (false, &[("sec-fetch-site", "same-site"), ("origin", "http://inn.example")], false),
            (false, &[("sec-fetch-site", "cross-site"), ("origin", "http://inn.example")], false),
            (false, &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], false),
        ] {
            assert_eq!(passes("POST", https, headers), may, "{https} {headers:?}");
        }
    }
}
