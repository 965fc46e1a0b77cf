//! Three processes behind a router, twenty swaps under traffic, and no request that fails.

use super::audited;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::haproxy::Haproxy;
use support::host::Builder;
use support::postgres::Server;
use support::postgres::bouncer::Bouncer;
use support::{Engine, TestDatabase, TestHost, Visitor, command, host, until};

/// Requests a second, of all visitors together.
const RATE: u32 = 300;
const VISITORS: u32 = 12;
const SWAPS: u32 = 20;
/// From one swap to the next, so that there are requests in between.
const PAUSE: Duration = Duration::from_millis(500);
/// From the end of a command to the last process that follows. Two seconds are promised; a machine
/// that is busy with other tests is no reason to fail.
const FOLLOWED: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_swaps_on_three_processes_fail_no_request() {
    swap_three(TestHost::with(Engine::Postgres)).await;
}

/// As Heroku has it: guests go through the pooler in transaction mode, the registry does not.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_swaps_behind_pgbouncer_fail_no_request() {
    let server = Server::start();
    let bouncer = Bouncer::start(&server, 4).await;
    let direct = server.fresh_database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&direct)).by_environment();
    swap_three(host.env("DATABASE_CONNECTION_POOL_URL", &bouncer.url(&direct))).await;
    let name = direct.rsplit('/').next().unwrap_or_default();
    assert!(bouncer.transactions(name).await > 100, "guests went through the pooler");
}

async fn swap_three(first: Builder) {
    // On a slow machine a visitor waits for the others for a while.
    let first = first.app("app", "hello").env("INNKEEPER_POOL_WAIT", "20s").start().await;
    let (second, second_visitor) = first.twin().await;
    let (third, third_visitor) = first.twin().await;
    let addresses = [first.address(), second.address().await, third.address().await];
    let router = Haproxy::start(&addresses).await;
    let processes = [first.visitor(), second_visitor, third_visitor];
    swap_under_traffic(&first, router.visitor(), processes).await;
    drop((second, third));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_swaps_on_sqlite_fail_no_request() {
    let host = TestHost::with(Engine::Sqlite).app("app", "hello").env("INNKEEPER_POOL_WAIT", "20s").start().await;
    swap_under_traffic(&host, host.visitor(), [host.visitor()]).await;
}

#[expect(clippy::print_stdout, reason = "the figures and the account of a run are asked for by people")]
async fn swap_under_traffic<const N: usize>(host: &TestHost, entrance: Visitor, mut processes: [Visitor; N]) {
    let traffic = Traffic::begin(&entrance);
    let database = host.database();
    let mut slowest = Duration::ZERO;
    let mut pace = tokio::time::interval(PAUSE);
    for number in 0..SWAPS {
        pace.tick().await;
        let is_hello = swap(database, number).await;
        let began = Instant::now();
        for process in &mut processes {
            let follows = async || (is_hello_page(process).await == is_hello).then_some(());
            until("a process follows", follows).await;
        }
        slowest = slowest.max(began.elapsed());
    }
    let (answered, failed) = traffic.end().await;
    assert!(failed.is_empty(), "{} of {answered} requests failed: {failed:?}", failed.len());
    assert!(answered > SWAPS * 50, "{answered} requests are no traffic");
    assert!(slowest < FOLLOWED, "followed after {slowest:?}");
    println!("{answered} requests, 0 failed; a process followed {slowest:?} after the command at most");
    for entry in audited(database).await {
        println!("{}", entry.join("  "));
    }
}

/// One of four ways to another version. Returns whether it says hello.
async fn swap(database: &TestDatabase, number: u32) -> bool {
    let note = format!("swap {number}");
    match number % 4 {
        0 => {
            host::deploy(database, "app", "page", &["--note", &note]).await.succeeded();
            false
        }
        1 => {
            command::on(database, &["rollback", "--app", "app", "--note", &note]).await.succeeded();
            true
        }
        2 => {
            host::deploy(database, "app", "page", &["--canary", "30%", "--note", &note]).await.succeeded();
            command::on(database, &["promote", "--app", "app"]).await.succeeded();
            false
        }
        _ => {
            host::deploy(database, "app", "hello", &["--note", &note]).await.succeeded();
            true
        }
    }
}

async fn is_hello_page(visitor: &mut Visitor) -> bool {
    visitor.get("/").await.expect(200).text() == "Hello, world!"
}

/// Visitors who ask at a steady rate until they are told to stop.
struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    visitors: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Traffic {
    fn begin(entrance: &Visitor) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let visitors = (0..VISITORS)
            .map(|_| tokio::spawn(visit(entrance.clone(), Arc::clone(&stop), Arc::clone(&answered))))
            .collect();
        Self { stop, answered, visitors }
    }

    /// How many were answered, and what those were like that were not answered as they should be.
    async fn end(self) -> (u32, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for visitor in self.visitors {
            failed.extend(visitor.await.expect("a visitor does not panic"));
        }
        (self.answered.load(Ordering::Relaxed), failed)
    }
}

async fn visit(mut visitor: Visitor, stop: Arc<AtomicBool>, answered: Arc<AtomicU32>) -> Vec<String> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) * VISITORS / RATE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        match visitor.try_get("/").await {
            Some(answer) if answer.status == 200 => {
                let text = answer.text();
                if text != "Hello, world!" && !text.starts_with("visits=") {
                    failed.push(text.to_owned());
                }
            }
            Some(answer) => failed.push(format!("{}: {}", answer.status, answer.text())),
            None => failed.push("no answer".to_owned()),
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
    failed
}
