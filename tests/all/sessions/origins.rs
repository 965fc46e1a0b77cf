//! Requests that a page of somebody else made a visitor's browser send.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use support::chromium::{Chromium, Opened};
use support::probe::{all_ok, ok};
use support::{Answer, Engine, TestHost, Visitor};

use super::{deploy, get, set, with_settings};

on_both_databases! {
    a_page_of_another_origin_changes_nothing,
    what_needs_no_session_may_come_from_anywhere,
    a_page_of_another_origin_begins_no_session,
    another_scheme_is_another_origin,
    an_app_may_trust_other_origins,
    an_app_may_look_out_for_itself,
    an_app_on_the_same_host_name_is_the_same_origin,
    a_form_on_a_page_of_another_origin_is_refused_in_a_browser,
    a_page_without_a_referrer_is_told_what_to_do_in_a_browser,
}

async fn with_session(engine: Engine) -> (TestHost, Visitor) {
    let (host, mut visitor) = super::probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    (host, visitor)
}

/// Sends a request that would set `a` to 2, with these headers.
async fn send(visitor: &mut Visitor, method: Method, headers: &[(&str, &str)]) -> Answer {
    let steps = json!([set("a", "2")]).to_string();
    let request = Request::builder().method(method).uri("/steps").header("probe-steps", steps);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    visitor.send(request, Full::<Bytes>::default()).await
}

async fn a_page_of_another_origin_changes_nothing(engine: Engine) {
    let (host, mut visitor) = with_session(engine).await;
    let (own, port) = (host.url(), format!("http://127.0.0.1:{}", host.address().port().wrapping_add(1)));
    let refused: [&[(&str, &str)]; 9] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &port)],
        &[("origin", &own), ("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("host", "evil.example:1")],
    ];
    for headers in refused {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = send(&mut visitor, method, headers).await.expect(403);
            assert!(answer.text().contains("another site") && answer.header("set-cookie").is_none(), "{answer:?}");
        }
    }
    assert_eq!(ok(&visitor.probe_one(get("a")).await), "1");
    assert!(host.wait_for_log("Origin says").await.contains("cross-origin"), "the reason is logged");
    let null = send(&mut visitor, Method::POST, &[("origin", "null")]).await.expect(403);
    let line = host.wait_for_log("Origin is null").await;
    for text in [null.text(), line.as_str()] {
        assert!(
            text.contains("Referrer-Policy") && text.contains("same-origin") && text.contains("https"),
            "{text}"
        );
    }
    let passed: [&[(&str, &str)]; 5] = [
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", &own)],
        &[("origin", "http://blog.example"), ("host", "blog.example")],
    ];
    for headers in passed {
        send(&mut visitor, Method::POST, headers).await.expect(200);
    }
    for method in [Method::GET, Method::OPTIONS] {
        send(&mut visitor, method, &[("sec-fetch-site", "cross-site")]).await.expect(200);
    }
}

/// The scheme is what a trusted router says, else http. A page that somebody on the way has put at
/// http://blog.example is not one of https://blog.example.
async fn another_scheme_is_another_origin(engine: Engine) {
    let (http, https) = (("origin", "http://blog.example"), ("origin", "https://blog.example"));
    let (host, mut visitor) = with_session(engine).await;
    for (headers, status) in [
        (vec![https], 403),
        (vec![https, ("x-forwarded-proto", "https")], 403),
        (vec![("origin", "https://blog.example:80")], 403),
        (vec![http], 200),
        (vec![http, ("x-forwarded-proto", "https")], 200),
        (vec![https, ("sec-fetch-site", "same-origin")], 200),
    ] {
        let headers = [headers, vec![("host", "blog.example")]].concat();
        let answer = send(&mut visitor, Method::POST, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    drop(host);
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_TRUST_PROXY", "1").start().await;
    for (proto, own, foreign) in [(Some("https"), https, http), (Some("http"), http, https), (None, http, https)] {
        let forwarded = proto.map(|proto| ("x-forwarded-proto", proto));
        let with = |origin: Option<(&'static str, &'static str)>| -> Vec<(&'static str, &'static str)> {
            forwarded.into_iter().chain(origin).chain([("host", "blog.example")]).collect()
        };
        let mut visitor = host.visitor();
        let cookie = send(&mut visitor, Method::POST, &with(None)).await.expect(200);
        let cookie =
            cookie.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a session").to_owned();
        for (origin, status) in [(own, 200), (foreign, 403)] {
            let mut headers = with(Some(origin));
            headers.push(("cookie", cookie.as_str()));
            let answer = send(&mut host.visitor(), Method::POST, &headers).await;
            assert_eq!(answer.status, status, "{headers:?}");
        }
    }
}

async fn what_needs_no_session_may_come_from_anywhere(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let cross = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    send(&mut host.visitor(), Method::POST, &cross).await.expect(200);
    let mut visitor = host.visitor();
    visitor.jar.put("innkeeper-probe", "no id");
    visitor.jar.put("innkeeper-other", &"A".repeat(43));
    send(&mut visitor, Method::POST, &cross).await.expect(200);
}

async fn a_page_of_another_origin_begins_no_session(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let steps = json!([set("a", "2"), super::renew(Some("Mallory")), { "op": "session.csrf-token", "form": "f" }, get("a")]);
    let request =
        Request::post("/steps").header("probe-steps", steps.to_string()).header("sec-fetch-site", "cross-site");
    let answer = host.visitor().send(request, Full::<Bytes>::default()).await.expect(200);
    let results = answer.json();
    let codes: Vec<&str> = (0..3).map(|at| support::probe::code(&results[at])).collect();
    assert_eq!((codes, ok(&results[3])), (vec!["closed"; 3], &json!(null)));
    assert_eq!((answer.header("set-cookie"), host.database().count("probe", "sessions").await), (None, 0));
}

async fn an_app_may_trust_other_origins(engine: Engine) {
    let (host, mut visitor) = with_settings(engine, r#"trusted-origins = ["https://shop.example"]"#).await;
    let from = |origin| [("sec-fetch-site", "cross-site"), ("origin", origin)];
    send(&mut visitor, Method::POST, &from("https://shop.example")).await.expect(200);
    send(&mut visitor, Method::POST, &[("origin", "https://shop.example")]).await.expect(200);
    for other in ["http://shop.example", "https://shop.example:444", "https://sub.shop.example", "null"] {
        send(&mut visitor, Method::POST, &from(other)).await.expect(403);
    }
    let wrong = deploy(host.database(), r#"trusted-origins = ["shop.example"]"#).await.failed();
    assert!(wrong.stderr.contains("`shop.example` is no origin such as https://shop.example"), "{wrong}");
    for (never, said) in [
        ("https://*.shop.example", "`https://*.shop.example` is a pattern, which fits no origin"),
        ("https://shop.example/", "write `https://shop.example`"),
        ("https://shop.example:443/page", "write `https://shop.example`"),
        ("https://a.example,b.example", "a host name that no browser visits"),
    ] {
        let wrong = deploy(host.database(), &format!("trusted-origins = [\"{never}\"]")).await.failed();
        assert!(wrong.stderr.contains("trusted-origins") && wrong.stderr.contains(said), "{wrong}");
    }
    deploy(host.database(), r#"trusted-origins = ["HTTPS://Other.example:443"]"#).await.succeeded();
    support::until("the setting is in force", async || {
        let answer = send(&mut visitor, Method::POST, &from("https://other.example")).await;
        (answer.status == 200).then_some(())
    })
    .await;
    let wrong = deploy(host.database(), r#"cross-origin = "never""#).await.failed();
    assert!(wrong.stderr.contains("refuse") && wrong.stderr.contains("allow"), "{wrong}");
}

async fn an_app_may_look_out_for_itself(engine: Engine) {
    let (_host, mut visitor) = with_settings(engine, r#"cross-origin = "allow""#).await;
    for origin in ["https://evil.example", "null"] {
        let headers = [("sec-fetch-site", "cross-site"), ("origin", origin)];
        send(&mut visitor, Method::POST, &headers).await.expect(200);
    }
    assert_eq!(ok(&visitor.probe_one(get("a")).await), "2");
}

/// What a browser cannot tell apart the host cannot either: apps that are not to trust each other
/// need host names of their own.
async fn an_app_on_the_same_host_name_is_the_same_origin(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "hello").app_at(
        "third",
        "hello",
        "third.example",
    );
    let host = host.start().await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    send(&mut visitor, Method::POST, &[("origin", &host.url())]).await.expect(200);
    send(&mut visitor, Method::POST, &[("origin", "http://third.example")]).await.expect(403);
}

/// What `Sec-Fetch-Site` and the cookie are where a real browser sends them: a page on another port
/// is another origin of the same site, and gets the cookie sent along; one on another host name is
/// another site, for which `SameSite=Lax` keeps the cookie back.
async fn a_form_on_a_page_of_another_origin_is_refused_in_a_browser(engine: Engine) {
    let (host, other) =
        tokio::join!(TestHost::of(engine, "probe", "probe"), TestHost::of(engine, "probe", "probe"));
    let elsewhere = format!("http://localhost:{}", other.address().port());
    let mut browser = Chromium::start().await;
    browser.open(&format!("{}{}", host.url(), Visitor::path_with_steps("/begin", &json!([set("a", "1")])))).await;
    for (from, name, status) in [(other.url(), "port", 403), (elsewhere, "site", 200)] {
        assert_eq!(submit(&mut browser, &host, &from, name).await, status, "{name}");
        assert_eq!(host.database().count("probe", "session_values").await, 1, "{name}");
    }
    assert!(host.logs().contains("cross-origin: Sec-Fetch-Site says"), "{}", host.logs());
    assert_eq!(submit(&mut browser, &host, &host.url(), "own").await, 200);
    assert_eq!(host.database().count("probe", "session_values").await, 0, "the app's own form does it");
    browser.end().await;
}

/// Over plain http to a host that is not this machine itself a browser sends no `Sec-Fetch-Site`.
async fn a_page_without_a_referrer_is_told_what_to_do_in_a_browser(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut browser = Chromium::start_with(&["--host-resolver-rules=MAP blog.example 127.0.0.1"]).await;
    let own = format!("http://blog.example:{}", host.address().port());
    browser.open(&format!("{own}{}", Visitor::path_with_steps("/begin", &json!([set("a", "1")])))).await;
    for (policy, name, status) in [("no-referrer", "silent", 403), ("same-origin", "open", 200)] {
        let remove =
            Visitor::path_with_steps(&format!("/{name}"), &json!([{ "op": "session.remove", "key": "a" }]));
        let page = format!(
            "<!doctype html><form method=post action='{remove}'></form><script>onload = () => document.forms[0].submit()</script>"
        );
        let headers = json!([["content-type", "text/html"], ["referrer-policy", policy]]);
        let page = json!([{ "op": "respond", "headers": headers, "body": page }]);
        browser.open(&format!("{own}{}", Visitor::path_with_steps("/page", &page))).await;
        let line = host.wait_for_log(&format!("POST /{name}")).await;
        assert!(line.contains(&format!("status={status}")), "{line}");
    }
    assert!(host.logs().contains("cross-origin: Origin is null"), "{}", host.logs());
    browser.end().await;
}

/// Opens a page at `from` whose form takes the visitor's value away, as soon as it is there.
/// Returns the status with which the app answers.
async fn submit(browser: &mut Chromium, host: &TestHost, from: &str, name: &str) -> u16 {
    let remove = Visitor::path_with_steps(&format!("/{name}"), &json!([{ "op": "session.remove", "key": "a" }]));
    let page = format!(
        "<!doctype html><form method=post action='{}{remove}'></form><script>onload = () => document.forms[0].submit()</script>",
        host.url()
    );
    let page = json!([{ "op": "respond", "headers": [["content-type", "text/html"]], "body": page }]);
    assert_eq!(browser.open(&format!("{from}{}", Visitor::path_with_steps("/page", &page))).await, Opened::Shown);
    let line = host.wait_for_log(&format!("POST /{name}")).await;
    let status = line.split("status=").nth(1).and_then(|rest| rest.get(..3));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status in {line}"))
}
