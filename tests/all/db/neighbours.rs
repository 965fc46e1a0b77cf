//! Two apps on one host: neither sees what the other keeps.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, op, query};
use support::{Engine, TestHost, Visitor};

on_both_databases! {
    apps_have_tables_of_their_own,
    an_app_cannot_name_the_tables_of_another,
    apps_have_files_of_their_own,
    apps_have_sessions_of_their_own,
}

/// Two probes; the second one is reached below `/other`.
async fn neighbours(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// Runs steps in the app `other`, as the same browser.
async fn in_other(visitor: &mut Visitor, steps: Value) -> Vec<Value> {
    let request = Visitor::with_steps("/other/steps", &steps);
    let answer = visitor.send(request, http_body_util::Full::<bytes::Bytes>::default()).await;
    answer.expect(200).json().as_array().expect("results").clone()
}

fn create() -> Value {
    let migration = json!({ "name": "1", "statements": ["create table secrets (a text)"] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}

async fn apps_have_tables_of_their_own(engine: Engine) {
    let (_host, mut visitor) = neighbours(engine).await;
    let insert = execute("insert into secrets (a) values ('mine')", json!([]));
    all_ok(&visitor.probe(json!([create(), insert])).await);
    let count = query("select count(*) from secrets", json!([]));
    let before = in_other(&mut visitor, json!([count])).await;
    assert_eq!(code(&before[0]), "syntax");
    let after = in_other(&mut visitor, json!([create(), count])).await;
    assert_eq!((ok(&after[0]), integer(&after[1])), (&json!(["1"]), 0));
}

async fn an_app_cannot_name_the_tables_of_another(engine: Engine) {
    let (_host, mut visitor) = neighbours(engine).await;
    all_ok(&visitor.probe(json!([create()])).await);
    for table in ["app_probe.secrets", "\"app_probe\".secrets", "probe.secrets", "app_probe.\"secrets\" as s"] {
        let steps = json!([
            query(&format!("select * from {table}"), json!([])),
            execute(&format!("create view v as select * from {table}"), json!([])),
            execute(&format!("create table t (a text references {table} (a))"), json!([])),
        ]);
        for result in in_other(&mut visitor, steps).await {
            assert!(["denied", "syntax"].contains(&code(&result)), "{table}: {result}");
        }
    }
}

async fn apps_have_files_of_their_own(engine: Engine) {
    let (_host, mut visitor) = neighbours(engine).await;
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "mine" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$2.ok.id" },
    ]);
    let results = visitor.probe(steps).await;
    let id = &ok(&results[2])["id"];
    let steps = json!([
        { "op": "blob.stat", "id": id },
        { "op": "blob.open", "id": id },
        { "op": "blob.delete", "id": id },
        { "op": "blob.keep", "id": id },
        { "op": "blob.send", "id": id },
        { "op": "blob.list", "limit": 10 },
    ]);
    let results = in_other(&mut visitor, steps).await;
    assert!(results[..5].iter().all(|result| code(result) == "not-found"), "{results:?}");
    assert_eq!(ok(&results[5]), &json!([]));
}

async fn apps_have_sessions_of_their_own(engine: Engine) {
    let (_host, mut visitor) = neighbours(engine).await;
    let steps =
        json!([{ "op": "session.set", "key": "k", "value": "mine" }, { "op": "session.renew", "user": "Ada" }]);
    all_ok(&visitor.probe(steps).await);
    let results = in_other(&mut visitor, json!([op("session.get-keys"), op("session.get-user")])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&json!([]), &Value::Null));
    let ended = in_other(&mut visitor, json!([{ "op": "session.destroy-all", "user": "Ada" }])).await;
    assert_eq!(ok(&ended[0]), 0);
    assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), "Ada");
}

/// What a text search function is told to use is looked up in every schema. Whether a neighbour has
/// it must not show in the answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_app_searches_with_shows_nowhere() {
    let (host, mut visitor) = neighbours(Engine::Postgres).await;
    let mut direct = support::database::Direct::to(host.database()).await;
    for sql in [
        "create text search configuration app_other.words (copy = pg_catalog.english)",
        "create text search configuration app_probe.mine (copy = pg_catalog.english)",
        "create sequence app_other.s",
    ] {
        direct.rows(sql).await.expect("the test may do everything");
    }
    let calls = [
        "to_tsvector(CONFIG, 'x')::text",
        "to_tsquery(CONFIG, 'x')::text",
        "ts_headline(CONFIG, 'x', 'x'::tsquery)",
        "jsonb_to_tsvector(CONFIG, '{}', '\"all\"')::text",
        "(select v::text from to_tsvector(CONFIG, 'x') as v)",
    ];
    for call in calls {
        let mut answers = Vec::new();
        for name in ["app_other.words", "app_other.nothing", "nowhere.words"] {
            let literal = query(&format!("select {}", call.replace("CONFIG", &format!("'{name}'"))), json!([]));
            let parameter = query(&format!("select {}", call.replace("CONFIG", "$1")), json!([name]));
            let results = visitor.probe(json!([literal, parameter])).await;
            assert_eq!(code(&results[0]), "denied", "{call} {name}: {results:?}");
            assert_eq!(code(&results[1]), "bad-parameter", "{call} {name}: {results:?}");
            answers.push(results);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{call}: {answers:?}");
    }
    let own = visitor.probe_one(query("select to_tsvector('english', 'foxes')::text", json!([]))).await;
    assert_eq!(support::probe::rows(&own), &json!([["'fox':1"]]), "{own}");
    for from in ["nextval('app_other.s')", "nextval('app_other.nothing')"] {
        let answer = visitor.probe_one(query(&format!("select * from {from}"), json!([]))).await;
        assert_eq!(code(&answer), "denied", "{from}: {answer}");
    }
    let moved = direct.rows("select is_called from app_other.s").await.expect("a sequence");
    assert_eq!(moved, [["f"]], "the neighbour's sequence has not moved");
}
