//! Statements that are cancelled: gone from the server soon, and their connection is whole again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::postgres::{Server, USER};
use support::probe::{all_ok, code, execute, op, query, rows};
use support::{Engine, TestHost, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{ENDLESS, count, endless_runs, nothing_is_left_open, op_sleep, probe_with};

/// Within this, a cancelled statement has ended and its connection is lent again. The rest is for a
/// busy machine.
const SOON: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_secs(7);

const STATEMENT_TIME: (&str, &str) = ("INNKEEPER_STATEMENT_TIME", "2s");
/// With a single connection every later statement needs the one that was cancelled.
const ONE_CONNECTION: (&str, &str) = ("INNKEEPER_POOL_SIZE", "1");

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_time_is_gone_from_the_server() {
    let (server, host) = probe_with(&[STATEMENT_TIME, ONE_CONNECTION]).await;
    for _ in 0..3 {
        let endless = query(ENDLESS, json!([]));
        let again = query("select count(*) from kept", json!([]));
        let results = host.probe(json!([endless, again])).await;
        assert_eq!(code(&results[0]), "timeout");
        all_ok(&results[1..]);
        assert!(!endless_runs(&server).await, "it goes on after the guest was told");
        lent_again(&host, Instant::now()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_over_its_time_leaves_the_unit_of_work_as_it_was() {
    let (server, host) = probe_with(&[STATEMENT_TIME]).await;
    let insert = |id: &str| execute("insert into kept (id) values ($1)", json!([id]));
    let endless =
        execute(&format!("insert into kept (id) {}", ENDLESS.replace("count(*)", "count(*)::text")), json!([]));
    let results = host.probe(json!([insert("a"), endless, insert("b")])).await;
    assert_eq!(code(&results[1]), "timeout");
    all_ok(&[results[0].clone(), results[2].clone()]);
    assert_eq!(count(&host).await, 2);
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_whose_time_is_up_takes_its_statement_along() {
    let environment = [("INNKEEPER_WALL_PER_REQUEST", "6s"), ("INNKEEPER_STATEMENT_TIME", "20s"), ONE_CONNECTION];
    let (server, host) = probe_with(&environment).await;
    for with_write in [false, true] {
        let insert = execute("insert into kept (id) values ('a')", json!([]));
        let endless = query(ENDLESS, json!([]));
        let steps = if with_write { json!([insert, endless]) } else { json!([endless]) };
        host.visitor().probe_answer(steps).await.expect(504);
        let told = Instant::now();
        lent_again(&host, told).await;
        until("the statement is gone", async || (!endless_runs(&server).await).then_some(())).await;
        assert!(told.elapsed() < SOON + SLACK, "it went on for {:?}", told.elapsed());
        assert_eq!(count(&host).await, 0);
    }
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_traps_in_its_transaction_leaves_nothing() {
    let (server, host) = probe_with(&[ONE_CONNECTION]).await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let cursor = json!({ "op": "db.open-cursor", "sql": "select id from kept" });
    for steps in [
        json!([insert, op("trap")]),
        json!([op("db.begin"), insert, op("db.begin"), op("trap")]),
        json!([insert, cursor, op("trap")]),
        json!([op("db.begin"), op("trap")]),
    ] {
        host.visitor().probe_answer(steps).await.expect(500);
        lent_again(&host, Instant::now()).await;
    }
    nothing_is_left_open(&server).await;
    assert_eq!(count(&host).await, 0);
}

/// Small plans give a role 20 connections: there may be none left to cancel with.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_cancelled_where_no_further_connection_is_to_be_had() {
    let environment = [("INNKEEPER_WALL_PER_REQUEST", "6s"), ("INNKEEPER_STATEMENT_TIME", "20s"), ONE_CONNECTION];
    let (server, host) = probe_with(&environment).await;
    server.administer(&format!("alter role {USER} connection limit {}", server.backends("true").await)).await;
    host.visitor().probe_answer(json!([query(ENDLESS, json!([]))])).await.expect(504);
    let told = Instant::now();
    until("the statement is gone", async || (!endless_runs(&server).await).then_some(())).await;
    assert!(told.elapsed() < SOON + SLACK, "it went on for {:?}", told.elapsed());
    lent_again(&host, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_visitors_who_leave_at_any_moment_leave_nothing_behind() {
    let (server, host) = probe_with(&[("INNKEEPER_POOL_SIZE", "3")]).await;
    let mut random = support::random::Random::from_environment();
    for batch in 0..30 {
        let mut visitors = JoinSet::new();
        for number in 0..10 {
            let (id, after) = (format!("{batch}-{number}"), Duration::from_micros(random.below(50_000)));
            visitors.spawn(leave(host.address(), id, after));
        }
        visitors.join_all().await;
    }
    nothing_is_left_open(&server).await;
    pool_is_whole(&server, &host, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runaway_statement_on_sqlite_is_interrupted() {
    let host = probe_on_sqlite().await;
    let insert = |id: &str| execute("insert into kept (id) values ($1)", json!([id]));
    let began = Instant::now();
    let results = host.probe(json!([insert("a"), query(ENDLESS, json!([])), insert("b")])).await;
    assert_eq!(code(&results[1]), "timeout");
    all_ok(&[results[0].clone(), results[2].clone()]);
    let alone = host.visitor().probe_one(runaway_write()).await;
    assert_eq!(code(&alone), "timeout");
    assert_eq!(count(&host).await, 2);
    assert!(began.elapsed() < Duration::from_secs(9), "it took {:?}", began.elapsed());
}

/// What comes before a failed statement stands, or the error says that it does not (`wit/db.wit`,
/// "After an error").
#[tokio::test(flavor = "multi_thread")]
async fn a_runaway_write_on_sqlite_undoes_itself_alone_or_says_so() {
    let host = probe_on_sqlite().await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let look = query("select count(*) from kept", json!([]));
    let results = host.probe(json!([insert, runaway_write(), look, op("db.rollback")])).await;
    let code = code(&results[1]);
    assert!(["timeout", "closed"].contains(&code), "{}", results[1]);
    assert!(code == "closed" || rows(&results[2]) == &json!([[{"integer": "1"}]]), "{results:?}");
}

async fn probe_on_sqlite() -> TestHost {
    let host = TestHost::with(Engine::Sqlite).app("probe", "probe").env(STATEMENT_TIME.0, STATEMENT_TIME.1);
    let host = host.start().await;
    all_ok(&host.probe(json!([super::migrate(super::KEPT)])).await);
    host
}

fn runaway_write() -> Value {
    execute(&format!("insert into kept (id) {ENDLESS}"), json!([]))
}

/// Another visitor gets the connection within a second.
async fn lent_again(host: &TestHost, since: Instant) {
    let works = async || {
        let answer = host.visitor().try_probe(json!([query("select count(*) from kept", json!([]))])).await?;
        (answer.status == 200 && !answer.text().contains("error")).then_some(())
    };
    until("the connection is lent again", works).await;
    assert!(since.elapsed() < SOON + SLACK, "it took {:?}", since.elapsed());
}

/// The host has so many of its own: two, and the one that hears of changes.
const HOST_CONNECTIONS: usize = 3;

/// As many requests as there are connections hold one at the same time, and the server knows of no
/// more.
async fn pool_is_whole(server: &Server, host: &TestHost, size: usize) {
    let insert = |number: usize| execute("insert into kept (id) values ($1)", json!([format!("last-{number}")]));
    let hold = (0..size).map(|number| {
        let mut visitor = host.visitor();
        tokio::spawn(async move { all_ok(&visitor.probe(json!([insert(number), op_sleep(3_000)])).await) })
    });
    let holders: Vec<_> = hold.collect();
    let all = async || (server.backends("state = 'idle in transaction'").await == size).then_some(());
    until("every connection of the pool is lent at the same time", all).await;
    let known = size + HOST_CONNECTIONS;
    assert!(server.backends("true").await <= known, "connections that nobody knows of");
    for holder in holders {
        holder.await.expect("every request succeeds");
    }
}

/// A visitor who writes and reads, and leaves in the middle of it.
async fn leave(host: SocketAddr, id: String, after: Duration) {
    let insert = execute("insert into kept (id) values ($1)", json!([id]));
    let look = query("select count(*) from kept", json!([]));
    let commit = op("db.commit");
    let stream = request(host, &json!([look, insert, look, commit, look, insert])).await;
    tokio::time::sleep(after).await;
    drop(stream);
}

async fn request(host: SocketAddr, steps: &Value) -> TcpStream {
    let body = steps.to_string();
    let head = format!("POST /run HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(host).await.expect("the host listens");
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("the host reads");
    stream
}
