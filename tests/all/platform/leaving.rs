//! A dyno that is stopped (T2), and dynos that are stopped all day long (T19).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support::platform::{Dyno, Formation, Notice, Rules};
use support::probe::{execute, op};
use support::raw::{read_to_end, status};
use support::{Engine, TestDatabase, Visitor, host, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use super::{make_table, with_password};

on_both_databases! {
    t2_a_dyno_that_is_told_twice_to_stop_answers_what_is_under_way,
    t2_a_guest_that_never_ends_keeps_no_dyno,
}

/// The host promises to have ended within 25 s, and a busy machine takes a while. The platform
/// kills after 30 s.
const IN_TIME: Duration = Duration::from_secs(28);
/// For a full run: how long, and the time between two signals to the same dyno, both in seconds.
const LENGTH: &str = "INNKEEPER_TEST_RESTARTS_SECONDS";
const EVERY: &str = "INNKEEPER_TEST_RESTARTS_EVERY";

async fn database_with_probe(engine: Engine) -> TestDatabase {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    database
}

/// One dyno may have SQLite, where its operator accepts that the disk is lost.
async fn formation_on(database: &TestDatabase) -> Formation {
    let formation = Formation::new(Some(&database.url()), Rules::default()).await;
    formation.env("INNKEEPER_ALLOW_EPHEMERAL", "1")
}

async fn ready(mut visitor: Visitor) {
    let answers = async || visitor.try_get("/_innkeeper/ready").await.filter(|answer| answer.status == 200);
    until("the dyno gets ready", answers).await;
}

/// A request whose guest has begun to do these steps.
async fn begun(formation: &Formation, dyno: &Dyno, mark: &str, step: serde_json::Value) -> JoinHandle<u16> {
    let mut visitor = formation.router.visitor();
    let steps = json!([{ "op": "stderr", "text": format!("{mark}\n") }, step]);
    let asked = tokio::spawn(async move { visitor.probe_answer(steps).await.status });
    dyno.logs().wait_for(mark).await;
    asked
}

async fn t2_a_dyno_that_is_told_twice_to_stop_answers_what_is_under_way(engine: Engine) {
    let database = database_with_probe(engine).await;
    let formation = formation_on(&database).await;
    let (dyno, _) = formation.boot("web.1").await;
    ready(formation.router.visitor()).await;
    let slow = begun(&formation, &dyno, "ten seconds", json!({ "op": "sleep", "ms": 10_000 })).await;
    let address = dyno.address();
    let (told, knocks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (is_told, counted) = (Arc::clone(&told), Arc::clone(&knocks));
    let knocking = tokio::spawn(async move {
        let (mut served, mut refused) = (0, 0);
        let began = Instant::now();
        while refused <= 5 && began.elapsed() < support::DEADLINE {
            let is_after = is_told.load(Ordering::Relaxed);
            match TcpStream::connect(address).await {
                Err(_) => refused += 1,
                Ok(mut stream) => {
                    let request = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                    stream.write_all(request).await.expect("whoever is connected is heard");
                    let answer = read_to_end(&mut stream).await;
                    assert_eq!(status(&answer), Some(200), "{:?}", String::from_utf8_lossy(&answer));
                    assert!(answer.ends_with(b"Hello, world!"));
                    counted.fetch_add(1, Ordering::Relaxed);
                    served += u32::from(is_after);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (served, refused)
    });
    until("they are served", async || (knocks.load(Ordering::Relaxed) > 5).then_some(())).await;
    told.store(true, Ordering::Relaxed);
    let ending = formation.stop(dyno, 3, Notice::AtExit).await;
    assert_eq!(slow.await.expect("an answer"), 200);
    let (served, refused) = knocking.await.expect("nobody is reset");
    assert!(served > 0 && refused > 5, "{served} served after the signal, {refused} refused");
    assert_eq!((ending.code, ending.was_killed), (Some(0), false), "{}", ending.logs);
    assert!(ending.took < IN_TIME, "{:?}", ending.took);
    assert!(formation.router.codes().is_empty(), "{:?}", formation.router.codes());
}

async fn t2_a_guest_that_never_ends_keeps_no_dyno(engine: Engine) {
    let database = database_with_probe(engine).await;
    let formation = formation_on(&database).await.env("INNKEEPER_CPU_PER_REQUEST", "60s");
    let formation = formation.env("INNKEEPER_WALL_PER_REQUEST", "2min");
    let (dyno, _) = formation.boot("web.1").await;
    ready(formation.router.visitor()).await;
    let spinning = begun(&formation, &dyno, "spins", op("spin")).await;
    let ending = formation.stop(dyno, 2, Notice::AtOnce).await;
    assert_eq!((ending.code, ending.was_killed), (Some(0), false), "{}", ending.logs);
    assert!(ending.took < IN_TIME, "{:?}", ending.took);
    assert_eq!(spinning.await.expect("an answer"), 503);
}

/// Visitors who ask all the time, and notes of what they were told was kept.
struct Load {
    stop: Arc<AtomicBool>,
    visitors: JoinSet<(Vec<String>, Vec<String>)>,
}

impl Load {
    fn begin(formation: &Formation) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut visitors = JoinSet::new();
        for number in 0..8 {
            visitors.spawn(visit(formation.router.visitor(), number, Arc::clone(&stop)));
        }
        Self { stop, visitors }
    }

    /// What was kept as visitors were told, and what failed.
    async fn end(self) -> (Vec<String>, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut kept, mut failed) = (Vec::new(), Vec::new());
        for (its_kept, its_failed) in self.visitors.join_all().await {
            kept.extend(its_kept);
            failed.extend(its_failed);
        }
        (kept, failed)
    }
}

/// Asks for a page, and puts a row that may be put twice, in turns.
async fn visit(mut visitor: Visitor, number: u32, stop: Arc<AtomicBool>) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut failed, mut turn) = (Vec::new(), Vec::new(), 0_u32);
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(60)).await;
        turn += 1;
        let id = format!("{number}-{turn}");
        let insert = "insert into kept (id) values ($1) on conflict (id) do nothing";
        let answer = match turn % 4 {
            0 => visitor.try_probe(json!([execute(insert, json!([id]))])).await,
            _ => visitor.try_get("/hello").await,
        };
        match answer {
            Some(answer) if answer.status != 200 => failed.push(format!("{}: {}", answer.status, answer.text())),
            Some(answer) if turn % 4 == 0 && answer.json()[0].get("ok").is_none() => {
                failed.push(answer.text().to_owned())
            }
            Some(_) if turn % 4 == 0 => kept.push(id),
            Some(answer) if answer.text() != "Hello, world!" => failed.push(answer.text().to_owned()),
            Some(_) => {}
            None => failed.push("no answer".to_owned()),
        }
    }
    (kept, failed)
}

fn seconds(variable: &str, usual: u64) -> Duration {
    let given = std::env::var_os(variable).and_then(|text| text.to_str()?.parse().ok());
    Duration::from_secs(given.unwrap_or(usual))
}

#[tokio::test(flavor = "multi_thread")]
async fn t19_dynos_that_are_restarted_all_the_time_fail_no_request() {
    let (_fresh, database) = with_password().await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    let formation = Arc::new(Formation::new(Some(&database.url()), Rules::default()).await);
    assert!(formation.release().await.succeeded().status.success());
    let mut dynos = Vec::new();
    for name in ["web.1", "web.2", "web.3"] {
        dynos.push((formation.boot(name).await.0, name));
    }
    for (dyno, _) in &dynos {
        ready(visitor_of(dyno)).await;
    }
    let made = formation.router.visitor().probe(json!([make_table()])).await;
    assert!(made[0].get("ok").is_some(), "{made:?}");
    let (length, every) = (seconds(LENGTH, 30), seconds(EVERY, 8));
    let (began, load) = (Instant::now(), Load::begin(&formation));
    let mut restarting = JoinSet::new();
    for (number, (dyno, name)) in dynos.into_iter().enumerate() {
        // One after the other, as far as that goes.
        let first = every / 3 * u32::try_from(number).unwrap_or_default();
        restarting.spawn(restart(Arc::clone(&formation), dyno, name, (began + first, began + length, every)));
    }
    // The dynos live until nobody asks any more.
    let (dynos, restarts): (Vec<_>, Vec<_>) = restarting.join_all().await.into_iter().unzip();
    until("enough was asked", async || (formation.router.log().len() > 500).then_some(())).await;
    let restarts = restarts.concat();
    let (kept, failed) = load.end().await;
    drop(dynos);
    let log = formation.router.log();
    assert!(
        failed.is_empty(),
        "{} of {} failed: {failed:?}; {:?}",
        failed.len(),
        log.len(),
        formation.router.codes()
    );
    assert!(formation.router.codes().is_empty(), "{:?}", formation.router.codes());
    let rows = database.app_rows("probe", "select id from kept").await;
    assert!(kept.iter().all(|id| rows.iter().any(|row| row[0] == *id)), "what was told is there");
    let slowest = log.iter().map(|entry| entry.service).max().unwrap_or_default();
    let exit = restarts.iter().max().copied().unwrap_or_default();
    println!(
        "{} restarts in {:?}, {} requests, 0 failed, {} rows kept, {} on used connections; slowest answer {slowest:?}, slowest exit {exit:?}",
        restarts.len(),
        began.elapsed(),
        log.len(),
        kept.len(),
        formation.router.reused(),
    );
    assert!(restarts.len() >= 6 && kept.len() > 50);
}

fn visitor_of(dyno: &Dyno) -> Visitor {
    Visitor::of(Arc::new(std::sync::Mutex::new(dyno.address())))
}

/// Restarts a dyno again and again. Returns the last one, and how long each exit took.
async fn restart(
    formation: Arc<Formation>,
    mut dyno: Dyno,
    name: &str,
    (first, end, every): (Instant, Instant, Duration),
) -> (Dyno, Vec<Duration>) {
    let (mut exits, mut next) = (Vec::new(), first);
    let notices = [Notice::AtOnce, Notice::After(Duration::from_millis(1500)), Notice::AtExit];
    while next < end {
        tokio::time::sleep_until(next.into()).await;
        let notice = notices[exits.len() % notices.len()];
        let (started, ending) = formation.restart(dyno, name, notice).await;
        assert_eq!((ending.code, ending.was_killed), (Some(0), false), "{}", ending.logs);
        assert!(started.threads() < 128, "{} threads", started.threads());
        (dyno, next) = (started, next + every);
        exits.push(ending.took);
    }
    (dyno, exits)
}
