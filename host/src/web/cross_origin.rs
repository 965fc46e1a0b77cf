//! Whether a request that changes something comes from the app's own pages.
//!
//! A browser sends a visitor's cookie along whoever made it send the request. So a request with an
//! unsafe method and the session's cookie has to come from the app's own origin, as the browser
//! says in `Sec-Fetch-Site` or, where it is too old for that, in `Origin` (the rules are those of
//! Go's `http.CrossOriginProtection`). Whoever sends neither is no browser. Requests without a
//! session have nothing to abuse: they pass, but begin no session, which the browser would put in
//! the place of the one whose cookie it kept back (`SameSite=Lax`).

use crate::guests::settings::{Origins, parse_origin};
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, request};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request with a visitor's session is not to reach its guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Objection {
    /// For the log.
    pub(super) reason: &'static str,
    /// For the visitor.
    pub(super) page: &'static str,
}

impl Objection {
    /// Another page has sent it.
    const fn foreign(reason: &'static str) -> Option<Self> {
        Some(Self { reason, page: "This request came from another site, in your name. Nothing was done." })
    }
}

/// What browsers say of a page whose policy is to name no referrer, even to the page's own app
/// (Fetch standard, "append a request `Origin` header"). Where they visit by https they say
/// `Sec-Fetch-Site` as well, which goes first.
const NULL_ORIGIN: Objection = Objection {
    reason: "Origin is null, which may be any page's. If it is the app's own, the page has a Referrer-Policy of no-referrer: \
             send same-origin instead, or let visitors come by https",
    page: "Your browser did not say which page sent this request, so it may have come from another site. Nothing was done. \
           This happens over plain http where a page asks for no referrer: whoever looks after this site can send \
           \u{201c}Referrer-Policy: same-origin\u{201d} with its pages, or serve them by https.",
};

/// Why a request with a visitor's session is not to reach its guest; none: it may.
pub(super) fn objection(head: &request::Parts, https: bool, origins: &Origins) -> Option<Objection> {
    if origins.allow_all || [Method::GET, Method::HEAD, Method::OPTIONS].contains(&head.method) {
        return None;
    }
    let (site, origin) = (header(&head.headers, &SEC_FETCH_SITE), header(&head.headers, &ORIGIN));
    match (site, origin) {
        (Header::One(site), _) if site == "same-origin" || site == "none" => None,
        (_, Header::One(origin)) if is_trusted(origin, origins) => None,
        (Header::One(_), _) => Objection::foreign("Sec-Fetch-Site says that a page of another origin sent it"),
        (Header::Several, _) => Objection::foreign("it has several Sec-Fetch-Site headers"),
        (Header::None, Header::None) => None,
        (Header::None, Header::Several) => Objection::foreign("it has several Origin headers"),
        (Header::None, Header::One(origin)) if is_visited(origin, head.headers.get(HOST), https) => None,
        (Header::None, Header::One(origin)) if origin == "null" => Some(NULL_ORIGIN),
        (Header::None, Header::One(_)) => Objection::foreign("Origin says that a page of another origin sent it"),
    }
}

enum Header<'a> {
    None,
    One(&'a HeaderValue),
    Several,
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Header<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::None,
        (Some(value), None) => Header::One(value),
        (Some(_), Some(_)) => Header::Several,
    }
}

/// Whether an app trusts the pages of an origin.
pub(super) fn is_trusted(origin: &HeaderValue, origins: &Origins) -> bool {
    let origin = origin.to_str().ok().and_then(parse_origin).map(|origin| origin.origin().ascii_serialization());
    origin.is_some_and(|origin| origins.trusted.contains(&origin))
}

/// Whether exactly one `Origin` says that a request was sent by a page of the origin that it goes
/// to.
pub(super) fn comes_from_visited(headers: &HeaderMap, https: bool) -> bool {
    matches!(header(headers, &ORIGIN), Header::One(origin) if is_visited(origin, headers.get(HOST), https))
}

/// Whether this is the origin that the visitor has come to: scheme, host and port. The host itself
/// speaks no TLS, so the scheme is http unless a trusted router says otherwise.
fn is_visited(origin: &HeaderValue, host: Option<&HeaderValue>, https: bool) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(parse_origin) else { return false };
    let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
    let scheme = if https { "https" } else { "http" };
    let visited = parse_origin(&format!("{scheme}://{host}"));
    visited.is_some_and(|visited| visited.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn passes(headers: &[(&str, &str)], https: bool, origins: &Origins) -> bool {
        let request =
            headers.iter().fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.body(()).unwrap().into_parts();
        objection(&head, https, origins).is_none()
    }

    #[test]
    fn a_browser_says_where_a_request_comes_from() {
        let host = ("host", "blog.example");
        let cases: [(&[(&str, &str)], bool); 17] = [
            (&[host], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host, ("sec-fetch-site", "none")], true),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "Same-Origin")], false),
            (&[host, ("sec-fetch-site", "")], false),
            (&[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], false),
            (&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://blog.example")], false),
            (&[host, ("origin", "http://blog.example")], true),
            (&[host, ("origin", "https://blog.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("origin", "")], false),
            (&[host, ("origin", "https://evil.example")], false),
            (&[host, ("origin", "http://blog.example"), ("origin", "http://blog.example")], false),
            (&[("origin", "http://blog.example")], false),
        ];
        for (headers, may_pass) in cases {
            assert_eq!(passes(headers, false, &Origins::default()), may_pass, "{headers:?}");
        }
    }

    #[test]
    fn a_page_that_names_no_referrer_is_told_what_to_do() {
        let said = |headers: &[(&str, &str)]| {
            let request =
                headers.iter().fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
            objection(&request.body(()).unwrap().into_parts().0, false, &Origins::default())
        };
        let null = said(&[("host", "blog.example"), ("origin", "null")]).unwrap();
        for text in [null.reason, null.page] {
            assert!(
                text.contains("Referrer-Policy") && text.contains("same-origin") && text.contains("https"),
                "{text}"
            );
        }
        let foreign = said(&[("host", "blog.example"), ("origin", "https://evil.example")]).unwrap();
        assert!(!foreign.page.contains("Referrer-Policy"), "{}", foreign.page);
        assert_eq!(said(&[("host", "blog.example"), ("origin", "null"), ("sec-fetch-site", "same-origin")]), None);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let cases = [
            ("blog.example", "https://blog.example", true, true),
            ("blog.example", "http://blog.example", true, false),
            ("blog.example", "http://blog.example", false, true),
            ("blog.example", "https://blog.example", false, false),
            ("blog.example:443", "https://blog.example", false, false),
            ("blog.example:80", "http://blog.example", false, true),
            ("BLOG.example:443", "https://blog.example", true, true),
            ("blog.example:80", "https://blog.example", true, false),
            ("localhost:8080", "http://localhost:8080", false, true),
            ("localhost:8080", "http://localhost:8081", false, false),
            ("localhost:8080", "http://localhost", false, false),
            ("[::1]:8080", "http://[::1]:8080", false, true),
            ("blog.example", "https://blog.example.evil.example", true, false),
            ("blog.example", "https://evil.example/blog.example", true, false),
            ("blog.example", "https://x@blog.example", true, false),
            ("blog.example", "ftp://blog.example", false, false),
        ];
        for (host, origin, https, may_pass) in cases {
            let headers = [("host", host), ("origin", origin)];
            assert_eq!(passes(&headers, https, &Origins::default()), may_pass, "{headers:?} {https}");
        }
    }

    #[test]
    fn an_app_may_trust_others_or_everybody() {
        let cross = |origin| [("host", "blog.example"), ("sec-fetch-site", "cross-site"), ("origin", origin)];
        let some = Origins { allow_all: false, trusted: vec!["https://shop.example".into()] };
        assert!(passes(&cross("https://shop.example"), true, &some));
        assert!(passes(&cross("https://shop.example:443"), true, &some));
        assert!(!passes(&cross("http://shop.example"), true, &some));
        assert!(!passes(&cross("https://shop.example:8443"), true, &some));
        assert!(!passes(&cross("null"), true, &some));
        assert!(passes(&cross("null"), true, &Origins { allow_all: true, trusted: vec![] }));
    }

    #[test]
    fn only_methods_that_change_something_are_looked_at() {
        for (method, may_pass) in
            [("GET", true), ("HEAD", true), ("OPTIONS", true), ("PUT", false), ("DELETE", false), ("get", false)]
        {
            let request =
                Request::builder().method(method).header("sec-fetch-site", "cross-site").body(()).unwrap();
            let objection = objection(&request.into_parts().0, true, &Origins::default());
            assert_eq!(objection.is_none(), may_pass, "{method}");
        }
    }
}
