//! Nobody sees a token: no guest, no log, no list.

use super::{API, Api, ROOT, host};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use support::probe::{all_ok, op};
use support::{Engine, Visitor};

on_both_databases! {
    a_token_reaches_no_guest,
    a_token_is_kept_as_a_hash_and_shown_once,
    values_of_an_app_are_never_shown,
}

async fn a_token_reaches_no_guest(engine: Engine) {
    let host = host(engine).await;
    let token = Api::root(&host).make_token(&["admin"]).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    visitor.jar.put("of-the-app", "stays");
    visitor.jar.put("token", &token);
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let steps = json!([op("echo-headers"), op("echo-uri"), { "op": "session.get", "key": "a" }]);
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Token token=\"{token}\"")),
        ("x-api-key", token.clone()),
        ("referer", format!("https://h.example{API}/apps?token={percent}")),
        ("x-hex", hex.clone()),
    ] {
        let request = Visitor::with_steps(&format!("/steps?a=1&token={token}&b=2"), &steps);
        let request = request.header(name, &value).header("x-beside", "innkeeper_beside");
        let answer = visitor.send(request, Full::<Bytes>::default()).await.expect(200);
        let text = answer.text();
        let secret = &token[23..];
        for spelling in [secret, &percent, &hex] {
            assert!(!text.contains(spelling), "{name}: {text}");
        }
        assert!(text.contains("innkeeper_beside") && text.contains("of-the-app"), "{name}: {text}");
        assert!(text.contains("/steps?a=1&b=2") && text.contains("\"1\""), "{name}: {text}");
    }
    visitor.get(&format!("/steps/{token}")).await.expect(404);
    visitor.get(&format!("{API}/apps/{token}")).await.expect(404);
    assert!(!host.logs().contains(&token[23..]), "{}", host.logs());
}

async fn a_token_is_kept_as_a_hash_and_shown_once(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["read", "deploy:probe"]).await;
    assert_eq!((token.len(), &token[..10]), (66, "innkeeper_"));
    let table = host.database().host_table("tokens");
    let rows = host.database().host_rows(&format!("select * from {table}")).await;
    assert!(!format!("{rows:?}").contains(&token[23..]), "{rows:?}");
    let digest = host.database().host_rows(&format!("select length(sha256) from {table}")).await;
    assert_eq!(digest, [["32"]]);
    let listed = root.get("/tokens").await.expect(200);
    assert!(!listed.text().contains(&token[23..]), "{listed:?}");
    assert_eq!(listed.json()[0]["scopes"], json!(["read", "deploy:probe"]));
    assert_eq!(listed.json()[0]["created_by"], json!("INNKEEPER_ADMIN_TOKEN"));
    assert_eq!(listed.json()[0]["last_used_at"], json!(null));
    Api::new(host.visitor(), &token).get("/apps").await.expect(200);
    support::until("the use of the token is written down", async || {
        let listed = root.get("/tokens").await.expect(200).json();
        listed[0]["last_used_at"].is_string().then_some(())
    })
    .await;
    let current = Api::new(host.visitor(), &token).get("/tokens/current").await.expect(200).json();
    assert_eq!(current["id"], json!(&token[10..22]));
    assert!(!host.logs().contains(&token[23..]) && !host.logs().contains(ROOT));
}

async fn values_of_an_app_are_never_shown(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let changes = json!({ "set": { "key": { "value": "hunter2" }, "other": { "from-env": "STRIPE_KEY" } } });
    let answer = root.json(http::Method::PATCH, "/apps/probe/config", &changes).await.expect(200);
    assert!(!answer.text().contains("hunter2") && answer.text().contains("STRIPE_KEY"), "{answer:?}");
    // A body that cannot be read is quoted to who has sent it, and not kept.
    let wrong = json!({ "set": { "key": "hunter2" } });
    root.json(http::Method::PATCH, "/apps/probe/config", &wrong).await.expect(400);
    for path in ["/apps/probe/settings", "/apps/probe/config", "/audit?app=probe", "/apps/probe/versions"] {
        let answer = root.get(path).await.expect(200);
        assert!(!answer.text().contains("hunter2"), "{path}: {answer:?}");
    }
    support::until("the refusal is written down", async || {
        let entries = root.get("/audit?app=probe").await.expect(200);
        assert!(!entries.text().contains("hunter2"), "{entries:?}");
        entries.text().contains("the request cannot be read").then_some(())
    })
    .await;
    let unset = json!({ "unset": ["key", "other"] });
    let answer = root.json(http::Method::PATCH, "/apps/probe/config", &unset).await.expect(200);
    assert_eq!(answer.json()["config"], json!([]));
    assert!(!host.logs().contains("hunter2"), "{}", host.logs());
}
