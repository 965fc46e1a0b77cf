//! The session's cookie as a strict jar takes it (RFC 6265bis).

use http::Request;
use serde_json::{Value, json};
use support::probe::{all_ok, ok};
use support::{Engine, TestHost, Visitor, node};

use super::{get, probe, set};

on_both_databases! {
    a_jar_takes_the_cookie_for_this_host_alone,
    a_cookie_counts_however_a_client_writes_it,
}

/// Java and Android put values in quotes and attributes beside them where a cookie has a `Max-Age`.
async fn a_cookie_counts_however_a_client_writes_it(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let cookie = visitor.jar.header().expect("a session");
    let (name, id) = cookie.split_once('=').expect("a pair");
    for (cookie, seen) in [
        (format!("{name}=\"{id}\""), Value::Null),
        (format!("$Version=\"1\"; {name}=\"{id}\"; $Path=\"/\""), Value::Null),
        (format!("$Version=\"1\"; {name}=\"{id}\";$Path=\"/\";$Domain=\"127.0.0.1\""), Value::Null),
        (
            format!("$Version=\"1\"; own=\"b c\"; $Path=\"/x\"; {name}=\"{id}\"; $Path=\"/\"; other=1"),
            json!("$Version=\"1\"; own=\"b c\"; $Path=\"/x\"; other=1"),
        ),
        (format!("own=\"b\"; {name}={id}; theme=innkeeper-dark"), json!("own=\"b\"; theme=innkeeper-dark")),
    ] {
        let steps = json!([get("a"), { "op": "echo-headers" }]);
        let request = Visitor::with_steps("/steps", &steps).header("cookie", &cookie);
        let answer = host.visitor().send(request, super::empty()).await.expect(200).json();
        assert_eq!(ok(&answer[0]), "1", "{cookie}");
        let headers = ok(&answer[1]).as_array().expect("headers");
        let shown = headers.iter().find(|header| header[0] == "cookie").map_or(&Value::Null, |header| &header[1]);
        assert_eq!(shown, &seen, "{cookie}");
    }
}

async fn a_jar_takes_the_cookie_for_this_host_alone(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let plain = set_cookie(&host, "http").await;
    let secure = set_cookie(&host, "https").await;
    let read = read(&secure, "https://app.example.com/deep/path").await;
    let cookie = &read["cookie"];
    assert_eq!(cookie["key"], "__Host-innkeeper-probe");
    assert_eq!((&cookie["secure"], &cookie["httpOnly"]), (&json!(true), &json!(true)));
    assert_eq!((&cookie["sameSite"], &cookie["path"]), (&json!("lax"), &json!("/")));
    assert_eq!((&cookie["hostOnly"], &cookie["domain"]), (&json!(true), &json!("app.example.com")));
    // No date: it ends with the browser, and at the host when its time is over.
    assert_eq!((&cookie["expires"], &cookie["maxAge"]), (&Value::Null, &Value::Null));
    assert_eq!(read["sent"], json!(["https://app.example.com/"]));
    let read = self::read(&plain, "http://app.example.com/").await;
    assert_eq!((&read["cookie"]["key"], &read["cookie"]["secure"]), (&json!("innkeeper-probe"), &Value::Null));
    // The jar would have refused what does not keep the promise of the name.
    for broken in [
        secure.replace("; Secure", ""),
        secure.replace("Path=/", "Path=/deep"),
        format!("{secure}; Domain=app.example.com"),
    ] {
        assert_eq!(self::read(&broken, "https://app.example.com/").await["cookie"], Value::Null, "{broken}");
    }
}

/// The cookie of a visitor whose first value is kept.
async fn set_cookie(host: &TestHost, scheme: &str) -> String {
    let request = Request::get("/").header("probe-steps", json!([set("a", "1")]).to_string());
    let request = request.header("host", "app.example.com").header("x-forwarded-proto", scheme);
    let answer = host.visitor().send(request, http_body_util::Full::default()).await.expect(200);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let [cookie] = cookies[..] else { panic!("one cookie expected, not {cookies:?}") };
    cookie.to_str().expect("text").to_owned()
}

/// What a jar makes of the cookie, and where it sends it.
async fn read(cookie: &str, from: &str) -> Value {
    let to = [
        "https://app.example.com/",
        "http://app.example.com/",
        "https://sub.app.example.com/",
        "https://example.com/",
    ];
    node::run("cookie.js", &[&[cookie, from], &to[..]].concat()).await
}
