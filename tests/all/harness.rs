//! What the other tests rely on: databases of their own, and servers that can be stopped and
//! started.

use support::postgres::bouncer::Bouncer;
use support::postgres::proxy::Proxy;
use support::postgres::{Server, Stop, fresh_database};
use support::{Engine, TestDatabase, bytes};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_passes_transactions_on_and_counts_them() {
    let server = Server::start();
    let bouncer = Bouncer::start(&server, 1).await;
    let url = server.fresh_database().await;
    let options: PgConnectOptions = bouncer.url(&url).parse().unwrap();
    // The one parameter of the driver that PgBouncer refuses when it is set up as Heroku does it.
    assert!(options.connect().await.is_err_and(|error| error.to_string().contains("extra_float_digits")));
    let options = options.extra_float_digits(None);
    let (mut one, mut other) = (options.connect().await.unwrap(), options.connect().await.unwrap());
    for connection in [&mut one, &mut other] {
        sqlx::raw_sql("begin; select 1; commit").execute(connection).await.unwrap();
    }
    let backend = async |connection: &mut PgConnection| -> i32 {
        sqlx::raw_sql("select pg_backend_pid()").fetch_one(connection).await.unwrap().get(0)
    };
    assert_eq!(backend(&mut one).await, backend(&mut other).await, "both have the same connection to the server");
    let database = url.rsplit('/').next().unwrap();
    assert_eq!(bouncer.transactions(database).await, 4);
    assert_eq!(bouncer.server_connections(database).await, 1);
    assert_eq!(server.backends("true").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_counts_what_a_client_waits_for() {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let mut connection = PgConnection::connect(&proxy.url(&server.fresh_database().await)).await.unwrap();
    proxy.take_trips();
    sqlx::raw_sql("begin; select 1; commit").execute(&mut connection).await.unwrap();
    assert_eq!(proxy.take_trips(), ["begin; select 1; commit"]);
    sqlx::query("select 2").fetch_one(&mut connection).await.unwrap();
    assert_eq!(proxy.take_trips(), ["prepare select 2", "select 2"]);
    sqlx::query("select 2").fetch_one(&mut connection).await.unwrap();
    assert_eq!(proxy.take_trips(), ["select 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_loses_the_answer_to_a_commit_and_not_the_commit() {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let url = server.fresh_database().await;
    let mut connection = PgConnection::connect(&proxy.url(&url)).await.unwrap();
    proxy.lose_commit_after("create table kept");
    sqlx::raw_sql("begin").execute(&mut connection).await.unwrap();
    sqlx::raw_sql("create table kept (n int)").execute(&mut connection).await.unwrap();
    assert!(sqlx::raw_sql("commit").execute(&mut connection).await.is_err());
    assert!(proxy.has_lost());
    assert_eq!(TestDatabase::at(&url).app_value("any", "select count(*) from public.kept").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_neither_answers_nor_refuses() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let frozen = server.freeze();
    let silence = tokio::time::timeout(std::time::Duration::from_millis(500), PgConnection::connect(&url)).await;
    assert!(silence.is_err(), "it has answered: {silence:?}");
    drop(frozen);
    PgConnection::connect(&url).await.unwrap();
}
