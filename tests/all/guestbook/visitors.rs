//! Sessions as visitors meet them: cookies, signing in, signing out.

use serde_json::Value;
use support::{TestHost, Visitor};

use super::Host;
use super::reader::Reader;

pub(super) async fn a_new_visitor_gets_a_cookie_that_scripts_cannot_read(host: Host) {
    let answer = host.visitor().get("/me").await.expect(200);
    let cookie = answer.header("set-cookie").expect("a cookie").to_ascii_lowercase();
    for attribute in ["; httponly", "; samesite=lax", "; path=/"] {
        assert!(cookie.contains(attribute), "no {attribute:?} in {cookie}");
    }
}

pub(super) async fn signing_in_renews_the_session(host: Host) {
    let mut reader = Reader::new(&host);
    let visits = reader.me().await["visits"].as_i64().expect("a number");
    let mut before = reader.clone();
    reader.sign_in("Grace").await.expect(303);
    assert_ne!(reader.0.jar.header(), before.0.jar.header());
    assert_eq!(reader.name().await, "Grace");
    assert!(reader.me().await["visits"].as_i64() > Some(visits), "what was in the session stays");
    let dead = before.me().await;
    assert_eq!((&dead["name"], &dead["visits"]), (&Value::Null, &1.into()), "the old cookie leads nowhere");
}

pub(super) async fn signing_out_forgets_the_visitor(host: Host) {
    let mut reader = Reader::signed_in(&host, "Grace").await;
    let mut before = reader.clone();
    reader.post("/logout", &[]).await.expect(303);
    assert_eq!(reader.name().await, Value::Null);
    assert_eq!(before.name().await, Value::Null);
}

pub(super) async fn signing_in_needs_the_token(host: Host) {
    let mut reader = Reader::new(&host);
    reader.csrf().await;
    reader.0.post_form("/login", &[("name", "Eve"), ("csrf", "guess")]).await.expect(403);
    reader.0.post_form("/login", &[("name", "Eve")]).await.expect(403);
    assert_eq!(reader.name().await, Value::Null);
    reader.sign_in("Grace").await.expect(303);
    reader.0.post_form("/logout", &[("csrf", "guess")]).await.expect(403);
    assert_eq!(reader.name().await, "Grace");
}

pub(super) async fn visitors_do_not_see_each_other(host: Host) {
    let mut grace = Reader::signed_in(&host, "Grace").await;
    let mut other = Reader::new(&host);
    assert_eq!(other.name().await, Value::Null);
    assert!(!other.book().await.contains("Grace"));
    assert_ne!(other.csrf().await, grace.csrf().await);
    let mut forger = with_foreign_cookie(&host, &grace.0);
    assert_eq!(Reader(forger.clone()).name().await, Value::Null);
    forger.get("/").await.expect(200);
}

/// Someone who knows what the cookie is called, but not its value.
fn with_foreign_cookie(host: &TestHost, known: &Visitor) -> Visitor {
    let mut visitor = host.visitor();
    for (name, value) in known.jar.all() {
        let other: String = value.chars().rev().collect();
        visitor.jar.put(name, &other);
    }
    visitor
}
