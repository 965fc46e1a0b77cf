//! What was done and what was refused is written down.

use super::{Api, component, host};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use support::{Engine, until};

on_both_databases! {
    every_act_is_written_down_with_who_and_from_where,
    refusals_are_written_down_and_fill_no_table,
}

async fn every_act_is_written_down_with_who_and_from_where(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:probe", "rollback:probe", "config:probe", "keys"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let sha256 = api.bring("probe", &component("hello")).await;
    let wanted = json!({ "sha256": sha256, "deploy": { "note": "why" } });
    let id =
        api.post("/apps/probe/deployments", &wanted).await.expect(202).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(api.ended("probe", &id).await["state"], "done");
    api.post("/apps/probe/rollback", &json!({})).await.expect(200);
    api.json(Method::PATCH, "/apps/probe/config", &json!({ "set": { "a": { "value": "1" } } })).await.expect(200);
    api.post("/keys", &json!({})).await.expect(200);
    api.post("/apps/probe/promote", &json!({})).await.expect(409);
    api.send(api.request(Method::DELETE, "/apps/probe?confirm=probe"), Bytes::new()).await.expect(403);
    let by = format!("token deploy:probe rollback:probe config:probe keys ({})", &token[10..22]);
    let expected = [
        ("deploy", "ok"),
        ("rollback", "ok"),
        ("config set", "ok"),
        ("keys rotate", "ok"),
        ("promote", "409: app probe has no canary"),
        ("apps delete", "403: this token lacks the scope admin"),
    ];
    for (action, result) in expected {
        let entry = until("the act is written down", async || {
            let entries = root.get("/audit").await.expect(200).json();
            entries
                .as_array()?
                .iter()
                .find(|entry| entry["action"] == action && entry["by"] == by.as_str())
                .cloned()
        });
        let entry = entry.await;
        assert!(entry["result"].as_str().is_some_and(|said| said.starts_with(result)), "{entry}");
        assert_eq!(entry["from"], "127.0.0.1", "{entry}");
        if action == "deploy" {
            assert_eq!(entry["sha256"], sha256.as_str(), "{entry}");
        }
    }
    let created = root.get("/audit").await.expect(200).json();
    let created = created.as_array().unwrap().iter().find(|entry| entry["action"] == "token create").cloned();
    assert_eq!(created.map(|entry| entry["by"].clone()), Some(json!("INNKEEPER_ADMIN_TOKEN")));
    let activation: Value = root.get("/apps/probe/activations").await.expect(200).json()[0].clone();
    assert_eq!((&activation["kind"], &activation["by"]), (&json!("rollback"), &json!(by)));
}

async fn refusals_are_written_down_and_fill_no_table(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["keys"]).await;
    for _ in 0..60 {
        Api::new(host.visitor(), &token).get("/apps").await.expect(403);
    }
    Api::new(host.visitor(), "wrong").get("/apps").await.expect(401);
    let count = async |root: &mut Api| {
        let entries = root.get("/audit?limit=1000").await.expect(200).json();
        entries.as_array().unwrap().iter().filter(|entry| entry["action"] == "apps list").count()
    };
    until("refusals are written down", async || (count(&mut root).await == 30).then_some(())).await;
    Api::new(host.visitor(), &token).get("/apps").await.expect(403);
    assert_eq!(count(&mut root).await, 30);
}
