//! The release phase (T14): `innkeeper migrate` before the new processes start. The steps of an
//! app are those of `migrate_command`.

use serde_json::{Value, json};
use support::command::{self, Finished};
use support::postgres::USER;
use support::postgres::heroku::HerokuServer;
use support::{Engine, TestDatabase};

on_both_databases! {
    t14_a_second_run_changes_nothing,
    t14_runs_at_the_same_time_take_turns,
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
