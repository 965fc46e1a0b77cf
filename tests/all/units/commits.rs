//! A commit that fails: whatever is called then, nothing of it is told as a success before a
//! rollback.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};
use support::{Engine, TestDatabase, TestHost, Visitor};

use super::{Standing, hold, log};
use crate::sessions::deploy;

on_both_databases! {
    a_commit_that_has_failed_fails_again,
    after_a_commit_that_has_failed_nothing_goes_on_but_a_rollback,
    a_rollback_after_a_commit_that_has_failed_begins_anew,
    a_request_that_goes_on_after_a_commit_that_has_failed_is_no_success,
    a_commit_that_has_failed_sets_no_cookie,
    a_commit_that_finds_everybody_busy_fails_again,
    a_call_that_finds_everybody_busy_loses_nothing,
    where_statements_are_kept_by_themselves_the_next_one_is,
}

/// Ways in which a commit fails although everything before it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A row refers to one that is not there, which is looked at by the commit.
    Reference,
    /// A write of the host that waits for the commit is refused.
    Write,
    /// The same after a part that was committed.
    WriteAfterPart,
}

const WAYS: [Way; 3] = [Way::Reference, Way::Write, Way::WriteAfterPart];

impl Way {
    /// What a request does before the commit that will fail.
    fn steps(self) -> Vec<Value> {
        let refers = execute("insert into notes (name, parent) values ('child', 'nobody')", json!([]));
        match self {
            Self::Reference => vec![insert("lost"), set("lost"), refers],
            Self::Write => vec![insert("lost"), set("refused")],
            Self::WriteAfterPart => {
                let commit = json!({ "op": "tx.commit", "tx": 0 });
                vec![op("db.begin"), insert("lost"), commit, set("refused")]
            }
        }
    }
}

fn insert(name: &str) -> Value {
    execute("insert into notes (name) values ($1)", json!([name]))
}

fn set(key: &str) -> Value {
    json!({ "op": "session.set", "key": key, "value": "1" })
}

/// A probe on which no session can have the key `refused`.
async fn probe(engine: Engine, environment: &[(&str, &str)]) -> (TestHost, Visitor) {
    probe_with(engine, "", environment).await
}

/// The same with settings of the app.
async fn probe_with(engine: Engine, settings: &str, environment: &[(&str, &str)]) -> (TestHost, Visitor) {
    let database = TestDatabase::fresh(engine).await;
    deploy(&database, settings).await.succeeded();
    let host = TestHost::with(engine).database(database);
    let host = environment.iter().fold(host, |host, (name, value)| host.env(name, value)).start().await;
    let notes = "create table notes (name text primary key, \
                 parent text references notes (name) deferrable initially deferred)";
    let migration = json!({ "name": "1", "statements": [notes, "create table held (n bigint)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    let trigger = match engine {
        Engine::Postgres => {
            "create function innkeeper.refuse() returns trigger language plpgsql as \
             $$ begin if new.name = 'refused' then raise exception 'refused'; end if; return new; end $$; \
             create trigger refuse before insert on innkeeper.session_values \
             for each row execute function innkeeper.refuse()"
        }
        Engine::Sqlite => {
            "create trigger refuse before insert on innkeeper_session_values \
             when new.name = 'refused' begin select raise(abort, 'refused'); end"
        }
    };
    host.database().app_rows("probe", trigger).await;
    let visitor = host.visitor();
    (host, visitor)
}

/// Names of all rows that are kept.
async fn names(host: &TestHost) -> Vec<String> {
    let rows = host.database().app_rows("probe", "select name from notes order by name").await;
    rows.into_iter().flatten().collect()
}

/// Panics unless nothing is kept of what the ways write.
async fn nothing_is_kept(host: &TestHost, what: &str) {
    assert_eq!(names(host).await, Vec::<String>::new(), "{what}");
    assert_eq!(host.database().count("probe", "session_values").await, 0, "{what}");
    assert_eq!(host.database().count("probe", "sessions").await, 0, "{what}");
}

fn is_error(result: &Value) -> bool {
    result.get("error").is_some()
}

async fn a_commit_that_has_failed_fails_again(engine: Engine) {
    let (host, visitor) = probe(engine, &[]).await;
    for way in WAYS {
        let steps = [way.steps(), vec![op("db.commit"), op("db.commit"), op("db.commit"), respond(500)]].concat();
        let answer = visitor.clone().probe_answer(json!(steps)).await.expect(500).json();
        let results = answer.as_array().expect("results");
        let commits = &results[way.steps().len()..way.steps().len() + 3];
        assert!(commits.iter().all(is_error), "{way:?}: {results:?}");
        nothing_is_kept(&host, &format!("{way:?}")).await;
    }
}

async fn after_a_commit_that_has_failed_nothing_goes_on_but_a_rollback(engine: Engine) {
    let (host, visitor) = probe(engine, &[]).await;
    let calls = [
        query("select count(*) from notes", json!([])),
        insert("later"),
        op("db.begin"),
        json!({ "op": "db.migrate", "migrations": [] }),
        json!({ "op": "db.batch", "statements": [] }),
        json!({ "op": "db.open-cursor", "sql": "select name from notes", "params": [] }),
        json!({ "op": "session.get", "key": "lost" }),
        set("later"),
        json!({ "op": "session.increment", "key": "n", "by": 1 }),
        json!({ "op": "session.flash", "message": "later" }),
        json!({ "op": "session.get-user" }),
        json!({ "op": "blob.list", "limit": 10 }),
        json!({ "op": "blob.create", "content-type": "text/plain" }),
        op("db.commit"),
    ];
    for way in WAYS {
        let steps = [way.steps(), vec![op("db.commit")], calls.to_vec(), vec![respond(500)]].concat();
        let answer = visitor.clone().probe_answer(json!(steps)).await.expect(500).json();
        let results = answer.as_array().expect("results");
        let first = way.steps().len() + 1;
        for (call, result) in calls.iter().zip(&results[first..]) {
            // Whoever commits is told why, where that is of use.
            let tells = call["op"] == "db.commit";
            assert!(is_error(result) && (tells || code(result) == "closed"), "{way:?}, {call}: {result}");
        }
        nothing_is_kept(&host, &format!("{way:?}")).await;
    }
}

async fn a_rollback_after_a_commit_that_has_failed_begins_anew(engine: Engine) {
    let (host, visitor) = probe(engine, &[]).await;
    for (number, way) in WAYS.iter().enumerate() {
        let name = format!("kept {number}");
        let again = vec![op("db.commit"), op("db.rollback"), insert(&name), set("kept"), op("db.commit")];
        let steps = [way.steps(), again, vec![query("select count(*) from notes", json!([]))]].concat();
        let results = visitor.clone().probe(json!(steps)).await;
        let after = way.steps().len();
        assert!(is_error(&results[after]), "{way:?}: {results:?}");
        all_ok(&results[after + 1..]);
        assert_eq!(integer(&results[after + 5]), i64::try_from(number).expect("a few") + 1, "{way:?}");
    }
    assert_eq!(names(&host).await, ["kept 0", "kept 1", "kept 2"]);
    let values = host.database().app_rows("probe", &format!("select name from {}", table(&host))).await;
    assert_eq!(values, vec![vec!["kept".to_owned()]; 3]);
}

fn table(host: &TestHost) -> String {
    host.database().host_table("session_values")
}

async fn a_request_that_goes_on_after_a_commit_that_has_failed_is_no_success(engine: Engine) {
    let (host, visitor) = probe(engine, &[]).await;
    for way in WAYS {
        for more in [vec![], vec![insert("later"), set("later")], vec![op("db.commit")]] {
            let steps = [way.steps(), vec![op("db.commit")], more.clone(), vec![respond(200)]].concat();
            let answer = visitor.clone().probe_answer(json!(steps)).await;
            assert!(answer.status >= 500, "{way:?}, {more:?}: {answer:?}");
            nothing_is_kept(&host, &format!("{way:?}, {more:?}")).await;
        }
    }
}

async fn a_commit_that_has_failed_sets_no_cookie(engine: Engine) {
    let (host, visitor) = probe(engine, &[]).await;
    for way in WAYS {
        for end in [respond(200), respond(500), op("db.rollback")] {
            let mut visitor = visitor.clone();
            let steps = [way.steps(), vec![op("db.commit"), set("later"), end.clone()]].concat();
            let answer = visitor.probe_answer(json!(steps)).await;
            assert_eq!(answer.header("set-cookie"), None, "{way:?}, {end}: {answer:?}");
        }
    }
    nothing_is_kept(&host, "at last").await;
}

/// A pool of one connection, or SQLite's one writer, which somebody else has.
const CROWDED: [(&str, &str); 2] = [("INNKEEPER_POOL_SIZE", "1"), ("INNKEEPER_POOL_WAIT", "300ms")];

async fn a_commit_that_finds_everybody_busy_fails_again(engine: Engine) {
    let (host, visitor) = probe(engine, &CROWDED).await;
    let holds = hold(&host, "it holds the writer").await;
    let goes_on = vec![op("db.commit"), insert("lost too"), op("db.commit")];
    let before = json!([set("lost"), op("db.commit"), log("it has failed"), op("echo-body")]);
    let steps = [before.as_array().expect("steps").clone(), goes_on].concat();
    let fails = Standing::begin(&host, &visitor, &json!(steps), "it has failed").await;
    holds.end().await.expect(200);
    let answer = fails.end().await.expect(503);
    assert!(answer.header("retry-after").is_some() && answer.header("set-cookie").is_none(), "{answer:?}");
    let held = hold(&host, "it holds the writer again").await;
    let after = [steps, vec![op("db.rollback"), insert("kept"), set("kept")]].concat();
    let after = json!(after).to_string().replace("it has failed", "it has failed again");
    let after: Value = serde_json::from_str(&after).expect("steps");
    let fails = Standing::begin(&host, &visitor, &after, "it has failed again").await;
    held.end().await.expect(200);
    let results = fails.end().await.expect(200).json();
    assert_eq!((code(&results[1]), code(&results[4])), ("busy", "busy"), "{results}");
    assert_eq!((code(&results[5]), code(&results[6])), ("closed", "busy"), "{results}");
    all_ok(&results.as_array().expect("results")[7..]);
    assert_eq!(names(&host).await, ["kept"]);
    let values = host.database().app_rows("probe", &format!("select name from {}", table(&host))).await;
    assert_eq!(values, [["kept"]]);
}

/// A call that could not even begin has changed nothing: what was set before it is kept.
async fn a_call_that_finds_everybody_busy_loses_nothing(engine: Engine) {
    let (host, mut visitor) = probe(engine, &CROWDED).await;
    let increment = json!({ "op": "session.increment", "key": "n", "by": 1 });
    for (number, call) in [insert("kept"), op("db.begin"), increment].into_iter().enumerate() {
        let holds = hold(&host, &format!("it holds the writer {number}")).await;
        let text = format!("it has failed {number}");
        let key = format!("set before {number}");
        let steps = json!([set(&key), call, log(&text), op("echo-body"), call]);
        let fails = Standing::begin(&host, &host.visitor(), &steps, &text).await;
        holds.end().await.expect(200);
        let answer = fails.end().await.expect(200);
        let results = answer.json();
        assert_eq!(code(&results[1]), "busy", "{call}: {results}");
        ok(&results[4]);
        visitor.jar.take_from(&answer.headers);
        let found = visitor.probe_one(json!({ "op": "session.get", "key": key })).await;
        assert_eq!(ok(&found), "1", "{call}");
    }
    assert_eq!(names(&host).await, ["kept"]);
}

async fn where_statements_are_kept_by_themselves_the_next_one_is(engine: Engine) {
    let (host, visitor) = probe_with(engine, "transactions = \"statement\"", &[]).await;
    let refers = execute("insert into notes (name, parent) values ('child', 'nobody')", json!([]));
    let results = visitor.clone().probe(json!([insert("a"), refers, insert("b"), op("db.commit")])).await;
    assert_eq!(code(&results[1]), "foreign-key-violation", "{results:?}");
    all_ok(&results[2..]);
    assert_eq!(names(&host).await, ["a", "b"]);
    // A transaction of the guest that a commit has lost is said to be lost until a rollback.
    let in_part = json!({ "op": "tx.execute", "tx": 0, "sql": "insert into notes (name, parent) values ('c', 'nobody')",
                          "params": [] });
    let steps = json!([op("db.begin"), in_part, op("db.commit"), op("db.commit"), op("db.rollback"), insert("d")]);
    let results = visitor.clone().probe(steps).await;
    assert!(is_error(&results[2]) && is_error(&results[3]), "{results:?}");
    all_ok(&results[4..]);
    assert_eq!(names(&host).await, ["a", "b", "d"]);
    // A value that cannot be stored is forgotten, and stands in nobody's way.
    let results = visitor.clone().probe(json!([set("a"), set("refused"), set("b"), op("session.get-keys")])).await;
    assert!(is_error(&results[1]), "{results:?}");
    assert_eq!((ok(&results[2]), ok(&results[3])), (&Value::Null, &json!(["a", "b"])));
    let values = host.database().app_rows("probe", &format!("select name from {} order by 1", table(&host))).await;
    assert_eq!(values, [["a"], ["b"]]);
}
