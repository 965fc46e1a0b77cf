//! Backends killed, a server restarted, frozen, or with another password, all of it under load.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::postgres::{Server, Stop, USER};
use support::probe::{all_ok, execute, query};
use support::{Engine, TestDatabase, TestHost, until, usually};

use super::load::Load;
use super::{KEPT, count, migrate, nothing_is_left_open, op_sleep, probe_on_its_own_server};

/// A statement that is silent makes the host ask the server, and give it up before the statement's
/// own time is over.
const FROZEN_ANSWER_TIME: Duration = Duration::from_secs(7);
/// A machine that many share, or a network that has lost something, is silent for so long and is no
/// outage. The host gives a server more than twice as long: the machine of the tests is busy, too.
const PAUSE: Duration = Duration::from_secs(2);
/// Once the server is known to be away nobody waits for it.
const KNOWN_ANSWER_TIME: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_are_killed_again_and_again_lose_nothing() {
    let (server, host) = probe_on_its_own_server().await;
    let load = Load::begin(&host);
    load.wait_for_writes(20).await;
    let mut killed = 0;
    for _ in 0..20 {
        killed += server.end_backends().await;
        load.wait_for_writes(3).await;
    }
    assert!(killed > 0, "there was somebody to kill");
    load.recovers(&host).await;
    load.check(&host).await;
    nothing_is_left_open(&server).await;
}

/// Its guest has written, and answers 200 without a look at the error that it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_lost_its_connection_is_told_to_come_back() {
    let (server, host) = probe_on_its_own_server().await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let steps = json!([insert, op_sleep(8_000), query("select count(*) from kept", json!([]))]);
    let mut visitor = host.visitor();
    let answer = tokio::spawn(async move { visitor.probe_answer(steps).await });
    let open = async || (server.backends("state = 'idle in transaction'").await == 1).then_some(());
    until("the transaction is open", open).await;
    server.end_backends().await;
    let answer = answer.await.expect("a visitor does not panic").expect(503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert_eq!(count(&host).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_loses_nothing() {
    restarted(Stop::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_and_comes_back_loses_nothing() {
    restarted(Stop::Immediate).await;
}

async fn restarted(stop: Stop) {
    let (server, host) = probe_on_its_own_server().await;
    let load = Load::begin(&host);
    load.wait_for_writes(20).await;
    for _ in 0..2 {
        server.stop(stop);
        load.wait_for_trouble(0).await;
        server.start_again();
        load.recovers(&host).await;
    }
    load.check(&host).await;
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_password_is_an_outage_until_the_host_knows_it() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let with = |password: &str| url.replace(USER, &format!("{USER}:{password}"));
    server.set_password("first").await;
    let old = TestHost::with(Engine::Postgres).database(TestDatabase::at(&with("first"))).app("probe", "probe");
    let mut old = old.start().await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    all_ok(&old.probe(json!([migrate(KEPT), insert])).await);
    server.set_password("second").await;
    server.end_backends().await;
    let look = json!([query("select count(*) from kept", json!([]))]).to_string();
    for path in ["/_innkeeper/ready", "/page"] {
        let began = Instant::now();
        let answer = old.visitor().get_with(path, "probe-steps", &look).await;
        assert!(began.elapsed() < Duration::from_millis(4_500), "{path} took {:?}", began.elapsed());
        assert!(answer.status == 503 || answer.text().contains("unavailable"), "{path}: {answer:?}");
    }
    let said = old.terminate().await.1;
    assert!(!said.contains("first") && !said.contains("second"), "{said}");
    let new = TestHost::with(Engine::Postgres).database(TestDatabase::at(&with("second"))).start().await;
    assert_eq!(count(&new).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_nobody_up_for_ever() {
    let (server, host) = probe_on_its_own_server().await;
    let load = Load::begin(&host);
    load.wait_for_writes(20).await;
    let frozen = server.freeze();
    let look = query("select count(*) from kept", json!([]));
    let insert = execute("insert into kept (id) values ('frozen')", json!([]));
    let kinds = [json!([look]), json!([insert, look]), json!([{ "op": "session.set", "key": "k", "value": "v" }])];
    let waiting: Vec<_> = (0..12).map(|number| (host.visitor(), kinds[number % 3].clone())).collect();
    let waiting = waiting.into_iter().map(|(mut visitor, steps)| {
        tokio::spawn(async move {
            let began = Instant::now();
            let answer = visitor.try_probe(steps).await;
            (began.elapsed(), answer)
        })
    });
    let mut times = Vec::new();
    for answer in waiting.collect::<Vec<_>>() {
        let (took, answer) = answer.await.expect("a visitor does not panic");
        let answer = answer.expect("a whole answer");
        assert!(took < 2 * FROZEN_ANSWER_TIME, "an answer took {took:?}: {answer:?}");
        times.push(took);
        let told = answer.status == 503 || ["unavailable", "busy"].iter().any(|code| answer.text().contains(code));
        assert!(told, "{answer:?}");
    }
    times.sort();
    assert!(times[times.len() / 2] < FROZEN_ANSWER_TIME, "{times:?}");
    for steps in kinds {
        let took = usually(async || drop(host.visitor().try_probe(steps.clone()).await.expect("a whole answer")));
        let took = took.await;
        assert!(took < KNOWN_ANSWER_TIME, "an answer took {took:?}");
    }
    let live = host.visitor().get("/_innkeeper/live").await;
    assert_eq!(live.status, 200);
    drop(frozen);
    load.recovers(&host).await;
    load.check_rows(&host).await;
    let works = async || (count(&host).await > 0).then_some(());
    until("the app works", works).await;
    nothing_is_left_open(&server).await;
}

/// Neither over connections that are in use, nor over those that have been idle, nor over new ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_pauses_for_some_seconds_costs_nothing_but_time() {
    let (server, host) = probe_on_its_own_server().await;
    // Longer than a connection is believed without asking.
    tokio::time::sleep(Duration::from_secs(6)).await;
    // As many as there are connections, of which one or two are open.
    write_in_a_pause(&server, &host, 0..4).await;
    // And now over connections that were just used.
    write_in_a_pause(&server, &host, 4..8).await;
    assert_eq!(count(&host).await, 8);
    assert!(!host.logs().contains("does not answer"), "{}", host.logs());
}

/// Visitors who read and write while the server pauses.
async fn write_in_a_pause(server: &Server, host: &TestHost, numbers: Range<usize>) {
    let write = |number: usize| {
        let mut visitor = host.visitor();
        let insert = execute("insert into kept (id) values ($1)", json!([format!("paused-{number}")]));
        let steps = json!([query("select count(*) from kept", json!([])), insert]);
        tokio::spawn(async move { visitor.probe(steps).await })
    };
    let frozen = server.freeze();
    let began = Instant::now();
    let paused: Vec<_> = numbers.map(write).collect();
    tokio::time::sleep(PAUSE).await;
    drop(frozen);
    // A busy machine makes the pause longer.
    let took = began.elapsed();
    for request in paused {
        let steps: Vec<Value> = request.await.expect("a visitor does not panic");
        assert!(steps.iter().all(|step| step.get("ok").is_some()), "after a pause of {took:?}: {steps:?}");
    }
}
