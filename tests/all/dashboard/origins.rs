//! Apps and the dashboard under one host name, and under two.

use http::header::HOST;
use http::request::Builder;
use http::{Method, Request};
use serde_json::json;
use support::{Answer, Engine, TestHost, Visitor};

use super::{HOME, SIGN_IN, TOKEN, VARIABLE, send, sign_in};

on_both_databases! {
    the_dashboard_has_a_host_name_of_its_own,
    no_app_beside_the_dashboard_keeps_the_handle_of_a_window,
}

const ADMIN: &str = "admin.example.org";
const SHOP: &str = "shop.example.org";
const API: &str = "/_innkeeper/admin/api";
const POLICY: &str = "cross-origin-opener-policy";

fn at(name: &str, request: Builder) -> Builder {
    request.header(HOST, name).header("x-forwarded-proto", "https")
}

async fn policy_of_an_app(host: &TestHost, policies: &[&str]) -> Vec<String> {
    let headers: Vec<_> = policies.iter().map(|value| json!([POLICY, value])).collect();
    let steps = json!([{ "op": "respond", "status": 200, "headers": headers }]);
    let request = at(SHOP, Visitor::with_steps("/", &steps));
    let answer = send(&mut host.visitor(), request, "").await.expect(200);
    let values = answer.headers.get_all(POLICY).iter();
    values.map(|value| value.to_str().expect("a text").to_owned()).collect()
}

async fn the_dashboard_has_a_host_name_of_its_own(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN);
    let host = host.env("INNKEEPER_TRUST_PROXY", "1").env("INNKEEPER_DASHBOARD_HOST", "Admin.Example.org");
    let host = host.start().await;
    let ask = async |name: &str, path: &str| -> Answer {
        send(&mut host.visitor(), at(name, Request::get(path)), "").await
    };
    assert!(ask(ADMIN, SIGN_IN).await.expect(200).text().contains("Sign in"));
    ask("admin.example.org:443", SIGN_IN).await.expect(200);
    for path in [HOME, SIGN_IN, "/_innkeeper/admin/ui/apps/probe"] {
        let elsewhere = ask(SHOP, path).await.expect(404);
        assert!(elsewhere.text().contains("INNKEEPER_DASHBOARD_HOST"), "{}", elsewhere.text());
        assert!(!elsewhere.text().contains(ADMIN), "{}", elsewhere.text());
    }
    // No app answers there, and nothing is sent from there that an app has made.
    assert!(ask(SHOP, "/").await.text().contains("no steps"), "the app answers");
    assert_eq!(ask(ADMIN, "/").await.expect(303).header("location"), Some(HOME));
    for path in ["/probe", "/index.html", "/_innkeeper/blobs/x", "/_innkeeper/uploads/x"] {
        assert!(ask(ADMIN, path).await.expect(404).text().contains("no app answers here"), "{path}");
    }
    // No app gets the name as a route.
    let bearer = format!("Bearer {TOKEN}");
    let change = Request::builder().method(Method::PATCH).uri(format!("{API}/apps/probe/settings"));
    let change = change.header("authorization", &bearer).header("content-type", "application/json");
    let body = json!({ "routes": ["/", "ADMIN.example.org"] }).to_string();
    let refused = send(&mut host.visitor(), at(SHOP, change), body).await.expect(409);
    assert!(refused.text().contains("the dashboard's alone"), "{}", refused.text());
    for name in [ADMIN, SHOP] {
        let apps = Request::get(format!("{API}/apps")).header("authorization", &bearer);
        send(&mut host.visitor(), at(name, apps), "").await.expect(200);
    }
    assert_eq!(policy_of_an_app(&host, &["same-origin"]).await, ["same-origin"], "its origin is its own");
}

async fn no_app_beside_the_dashboard_keeps_the_handle_of_a_window(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN).start().await;
    assert!(policy_of_an_app(&host, &[]).await.is_empty());
    for kept in ["unsafe-none", "same-origin-allow-popups", "noopener-allow-popups"] {
        assert_eq!(policy_of_an_app(&host, &[kept]).await, [kept]);
    }
    for policies in [
        &["same-origin"][..],
        &["same-origin; report-to=\"a\""],
        &["SAME-ORIGIN"],
        &["unsafe-none", "same-origin"],
        &["same-origin", "same-origin"],
        &["unsafe-none, same-origin"],
    ] {
        assert_eq!(policy_of_an_app(&host, policies).await, ["same-origin-allow-popups"], "{policies:?}");
    }
    let page = sign_in(&host).await.get(HOME).await.expect(200);
    assert_eq!(page.header(POLICY), Some("same-origin"), "the dashboard's own");
}
