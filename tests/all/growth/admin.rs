//! What an operator does by the admin API.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::{Answer, TestHost};

use super::drive::TOKEN;

const API: &str = "/_innkeeper/admin/api";

async fn ask(host: &TestHost, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = Request::builder().method(method).uri(format!("{API}{path}"));
    let request = request.header("authorization", format!("Bearer {token}"));
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    host.visitor().send(request.header("content-type", "application/json"), Full::new(Bytes::from(body))).await
}

pub(super) async fn everything(host: &TestHost) {
    let wanted = json!({ "name": "growth", "scopes": ["deploy:small", "read"] });
    let made = ask(host, TOKEN, Method::POST, "/tokens", Some(wanted)).await.expect(201).json();
    let (token, id) = (made["token"].as_str().expect("a text"), made["about"]["id"].as_str().expect("an id"));
    ask(host, token, Method::GET, "/audit", None).await.expect(200);
    // Twice: once as it was brought, and once as it is stored.
    for guest in ["queries", "hello", "queries"] {
        deploy(host, token, guest).await;
    }
    ask(host, token, Method::POST, "/tokens", Some(json!({}))).await.expect(403);
    ask(host, TOKEN, Method::GET, "/tokens", None).await.expect(200);
    ask(host, TOKEN, Method::DELETE, &format!("/tokens/{id}"), None).await.expect(200);
    host.swap("small", "probe").await;
}

async fn deploy(host: &TestHost, token: &str, guest: &str) {
    let bytes = std::fs::read(support::paths::guest(guest)).expect("the guest is built");
    let sha256 = support::bytes::sha256(&bytes);
    let uploads = "/apps/small/uploads";
    let begin = async |size: usize| {
        let wanted = json!({ "sha256": sha256, "size": size });
        ask(host, token, Method::POST, uploads, Some(wanted)).await.expect(200).json()
    };
    begin(bytes.len() + 1).await;
    let upload = begin(bytes.len()).await;
    if let Some(id) = upload["id"].as_str() {
        let request = Request::patch(format!("{API}{uploads}/{id}")).header("upload-offset", "0");
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/octet-stream");
        host.visitor().send(request, Full::new(Bytes::from(bytes))).await.expect(200);
        ask(host, token, Method::GET, &format!("{uploads}/{id}"), None).await.expect(200);
    }
    let wanted = json!({ "sha256": sha256, "deploy": { "smoke": { "skip": true } } });
    let ordered = ask(host, token, Method::POST, "/apps/small/deployments", Some(wanted)).await.expect(202).json();
    let path = format!("/apps/small/deployments/{}", ordered["id"].as_str().expect("an id"));
    support::until("the deployment ends", async || {
        let view = ask(host, token, Method::GET, &path, None).await.expect(200).json();
        assert_ne!(view["state"], "failed", "{view}");
        (view["state"] == "done").then_some(())
    })
    .await;
}
