//! A host that serves: routes, swaps under traffic, several processes, the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};
use support::probe::{all_ok, op};
use support::{Engine, TestHost, Visitor, until};

on_both_databases! {
    a_swap_under_traffic_fails_no_request,
    a_host_that_is_told_to_stop_lets_requests_end,
    an_app_answers_below_its_route_only,
    a_host_tells_whether_it_is_alive_and_ready,
    a_version_that_cannot_run_is_not_swapped_in,
}

async fn a_swap_under_traffic_fails_no_request(engine: Engine) {
    // On a slow disk a writer waits for the others for a while.
    let host = TestHost::with(engine).app("app", "hello").env("INNKEEPER_POOL_WAIT", "30s").start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let traffic: Vec<_> = (0..4).map(|_| tokio::spawn(visit_until(stop.clone(), host.visitor()))).collect();
    for guest in ["page", "hello", "page"] {
        host.swap("app", guest).await;
    }
    stop.store(true, Ordering::Relaxed);
    for visits in traffic {
        assert!(visits.await.expect("every request is answered with 200") > 10);
    }
    assert!(host.visitor().get("/").await.expect(200).text().starts_with("visits="));
}

async fn visit_until(stop: Arc<AtomicBool>, mut visitor: Visitor) -> u32 {
    let mut visits = 0;
    while !stop.load(Ordering::Relaxed) {
        visitor.get("/").await.expect(200);
        visits += 1;
    }
    visits
}

async fn a_host_that_is_told_to_stop_lets_requests_end(engine: Engine) {
    let mut host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let steps = json!([{ "op": "stderr", "text": "under way\n" }, { "op": "sleep", "ms": 1500 }, set("late")]);
    let slow = tokio::spawn(async move { visitor.probe(steps).await });
    host.wait_for_log("under way").await;
    let (status, logs) = host.terminate().await;
    all_ok(&slow.await.expect("the answer arrives"));
    assert_eq!(status.code(), Some(0), "{logs}");
    host.restart().await;
    assert_eq!(host.database().count("probe", "sessions").await, 1);
}

async fn an_app_answers_below_its_route_only(engine: Engine) {
    let host = TestHost::with(engine).app_at("page", "page", "/a").app_at("hello", "hello", "/a/b").start().await;
    for (path, expected) in [
        ("/a", Some("visits=")),
        ("/a/", Some("visits=")),
        ("/a/c?x=/a/b", Some("visits=")),
        ("/a/b", Some("Hello")),
        ("/a/b/c", Some("Hello")),
        ("/a/bc", Some("visits=")),
        ("/ab", None),
        ("/", None),
        ("/A", None),
    ] {
        let answer = host.visitor().get(path).await;
        match expected {
            Some(text) => assert!(answer.clone().expect(200).text().starts_with(text), "{path}: {answer:?}"),
            None => assert_eq!(answer.status, 404, "{path}"),
        }
    }
}

async fn a_host_tells_whether_it_is_alive_and_ready(engine: Engine) {
    let host = TestHost::of(engine, "hello", "hello").await;
    for (path, status) in [("live", 200), ("ready", 200), ("nothing", 404), ("", 404)] {
        host.visitor().get(&format!("/_innkeeper/{path}")).await.expect(status);
    }
    // What looks a little like the host's routes is the app's.
    assert_eq!(host.visitor().get("/_innkeepers").await.expect(200).text(), "Hello, world!");
}

async fn a_version_that_cannot_run_is_not_swapped_in(engine: Engine) {
    let host = TestHost::of(engine, "app", "hello").await;
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("broken.wasm");
    std::fs::write(&broken, b"\0asm\x0d\0\x01\0 this is no section").unwrap();
    let arguments = ["deploy", broken.to_str().unwrap(), "--app", "app"];
    support::command::on(host.database(), &arguments).await.failed();
    assert_eq!(host.visitor().get("/").await.expect(200).text(), "Hello, world!");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_on_a_database_swaps() {
    let host = TestHost::of(Engine::Postgres, "app", "hello").await;
    let [_, url] = host.database().arguments();
    let other = TestHost::with(Engine::Postgres).database(support::TestDatabase::at(url)).start().await;
    assert_eq!(other.visitor().get("/").await.expect(200).text(), "Hello, world!");
    host.swap("app", "page").await;
    let mut visitor = other.visitor();
    let swapped = async || visitor.get("/").await.expect(200).text().starts_with("visits=").then_some(());
    until("the other process swaps too", swapped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_good_on_every_process() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    let [_, url] = host.database().arguments();
    let other = TestHost::with(Engine::Postgres).database(support::TestDatabase::at(url)).start().await;
    let (mut here, mut there) = (host.visitor(), other.visitor());
    all_ok(&here.probe(json!([set("a")])).await);
    there.jar = here.jar.clone();
    let keys = there.probe_one(op("session.get-keys")).await;
    assert_eq!(keys["ok"], json!(["a"]));
}

fn set(key: &str) -> Value {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let value = COUNT.fetch_add(1, Ordering::Relaxed).to_string();
    json!({ "op": "session.set", "key": key, "value": value })
}
