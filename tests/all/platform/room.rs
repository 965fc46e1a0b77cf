//! T6 and T7: room on the smallest dyno, in memory and in threads, while twenty apps are asked, one
//! takes all it can get, and others are compiled and deployed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use support::cgroup::{Cgroup, DynoLimits, not_run, say};
use support::{COMPILE_DEADLINE, Engine, TestHost, command, paths};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

on_both_databases! {
    t6_t7_twenty_apps_a_hog_and_deployments_fit_into_the_smallest_dyno,
}

/// What Eco, Basic and Standard-1X have.
const SMALLEST: DynoLimits = DynoLimits { memory: 512 << 20, processes: 256 };
const MOST_RSS_KIB: u64 = 450 << 10;
const MOST_THREADS: u64 = 128;
/// Two hundred requests in a second.
const EVERY: Duration = Duration::from_millis(5);
/// A debug build on a busy machine is slower than that: whoever asks waits then.
const AT_ONCE: usize = 64;
const USUALLY: Duration = Duration::from_secs(30);
const DEPLOY_EVERY: Duration = Duration::from_secs(6);
/// Runs for so many seconds instead, for example for ten minutes by hand.
const SECONDS: &str = "INNKEEPER_TEST_LOAD_SECONDS";

async fn t6_t7_twenty_apps_a_hog_and_deployments_fit_into_the_smallest_dyno(engine: Engine) {
    let Some(seen) = load(engine).await else { return };
    assert_eq!(seen.others, [] as [u16; 0], "the well-behaved were refused: {seen:?}");
    assert!(seen.good > 0 && seen.deployments > 0, "{seen:?}");
    // T6.
    assert_eq!(seen.killed, 0, "the kernel has killed somebody for want of memory: {seen:?}");
    assert!(seen.rss_kib < MOST_RSS_KIB, "{seen:?}");
    // It traps at its own limit of memory or of time, or is told that there is no room.
    let told = |status: &u16| [500, 503, 504].contains(status);
    assert!(!seen.hog.is_empty() && seen.hog.iter().all(told), "{seen:?}");
    // T7.
    assert_eq!(seen.refused_processes, 0, "a thread could not be started: {seen:?}");
    assert!(seen.threads < MOST_THREADS, "{seen:?}");
}

/// The host finds out by itself what the group grants, and `doctor` says on which dyno it is.
#[tokio::test(flavor = "multi_thread")]
async fn doctor_knows_the_dyno_that_it_runs_on() {
    let group = match Cgroup::new(SMALLEST) {
        Ok(group) => group,
        Err(why) => return not_run("doctor_knows_the_dyno_that_it_runs_on", &why),
    };
    let host = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    let [flag, place] = host.database().arguments();
    let doctor = command::innkeeper(&["doctor", "--limits", "--json", flag, place]);
    let inside = command::in_group(&doctor, &group.entrances());
    let known = support::until("the host has told what an instance takes", async || {
        let report = command::on(host.database(), &["doctor", "--limits", "--json"]).await.succeeded().json();
        report["sizes"][0]["apps"][0]["known"].as_bool()?.then_some(())
    });
    known.await;
    let report = command::finish(inside, COMPILE_DEADLINE).await.succeeded().json();
    let sizes = report["sizes"].as_array().expect("sizes");
    let here: Vec<_> = sizes.iter().filter(|size| size["here"] == true).collect();
    assert_eq!((sizes.len(), here.len()), (7, 1), "{report}");
    assert_eq!(here[0]["dyno"], "Eco, Basic, Standard-1X");
    assert_eq!((&here[0]["threads"], &here[0]["compiles_python"]), (&128.into(), &true.into()), "{report}");
    let at_once = |size: &serde_json::Value| size["apps"][0]["at_once"].as_u64().expect("a number");
    assert!(at_once(here[0]) > 100 && at_once(&sizes[2]) >= at_once(here[0]), "{report}");
}

/// How much a host may take that has little to do.
const IDLE_KIB: u64 = 30 << 10;
/// And how much more after it has got a large component.
const AFTER_DEPLOYMENT_KIB: u64 = 20 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_with_a_guest_in_rust_takes_less_than_30_mib() {
    let Some(binary) = release() else {
        return not_run("an idle host takes less than 30 MiB", "there is no release build");
    };
    let host = TestHost::with(Engine::Sqlite).app("book", "guestbook-rust").binary(binary).start().await;
    for _ in 0..50 {
        host.visitor().get("/").await.expect(200);
    }
    let small = async || (host.rss_kib() <= IDLE_KIB).then_some(());
    support::until("the host takes less than 30 MiB", small).await;
}

/// Its code is 38 MB.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_python_leaves_less_than_20_mib() {
    let host = TestHost::of(Engine::Sqlite, "book", "hello").await;
    host.visitor().get("/").await.expect(200);
    let before = host.rss_kib();
    host.swap("book", "guestbook-python").await;
    let small = async || (host.rss_kib() <= before + AFTER_DEPLOYMENT_KIB).then_some(());
    support::until("the host is as small as before", small).await;
    host.visitor().get("/").await.expect(200);
}

/// What was seen of a host under load.
#[derive(Debug, Default)]
struct Seen {
    /// Answers with 200 to the well-behaved, and the status of all others.
    good: u64,
    others: Vec<u16>,
    hog: Vec<u16>,
    deployments: u32,
    rss_kib: u64,
    threads: u64,
    killed: u64,
    refused_processes: u64,
}

/// None where the machine has no group for it.
async fn load(engine: Engine) -> Option<Seen> {
    // Two loads at once would be another load.
    static ALONE: Mutex<()> = Mutex::const_new(());
    let _alone = ALONE.lock().await;
    let group = Cgroup::new(SMALLEST).inspect_err(|why| not_run(&format!("T6 and T7 on {engine:?}"), why)).ok()?;
    let seconds = std::env::var_os(SECONDS).and_then(|text| text.to_str()?.parse().ok());
    let time = seconds.map_or(USUALLY, Duration::from_secs);
    let host = Arc::new(twenty_apps(engine, &group).await);
    let stop = Arc::new(AtomicBool::new(false));
    let hog = tokio::spawn(hog(Arc::clone(&host), Arc::clone(&stop)));
    let deploying = tokio::spawn(deploy_again_and_again(Arc::clone(&host), Arc::clone(&stop)));
    let watching = tokio::spawn(watch(Arc::clone(&host), Arc::clone(&stop)));
    let (good, others) = ask(&host, time).await;
    stop.store(true, Ordering::Relaxed);
    let mut seen = Seen { good, others, ..watching.await.expect("a watch") };
    seen.hog = hog.await.expect("answers");
    seen.deployments = deploying.await.expect("deployments");
    seen.killed = group.killed_for_memory();
    seen.refused_processes = group.refused_processes();
    let log = host.logs();
    assert!(!log.contains("Resource temporarily unavailable"), "{log}");
    Some(seen)
}

/// Ten apps that do nothing, nine with a database in Rust, one of them in Python, and the hog.
async fn twenty_apps(engine: Engine, group: &Cgroup) -> TestHost {
    let mut host = TestHost::with(engine).app_at("hog", "hostile", "hog.test").inside(group).binary(binary());
    for number in 0..20 {
        let guest = match number {
            0..10 => "hello",
            10..19 => "guestbook-rust",
            _ => "guestbook-python",
        };
        host = host.app_at(&format!("app-{number}"), guest, &name(number));
    }
    // All visitors come from one address: without a router they would be one client.
    host.env("INNKEEPER_TRUST_PROXY", "1").start().await
}

fn name(number: u64) -> String {
    format!("app-{number}.test")
}

/// A release build where there is one: a dyno runs no other.
fn binary() -> PathBuf {
    release().unwrap_or_else(paths::binary)
}

fn release() -> Option<PathBuf> {
    let built = paths::repository().join("target/slug/app/target/release/innkeeper");
    let named = std::env::var_os("INNKEEPER_RELEASE_BINARY").map(PathBuf::from);
    named.or(Some(built)).filter(|path| path.is_file())
}

/// Asks the apps in turn. Returns how many answers were good, and the status of the others.
async fn ask(host: &TestHost, time: Duration) -> (u64, Vec<u16>) {
    let (began, turns) = (Instant::now(), Arc::new(Semaphore::new(AT_ONCE)));
    let good = Arc::new(AtomicU64::new(0));
    let mut asked = JoinSet::new();
    let mut others = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for number in 0.. {
        if began.elapsed() >= time {
            break;
        }
        ticks.tick().await;
        let turn = Arc::clone(&turns).acquire_owned().await.expect("never closed");
        let (mut visitor, good) = (host.visitor(), Arc::clone(&good));
        asked.spawn(async move {
            let client = format!("192.0.2.{}", number % 250);
            let request = Request::get("/").header("host", name(number % 20)).header("x-forwarded-for", client);
            let answer = visitor.send(request, Full::<Bytes>::default()).await;
            drop(turn);
            if answer.status == 200 {
                good.fetch_add(1, Ordering::Relaxed);
            }
            answer.status
        });
        while let Some(answered) = asked.try_join_next() {
            others.extend(Some(answered.expect("an answer")).filter(|status| *status != 200));
        }
    }
    while let Some(answered) = asked.join_next().await {
        others.extend(Some(answered.expect("an answer")).filter(|status| *status != 200));
    }
    (good.load(Ordering::Relaxed), others)
}

/// Asks for all the memory that there is, as one client.
async fn hog(host: Arc<TestHost>, stop: Arc<AtomicBool>) -> Vec<u16> {
    let mut told = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let request = Request::get("/hoard").header("host", "hog.test").header("x-forwarded-for", "198.51.100.1");
        told.push(host.visitor().send(request, Full::<Bytes>::default()).await.status);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    told
}

/// Has the host itself compile what it has never seen, as over the admin API, and make it live.
/// Returns how many times it did.
async fn deploy_again_and_again(host: Arc<TestHost>, stop: Arc<AtomicBool>) -> u32 {
    let folder = tempfile::tempdir().expect("a folder");
    // Whoever has every right brings the code too.
    let create = ["token", "create", "--name", "ci", "--scope", "deploy:app-10"];
    let said = command::on(host.database(), &create).await.succeeded().stdout;
    let token = said.split_whitespace().find(|word| word.starts_with("innkeeper_")).expect("a token");
    let component = std::fs::read(paths::guest("guestbook-rust")).expect("a guest");
    let mut deployments = 0;
    while !stop.load(Ordering::Relaxed) {
        let file = folder.path().join("new.wasm");
        std::fs::write(&file, salted(&component)).expect("a file");
        let file = file.to_str().expect("a UTF-8 path");
        let mut deploy = command::innkeeper(&["deploy", file, "--app", "app-10", "--to", &host.url()]);
        deploy.env("INNKEEPER_TOKEN", token);
        command::finish(deploy, COMPILE_DEADLINE).await.succeeded();
        deployments += 1;
        tokio::time::sleep(DEPLOY_EVERY).await;
    }
    deployments
}

/// The same component with a section more that says nothing: nobody has its code.
fn salted(component: &[u8]) -> Vec<u8> {
    let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    let salt = u64::try_from(salt.as_nanos()).expect("a time before 2554").to_le_bytes();
    // A custom section: its id, its length, its name with the length of that, its content.
    [component, &[0, 10, 1, b'x'], &salt].concat()
}

/// Looks at the process again and again, and writes down how it was when there is more time than
/// usual.
async fn watch(host: Arc<TestHost>, stop: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut last) = (Seen::default(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        let (rss, threads) = (host.rss_kib(), host.serving().threads());
        seen.rss_kib = seen.rss_kib.max(rss);
        seen.threads = seen.threads.max(threads);
        if std::env::var_os(SECONDS).is_some() && last.elapsed() > Duration::from_secs(10) {
            last = Instant::now();
            let own = host.serving().status_kib("RssAnon");
            say(&format!("{} MiB resident, {} MiB of its own, {threads} threads", rss >> 10, own >> 10));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    seen.rss_kib = seen.rss_kib.max(host.peak_rss_kib());
    seen
}
