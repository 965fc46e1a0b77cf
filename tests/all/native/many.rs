//! A host with many apps: how long a start takes is not the number of apps times the way to the
//! database.

use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::{Engine, TestDatabase, TestHost, Visitor, until};

use super::rows::forget_all;
use super::{A_KEY, COMPILED, KEY, deploy, folder, host_of, text};

on_both_databases! {
    many_apps_share_what_was_compiled_once,
}

const APPS: usize = 100;
const SERVING: &str = "serving app=";

/// Makes copies of an app in the tables, each with a route of its own.
async fn copy(database: &TestDatabase, of: &str) {
    let (apps, versions) = (database.host_table("apps"), database.host_table("versions"));
    for number in 0..APPS {
        for sql in [
            format!(
                "insert into {apps} (name, route, settings, active, created_at) \
                 select 'copy{number}', '/copy{number}', settings, active, created_at from {apps} where name = '{of}'"
            ),
            format!(
                "insert into {versions} (app, number, sha256, size, created_at) \
                 select 'copy{number}', number, sha256, size, created_at from {versions} where app = '{of}'"
            ),
        ] {
            database.host_rows(&sql).await;
        }
        if database.directory().is_none() {
            database.host_rows(&format!("create schema app_copy{number}")).await;
        }
    }
}

async fn all_answer(visitor: &mut Visitor) {
    for number in 0..APPS {
        let path = format!("/copy{number}");
        let answers = async || (visitor.get(&path).await.status == 200).then_some(());
        until("each app answers", answers).await;
    }
}

/// How often something was compiled until all apps were served.
async fn compiled(host: &TestHost) -> usize {
    let served = async || (host.logs().matches(SERVING).count() == APPS + 1).then_some(());
    until("the log tells of all apps", served).await;
    host.logs().matches(COMPILED).count()
}

async fn many_apps_share_what_was_compiled_once(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    copy(&database, "hello").await;
    forget_all(&database).await;
    let machine = folder();
    let mut host = host_of(engine, database, machine.path()).start().await;
    all_answer(&mut host.visitor()).await;
    assert_eq!(compiled(&host).await, 1, "{}", host.logs());
    host.restart().await;
    all_answer(&mut host.visitor()).await;
    assert_eq!(compiled(&host).await, 0, "{}", host.logs());
}

/// What a start and a swap ask of the server; the host asks once a second by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_asks_a_few_questions_and_not_some_for_each_app() {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let direct = server.fresh_database().await;
    let database = TestDatabase::at(&direct);
    deploy(Engine::Postgres, &database, "hello", "hello").await;
    copy(&database, "hello").await;
    proxy.take_trips();
    let machine = folder();
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&proxy.url(&direct))).env(KEY, A_KEY);
    let host = host.env("INNKEEPER_CODE_CACHE", text(machine.path())).start().await;
    all_answer(&mut host.visitor()).await;
    let start = relevant(proxy.take_trips());
    assert!(start.len() < 25, "{} questions: {start:#?}", start.len());
    deploy(Engine::Postgres, &database, "copy7", "page").await;
    let mut visitor = host.visitor();
    let swapped = async || visitor.get("/copy7").await.expect(200).text().starts_with("visits=").then_some(());
    until("the one is swapped", swapped).await;
    let swap = relevant(proxy.take_trips());
    assert!(swap.len() < 25, "{} questions: {swap:#?}", swap.len());
    let told = async || (host.logs().matches(SERVING).count() >= APPS + 2).then_some(());
    until("the log tells of the swap", told).await;
    assert_eq!(host.logs().matches(SERVING).count(), APPS + 2, "what has changed is all that is loaded");
}

/// What the host asks of its own tables, without what it asks once a second, and the schemas that
/// it makes. What measures the room of apps comes later and keeps nobody waiting, and so does what
/// sweeps.
fn relevant(trips: Vec<String>) -> Vec<String> {
    let is_of_host = |trip: &String| trip.contains("/*innkeeper*/") || trip.contains("create schema");
    let once_a_second = ["innkeeper.generation", "innkeeper.keys", "innkeeper.hosts"];
    let sweeps = ["innkeeper.component_uploads", "innkeeper.ended_sessions", "staged_at < $1"];
    let is_usual = |trip: &String| once_a_second.iter().chain(&sweeps).any(|text| trip.contains(text));
    trips.into_iter().filter(|trip| is_of_host(trip) && !is_usual(trip)).collect()
}
