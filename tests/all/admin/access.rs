//! Who is let in, and who may do what.

use super::{Api, ROOT, ROOT_VARIABLE, host, kind};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use support::{Engine, TestHost, Visitor, until};

on_both_databases! {
    each_scope_allows_what_it_says_and_nothing_else,
    only_a_token_that_is_good_opens,
    a_token_ends_and_is_revoked_on_every_host,
    wrong_tokens_are_few_a_minute_and_lock_nobody_out,
    figures_are_for_whoever_may_read,
}

/// Scopes that are about the app, as far as looking goes.
const SEE: &[&str] =
    &["read", "admin", "deploy:probe", "deploy:*", "deploy-native:probe", "rollback:probe", "config:probe"];
const ALL: &[&str] = &[
    "read",
    "admin",
    "deploy:probe",
    "deploy:*",
    "deploy-native:probe",
    "rollback:probe",
    "config:probe",
    "keys",
    "deploy:other",
    "rollback:other",
    "config:other",
];
const READ: &[&str] = &["read", "admin"];
const ADMIN: &[&str] = &["admin"];
const DEPLOY: &[&str] = &["admin", "deploy:probe", "deploy:*"];

/// By method and path: which scopes are let through.
const TABLE: &[(&str, &str, &[&str])] = &[
    ("get", "/apps", READ),
    ("get", "/apps/{app}", SEE),
    ("delete", "/apps/{app}", ADMIN),
    ("get", "/apps/{app}/deletion", READ),
    ("get", "/apps/{app}/versions", SEE),
    ("get", "/apps/{app}/versions/{id}", SEE),
    ("get", "/apps/{app}/versions/{id}/component", READ),
    ("get", "/apps/{app}/activations", SEE),
    ("get", "/apps/{app}/settings", SEE),
    ("patch", "/apps/{app}/settings", &["admin", "config:probe"]),
    ("get", "/apps/{app}/config", SEE),
    ("patch", "/apps/{app}/config", &["admin", "config:probe"]),
    ("get", "/apps/{app}/rollback", SEE),
    ("post", "/apps/{app}/rollback", &["admin", "rollback:probe"]),
    ("post", "/apps/{app}/promote", DEPLOY),
    ("post", "/apps/{app}/abort", &["admin", "deploy:probe", "deploy:*", "rollback:probe"]),
    ("get", "/apps/{app}/prune", SEE),
    ("post", "/apps/{app}/prune", DEPLOY),
    ("get", "/apps/{app}/lagging", SEE),
    ("get", "/apps/{app}/logs", SEE),
    ("get", "/apps/{app}/traffic", SEE),
    ("post", "/apps/{app}/uploads", DEPLOY),
    ("get", "/apps/{app}/uploads/{id}", DEPLOY),
    ("patch", "/apps/{app}/uploads/{id}", DEPLOY),
    ("post", "/apps/{app}/deployments", DEPLOY),
    ("get", "/apps/{app}/deployments/{id}", SEE),
    ("get", "/hosts", ALL),
    ("get", "/engine", ALL),
    ("get", "/audit", READ),
    ("get", "/limits", READ),
    ("get", "/keys", &["read", "admin", "keys"]),
    ("post", "/keys", &["admin", "keys"]),
    ("get", "/tokens", ADMIN),
    ("post", "/tokens", ADMIN),
    ("get", "/tokens/current", ALL),
    ("delete", "/tokens/{id}", ADMIN),
];

async fn each_scope_allows_what_it_says_and_nothing_else(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let document = root.get("/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().expect("paths");
    let documented = paths.iter().flat_map(|(path, item)| {
        let path = path.strip_prefix(super::API).expect("a path of the API").to_owned();
        let methods = item.as_object().expect("an item").keys().filter(|key| key.len() < 7).cloned();
        methods.map(move |method| (method, path.clone()))
    });
    let documented: Vec<(String, String)> = documented.filter(|(_, path)| path != "/openapi.json").collect();
    assert_eq!(documented.len(), TABLE.len(), "{documented:?}");
    for scope in ALL {
        let token = root.make_token(&[scope]).await;
        let mut api = Api::new(host.visitor(), &token);
        for (method, path) in &documented {
            let row = TABLE.iter().find(|row| (row.0, row.1) == (method.as_str(), path.as_str()));
            let (_, _, allowed) = row.unwrap_or_else(|| panic!("{method} {path} is not in the table"));
            let is_allowed = allowed.contains(scope);
            // What is let through changes nothing: its body cannot be read, or it is about nothing.
            let target = path.replace("{app}", "probe").replace("{id}", "123456789012");
            let request = api.request(method.to_uppercase().parse().expect("a method"), &target);
            let request = request.header("content-type", "application/json");
            let body = if ["post", "patch"].contains(&method.as_str()) { "[]" } else { "" };
            let answer = api.send(request, Bytes::from(body)).await;
            assert_ne!(answer.status, 401, "{scope} {method} {path}");
            assert_eq!(answer.status != 403, is_allowed, "{scope} {method} {path}: {answer:?}");
            if !is_allowed {
                let lacking = answer.json();
                let wanted = lacking["scope"].as_str().expect("the scope that is missing");
                let message = lacking["message"].as_str().expect("a message");
                assert!(message.contains(&format!("token create --name NAME --scope {wanted}")), "{message}");
            }
        }
    }
}

async fn only_a_token_that_is_good_opens(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["read"]).await;
    Api::new(host.visitor(), &token).get("/apps").await.expect(200);
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    let almost = format!("{}{last}", &token[..token.len() - 1]);
    for wrong in [&almost, &token[..token.len() - 1], &token.to_uppercase(), "x", ""] {
        let refused = Api::new(host.visitor(), wrong).get("/apps").await.expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"innkeeper\""));
        assert_eq!(kind(&refused), "unauthorized");
    }
    let mut nobody = Api::nobody(&host);
    nobody.get("/apps").await.expect(401);
    nobody.get(&format!("/apps?token={token}&access_token={token}")).await.expect(401);
    nobody.visitor.jar.put("token", &token);
    nobody.get("/apps").await.expect(401);
    for (name, value) in [("x-api-key", token.clone()), ("proxy-authorization", format!("Bearer {token}"))] {
        let request = nobody.request(Method::GET, "/apps").header(name, value);
        nobody.send(request, Bytes::new()).await.expect(401);
    }
    let other = root.make_token(&["deploy:other"]).await;
    let refused = Api::new(host.visitor(), &other).get("/apps/probe").await.expect(403);
    assert_eq!(kind(&refused), "forbidden");
    let missing = Api::new(host.visitor(), &other).get("/apps/no-such-app").await.expect(403);
    assert_eq!(refused.body, missing.body, "whether there is such an app does not show");
    Api::root(&host).get("/apps").await.expect(200);
}

async fn a_token_ends_and_is_revoked_on_every_host(engine: Engine) {
    let host = host(engine).await;
    let (_other, elsewhere) = host.twin().await;
    let mut root = Api::root(&host);
    let short = json!({ "name": "short", "scopes": ["read"], "expires": "1s" });
    let short = root.post("/tokens", &short).await.expect(201).json()["token"].as_str().unwrap().to_owned();
    let long = root.make_token(&["read"]).await;
    let id = &long[10..22];
    Api::new(elsewhere.clone(), &long).get("/apps").await.expect(200);
    let refused = async |visitor: &Visitor, token: &str, why: &str| {
        until("the token opens no more", async || {
            let answer = Api::new(visitor.clone(), token).get("/apps").await;
            (answer.status == 401).then(|| assert!(answer.text().contains(why), "{answer:?}"))
        })
        .await;
    };
    refused(&host.visitor(), &short, "the time of this token is over").await;
    root.send(root.request(Method::DELETE, &format!("/tokens/{id}")), Bytes::new()).await.expect(200);
    Api::new(host.visitor(), &long).get("/apps").await.expect(401);
    refused(&elsewhere, &long, "this token was revoked").await;
    let again = root.send(root.request(Method::DELETE, &format!("/tokens/{id}")), Bytes::new()).await.expect(409);
    assert!(again.text().contains("worthless already"), "{again:?}");
    let listed = root.get("/tokens").await.expect(200).json();
    let state = |name: &str| {
        let list = listed.as_array().unwrap();
        list.iter().find(|token| token["name"] == name).map(|token| token["state"].clone())
    };
    assert_eq!((state("short"), state("read")), (Some(json!("expired")), Some(json!("revoked"))));
}

async fn wrong_tokens_are_few_a_minute_and_lock_nobody_out(engine: Engine) {
    let host = TestHost::with(engine).env(ROOT_VARIABLE, ROOT).env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let token = Api::root(&host).make_token(&["read"]).await;
    let ask = async |address: &str, token: &str| {
        let mut api = Api::new(host.visitor(), token);
        let request = api.request(Method::GET, "/apps").header("x-forwarded-for", address);
        api.send(request, Bytes::new()).await
    };
    let guess = |number: usize| format!("innkeeper_{number:012x}_{}", "a".repeat(43));
    for number in 0..10 {
        ask("192.0.2.1", &guess(number)).await.expect(401);
    }
    let refused = ask("192.0.2.1", &guess(10)).await.expect(429);
    let wait: u64 = refused.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(kind(&refused), "too-many");
    ask("192.0.2.1", &token).await.expect(200);
    ask("192.0.2.1", ROOT).await.expect(200);
    ask("192.0.2.2", &guess(0)).await.expect(401);
    // Metrics and the API count together.
    let metrics = http::Request::get("/_innkeeper/metrics").header("x-forwarded-for", "192.0.2.1");
    let metrics = metrics.header("authorization", "Bearer wrong");
    host.visitor().send(metrics, http_body_util::Full::<Bytes>::default()).await.expect(429);
    assert!(!host.logs().contains(&token) && !host.logs().contains(ROOT), "{}", host.logs());
}

async fn figures_are_for_whoever_may_read(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let made = support::command::on(
        host.database(),
        &["token", "create", "--name", "figures", "--scope", "read", "--json"],
    );
    let made: Value = made.await.succeeded().json();
    let token = made["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let answer = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
    assert!(answer.text().ends_with("# EOF\n"), "{}", answer.text());
    let made = support::command::on(host.database(), &["token", "create", "--name", "keys", "--scope", "keys"]);
    let keys = made.await.succeeded().stdout;
    let bearer = format!("Bearer {}", keys.trim());
    host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(403);
    // There is no root token on this host, and the API works all the same.
    Api::new(host.visitor(), token).get("/apps").await.expect(200);
}
