//! The load of T6 and T7: twenty apps in two or three languages are asked, one takes all memory
//! that it can get, a crowd is slow in three ways, and others are compiled and deployed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use support::cgroup::{Cgroup, DynoLimits, not_run, say};
use support::{COMPILE_DEADLINE, Engine, TestHost, command, paths};
use tempfile::TempDir;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::room;
use super::slow_crowd::SlowCrowd;

/// Two hundred requests in a second.
const EVERY: Duration = Duration::from_millis(5);
/// A debug build on a busy machine is slower than that: whoever asks waits then.
const AT_ONCE: usize = 64;
const USUALLY: Duration = Duration::from_secs(30);
/// Runs for so many seconds instead, by hand. Then a component of the largest language there is is
/// deployed each minute, and every ten seconds a line says how it goes.
const SECONDS: &str = "INNKEEPER_TEST_LOAD_SECONDS";
const TELL_EVERY: Duration = Duration::from_secs(10);
/// Nothing in the repository makes a guest in JavaScript. Where somebody has put one there, it is
/// among the apps.
pub(super) const JAVASCRIPT: &str = "guestbook-javascript";
pub(super) const PYTHON: &str = "guestbook-python";
const RUST: &str = "guestbook-rust";

/// What was seen of a host under load.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Answers with 200 to the well-behaved, and the status of all others.
    pub(super) good: u64,
    pub(super) others: Vec<u16>,
    pub(super) hog: Vec<u16>,
    /// How many of the crowd were there at once.
    pub(super) crowd: u64,
    pub(super) deployments: u32,
    pub(super) rss_kib: u64,
    pub(super) threads: u64,
    pub(super) killed: u64,
    pub(super) refused_processes: u64,
}

/// None where the machine has no group for it.
pub(super) async fn load(engine: Engine, dyno: DynoLimits) -> Option<Seen> {
    // Two loads at once would be another load.
    static ALONE: Mutex<()> = Mutex::const_new(());
    let _alone = ALONE.lock().await;
    let group = Cgroup::new(dyno).inspect_err(|why| not_run(&format!("T6 and T7 on {engine:?}"), why)).ok()?;
    let by_hand = std::env::var_os(SECONDS).and_then(|text| text.to_str()?.parse().ok());
    let time = by_hand.map_or(USUALLY, Duration::from_secs);
    let host = Arc::new(twenty_apps(engine, &group).await);
    let (stop, times) = (Arc::new(AtomicBool::new(false)), Arc::new(Times::default()));
    let hog = tokio::spawn(hog(Arc::clone(&host), Arc::clone(&stop)));
    let crowd = SlowCrowd::come(&host, "slow.test");
    let new = if by_hand.is_some() { Newcomer::large() } else { Newcomer::small() };
    let deploying = tokio::spawn(deploy_again_and_again(Arc::clone(&host), Arc::clone(&stop), new));
    let telling = by_hand.map(|_| Arc::clone(&times));
    let watching = tokio::spawn(watch(Arc::clone(&host), group, Arc::clone(&stop), telling));
    let (good, others) = ask(&host, time, &times).await;
    stop.store(true, Ordering::Relaxed);
    let (seen, group) = watching.await.expect("a watch");
    let mut seen = Seen { good, others, crowd: crowd.leave(), ..seen };
    seen.hog = hog.await.expect("answers");
    seen.deployments = deploying.await.expect("deployments");
    seen.killed = group.killed_for_memory();
    seen.refused_processes = group.refused_processes();
    let log = host.logs();
    assert!(!log.contains("Resource temporarily unavailable"), "{log}");
    // A group goes only when nobody is in it.
    drop(host);
    drop(group);
    Some(seen)
}

/// Ten apps that do nothing, ten with a database, and beside them the hog and the crowd's.
async fn twenty_apps(engine: Engine, group: &Cgroup) -> TestHost {
    let mut host =
        TestHost::with(engine).app_at("hog", "hostile", "hog.test").inside(group).binary(room::binary());
    host = host.app_at("slow", "hostile", "slow.test");
    for number in 0..20 {
        host = host.app_at(&format!("app-{number}"), guest(number), &name(number));
    }
    // All visitors come from one address: without a router they would be one client.
    host.env("INNKEEPER_TRUST_PROXY", "1").env("INNKEEPER_POOL_WAIT", "20s").start().await
}

fn guest(number: u64) -> &'static str {
    match number {
        0..10 => "hello",
        17..19 if is_there(JAVASCRIPT) => JAVASCRIPT,
        19 => PYTHON,
        _ => RUST,
    }
}

fn name(number: u64) -> String {
    format!("app-{number}.test")
}

pub(super) fn is_there(guest: &str) -> bool {
    paths::repository().join("target/guests").join(guest).with_extension("wasm").is_file()
}

/// How long answers took, since somebody last asked.
#[derive(Debug, Default)]
struct Times(std::sync::Mutex<Vec<Duration>>);

impl Times {
    fn note(&self, time: Duration) {
        self.0.lock().expect("nobody panics while holding it").push(time);
    }

    /// What half of the answers took at most, 99 of a hundred, and all.
    fn told(&self) -> String {
        let mut times = std::mem::take(&mut *self.0.lock().expect("nobody panics while holding it"));
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let [half, most, all] = [50, 99, 100].map(|percent| at(percent).map_or(0, Duration::as_millis));
        format!("{} answers in {half}, {most}, {all} ms (p50, p99, the last)", times.len())
    }
}

/// Asks the apps in turn. Returns how many answers were good, and the status of the others.
async fn ask(host: &TestHost, time: Duration, times: &Arc<Times>) -> (u64, Vec<u16>) {
    let (began, turns) = (Instant::now(), Arc::new(Semaphore::new(AT_ONCE)));
    let good = Arc::new(AtomicU64::new(0));
    let mut asked = JoinSet::new();
    let mut others = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for number in 0.. {
        if began.elapsed() >= time {
            break;
        }
        // Not the moment at which it is asked: what waits for its turn waits for the host.
        let due = ticks.tick().await;
        let turn = Arc::clone(&turns).acquire_owned().await.expect("never closed");
        let (mut visitor, good, times) = (host.visitor(), Arc::clone(&good), Arc::clone(times));
        asked.spawn(async move {
            let client = format!("192.0.2.{}", number % 250);
            let request = Request::get("/").header("host", name(number % 20)).header("x-forwarded-for", client);
            let answer = visitor.send(request, Full::<Bytes>::default()).await;
            drop(turn);
            times.note(due.elapsed());
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

/// What is deployed again and again.
struct Newcomer {
    guest: &'static str,
    app: &'static str,
    every: Duration,
}

impl Newcomer {
    /// Compiled within a moment.
    fn small() -> Self {
        Self { guest: RUST, app: "app-10", every: Duration::from_secs(6) }
    }

    /// For its compiler there is hardly room.
    fn large() -> Self {
        let (guest, app) = if is_there(JAVASCRIPT) { (JAVASCRIPT, "app-18") } else { (PYTHON, "app-19") };
        Self { guest, app, every: Duration::from_secs(60) }
    }
}

/// Deploys as long as it may. Returns how many times it did.
async fn deploy_again_and_again(host: Arc<TestHost>, stop: Arc<AtomicBool>, new: Newcomer) -> u32 {
    let deployer = Deployer::of(&host, new.app).await;
    let (mut deployments, mut due) = (0, Instant::now());
    while !stop.load(Ordering::Relaxed) {
        if Instant::now() >= due {
            due += new.every;
            deployer.deploy(&host, new.guest).await;
            deployments += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    deployments
}

/// Has the host itself compile what it has never seen, as over the admin API.
pub(super) struct Deployer {
    app: String,
    token: String,
    folder: TempDir,
}

impl Deployer {
    /// Whoever has every right brings the code too: it gets a token that may only deploy this app.
    pub(super) async fn of(host: &TestHost, app: &str) -> Self {
        let create = ["token", "create", "--name", "ci", "--scope", &format!("deploy:{app}")];
        let said = command::on(host.database(), &create).await.succeeded().stdout;
        let token = said.split_whitespace().find(|word| word.starts_with("innkeeper_")).expect("a token");
        let folder = tempfile::tempdir().expect("a folder");
        Self { app: app.to_owned(), token: token.to_owned(), folder }
    }

    /// Makes a guest the active version, in a form that nobody has compiled yet.
    pub(super) async fn deploy(&self, host: &TestHost, guest: &str) {
        let component = std::fs::read(paths::guest(guest)).expect("a guest");
        let file = self.folder.path().join("new.wasm");
        std::fs::write(&file, salted(&component)).expect("a file");
        let path = file.to_str().expect("a UTF-8 path");
        let mut deploy = command::innkeeper(&["deploy", path, "--app", &self.app, "--to", &host.url()]);
        deploy.env("INNKEEPER_TOKEN", &self.token);
        command::finish(deploy, COMPILE_DEADLINE).await.succeeded();
    }
}

/// The same component with a section more that says nothing: nobody has its code.
fn salted(component: &[u8]) -> Vec<u8> {
    let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    let salt = u64::try_from(salt.as_nanos()).expect("a time before 2554").to_le_bytes();
    // A custom section: its id, its length, its name with the length of that, its content.
    [component, &[0, 10, 1, b'x'], &salt].concat()
}

/// Looks at the process again and again, and says how it is where somebody waits for that. Gives
/// the group back.
async fn watch(
    host: Arc<TestHost>,
    group: Cgroup,
    stop: Arc<AtomicBool>,
    telling: Option<Arc<Times>>,
) -> (Seen, Cgroup) {
    let (mut seen, began) = (Seen::default(), Instant::now());
    let mut next = TELL_EVERY;
    // Between two lines.
    let (mut most_rss, mut most_of_group) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let (rss, threads) = (host.rss_kib(), host.serving().threads());
        seen.rss_kib = seen.rss_kib.max(rss);
        seen.threads = seen.threads.max(threads);
        (most_rss, most_of_group) = (rss.max(most_rss), group.anonymous_bytes().max(most_of_group));
        if let Some(times) = telling.as_ref().filter(|_| began.elapsed() >= next) {
            let own = host.serving().status_kib("RssAnon");
            say(&format!(
                "{:4} s: {} MiB resident, {} at most, {} of its own, {} of all processes at most, {threads} threads; {}",
                next.as_secs(),
                rss >> 10,
                most_rss >> 10,
                own >> 10,
                most_of_group >> 20,
                times.told(),
            ));
            next += TELL_EVERY;
            (most_rss, most_of_group) = (0, 0);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    seen.rss_kib = seen.rss_kib.max(host.peak_rss_kib());
    (seen, group)
}
