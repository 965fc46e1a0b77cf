//! What an app may not say, and what becomes of its unit of work then. What exactly it may not say
//! is in `tests/corpus`.

use serde_json::json;
use support::Engine;
use support::probe::{code, execute, integer, query};

use super::probe_with;

on_both_databases! {
    what_is_refused_leaves_the_unit_as_it_was,
    a_long_chain_is_refused_and_not_run,
}

async fn a_long_chain_is_refused_and_not_run(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    for piece in ["+1", " or 1=1", "::text", " union select 1", "(", "not ", "(select "] {
        let sql = format!("select 1{}", piece.repeat(99_000 / piece.len()));
        let refused = visitor.probe_one(query(&sql, json!([]))).await;
        assert!(["too-large", "syntax"].contains(&code(&refused)), "{piece}: {refused}");
    }
}

async fn what_is_refused_leaves_the_unit_as_it_was(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let steps = json!([
        execute("insert into t (a) values (1)", json!([])),
        execute("commit", json!([])),
        { "op": "respond", "status": 500 },
    ]);
    visitor.probe_answer(steps).await.expect(500);
    let count = visitor.probe_one(query("select count(*) from t", json!([]))).await;
    assert_eq!(integer(&count), 0);
}
