//! What was done and what was refused is written down.

use super::{Api, component, host};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use support::{Engine, until};

on_both_databases! {
    every_act_is_written_down_with_who_and_from_where,
    refusals_are_written_down_and_fill_no_table,
    a_token_that_opens_nothing_is_written_down,
    a_deployment_that_changes_routes_says_so,
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
    let count = async |root: &mut Api| {
        let entries = root.get("/audit?limit=1000").await.expect(200).json();
        entries.as_array().unwrap().iter().filter(|entry| entry["action"] == "apps list").count()
    };
    until("refusals are written down", async || (count(&mut root).await == 30).then_some(())).await;
    Api::new(host.visitor(), &token).get("/apps").await.expect(403);
    assert_eq!(count(&mut root).await, 30);
}

async fn a_token_that_opens_nothing_is_written_down(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let ended = root.make_token(&["keys"]).await;
    root.send(root.request(Method::DELETE, &format!("/tokens/{}", &ended[10..22])), "").await.expect(200);
    for token in ["wrong", &ended] {
        Api::new(host.visitor(), token).get("/apps/probe").await.expect(401);
    }
    let by_both = until("both are written down", async || {
        let entries = root.get("/audit").await.expect(200).json();
        let refused: Vec<Value> =
            entries.as_array()?.iter().filter(|entry| entry["action"] == "sign in").cloned().collect();
        (refused.len() == 2).then_some(refused)
    });
    let by_both = by_both.await;
    // They are written down beside the answers, in any order.
    for by in ["unknown".to_owned(), format!("token keys ({})", &ended[10..22])] {
        let entry = by_both.iter().find(|entry| entry["by"] == by.as_str());
        let entry = entry.unwrap_or_else(|| panic!("{by}: {by_both:?}"));
        assert_eq!(
            (&entry["from"], &entry["detail"]),
            (&json!("127.0.0.1"), &json!("GET /apps/probe")),
            "{entry}"
        );
        assert!(entry["result"].as_str().unwrap().starts_with("401: "), "{entry}");
        assert!(!entry.to_string().contains(&ended), "{entry}");
    }
}

async fn a_deployment_that_changes_routes_says_so(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let sha256 = root.bring("probe", &component("hello")).await;
    let more = json!({ "sha256": sha256, "deploy": { "routes": ["/", "probe.example"], "note": "why" } });
    let same =
        json!({ "sha256": sha256, "deploy": { "routes": ["/", "probe.example"], "smoke": { "skip": true } } });
    for (wanted, detail) in [(more, "version 2, routes /, probe.example instead of /: why"), (same, "version 2")] {
        let view = root.post("/apps/probe/deployments", &wanted).await.expect(202).json();
        assert_eq!(root.ended("probe", view["id"].as_str().unwrap()).await["state"], "done");
        let entries = root.get("/audit?app=probe").await.expect(200).json();
        assert_eq!(
            (&entries[0]["action"], &entries[0]["detail"]),
            (&json!("deploy"), &json!(detail)),
            "{entries}"
        );
    }
}
