//! PgBouncer in transaction mode, as Heroku runs it, between the host and its server: a single
//! connection to the server, so that whatever one transaction leaves in it meets the next one,
//! whoever's that is.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::sha256;
use support::postgres::bouncer::Bouncer;
use support::postgres::{Server, Stop};
use support::probe::{all_ok, code, execute, integer, ok, op, query, rows};
use support::{Engine, TestDatabase, TestHost, Visitor, until};

use super::load::Load;
use super::{ENDLESS, KEPT, count, endless_runs, migrate, nothing_is_left_open};

/// PgBouncer waits for so long before it tries a server again that it could not log in to
/// (`server_login_retry`).
const LOGIN_RETRY: Duration = Duration::from_secs(15);

const STATEMENT_TIME: (&str, &str) = ("INNKEEPER_STATEMENT_TIME", "2s");

/// A host, its pooler, and its server.
struct Pooled {
    host: TestHost,
    bouncer: Bouncer,
    server: Server,
    database: String,
}

impl Pooled {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let server = Server::start();
        let bouncer = Bouncer::start(&server, 1).await;
        let url = server.fresh_database().await;
        let database = url.rsplit('/').next().unwrap_or_default().to_owned();
        let mut host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
        host = host.env("DATABASE_CONNECTION_POOL_URL", &bouncer.url(&url));
        for (name, value) in environment {
            host = host.env(name, value);
        }
        let host = host.app("probe", "probe").app("other", "probe").start().await;
        all_ok(&host.probe(json!([migrate(KEPT)])).await);
        Self { host, bouncer, server, database }
    }

    /// The pooler has passed on at least so many transactions of guests, over no more connections
    /// than it may have.
    async fn has_been_used(&self, transactions: i64) {
        let passed = self.bouncer.transactions(&self.database).await;
        assert!(passed >= transactions, "{passed} transactions went through the pooler, not {transactions}");
        let connections = self.bouncer.server_connections(&self.database).await;
        assert!(connections <= 1, "{connections} connections to the server");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_go_through_the_pooler() {
    let pooled = Pooled::start(&[]).await;
    let insert = |id: u32| execute("insert into kept (id) values ($1)", json!([id.to_string()]));
    for id in 0..20 {
        let results = pooled.host.probe(json!([insert(id), query("select count(*) from kept", json!([]))])).await;
        assert_eq!(integer(&results[1]), i64::from(id) + 1);
    }
    pooled.has_been_used(20).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_rows_are_refused_through_the_pooler() {
    let pooled =
        Pooled::start(&[("INNKEEPER_STATEMENT_TIME", "50s"), ("INNKEEPER_WALL_PER_REQUEST", "100s")]).await;
    let insert = |id: &str| execute("insert into kept (id) values ($1)", json!([id]));
    let large = query("select repeat('x', 50000000)", json!([]));
    let results = pooled.host.probe(json!([large, insert("a"), large, insert("b")])).await;
    assert_eq!((code(&results[0]), code(&results[2])), ("too-large", "too-large"));
    assert_eq!(count(&pooled.host).await, 2);
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn savepoints_and_sessions_work_through_the_pooler() {
    let pooled = Pooled::start(&[]).await;
    let mut visitor = pooled.host.visitor();
    let insert = |tx: u32, id: &str| json!({ "op": "tx.execute", "tx": tx, "sql": "insert into kept (id) values ($1)", "params": [id] });
    let steps = json!([
        { "op": "session.increment", "key": "visits", "by": 1 },
        { "op": "db.begin" },
        insert(0, "outer"),
        { "op": "db.begin" },
        insert(1, "inner"),
        { "op": "tx.rollback", "tx": 1 },
        { "op": "tx.commit", "tx": 0 },
    ]);
    all_ok(&visitor.probe(steps).await);
    let again =
        json!([{ "op": "session.increment", "key": "visits", "by": 1 }, query("select id from kept", json!([]))]);
    let results = visitor.probe(again).await;
    assert_eq!((ok(&results[0]), rows(&results[1])), (&json!(2), &json!([["outer"]])));
    // A failed statement undoes itself alone.
    let twice = execute("insert into kept (id) values ('outer')", json!([]));
    let results = visitor.probe(json!([execute("insert into kept (id) values ('b')", json!([])), twice])).await;
    assert_eq!(code(&results[1]), "unique-violation");
    assert_eq!(count(&pooled.host).await, 2);
    pooled.has_been_used(4).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_work_through_the_pooler() {
    let pooled = Pooled::start(&[]).await;
    let fill = execute("insert into kept (id) select 'row-' || i from generate_series(1, 1000) i", json!([]));
    all_ok(&pooled.host.probe(json!([fill])).await);
    let next = json!({ "op": "cursor.next", "cursor": 0, "max": 600 });
    let open = json!({ "op": "db.open-cursor", "sql": "select id from kept" });
    let results = pooled.host.probe(json!([open, next, next, next])).await;
    let read = [1, 2, 3].map(|at| ok(&results[at]).as_array().map(Vec::len));
    assert_eq!(read, [Some(600), Some(400), Some(0)]);
    pooled.has_been_used(2).await;
    nothing_is_left_open(&pooled.server).await;
}

/// The pooler has one connection: a request that held it for its cursor and waited for another
/// would wait for itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_cursor_that_writes_needs_no_second_connection() {
    let pooled = Pooled::start(&[("INNKEEPER_POOL_WAIT", "10s")]).await;
    let fill = execute("insert into kept (id) select 'row-' || i from generate_series(1, 1000) i", json!([]));
    all_ok(&pooled.host.probe(json!([fill])).await);
    let requests: Vec<_> = (0..10)
        .map(|number: u32| {
            let mut visitor = pooled.host.visitor();
            let steps = json!([
                { "op": "db.open-cursor", "sql": "select id from kept where id like 'row-%'" },
                { "op": "cursor.next", "cursor": 0, "max": 5 },
                query("select count(*) from kept", json!([])),
                execute("insert into kept (id) values ($1)", json!([format!("new-{number}")])),
                { "op": "session.set", "key": "k", "value": "v" },
                op("db.commit"),
                { "op": "cursor.drain", "cursor": 0, "max": 100 },
            ]);
            tokio::spawn(async move { visitor.probe(steps).await })
        })
        .collect();
    for request in requests {
        let results = request.await.expect("a visitor does not panic");
        all_ok(&results);
        assert_eq!(ok(&results[6])["rows"], 995);
    }
    assert_eq!(count(&pooled.host).await, 1_010);
    pooled.has_been_used(20).await;
    nothing_is_left_open(&pooled.server).await;
}

/// A pooler whose client goes away opens another connection to the server: the client has to stay
/// as long as the process computes.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_hangs_behind_the_pooler_gets_no_company() {
    let pooled = Pooled::start(&[("INNKEEPER_STATEMENT_TIME", "3s")]).await;
    let running = "state = 'active' and query like '%endless%'";
    let mut visitor = pooled.host.visitor();
    let first = tokio::spawn(async move { visitor.probe(json!([query(ENDLESS, json!([]))])).await });
    let frozen = until("the statement runs", async || {
        let frozen = pooled.server.freeze_backends(running).await;
        (!frozen.is_empty()).then_some(frozen)
    })
    .await;
    assert_eq!(code(&first.await.expect("a visitor does not panic")[0]), "timeout");
    let refused = async || {
        let result = pooled.host.visitor().probe(json!([query("select 1", json!([]))])).await.remove(0);
        (result.pointer("/error/code") == Some(&json!("busy"))).then_some(())
    };
    until("the app is refused", refused).await;
    for _ in 0..5 {
        let results = pooled.host.probe(json!([query(ENDLESS, json!([]))])).await;
        assert_eq!(code(&results[0]), "busy");
    }
    assert_eq!(pooled.server.backends(running).await, 1);
    pooled.has_been_used(1).await;
    drop(frozen);
    until("the statement is gone", async || (!endless_runs(&pooled.server).await).then_some(())).await;
    let works = async || {
        let answer =
            pooled.host.visitor().try_probe(json!([query("select count(*) from kept", json!([]))])).await?;
        (answer.status == 200 && !answer.text().contains("error")).then_some(())
    };
    until("the app works again", works).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_work_through_the_pooler() {
    let pooled = Pooled::start(&[]).await;
    a_blob_comes_back_as_it_was(&pooled.host).await;
    pooled.has_been_used(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_apps_on_one_connection_never_meet() {
    let pooled = Pooled::start(&[]).await;
    all_ok(&in_app(&mut pooled.host.visitor(), "other", json!([migrate(KEPT)])).await);
    let alternate = |app: &'static str| {
        let mut visitor = pooled.host.visitor();
        tokio::spawn(async move {
            for number in 0..40 {
                let insert = execute("insert into kept (id) values ($1)", json!([format!("{app}-{number}")]));
                let strangers =
                    query("select count(*) from kept where id not like $1", json!([format!("{app}-%")]));
                let mine = query("select count(*) from kept", json!([]));
                let results = in_app(&mut visitor, app, json!([strangers, mine, insert, strangers, mine])).await;
                all_ok(&results);
                let seen = [0, 1, 3, 4].map(|at| integer(&results[at]));
                assert_eq!(seen, [0, number, 0, number + 1], "{app}");
            }
        })
    };
    for visits in [alternate("probe"), alternate("other")] {
        visits.await.expect("each app sees its own rows and no others");
    }
    pooled.has_been_used(160).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_app_leaves_in_a_session_of_the_server_does_not_reach_the_other() {
    let pooled = Pooled::start(&[]).await;
    let mut visitor = pooled.host.visitor();
    all_ok(&in_app(&mut visitor, "other", json!([migrate(KEPT)])).await);
    let unusual = json!([
        query("select set_config('search_path', 'app_other', false)", json!([])),
        query("select set_config('statement_timeout', '0', false)", json!([])),
        execute("create temporary table kept (id text)", json!([])),
        execute("insert into kept (id) values ('mine')", json!([])),
    ]);
    // Whether each of them is refused or undone is for other tests to say.
    let _results = visitor.probe(unusual).await;
    for _ in 0..5 {
        let look = json!([query("select count(*) from kept", json!([]))]);
        assert_eq!(integer(&in_app(&mut visitor, "other", look).await[0]), 0);
    }
    pooled.has_been_used(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_cancelled_through_the_pooler() {
    let pooled = Pooled::start(&[STATEMENT_TIME]).await;
    for _ in 0..3 {
        let results = pooled.host.probe(json!([query(ENDLESS, json!([]))])).await;
        assert_eq!(code(&results[0]), "timeout");
        let told = Instant::now();
        until("it is gone", async || (!endless_runs(&pooled.server).await).then_some(())).await;
        count(&pooled.host).await;
        assert!(told.elapsed() < Duration::from_secs(8), "it took {:?}", told.elapsed());
    }
    pooled.has_been_used(3).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_break_off_leave_no_transaction_in_the_pooler() {
    let pooled = Pooled::start(&[("INNKEEPER_WALL_PER_REQUEST", "6s"), ("INNKEEPER_STATEMENT_TIME", "20s")]).await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    for steps in [json!([insert, op("trap")]), json!([insert, query(ENDLESS, json!([]))])] {
        let answer = pooled.host.visitor().probe_answer(steps).await;
        assert!(answer.status >= 500, "{answer:?}");
        let ended = Instant::now();
        let works = async || {
            let look = json!([query("select count(*) from kept", json!([]))]);
            let answer = pooled.host.visitor().try_probe(look).await?;
            (answer.status == 200 && !answer.text().contains("error")).then_some(())
        };
        until("the connection is lent again", works).await;
        assert!(ended.elapsed() < Duration::from_secs(8), "it took {:?}", ended.elapsed());
    }
    assert_eq!(count(&pooled.host).await, 0);
    pooled.has_been_used(3).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_is_restarted_loses_nothing() {
    let mut pooled = Pooled::start(&[]).await;
    let load = Load::begin(&pooled.host);
    load.wait_for_writes(20).await;
    pooled.has_been_used(20).await;
    for _ in 0..3 {
        pooled.bouncer.restart().await;
        load.recovers(&pooled.host).await;
    }
    load.check(&pooled.host).await;
    pooled.has_been_used(4).await;
    nothing_is_left_open(&pooled.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_behind_the_pooler_loses_nothing() {
    let pooled = Pooled::start(&[]).await;
    let load = Load::begin(&pooled.host);
    load.wait_for_writes(20).await;
    for stop in [Stop::Fast, Stop::Immediate] {
        pooled.server.restart(stop);
        load.recovers_within(&pooled.host, Duration::from_secs(10) + LOGIN_RETRY).await;
    }
    load.check(&pooled.host).await;
    pooled.has_been_used(20).await;
    nothing_is_left_open(&pooled.server).await;
}

/// Runs steps in one of the two apps.
async fn in_app(visitor: &mut Visitor, app: &str, steps: Value) -> Vec<Value> {
    let path = if app == "probe" { "/steps" } else { "/other/steps" };
    let answer = visitor.send(Visitor::with_steps(path, &steps), Full::<Bytes>::default()).await;
    answer.expect(200).json().as_array().expect("results").clone()
}

/// A file of a mebibyte is made and sent.
pub(crate) async fn a_blob_comes_back_as_it_was(host: &TestHost) {
    let mut visitor = host.visitor();
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 65_536, "calls": 16 } },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$2.ok.id" },
    ]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    let whole = vec![65; 1 << 20];
    assert_eq!(ok(&results[2])["sha256"], sha256(&whole));
    let send = json!([{ "op": "blob.send", "id": ok(&results[2])["id"] }]);
    let answer = visitor.send(Visitor::with_steps("/file", &send), Full::<Bytes>::default()).await.expect(200);
    assert!(answer.body == whole, "it came back changed");
}
