//! Every function and operator of Postgres that the gate lets pass, by itself and with the largest
//! arguments that the limits allow.
//!
//! The list of names is the gate's own, the signatures are the server's, and arguments are made
//! from their types: a name that is added to the list is measured without a change here. However
//! long a call takes, the server must end it soon after its time is over, and the host must answer
//! meanwhile.

mod arguments;
mod signatures;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::postgres::{Server, USER};
use support::probe::query;
use support::{Engine, TestDatabase, TestHost};
use tokio::task::JoinSet;

/// The time of a statement. Shorter than usual: many statements run until it is over.
const TIME: &str = "1s";
/// The same and two seconds: other tests keep the machine busy.
const END: &str = "3 seconds";
/// The server is asked this often what runs.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Of half of the answers.
const LIVE_TIME: Duration = Duration::from_millis(100);
const VISITORS: usize = 3;

/// What has been found so far.
#[derive(Default)]
struct Found {
    /// Numbers of the statements that ran on after their time.
    late: Mutex<BTreeSet<usize>>,
    live: Mutex<Vec<Duration>>,
    over: AtomicBool,
    refused: AtomicUsize,
}

/// Looks which statements run on after their time, until it is over.
async fn watch(server: Arc<Server>, found: Arc<Found>) {
    let late = format!(
        "select substring(query from 'm([0-9]+)_') from pg_stat_activity where usename = '{USER}' and state = 'active' \
         and clock_timestamp() - query_start > interval '{END}'"
    );
    while !found.over.load(Ordering::Relaxed) {
        let rows = server.ask(&late).await;
        let numbers = rows.into_iter().flatten().map(|number| number.parse::<usize>().expect("a number"));
        found.late.lock().expect("nobody panics").extend(numbers);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn live(mut visitor: support::Visitor, found: Arc<Found>) {
    while !found.over.load(Ordering::Relaxed) {
        let began = Instant::now();
        visitor.get("/_innkeeper/live").await.expect(200);
        found.live.lock().expect("nobody panics").push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs statements one after the other until none is left.
async fn measure(mut visitor: support::Visitor, left: Arc<Mutex<Vec<(usize, String)>>>, found: Arc<Found>) {
    loop {
        let Some((number, sql)) = left.lock().expect("nobody panics").pop() else { return };
        let sql = sql.replacen("count(q.x)", &format!("count(q.x) as m{number}_"), 1);
        loop {
            let result = visitor.probe_one(query(&sql, json!([]))).await;
            let code = result.pointer("/error/code").and_then(serde_json::Value::as_str).unwrap_or_default();
            if ["denied", "syntax", "too-large", "bad-parameter"].contains(&code) {
                found.refused.fetch_add(1, Ordering::Relaxed);
            }
            assert_ne!(code, "unavailable", "{sql}");
            // Another one hangs: `watch` has seen it, and this one is to be measured too.
            if code != "busy" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Measures statements, and returns those that ran on after their time.
async fn run(server: &Arc<Server>, host: &TestHost, statements: Vec<(usize, String)>) -> Arc<Found> {
    let (found, left) = (Arc::<Found>::default(), Arc::new(Mutex::new(statements)));
    let watching = tokio::spawn(watch(Arc::clone(server), Arc::clone(&found)));
    let living = tokio::spawn(live(host.visitor(), Arc::clone(&found)));
    let mut visitors = JoinSet::new();
    for _ in 0..VISITORS {
        visitors.spawn(measure(host.visitor(), Arc::clone(&left), Arc::clone(&found)));
    }
    visitors.join_all().await;
    found.over.store(true, Ordering::Relaxed);
    watching.await.expect("the server answers");
    living.await.expect("the host answers");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_ends_soon_after_its_time() {
    let server = Arc::new(Server::start());
    let url = server.fresh_database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).app("probe", "probe");
    let host = host.env("INNKEEPER_STATEMENT_TIME", TIME).start().await;
    let statements = signatures::statements(&server).await;
    let count = statements.len();
    let statements: Vec<(usize, String)> = statements.into_iter().enumerate().collect();
    let found = run(&server, &host, statements.clone()).await;
    let refused = found.refused.load(Ordering::Relaxed);
    assert!(refused < count * 3 / 4, "{refused} of {count} statements were refused: nothing is measured");
    let mut live = found.live.lock().expect("nobody panics").clone();
    live.sort_unstable();
    let median = live[live.len() / 2];
    assert!(median < LIVE_TIME, "half of the answers took more than {median:?}");
    // Again, and alone: the machine may have been at something else. What really runs on is late
    // each time.
    let late: Vec<usize> = found.late.lock().expect("nobody panics").iter().copied().collect();
    let texts: Vec<&str> = late.iter().map(|number| statements[*number].1.as_str()).collect();
    println!("{count} statements, {refused} refused or failed, late at first: {texts:#?}, live: {median:?}");
    let mut again = Vec::new();
    for number in late {
        let is_late = async || {
            let found = run(&server, &host, vec![statements[number].clone()]).await;
            let late = found.late.lock().expect("nobody panics");
            !late.is_empty()
        };
        let mut tries = 0;
        while tries < 5 && is_late().await {
            tries += 1;
        }
        if tries == 5 {
            again.push(&statements[number].1);
        }
    }
    assert!(again.is_empty(), "these run on after their time: {again:#?}");
}
