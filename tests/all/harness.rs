//! What the other tests rely on: databases of their own, and servers that can be stopped and started.

use support::postgres::{Server, Stop, fresh_database};
use support::{Engine, TestDatabase, bytes};

use sqlx::{Connection, PgConnection};

on_both_databases! {
    a_fresh_database_is_thrown_away_with_its_test,
}

async fn a_fresh_database_is_thrown_away_with_its_test(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let [_, place] = database.arguments().map(str::to_owned);
    drop(database);
    match engine {
        Engine::Postgres => assert!(PgConnection::connect(&place).await.is_err()),
        Engine::Sqlite => assert!(!std::path::Path::new(&place).exists()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_get_different_databases_of_one_server() {
    let (one, other) = (fresh_database().await, fresh_database().await);
    assert_ne!(one, other);
    let database = TestDatabase::at(&one);
    let value = database.app_value("any", "select coalesce(null, 'é') || 1").await;
    assert_eq!(value, "é1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_server_starts_again_with_its_data() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("create table kept (n int)").execute(&mut connection).await.unwrap();
    server.stop(Stop::Immediate);
    assert!(PgConnection::connect(&url).await.is_err());
    server.start_again();
    assert_eq!(TestDatabase::at(&url).app_value("any", "select count(*) from public.kept").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_a_test_ends_with_its_value() {
    let server = Server::start();
    let url = server.url("postgres");
    PgConnection::connect(&url).await.unwrap();
    drop(server);
    assert!(PgConnection::connect(&url).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_takes_reads_only() {
    let server = Server::start();
    let follower = server.follower();
    let database = TestDatabase::at(&follower.url("postgres"));
    assert_eq!(database.app_value("any", "select pg_is_in_recovery()").await, "t");
}

#[test]
fn pictures_have_the_size_asked_for_and_differ() {
    let [one, other] = [1, 2].map(|seed| bytes::png(100_000, seed));
    assert_eq!(one.len(), 100_000);
    assert_eq!(one[..67], other[..67]);
    assert_ne!(one, other);
}
