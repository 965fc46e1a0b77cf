//! What `innkeeper doctor` says about how far apps are kept apart.

use serde_json::json;
use sqlx::{Connection, PgConnection};
use support::postgres::{self, USER};
use support::{Engine, TestDatabase, command};

use super::{NAMED, VAR, said, set, two_apps, with_variable};

async fn doctor(database: &TestDatabase, url: &str) -> command::Finished {
    with_variable(database, &["doctor"], VAR, url).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_credential_is_called_a_seatbelt() {
    let database = two_apps(Engine::Postgres).await;
    let report = command::on(&database, &["doctor"]).await.succeeded();
    for text in [
        "app probe: shared credential: schema and statement gate; a seatbelt, not a wall",
        "do not run code of people you do not trust",
        "connections  at most 8 to Postgres: 5 for guests, 3 for the host itself",
    ] {
        assert!(report.stdout.contains(text), "no {text:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_a_database_of_its_own_are_told() {
    let database = two_apps(Engine::Sqlite).await;
    let own = TestDatabase::fresh(Engine::Postgres).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let report = doctor(&database, &own.url()).await.succeeded();
    for text in [
        "app other: own file: ",
        "app probe: own database (LEDGER_URL): the database is the wall",
        "3 to LEDGER_URL",
    ] {
        assert!(report.stdout.contains(text), "no {text:?}: {report}");
    }
    assert!(!report.stdout.contains("warning"), "{report}");
    let json = with_variable(&database, &["doctor", "--json"], VAR, &own.url()).await.succeeded().json();
    assert_eq!((&json["apps"][1]["database_var"], &json["connections"]["most"]), (&json!(VAR), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_database_of_their_own_is_told_as_shared() {
    let database = two_apps(Engine::Sqlite).await;
    let own = TestDatabase::fresh(Engine::Postgres).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    // The same place under another spelling.
    let again = own.url().replace("postgres:", "postgresql:");
    with_variable(&database, &["apps", "set", "other", "--database-var", "AGAIN_URL"], "AGAIN_URL", &again)
        .await
        .succeeded();
    let mut command = command::innkeeper(&[&["doctor"][..], &database.arguments()].concat());
    command.env(VAR, own.url()).env("AGAIN_URL", again);
    let report = command::finish(command, support::DEADLINE).await.succeeded();
    for text in ["shared with other: ", "shared with probe: ", "at most 3 to Postgres", "schemas app_other"] {
        assert!(report.stdout.contains(text), "no {text:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_may_look_into_the_registry_is_no_wall() {
    let database = two_apps(Engine::Postgres).await;
    let role = format!("peeks_{}", database.url().rsplit('/').next().unwrap_or_default());
    postgres::shared().administer(&format!("create role {role} login")).await;
    let url = database.url().replace(&format!("//{USER}@"), &format!("//{role}:s3cret@"));
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    let grant = format!(
        "grant usage, create on schema app_probe to {role}; create schema innkeeper_probe; \
         grant usage, create on schema innkeeper_probe to {role}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(grant)).execute(&mut owner).await.unwrap();
    set(&database, &NAMED, &url).await.succeeded();
    let report = doctor(&database, &url).await.succeeded();
    assert!(report.stdout.contains("app probe: own credential in the shared database (LEDGER_URL)"), "{report}");
    assert!(!report.stdout.contains("warning") && !said(&report).contains("s3cret"), "{report}");
    let grant = format!("grant usage on schema innkeeper, app_other to {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(grant)).execute(&mut owner).await.unwrap();
    let report = doctor(&database, &url).await.succeeded();
    assert!(report.stdout.contains("may look into the schemas app_other, innkeeper: no wall"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_a_problem_that_names_the_variable() {
    let database = two_apps(Engine::Sqlite).await;
    let own = TestDatabase::fresh(Engine::Sqlite).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let unset = command::on(&database, &["doctor"]).await.failed();
    assert!(unset.stderr.contains("app probe: LEDGER_URL was asked for and is not set"), "{unset}");
    let away = doctor(&database, "postgres://user:hidden@127.0.0.1:1/x").await.failed();
    assert!(away.stdout.contains("problem: LEDGER_URL: cannot reach"), "{away}");
    assert!(!said(&away).contains("hidden"), "{away}");
}
