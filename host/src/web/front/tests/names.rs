//! Host names for routing, and what a proxy says about the client.

use http::HeaderMap;

use super::super::{ClientInfo, normalise_host};

#[test]
fn a_host_has_one_spelling() {
    let same = ["example.com", "EXAMPLE.com", "example.com.", "Example.Com.:8080", "example.com:80"];
    for host in same {
        assert_eq!(normalise_host(host).as_deref(), Some("example.com"), "{host:?}");
    }
    assert_eq!(normalise_host("[2001:DB8::1]:443").as_deref(), Some("[2001:db8::1]"));
    assert_eq!(normalise_host("127.0.0.1:5000").as_deref(), Some("127.0.0.1"));
    assert_eq!(normalise_host("my_app-1.localhost").as_deref(), Some("my_app-1.localhost"));
}

#[test]
fn what_is_no_host_has_none() {
    let long = "a.".repeat(127) + "aa";
    let none = [
        "", ".", "..", "a..", "a..b", ".a", "a b", "a,b", "u@a", "a/b", "a:", "a:b", "a:99999", "a:1:2", "a:80.",
        "[::1", "::1", "[::1]a", "[::1]:", "[]", "[a]", "a%2e", "\u{e4}", "a\0", &long,
    ];
    for host in none {
        assert_eq!(normalise_host(host), None, "{host:?}");
    }
}

/// Of what is no URL's host many programs make an error before they look at the rest.
#[test]
fn a_host_is_one_that_a_url_may_have() {
    for host in ["1.2.3.4", "0x7f.1", "a1.b2", "1a", "web_1", "a.1_b", "xn--bcher-kva.example", "[::1]"] {
        assert_eq!(normalise_host(host).as_deref(), Some(host), "{host}");
    }
    for host in ["999999999999.1", "1.2.3.256", "1.2.3.4.5", "a.1", "xn--a.xn--", "XN--.a"] {
        assert_eq!(normalise_host(host), None, "{host}");
    }
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

#[test]
fn a_trusted_proxy_is_believed_and_only_its_own_entries() {
    let id = "6c6ac1a8-7a68-5e5d-8d9a-1ab7ad4ebc66";
    let client = ClientInfo::new(
        &headers(&[
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "10.0.0.1, 203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-request-id", id),
        ]),
        true,
    );
    assert!(client.scheme_https);
    assert_eq!(client.address, Some([203, 0, 113, 7].into()));
    assert_eq!(client.request_id.as_deref(), Some(id));
    let client =
        ClientInfo::new(&headers(&[("x-forwarded-for", "2001:db8::7"), ("x-forwarded-proto", "http")]), true);
    assert_eq!((client.scheme_https, client.address), (false, Some("2001:db8::7".parse().unwrap())));
}

#[test]
fn without_a_trusted_proxy_nothing_is_believed() {
    let forged = headers(&[
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "6c6ac1a8-7a68-5e5d-8d9a-1ab7ad4ebc66"),
    ]);
    assert_eq!(ClientInfo::new(&forged, false), ClientInfo::default());
}

#[test]
fn entries_that_are_none_are_left_out() {
    let long = "a".repeat(201);
    for id in ["", "short", "nineteen-characters", "an id with spaces in it", "quote\"quote\"quote\"quote", &long]
    {
        assert_eq!(ClientInfo::new(&headers(&[("x-request-id", id)]), true).request_id, None, "{id:?}");
    }
    let two = headers(&[("x-request-id", &long[..20]), ("x-request-id", &long[..20])]);
    assert_eq!(ClientInfo::new(&two, true).request_id, None);
    for address in ["", "unknown", "203.0.113.7:80", "203.0.113.7,", "1.2.3"] {
        assert_eq!(ClientInfo::new(&headers(&[("x-forwarded-for", address)]), true).address, None, "{address:?}");
    }
}
