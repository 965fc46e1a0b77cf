//! PgBouncer in transaction mode as the only way to the database (T11), as Heroku's pgbouncer
//! buildpack sets it up on the dyno: `DATABASE_URL` leads to it, without TLS. A pooler beside the
//! database, for guests alone, is that of `drills::bouncer`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Row};
use support::postgres::Server;
use support::postgres::bouncer::Bouncer;
use support::probe::{all_ok, code, execute, integer, ok, query, rows};
use support::{Engine, TestDatabase, TestHost, command, until};

use crate::drills::bouncer::a_blob_comes_back_as_it_was;

/// A host whose only way to its database is a pooler with so many connections to the server.
struct Pooled {
    host: TestHost,
    server: Server,
    bouncer: Bouncer,
    /// Past the pooler.
    direct: String,
}

impl Pooled {
    async fn start(connections: u32) -> Self {
        let server = Server::start();
        let bouncer = Bouncer::start(&server, connections).await;
        let direct = server.fresh_database().await;
        let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&bouncer.url(&direct)));
        let host = host.by_environment().env("INNKEEPER_POOLER", "all").env("INNKEEPER_POOL_WAIT", "20s");
        let pooled = Self { host: host.start().await, server, bouncer, direct };
        pooled.run(&["deploy", guest("probe").as_str(), "--app", "probe", "--route", "/"]).await;
        pooled.run(&["deploy", guest("hello").as_str(), "--app", "hello", "--route", "/hello"]).await;
        let table = json!({ "name": "1", "statements": ["create table kept (id text primary key)"] });
        let made = json!([{ "op": "db.migrate", "migrations": [table] }]);
        until("the app is served", async || {
            let answer = pooled.host.visitor().try_probe(made.clone()).await?;
            (answer.status == 200 && answer.json()[0].get("ok").is_some()).then_some(())
        })
        .await;
        pooled
    }

    /// Runs a command through the pooler too.
    async fn run(&self, arguments: &[&str]) -> command::Finished {
        let mut command = command::innkeeper(arguments);
        command.env("DATABASE_URL", self.host.database().url()).env("INNKEEPER_POOLER", "all");
        command::finish(command, support::COMPILE_DEADLINE).await.succeeded()
    }

    async fn count(&self) -> i64 {
        integer(&self.host.probe(json!([query("select count(*) from kept", json!([]))])).await[0])
    }

    /// Nothing of any session is left on the server: no lock, no listener, no setting that another
    /// client of the pooler would meet.
    async fn nothing_is_left_in_sessions(&self) {
        let locks = "select count(*)::text from pg_locks where locktype = 'advisory'";
        // A sweep of the host has one until its transaction ends.
        let none = async || (self.server.look(&self.direct, locks).await == ["0"]).then_some(());
        until("no advisory lock is left", none).await;
        let open = async || (self.server.backends("state like 'idle in transaction%'").await == 0).then_some(());
        until("no transaction stands open", open).await;
        let options: PgConnectOptions = self.bouncer.url(&self.direct).parse().expect("a URL");
        let mut client = options.extra_float_digits(None).connect().await.expect("the pooler answers");
        // Those that PgBouncer itself keeps for each client (its documentation,
        // `track_extra_parameters`).
        let set = "select name || ' = ' || setting as leaked from pg_settings where source = 'session' and name not in \
                   ('client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings', 'application_name')";
        let leaked = sqlx::raw_sql(set).fetch_all(&mut client).await.expect("a list");
        let leaked: Vec<String> = leaked.iter().map(|row| row.get("leaked")).collect();
        assert!(leaked.is_empty(), "{leaked:?}");
        let listening = sqlx::raw_sql("select pg_listening_channels()").fetch_all(&mut client).await;
        assert!(listening.expect("a list").is_empty());
    }
}

fn guest(name: &str) -> String {
    support::paths::guest(name).to_str().expect("a UTF-8 path").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_all_of_storage_works_through_a_pooler_with_one_connection() {
    let pooled = Pooled::start(1).await;
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
    let again = json!([
        { "op": "session.increment", "key": "visits", "by": 1 },
        query("select id from kept", json!([])),
    ]);
    let results = visitor.probe(again).await;
    assert_eq!((ok(&results[0]), rows(&results[1])), (&json!(2), &json!([["outer"]])));
    let twice = execute("insert into kept (id) values ('outer')", json!([]));
    let results = visitor.probe(json!([execute("insert into kept (id) values ('b')", json!([])), twice])).await;
    assert_eq!(code(&results[1]), "unique-violation");
    assert_eq!(pooled.count().await, 2);
    cursor_and_blob(&pooled).await;
    pooled.nothing_is_left_in_sessions().await;
}

async fn cursor_and_blob(pooled: &Pooled) {
    let fill = execute("insert into kept (id) select 'row-' || i from generate_series(1, 1000) i", json!([]));
    all_ok(&pooled.host.probe(json!([fill])).await);
    let next = json!({ "op": "cursor.next", "cursor": 0, "max": 600 });
    let open = json!({ "op": "db.open-cursor", "sql": "select id from kept" });
    let results = pooled.host.probe(json!([open, next, next])).await;
    let read = [1, 2].map(|at| ok(&results[at]).as_array().map(Vec::len));
    assert_eq!(read, [Some(600), Some(402)]);
    a_blob_comes_back_as_it_was(&pooled.host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_fifty_clients_share_two_connections_and_none_is_told_of_another() {
    let pooled = Pooled::start(2).await;
    let one = |client: u32| {
        let mut visitor = pooled.host.visitor();
        tokio::spawn(async move {
            for number in 0..8 {
                let id = format!("{client}-{number}");
                let steps = json!([
                    { "op": "session.increment", "key": "n", "by": 1 },
                    execute("insert into kept (id) values ($1)", json!([id])),
                    query("select count(*) from kept where id = $1", json!([id])),
                ]);
                let results = visitor.probe(steps).await;
                assert_eq!((ok(&results[0]), integer(&results[2])), (&json!(number + 1), 1), "{results:?}");
            }
        })
    };
    for client in (0..50).map(one).collect::<Vec<_>>() {
        client.await.expect("a client of fifty");
    }
    assert_eq!(pooled.count().await, 400);
    let database = pooled.direct.rsplit('/').next().expect("a name");
    assert!(pooled.bouncer.server_connections(database).await <= 2);
    pooled.nothing_is_left_in_sessions().await;
}

/// Notifications do not pass, so hosts ask.
#[tokio::test(flavor = "multi_thread")]
async fn t11_a_deployment_is_noticed_without_listening_and_commands_work() {
    let pooled = Pooled::start(2).await;
    pooled.run(&["deploy", guest("page").as_str(), "--app", "hello"]).await;
    let began = Instant::now();
    let swapped = async || pooled.host.logs().contains("version=2").then_some(());
    until("the second version goes live", swapped).await;
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    for arguments in [
        &["migrate"][..],
        &["doctor"],
        &["apps"],
        &["versions", "hello"],
        &["config", "set", "--app", "probe", "A=1"],
        &["sessions", "list", "--app", "probe"],
    ] {
        pooled.run(arguments).await;
    }
    let doctor = pooled.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("DATABASE_URL leads through a transaction pooler"), "{doctor}");
    pooled.nothing_is_left_in_sessions().await;
}

/// A slow statement keeps the only connection, and is no reason to take the database for dead.
#[tokio::test(flavor = "multi_thread")]
async fn t11_a_slow_statement_is_not_taken_for_a_dead_database() {
    let pooled = Pooled::start(1).await;
    let slow = query(
        "select count(*) from generate_series(1, 3000) a, generate_series(1, 3000) b where a.a + b.b = 0",
        json!([]),
    );
    let mut visitor = pooled.host.visitor();
    let slow = tokio::spawn(async move { visitor.probe(json!([slow])).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(pooled.count().await >= 0);
    let answer: Vec<Value> = slow.await.expect("a visitor does not panic");
    assert!(answer[0].get("ok").is_some() || code(&answer[0]) == "timeout", "{answer:?}");
    assert!(!pooled.host.logs().contains("does not answer"), "{}", pooled.host.logs());
}

/// A level of isolation is chosen before anything else in a transaction. That it is the one that
/// was asked for is shown by `db::isolation`, which `tests/run` runs through a pooler too.
#[tokio::test(flavor = "multi_thread")]
async fn t11_transactions_have_their_isolation_and_exports_a_snapshot() {
    let pooled = Pooled::start(1).await;
    for isolation in ["read-committed", "repeatable-read", "serializable"] {
        let begin = json!({ "op": "db.begin", "options": { "read-only": false, "isolation": isolation } });
        let look = json!({ "op": "tx.query", "tx": 0, "sql": "select count(*) from kept", "params": [] });
        all_ok(&pooled.host.probe(json!([begin, look])).await);
    }
    let columns = json!([{ "name": "id", "column-type": "integer" }]);
    let table = json!({ "name": "notes", "columns": columns, "primary-key": ["id"] });
    let insert = execute("insert into notes (id) values (1)", json!([]));
    all_ok(&pooled.host.probe(json!([{ "op": "db.define-table", "table": table }, insert])).await);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("probe.tar");
    let file = file.to_str().expect("a UTF-8 path");
    // Its table is none that the other engine would understand.
    pooled.run(&["export", "--app", "probe", "--skip-table", "kept", file]).await;
    pooled.nothing_is_left_in_sessions().await;
}

/// What is wrong is said, although another statement comes after it on the same connection.
#[tokio::test(flavor = "multi_thread")]
async fn t11_a_role_that_may_not_is_told_what_it_may_not() {
    let server = Server::start();
    let bouncer = Bouncer::start(&server, 1).await;
    let direct = server.fresh_database().await;
    server.administer_in(&direct, "create schema innkeeper; create table innkeeper.migrations (name text)").await;
    let mut migrate = command::innkeeper(&["migrate"]);
    migrate.env("DATABASE_URL", bouncer.url(&direct)).env("INNKEEPER_POOLER", "all");
    let refused = command::finish(migrate, support::DEADLINE).await.failed();
    assert!(refused.stderr.contains("permission denied for schema innkeeper"), "{refused}");
}

/// The buildpack may stand before several databases.
#[tokio::test(flavor = "multi_thread")]
async fn t11_a_database_of_an_apps_own_may_be_behind_the_pooler_too() {
    const OWN: &str = "LEDGER_URL";
    let server = Server::start();
    let bouncer = Bouncer::start(&server, 1).await;
    let (hosts, direct) = (server.fresh_database().await, server.fresh_database().await);
    let environment = [
        ("DATABASE_URL", bouncer.url(&hosts)),
        (OWN, bouncer.url(&direct)),
        ("INNKEEPER_POOLER", "all".to_owned()),
    ];
    for arguments in [
        &["deploy", guest("probe").as_str(), "--app", "probe", "--route", "/"][..],
        &["apps", "set", "probe", "--database-var", OWN],
    ] {
        let mut command = command::innkeeper(arguments);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command::finish(command, support::COMPILE_DEADLINE).await.succeeded();
    }
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&bouncer.url(&hosts))).by_environment();
    let host = environment.iter().fold(host, |host, (name, value)| host.env(name, value));
    let host = host.env("INNKEEPER_POOL_WAIT", "20s").start().await;
    let table = json!({ "name": "1", "statements": ["create table kept (id text primary key)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [table] }])).await);
    let one = |client: u32| {
        let mut visitor = host.visitor();
        tokio::spawn(async move {
            for number in 0..5 {
                let insert = execute("insert into kept (id) values ($1)", json!([format!("{client}-{number}")]));
                let session = json!({ "op": "session.increment", "key": "n", "by": 1 });
                let look = query("select count(*) from kept where id like $1", json!([format!("{client}-%")]));
                let results = visitor.probe(json!([session, insert, look])).await;
                assert_eq!(integer(&results[2]), number + 1, "{results:?}");
            }
        })
    };
    for client in (0..10).map(one).collect::<Vec<_>>() {
        client.await.expect("a client of ten");
    }
    assert_eq!(server.look(&direct, "select count(*)::text from app_probe.kept").await, ["50"]);
}
