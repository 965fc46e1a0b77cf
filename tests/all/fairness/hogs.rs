//! Apps that compute as much as they can, and what a neighbour notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Request;
use support::client::KeepAlive;
use support::{Engine, TestHost};

on_both_databases! {
    ninety_megabytes_of_parameters_hold_nobody_up,
}

const REQUESTS: usize = 200;
/// A quiet machine answers within a millisecond. A loaded one takes longer, and one on which the
/// neighbour waits for the others takes some hundred each time.
const USUALLY: Duration = Duration::from_millis(50);
const ALMOST_ALWAYS: Duration = Duration::from_millis(250);

/// Hosts that compute all the time are measured one after the other.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn twice_as_many_endless_loops_as_cores_hold_nobody_up() {
    neighbour_of(Engine::Sqlite, "/spin", cores() * 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_endless_loops_hold_nobody_up() {
    neighbour_of(Engine::Sqlite, "/spin", 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_that_take_less_than_a_slice_each_hold_nobody_up() {
    neighbour_of(Engine::Sqlite, "/moment", 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_grow_hold_nobody_up() {
    neighbour_of(Engine::Sqlite, "/grow", cores() * 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_flood_the_log_hold_nobody_up() {
    neighbour_of(Engine::Sqlite, "/log-flood", cores() * 2).await;
}

async fn ninety_megabytes_of_parameters_hold_nobody_up(engine: Engine) {
    neighbour_of(engine, "/params", cores() * 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_computes_for_long_gets_all_its_time_and_no_more() {
    let _alone = ALONE.lock().await;
    let limits = [("INNKEEPER_CPU_PER_REQUEST", "1s"), ("INNKEEPER_WALL_PER_REQUEST", "120s")];
    let host = crowd(Engine::Sqlite, &limits).await;
    let began = Instant::now();
    let hogs = (cores() * 4).max(8);
    let ends: Vec<_> = (0..hogs).map(|_| tokio::spawn(get(host.visitor(), "/spin"))).collect();
    for end in ends {
        assert_eq!(end.await.expect("an answer"), 504);
    }
    // Waiting for a turn is not computing: together they take what each of them may compute.
    let most_cores = u32::try_from(cores()).expect("few cores");
    let least = Duration::from_secs(1) * u32::try_from(hogs).expect("few hogs") / most_cores / 2;
    assert!(began.elapsed() >= least, "{hogs} seconds of computing took {:?}", began.elapsed());
}

/// Asks a neighbour and `live` again and again while an app is asked for `path` by as many clients
/// as there are `hogs`.
async fn neighbour_of(engine: Engine, path: &'static str, hogs: usize) {
    let _alone = ALONE.lock().await;
    let host = crowd(engine, &[]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..hogs).map(|_| tokio::spawn(ask(host.visitor(), path, Arc::clone(&stop)))).collect();
    let mut neighbour = host.visitor().keep_alive().await;
    let mut rounds = Vec::new();
    // The machine may have been busy with something else. Who really waits does so each time.
    while rounds.len() < 3 {
        let [half, almost_all] = waits(&mut neighbour).await;
        rounds.push([half, almost_all]);
        if half < USUALLY && almost_all < ALMOST_ALWAYS {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    asking.iter().for_each(tokio::task::JoinHandle::abort);
    let [half, almost_all] = rounds[rounds.len() - 1];
    assert!(half < USUALLY && almost_all < ALMOST_ALWAYS, "half and one in fifty took longer than: {rounds:?}");
}

/// How long half of the answers take at most, and all but one in fifty.
async fn waits(neighbour: &mut KeepAlive) -> [Duration; 2] {
    let mut took = Vec::new();
    for number in 0..REQUESTS {
        let path = if number % 4 == 0 { "/_innkeeper/live" } else { "/hello" };
        let began = Instant::now();
        let answer = neighbour.send(Request::get(path)).await;
        took.push(began.elapsed());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    took.sort();
    [took[REQUESTS / 2], took[REQUESTS * 98 / 100]]
}

async fn ask(visitor: support::Visitor, path: &'static str, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        get(visitor.clone(), path).await;
    }
}

async fn get(mut visitor: support::Visitor, path: &'static str) -> u16 {
    visitor.get(path).await.status
}

/// A host with a hostile app and a neighbour, and memory enough for all of them.
async fn crowd(engine: Engine, limits: &[(&str, &str)]) -> TestHost {
    let host = TestHost::with(engine).app("hostile", "hostile").app("hello", "hello");
    let host = host.env("INNKEEPER_MEMORY", "16GiB");
    limits.iter().fold(host, |host, (name, value)| host.env(name, value)).start().await
}

fn cores() -> usize {
    std::thread::available_parallelism().expect("the system knows").get()
}
