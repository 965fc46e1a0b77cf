//! The release phase (T14): `innkeeper migrate` before the new processes start. The steps of an
//! app are those of `migrate_command`.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use support::command::{self, Finished};
use support::postgres::heroku::{CONNECTIONS, HerokuServer};
use support::postgres::{Server, USER};
use support::process::Serving;
use support::random::Random;
use support::{Engine, TestDatabase, until};

on_both_databases! {
    t14_a_second_run_changes_nothing,
    t14_runs_at_the_same_time_take_turns,
    t14_a_run_that_is_killed_is_made_good_by_the_next,
}

async fn migrate(database: &TestDatabase) -> Finished {
    command::on(database, &["migrate", "--json"]).await
}

fn applied(finished: &Finished) -> usize {
    finished.json()["applied"].as_array().map_or(0, Vec::len)
}

/// Every migration with when it was run.
async fn history(database: &TestDatabase) -> Vec<Vec<String>> {
    let table = database.host_table("migrations");
    database.host_rows(&format!("select name, applied_at from {table} order by name")).await
}

async fn t14_a_second_run_changes_nothing(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let first = migrate(&database).await.succeeded();
    assert!(applied(&first) > 0, "{first}");
    let history_then = history(&database).await;
    let second = migrate(&database).await.succeeded();
    assert_eq!(second.json()["applied"], json!([]), "{second}");
    assert_eq!(history(&database).await, history_then);
}

async fn t14_runs_at_the_same_time_take_turns(engine: Engine) {
    for _ in 0..5 {
        let database = TestDatabase::fresh(engine).await;
        let (one, other, third) = tokio::join!(migrate(&database), migrate(&database), migrate(&database));
        let all = [one.succeeded(), other.succeeded(), third.succeeded()];
        let counts: Vec<usize> = all.iter().map(applied).collect();
        let history = history(&database).await;
        assert_eq!(counts.iter().sum::<usize>(), history.len(), "each was run once: {counts:?}");
        // All or nothing of a set: nobody does half of what another does.
        let names: Vec<Value> =
            all.iter().flat_map(|run| run.json()["applied"].as_array().cloned().unwrap_or_default()).collect();
        assert_eq!(names.len(), history.len(), "{names:?}");
    }
}

/// As in a failover: the release is not to fail where there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn t14_a_database_that_takes_no_writes_is_enough_where_nothing_is_to_be_done() {
    let heroku = HerokuServer::start().await;
    let database = TestDatabase::at(&heroku.database().await);
    let set = async |read_only: &str| {
        let setting = format!("alter role {USER} set default_transaction_read_only = {read_only}");
        heroku.server().administer(&setting).await;
    };
    set("on").await;
    let refused = migrate(&database).await.failed();
    assert!(refused.stderr.contains("read-only"), "{refused}");
    set("off").await;
    migrate(&database).await.succeeded();
    set("on").await;
    let again = migrate(&database).await.succeeded();
    assert_eq!(again.json()["applied"], json!([]), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t14_a_schema_that_is_not_the_hosts_is_told_and_fails() {
    let heroku = HerokuServer::start().await;
    for (script, told) in [
        ("create schema innkeeper", "permission denied for schema innkeeper"),
        (
            "create schema innkeeper; grant usage, create on schema innkeeper to tenant; \
             create table innkeeper.migrations (something text); grant all on innkeeper.migrations to tenant",
            "column \"name\" does not exist",
        ),
        (
            "create schema innkeeper; grant usage, create on schema innkeeper to tenant; \
             create table innkeeper.apps (something text)",
            "relation \"apps\" already exists",
        ),
    ] {
        let url = heroku.database().await;
        heroku.server().administer_in(&url, script).await;
        let refused = migrate(&TestDatabase::at(&url)).await.failed();
        assert!(refused.stderr.contains(told), "{script}: {refused}");
        assert!(!refused.to_string().contains("p%40ss"), "{refused}");
        // Nothing was begun that another run would take for done.
        let left = "select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                    where n.nspname = 'innkeeper' and c.relname = 'generation'";
        assert_eq!(heroku.server().look(&url, left).await, ["0"], "{script}");
    }
}

/// At any moment, some of them in the middle.
async fn t14_a_run_that_is_killed_is_made_good_by_the_next(engine: Engine) {
    let mut random = Random::new(14);
    let mut unfinished = 0;
    for _ in 0..12 {
        let database = TestDatabase::fresh(engine).await;
        let migrating = Serving::start(command::innkeeper(&[&["migrate"][..], &database.arguments()].concat()));
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        let done = migrating.logs().so_far().contains("applied");
        migrating.kill9().await;
        unfinished += usize::from(!done);
        migrate(&database).await.succeeded();
        let again = migrate(&database).await.succeeded();
        assert_eq!(again.json()["applied"], json!([]), "{again}");
        let names = history(&database).await.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once);
    }
    assert!(unfinished > 0, "each was done before it was killed");
}

/// Somebody else changes the tables for longer than a statement may take.
#[tokio::test(flavor = "multi_thread")]
async fn t14_a_run_waits_for_another_however_long_a_statement_may_take() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let database = TestDatabase::at(&url);
    let mut other = PgConnection::connect(&url).await.expect("the server answers");
    let lock = "begin; select pg_advisory_xact_lock(hashtextextended('innkeeper', 7211))";
    sqlx::raw_sql(lock).execute(&mut other).await.expect("nobody has it");
    let held = async {
        let in_vain = async || server.log().contains("canceling statement due to lock timeout").then_some(());
        until("a run has waited for as long as a statement may", in_vain).await;
        sqlx::raw_sql("commit").execute(&mut other).await.expect("the lock goes");
    };
    let (run, ()) = tokio::join!(migrate(&database), held);
    let run = run.succeeded();
    assert!(applied(&run) > 0 && run.stderr.contains("another process is changing the tables"), "{run}");
}

/// The dynos have all connections, for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn t14_a_run_waits_for_a_connection() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let others: Vec<_> = (0..CONNECTIONS).map(|_| heroku.hold(&url)).collect();
    let all = CONNECTIONS as usize;
    until("all are taken", async || (heroku.server().backends("true").await == all).then_some(())).await;
    let database = TestDatabase::at(&url);
    let given_back = async {
        until("the run is refused", async || (heroku.refused() > 0).then_some(())).await;
        drop(others);
    };
    let (run, ()) = tokio::join!(migrate(&database), given_back);
    let run = run.succeeded();
    assert!(applied(&run) > 0 && run.stderr.contains("too many connections"), "{run}");
}

/// A role that may do too little, and a database that takes no writes at all.
#[tokio::test(flavor = "multi_thread")]
async fn t14_a_wrong_role_and_a_follower_are_told_and_fail() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let name = url.rsplit('/').next().expect("a database");
    heroku.server().administer(&format!("alter database {name} owner to postgres")).await;
    let refused = migrate(&TestDatabase::at(&url)).await.failed();
    assert!(refused.stderr.contains("permission denied for database"), "{refused}");
    assert!(!refused.to_string().contains("p%40ss") && !refused.to_string().contains("p@ss"), "{refused}");
    heroku.server().administer(&format!("alter database {name} owner to {USER}")).await;
    migrate(&TestDatabase::at(&url)).await.succeeded();
    let follower = heroku.server().follower();
    let (front, _) = url.rsplit_once(':').expect("a port");
    let there = format!("{front}:{}/{name}", follower.port());
    let refused = migrate(&TestDatabase::at(&there)).await.failed();
    assert!(refused.stderr.contains("the database is a follower"), "{refused}");
}
