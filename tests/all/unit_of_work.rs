//! A request is one unit of work: rows, files and session are kept together or not at all.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};
use support::{Answer, Engine, TestHost, Visitor, until};

use crate::units::Standing;

on_both_databases! {
    a_success_keeps_all_three,
    a_status_of_500_keeps_nothing,
    a_status_of_404_keeps_all_three,
    a_trap_keeps_nothing,
    a_deadline_keeps_nothing,
    a_rollback_keeps_nothing_but_what_follows_it,
    what_was_committed_stays_whatever_happens_later,
    a_failed_statement_changes_nothing_else,
    a_batch_is_kept_whole_or_not_at_all,
    a_write_after_the_head_is_kept_by_itself,
    a_commit_that_fails_is_never_told_as_a_success,
    nobody_sees_what_is_not_yet_kept,
    reads_begin_no_transaction,
    parallel_writers_lose_nothing,
    an_app_may_keep_every_statement_by_itself,
}

async fn a_success_keeps_all_three(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    probe.write_then(&[]).await.expect(200);
    probe.keeps(1).await;
}

async fn a_status_of_500_keeps_nothing(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    probe.write_then(&[respond(500)]).await.expect(500);
    probe.keeps(0).await;
}

async fn a_status_of_404_keeps_all_three(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    probe.write_then(&[respond(404)]).await.expect(404);
    probe.keeps(1).await;
}

async fn a_trap_keeps_nothing(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    probe.write_then(&[op("trap")]).await.expect(500);
    probe.keeps(0).await;
}

async fn a_deadline_keeps_nothing(engine: Engine) {
    let mut probe = noted(engine, &[("INNKEEPER_WALL_PER_REQUEST", "10s")]).await;
    probe.write_then(&[json!({ "op": "sleep", "ms": 60_000 })]).await.expect(504);
    probe.keeps(0).await;
}

async fn a_rollback_keeps_nothing_but_what_follows_it(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    let set = json!({ "op": "session.set", "key": "later", "value": "kept" });
    probe.write_then(&[op("db.rollback"), set]).await.expect(200);
    probe.keeps(0).await;
    let later = probe.visitor.probe_one(json!({ "op": "session.get", "key": "later" })).await;
    assert_eq!(ok(&later), "kept");
}

async fn what_was_committed_stays_whatever_happens_later(engine: Engine) {
    for end in [op("trap"), respond(500), op("db.rollback")] {
        let mut probe = noted(engine, &[]).await;
        let again = write_everything(7);
        probe.write_then(&[&[op("db.commit")][..], &again, &[end]].concat()).await;
        probe.keeps(1).await;
    }
}

async fn a_failed_statement_changes_nothing_else(engine: Engine) {
    let probe = noted(engine, &[]).await;
    let results = probe
        .host
        .probe(json!([
            insert("one"),
            insert("one"),
            query("select nothing from nowhere", json!([])),
            insert("two")
        ]))
        .await;
    assert_eq!((code(&results[1]), code(&results[2])), ("unique-violation", "syntax"));
    assert_eq!((ok(&results[0]), ok(&results[3])), (&json!(1), &json!(1)));
    assert_eq!(probe.count().await, 2);
}

async fn a_batch_is_kept_whole_or_not_at_all(engine: Engine) {
    let probe = noted(engine, &[]).await;
    let batch = |names: &[&str]| {
        let insert = |name: &&str| json!({ "sql": "insert into notes (name) values ($1)", "params": [name] });
        json!({ "op": "db.batch", "statements": names.iter().map(insert).collect::<Vec<_>>() })
    };
    let results = probe.host.probe(json!([insert("before"), batch(&["a", "b", "a"]), batch(&["c", "d"])])).await;
    assert_eq!(code(&results[1]), "unique-violation");
    assert_eq!(ok(&results[2])[1]["affected"], 1);
    assert_eq!(probe.count().await, 3);
}

async fn a_write_after_the_head_is_kept_by_itself(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    let steps = json!([insert("before"), respond(200), insert("after"), op("trap")]);
    // The head has left with 200; that the body breaks off is all that the visitor can still be
    // told.
    assert!(probe.visitor.try_probe(steps).await.is_none());
    assert_eq!(probe.count().await, 2);
}

async fn a_commit_that_fails_is_never_told_as_a_success(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    let refers = execute("insert into notes (name, parent) values ('child', 'nobody')", json!([]));
    let answer = probe.visitor.probe_answer(json!([refers, respond(200)])).await;
    assert!(answer.status >= 500, "{answer:?}");
    assert_eq!(probe.count().await, 0);
}

async fn nobody_sees_what_is_not_yet_kept(engine: Engine) {
    let probe = noted(engine, &[]).await;
    let steps = json!([insert("new"), log("has written"), op("echo-body")]);
    let writing = Standing::begin(&probe.host, &probe.visitor, &steps, "has written").await;
    assert_eq!(probe.count().await, 0);
    all_ok(writing.end().await.expect(200).json().as_array().expect("results"));
    assert_eq!(probe.count().await, 1);
}

async fn reads_begin_no_transaction(engine: Engine) {
    let probe = noted(engine, &[]).await;
    let count = query("select count(*) from notes", json!([]));
    let steps = json!([count.clone(), log("has read"), op("echo-body"), count]);
    let reading = Standing::begin(&probe.host, &probe.visitor, &steps, "has read").await;
    all_ok(&probe.host.probe(json!([insert("meanwhile")])).await);
    let results = reading.end().await.expect(200).json();
    assert_eq!((integer(&results[0]), integer(&results[3])), (0, 1));
}

async fn parallel_writers_lose_nothing(engine: Engine) {
    let probe = noted(engine, &[("INNKEEPER_POOL_WAIT", "30s")]).await;
    all_ok(&probe.host.probe(json!([execute("insert into notes (name, n) values ('n', 0)", json!([]))])).await);
    let add = || probe.begin(vec![execute("update notes set n = n + 1 where name = 'n'", json!([]))]);
    let adding: Vec<_> = (0..20).map(|_| add()).collect();
    for added in adding {
        all_ok(&added.await.expect("an answer"));
    }
    let sum = probe.host.probe(json!([query("select n from notes", json!([]))])).await;
    assert_eq!(integer(&sum[0]), 20);
}

async fn an_app_may_keep_every_statement_by_itself(engine: Engine) {
    let mut probe = noted(engine, &[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let component = support::paths::guest("probe");
    let settings = format!("name = \"probe\"\ncomponent = {component:?}\ntransactions = \"statement\"\n");
    std::fs::write(folder.path().join("innkeeper.toml"), settings).expect("a file");
    let deploy = ["deploy", folder.path().to_str().expect("a UTF-8 path")];
    support::command::on(probe.host.database(), &deploy).await.succeeded();
    let mut names = 0..;
    let kept_by_itself = async || {
        let steps = json!([insert(&names.next()?.to_string()), respond(500)]);
        probe.visitor.probe_answer(steps).await.expect(500);
        (probe.count().await == 1).then_some(())
    };
    until("the setting is in force", kept_by_itself).await;
    let part = json!([op("db.begin"), { "op": "tx.execute", "tx": 0, "sql": "delete from notes", "params": [] }]);
    probe.visitor.probe(part).await;
    assert_eq!(probe.count().await, 1, "a part left open is undone in this mode too");
}

/// A visitor of a probe whose table `notes` is empty.
struct Noted {
    host: TestHost,
    visitor: Visitor,
}

async fn noted(engine: Engine, environment: &[(&str, &str)]) -> Noted {
    let host = TestHost::with(engine).app("probe", "probe");
    let host = environment.iter().fold(host, |host, (name, value)| host.env(name, value)).start().await;
    let create = "create table notes (name text primary key, n bigint, \
                  parent text references notes (name) deferrable initially deferred)";
    let migration = json!({ "name": "1", "statements": [create] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    Noted { visitor: host.visitor(), host }
}

impl Noted {
    /// Writes a row, a value and a file, then goes on with these steps.
    async fn write_then(&mut self, steps: &[Value]) -> Answer {
        self.visitor.probe_answer(Value::from([&write_everything(0), steps].concat())).await
    }

    /// Panics unless exactly so many rows, values and files have been kept.
    async fn keeps(&mut self, expected: usize) {
        let list = json!({ "op": "blob.list", "limit": 10 });
        let results = self.visitor.probe(json!([op("session.get-keys"), list])).await;
        let keys = ok(&results[0]).as_array().expect("keys").iter().filter(|key| *key == "note").count();
        let files = ok(&results[1]).as_array().map(Vec::len);
        assert_eq!((self.count().await, keys, files), (expected as i64, expected, Some(expected)));
    }

    async fn count(&self) -> i64 {
        integer(&self.host.probe(json!([query("select count(*) from notes", json!([]))])).await[0])
    }

    /// Runs steps beside the test, as somebody else.
    fn begin(&self, steps: Vec<Value>) -> tokio::task::JoinHandle<Vec<Value>> {
        let mut visitor = self.host.visitor();
        tokio::spawn(async move { visitor.probe(Value::from(steps)).await })
    }
}

fn insert(name: &str) -> Value {
    execute("insert into notes (name) values ($1)", json!([name]))
}

fn log(text: &str) -> Value {
    json!({ "op": "stderr", "text": format!("{text}\n") })
}

/// Six steps that write a row, a session value and a file; `first` is the place of the first one
/// among all steps.
fn write_everything(first: usize) -> Vec<Value> {
    let (writer, blob) = (format!("${}.ok", first + 2), format!("${}.ok.id", first + 4));
    vec![
        insert(&format!("note {first}")),
        json!({ "op": "session.set", "key": "note", "value": "written" }),
        json!({ "op": "blob.create", "content-type": "text/plain" }),
        json!({ "op": "writer.write", "writer": writer, "text": "written" }),
        json!({ "op": "writer.finish", "writer": writer }),
        json!({ "op": "blob.keep", "id": blob }),
    ]
}
