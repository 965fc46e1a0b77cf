//! `innkeeper token`, on the database.

use super::{Api, host};
use serde_json::json;
use support::{Engine, TestDatabase, command};

on_both_databases! {
    tokens_are_made_listed_and_revoked_by_command,
    a_scope_that_is_mistyped_is_told_the_nearest_one,
    a_token_has_few_scopes_and_none_of_them_is_a_token,
}

async fn tokens_are_made_listed_and_revoked_by_command(engine: Engine) {
    let host = host(engine).await;
    let database = host.database();
    let made = ["token", "create", "--name", "ci", "--scope", "read", "--scope", "deploy:probe"];
    let made = command::on(database, &made).await.succeeded();
    let token = made.stdout.trim();
    assert_eq!(made.stdout.lines().count(), 1, "the token stands alone: {made}");
    assert!(
        made.stderr.contains("deploy:probe")
            && made.stderr.contains("until ")
            && !made.stderr.contains(&token[23..])
    );
    Api::new(host.visitor(), token).get("/apps").await.expect(200);
    let endless = ["token", "create", "--name", "ever", "--scope", "admin", "--expires", "never", "--json"];
    let endless = command::on(database, &endless).await.succeeded().json();
    assert_eq!(endless["about"]["expires_at"], json!(null));
    let listed = command::on(database, &["token", "list"]).await.succeeded();
    assert!(listed.stdout.contains("ci") && listed.stdout.contains("without end"), "{listed}");
    assert!(!listed.stdout.contains(&token[23..]), "{listed}");
    let id = &token[10..22];
    let revoked = command::on(database, &["token", "revoke", id]).await.succeeded();
    assert!(revoked.stdout.contains("worthless"), "{revoked}");
    let again = command::on(database, &["token", "revoke", id]).await.failed();
    assert!(again.stderr.contains("worthless already"), "{again}");
    let text = command::on(database, &["token", "revoke", token]).await.failed();
    assert!(text.stderr.contains("worthless already") && !text.stderr.contains(&token[23..]), "{text}");
    let listed = command::on(database, &["token", "list", "--json"]).await.succeeded().json();
    assert_eq!(listed[1]["state"], "revoked", "{listed}");
    let table = database.host_table("audit");
    let sql = format!("select action, result from {table} where action like 'token%' order by id");
    let expected = [["token create", "ok"], ["token create", "ok"], ["token revoke", "ok"]];
    assert_eq!(database.host_rows(&sql).await, expected);
}

async fn a_scope_that_is_mistyped_is_told_the_nearest_one(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for (scope, said) in [
        ("raed", "did you mean `read`?"),
        ("deploy", "did you mean `deploy:APP`"),
        ("deploi:blog", "did you mean `deploy:blog`?"),
        ("everything", "known are read"),
        ("deploy:Blog", "app name"),
    ] {
        let failed = command::on(&database, &["token", "create", "--name", "a", "--scope", scope]).await.failed();
        assert!(failed.stderr.contains(said), "{scope}: {failed}");
    }
    for (arguments, said) in [
        (["--name", "", "--expires", "1d"], "a token has a name"),
        (["--name", "a", "--expires", "soon"], "such as 90d"),
        (["--name", "a", "--expires", "11y"], "at most 10y"),
    ] {
        let arguments = [&["token", "create", "--scope", "read"], &arguments[..]].concat();
        let failed = command::on(&database, &arguments).await.failed();
        assert!(failed.stderr.contains(said), "{failed}");
    }
}

async fn a_token_has_few_scopes_and_none_of_them_is_a_token(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let many: Vec<String> = (0..101).map(|number| format!("deploy:a{number}")).collect();
    let refused = root.post("/tokens", &json!({ "name": "many", "scopes": many })).await.expect(400);
    assert!(refused.text().contains("100 at most"), "{refused:?}");
    let twice = json!({ "name": "twice", "scopes": ["read", "read"] });
    let made = root.post("/tokens", &twice).await.expect(201).json();
    assert_eq!(made["about"]["scopes"], json!(["read"]));
    let token = made["token"].as_str().unwrap();
    let refused = root.post("/tokens", &json!({ "name": "odd", "scopes": [token] })).await.expect(400);
    assert!(refused.text().contains("this is a token") && !refused.text().contains(&token[23..]), "{refused:?}");
    let entries = root.get("/audit").await.expect(200).json();
    assert!(!entries.to_string().contains(&token[23..]), "{entries}");
}
