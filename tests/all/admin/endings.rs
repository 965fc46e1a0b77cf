//! Deployments that must not go on: the host is told to end, the token is revoked, the app is gone.

use super::{Api, component, host};
use http::Method;
use serde_json::{Value, json};
use support::{Engine, Visitor, until};

on_both_databases! {
    a_host_that_is_told_to_end_fails_what_it_has_not_activated,
    a_token_that_is_revoked_while_the_version_is_tried_out_deploys_nothing,
    what_is_deployed_to_an_app_ends_with_it,
}

/// An order whose first request takes so long, or until the host gives it up after 10 s.
async fn order(api: &mut Api, app: &str, sha256: &str, milliseconds: u32) -> String {
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": milliseconds }]));
    let wanted = json!({ "sha256": sha256, "deploy": { "smoke": { "path": path } } });
    let view = api.post(&format!("/apps/{app}/deployments"), &wanted).await.expect(202).json();
    view["id"].as_str().expect("an id").to_owned()
}

async fn wait_for_first_request(api: &mut Api, app: &str, id: &str) {
    until("the deployment makes its first request", async || {
        let view = api.get(&format!("/apps/{app}/deployments/{id}")).await.expect(200).json();
        assert_eq!(view["ended_at"], json!(null), "{view}");
        (view["stage"] == "smoke").then_some(())
    })
    .await;
}

/// What was written down of a deployment that was not done.
async fn failure(api: &mut Api, app: &str) -> Value {
    until("the failure is written down", async || {
        let entries = api.get(&format!("/audit?app={app}")).await.expect(200).json();
        let is_failure = |entry: &&Value| entry["action"] == "deploy" && entry["result"] != "ok";
        entries.as_array()?.iter().find(is_failure).cloned()
    })
    .await
}

async fn a_host_that_is_told_to_end_fails_what_it_has_not_activated(engine: Engine) {
    let mut host = host(engine).await;
    let (_other, elsewhere) = host.twin().await;
    let mut here = Api::root(&host);
    let sha256 = here.bring("slow", &component("probe")).await;
    let running = order(&mut here, "slow", &sha256, 9_000).await;
    let waiting = order(&mut here, "slow", &sha256, 0).await;
    let mut there = Api::new(elsewhere, super::ROOT);
    wait_for_first_request(&mut there, "slow", &running).await;
    let (status, _log) = host.terminate().await;
    assert!(status.success(), "{status}");
    for id in [running, waiting] {
        let view = there.get(&format!("/apps/slow/deployments/{id}")).await.expect(200).json();
        assert_eq!((&view["state"], &view["error"]["kind"]), (&json!("failed"), &json!("unavailable")), "{view}");
        assert!(view["error"]["message"].as_str().unwrap().contains("is being restarted"), "{view}");
    }
    there.get("/apps/slow").await.expect(404);
    let noted = failure(&mut there, "slow").await;
    assert!(noted["result"].as_str().unwrap().contains("is being restarted"), "{noted}");
    assert_eq!((&noted["by"], &noted["sha256"]), (&json!("INNKEEPER_ADMIN_TOKEN"), &json!(sha256)));
    // What was brought is still there.
    let done = order(&mut there, "slow", &sha256, 0).await;
    assert_eq!(there.ended("slow", &done).await["state"], "done");
}

async fn a_token_that_is_revoked_while_the_version_is_tried_out_deploys_nothing(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:slow"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let sha256 = api.bring("slow", &component("probe")).await;
    let id = order(&mut api, "slow", &sha256, 8_000).await;
    wait_for_first_request(&mut root, "slow", &id).await;
    root.send(root.request(Method::DELETE, &format!("/tokens/{}", &token[10..22])), "").await.expect(200);
    let ended = root.ended("slow", &id).await;
    assert_eq!((&ended["state"], &ended["error"]["kind"]), (&json!("failed"), &json!("conflict")), "{ended}");
    assert!(ended["error"]["message"].as_str().unwrap().contains("opens nothing any more"), "{ended}");
    root.get("/apps/slow").await.expect(404);
    assert!(failure(&mut root, "slow").await["result"].as_str().unwrap().contains("opens nothing any more"));
}

async fn what_is_deployed_to_an_app_ends_with_it(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let sha256 = root.bring("other", &component("probe")).await;
    let first = order(&mut root, "other", &sha256, 0).await;
    assert_eq!(root.ended("other", &first).await["state"], "done");
    // Otherwise it is the same version, and nothing to be made live.
    let sha256 = root.bring("other", &component("hostile")).await;
    let wanted = json!({ "sha256": sha256, "deploy": { "smoke": { "skip": true } } });
    let slow = root.bring("slow", &component("probe")).await;
    order(&mut root, "slow", &slow, 20_000).await;
    let waiting = root.post("/apps/other/deployments", &wanted).await.expect(202).json();
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    root.send(root.request(Method::DELETE, "/apps/other?confirm=other"), "").await.expect(200);
    root.get(&format!("/apps/other/deployments/{}", waiting["id"].as_str().unwrap())).await.expect(404);
    let noted = failure(&mut root, "other").await;
    assert!(noted["result"].as_str().unwrap().contains("deleted"), "{noted}");
    let refused = root.post("/apps/other/deployments", &wanted).await.expect(409);
    assert!(refused.text().contains("bring it first"), "its uploads are gone, too: {refused:?}");
    root.get("/apps/other").await.expect(404);
}
