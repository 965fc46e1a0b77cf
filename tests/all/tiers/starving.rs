//! Guests that hold every connection they can get starve neither the host nor apps with a database
//! of their own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::probe::op;
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};
use tokio::task::JoinHandle;

use super::{NAMED, VAR, in_other, set, two_apps};

/// Longer than the test looks, which ends the requests itself.
const HOLD_MS: u32 = 50_000;
/// The two seconds for which a request waits for a connection, and what a loaded machine adds.
const REFUSED_WITHIN: Duration = Duration::from_secs(20);

fn hog() -> Value {
    json!([{ "op": "db.begin" }, { "op": "sleep", "ms": HOLD_MS }])
}

fn write() -> Value {
    json!([{ "op": "session.set", "key": "k", "value": "v" }])
}

/// Connections of the host's processes to a database, and how many of them sit in a transaction.
async fn connections(database: &TestDatabase) -> (u32, u32) {
    let sql = "select count(*), count(*) filter (where state = 'idle in transaction') from pg_stat_activity \
               where datname = current_database() and application_name = 'innkeeper'";
    let rows = database.host_rows(sql).await;
    let number = |at: usize| rows[0][at].parse().expect("a count is a number");
    (number(0), number(1))
}

/// Begins `count` requests to the app `other` that hold a connection each as long as they can.
fn hold(visitor: &Visitor, count: usize) -> Vec<JoinHandle<()>> {
    let one = |_| {
        let mut visitor = visitor.clone();
        tokio::spawn(async move { drop(in_other(&mut visitor, &hog()).await) })
    };
    (0..count).map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_hold_every_connection_starve_nobody_else() {
    let own = TestDatabase::fresh(Engine::Postgres).await;
    let database = two_apps(Engine::Postgres).await;
    support::host::deploy(&database, "third", "hello", &["--route", "/third"]).await.succeeded();
    set(&database, &NAMED, &own.url()).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).env(VAR, &own.url());
    // One connection more than an app of several may have.
    let host = host.env("INNKEEPER_POOL_SIZE", "3").env("INNKEEPER_WALL_PER_REQUEST", "60s").start().await;
    let hogs = hold(&host.visitor(), 2);
    let held = async || (connections(host.database()).await.1 == 2).then_some(());
    until("every connection that the app may have is held", held).await;
    is_refused_in_time(&host).await;
    is_not_disturbed(&host).await;
    host.swap("third", "page").await;
    let bounded = async || {
        let (open, held) = connections(host.database()).await;
        assert_eq!(held, 2, "the guests still held them all");
        (open <= 3 + 2).then_some(())
    };
    until("the connections of commands have gone, and no more are open than promised", bounded).await;
    hogs.iter().for_each(JoinHandle::abort);
    let writes = async || (in_other(&mut host.visitor(), &write()).await.status == 200).then_some(());
    until("the connections are free again", writes).await;
}

async fn is_refused_in_time(host: &TestHost) {
    let began = Instant::now();
    let answer = in_other(&mut host.visitor(), &write()).await.expect(503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(began.elapsed() < REFUSED_WITHIN, "{:?}", began.elapsed());
}

async fn is_not_disturbed(host: &TestHost) {
    // Whoever waited for a connection would be refused.
    host.visitor().get("/_innkeeper/ready").await.expect(200);
    host.visitor().probe_answer(write()).await.expect(200);
    command::on(host.database(), &["apps"]).await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_database_has_a_hard_maximum_too() {
    let own = TestDatabase::fresh(Engine::Postgres).await;
    let database = two_apps(Engine::Sqlite).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let host = TestHost::with(Engine::Sqlite).database(database).env(VAR, &own.url()).start().await;
    let one = |_| {
        let mut visitor = host.visitor();
        tokio::spawn(async move { visitor.try_probe(hog()).await.map(drop) })
    };
    let hogs: Vec<_> = (0..5).map(one).collect();
    let held = async || (connections(&own).await.1 == 3).then_some(());
    until("every connection is held", held).await;
    host.visitor().probe_answer(write()).await.expect(503);
    assert_eq!(connections(&own).await.0, 3);
    host.visitor().get("/_innkeeper/ready").await.expect(200);
    let other = in_other(&mut host.visitor(), &json!([op("session.get-keys")])).await;
    other.expect(200);
    hogs.iter().for_each(JoinHandle::abort);
}
