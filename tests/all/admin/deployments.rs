//! A deployment goes on after the request that has ordered it.

use super::{Api, component, host, kind};
use http::Method;
use serde_json::{Value, json};
use support::{Engine, TestHost, Visitor, until};

on_both_databases! {
    a_component_is_deployed_and_any_host_says_how_far_it_is,
    the_same_key_means_the_same_deployment,
    what_cannot_be_deployed_says_why_and_changes_nothing,
    a_host_that_ends_leaves_a_failed_deployment,
    what_a_revoked_token_has_ordered_is_not_done,
}

async fn order(api: &mut Api, app: &str, body: &Value, key: Option<&str>) -> support::Answer {
    let request = api.request(Method::POST, &format!("/apps/{app}/deployments"));
    let request = request.header("content-type", "application/json");
    let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
    api.send(request, body.to_string()).await
}

async fn a_component_is_deployed_and_any_host_says_how_far_it_is(engine: Engine) {
    let host = host(engine).await;
    let (_other, elsewhere) = host.twin().await;
    let (mut here, mut there) = (Api::root(&host), Api::new(elsewhere, super::ROOT));
    let sha256 = here.bring("hello", &component("hello")).await;
    let wanted = json!({ "sha256": sha256, "deploy": { "routes": ["/hello"], "note": "a first one" } });
    let ordered = order(&mut here, "hello", &wanted, None).await.expect(202).json();
    let ended = there.ended("hello", ordered["id"].as_str().unwrap()).await;
    assert_eq!((&ended["state"], &ended["deployed"]["version"]), (&json!("done"), &json!(1)), "{ended}");
    assert_eq!(ended["by"], "INNKEEPER_ADMIN_TOKEN");
    assert!(ended["deployed"]["language"].as_str().is_some_and(|text| text.starts_with("Rust (")), "{ended}");
    let live = async || host.visitor().try_get("/hello").await.filter(|answer| answer.status == 200);
    until("the app answers", live).await;
    let version = there.get("/apps/hello/versions/1").await.expect(200).json();
    assert_eq!((&version["sha256"], &version["note"]), (&json!(sha256), &json!("a first one")));
    assert_eq!((&version["deployed_by"], &version["deployed_from"]), (&ended["by"], &json!("127.0.0.1")));
    let table = host.database().host_table("component_uploads");
    let swept = async || {
        (host.database().host_rows(&format!("select count(*) from {table}")).await == [["0"]]).then_some(())
    };
    until("the upload of what was deployed ends", swept).await;
    here.get("/apps/probe/deployments/0123456789ab").await.expect(404);
    here.get(&format!("/apps/probe/deployments/{}", ordered["id"].as_str().unwrap())).await.expect(404);
}

async fn the_same_key_means_the_same_deployment(engine: Engine) {
    let host = host(engine).await;
    let mut api = Api::root(&host);
    let sha256 = api.bring("probe", &component("hello")).await;
    let wanted = json!({ "sha256": sha256, "deploy": { "note": "once" } });
    let first = order(&mut api, "probe", &wanted, Some("a-key")).await.expect(202).json();
    let again = order(&mut api, "probe", &wanted, Some("a-key")).await.expect(202).json();
    assert_eq!(first["id"], again["id"]);
    let id = first["id"].as_str().unwrap();
    assert_eq!(api.ended("probe", id).await["deployed"]["version"], 2);
    let after = order(&mut api, "probe", &wanted, Some("a-key")).await.expect(202).json();
    assert_eq!((&after["id"], &after["state"]), (&first["id"], &json!("done")));
    let other = json!({ "sha256": sha256, "deploy": { "note": "another" } });
    let refused = order(&mut api, "probe", &other, Some("a-key")).await.expect(409);
    assert!(refused.text().contains("another deployment"), "{refused:?}");
    let activations = api.get("/apps/probe/activations").await.expect(200).json();
    assert_eq!(activations.as_array().map(Vec::len), Some(2), "{activations}");
    // The key of one token is none of another's.
    let token = api.make_token(&["deploy:probe"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let theirs = order(&mut api, "probe", &wanted, Some("a-key")).await.expect(202).json();
    assert_ne!(theirs["id"], first["id"]);
    api.ended("probe", theirs["id"].as_str().unwrap()).await;
    order(&mut api, "probe", &wanted, Some(&"k".repeat(201))).await.expect(400);
}

async fn what_cannot_be_deployed_says_why_and_changes_nothing(engine: Engine) {
    let host = host(engine).await;
    let mut api = Api::root(&host);
    let hostile = api.bring("probe", &component("hostile")).await;
    let nonsense = api.bring("probe", b"this is no component").await;
    let trap = json!({ "sha256": hostile, "deploy": { "smoke": { "path": "/trap" } } });
    for (wanted, said) in [(trap, "GET /trap"), (json!({ "sha256": nonsense }), "not")] {
        let id =
            order(&mut api, "probe", &wanted, None).await.expect(202).json()["id"].as_str().unwrap().to_owned();
        let ended = api.ended("probe", &id).await;
        assert_eq!((&ended["state"], &ended["deployed"]), (&json!("failed"), &json!(null)), "{ended}");
        assert_eq!(ended["error"]["kind"], "unfit", "{ended}");
        assert!(ended["error"]["message"].as_str().unwrap().contains(said), "{ended}");
    }
    for wrong in [
        json!({ "sha256": hostile, "deploy": { "canary": 100 } }),
        json!({ "sha256": hostile, "deploy": { "routes": ["no route"] } }),
        json!({ "sha256": hostile, "deploy": { "note": "n".repeat(1_001) } }),
        json!({ "sha256": hostile, "deploy": { "note": "a\u{0}b" } }),
        json!({ "sha256": hostile, "deploy": { "note": "\u{1b}[2J" } }),
        json!({ "sha256": hostile, "deploy": { "smoke": { "path": "/a\u{0}" } } }),
        json!({ "sha256": hostile, "deploy": { "smoke": { "path": "healthz" } } }),
        json!({ "sha256": hostile, "deploy": { "routes": ["/a/../b"] } }),
        json!({ "sha256": hostile, "deploy": { "settings": { "config": { "a=b": "1" } } } }),
        json!({ "sha256": hostile, "deploy": { "settings": { "config": { "a\u{0}": "1" } } } }),
        json!({ "sha256": hostile, "deploy": { "settings": { "trusted-origins": ["https://x\u{0}"] } } }),
        json!({ "sha256": hostile, "deploy": { "canary": 10, "routes": ["/", "/canary"] } }),
        json!({ "sha256": hostile, "deploy": { "rotues": [] } }),
        json!({ "sha256": "00" }),
    ] {
        let refused = order(&mut api, "probe", &wrong, None).await.expect(400);
        assert_eq!(kind(&refused), "invalid", "{wrong}");
    }
    let versions = api.get("/apps/probe/versions").await.expect(200).json();
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
    let noted = until("the failure is written down", async || {
        let entries = api.get("/audit?app=probe").await.expect(200).json();
        let trap = |entry: &&Value| entry["result"].as_str().is_some_and(|result| result.contains("GET /trap"));
        entries.as_array()?.iter().find(trap).cloned()
    });
    let noted = noted.await;
    assert_eq!((&noted["action"], &noted["sha256"]), (&json!("deploy"), &json!(hostile)));
}

async fn a_host_that_ends_leaves_a_failed_deployment(engine: Engine) {
    let mut host =
        TestHost::with(engine).app("probe", "probe").env(super::ROOT_VARIABLE, super::ROOT).start().await;
    let (_other, elsewhere) = host.twin().await;
    let mut here = Api::root(&host);
    let sha256 = here.bring("slow", &component("probe")).await;
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": 20_000 }]));
    let wanted = json!({ "sha256": sha256, "deploy": { "smoke": { "path": path } } });
    let id = order(&mut here, "slow", &wanted, None).await.expect(202).json()["id"].as_str().unwrap().to_owned();
    let mut there = Api::new(elsewhere, super::ROOT);
    until("the deployment makes its first request", async || {
        let view = there.get(&format!("/apps/slow/deployments/{id}")).await.expect(200).json();
        assert_eq!(view["ended_at"], json!(null), "{view}");
        (view["stage"] == "smoke").then_some(())
    })
    .await;
    host.kill9().await;
    let ended = there.ended("slow", &id).await;
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(ended["error"]["message"].as_str().unwrap().contains("the host ended"), "{ended}");
    there.get("/apps/slow").await.expect(404);
    let entries = there.get("/audit?app=slow").await.expect(200).json();
    assert!(entries[0]["result"].as_str().unwrap().contains("the host ended"), "{entries}");
    assert_eq!((&entries[0]["action"], &entries[0]["by"]), (&json!("deploy"), &ended["by"]));
    there.get(&format!("/apps/slow/deployments/{id}")).await.expect(200);
    let again = there.get("/audit?app=slow").await.expect(200).json();
    assert_eq!(again.as_array().map(Vec::len), entries.as_array().map(Vec::len), "once: {again}");
}

async fn what_a_revoked_token_has_ordered_is_not_done(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:probe"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let slow = root.bring("slow", &component("probe")).await;
    let sha256 = api.bring("probe", &component("hello")).await;
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": 20_000 }]));
    let wanted = json!({ "sha256": slow, "deploy": { "smoke": { "path": path } } });
    order(&mut root, "slow", &wanted, None).await.expect(202);
    let waiting = order(&mut api, "probe", &json!({ "sha256": sha256 }), None).await.expect(202).json();
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    let revoke = root.request(Method::DELETE, &format!("/tokens/{}", &token[10..22]));
    root.send(revoke, "").await.expect(200);
    let ended = root.ended("probe", waiting["id"].as_str().unwrap()).await;
    assert_eq!((&ended["state"], &ended["error"]["kind"]), (&json!("failed"), &json!("conflict")), "{ended}");
    let versions = root.get("/apps/probe/versions").await.expect(200).json();
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
}
