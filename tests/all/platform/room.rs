//! T6 and T7: room on the smallest dyno, in memory and in threads, while twenty apps are asked, one
//! takes all it can get, a crowd is slow, and others are compiled and deployed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use support::cgroup::{Cgroup, DynoLimits, not_run};
use support::small_disk::SmallDisk;
use support::{COMPILE_DEADLINE, Engine, TestHost, command, paths};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::load::{Deployer, JAVASCRIPT, PYTHON, is_there, load};

on_both_databases! {
    t6_t7_twenty_apps_a_hog_and_deployments_fit_into_the_smallest_dyno,
}

/// What Eco, Basic and Standard-1X have.
const SMALLEST: DynoLimits = DynoLimits { memory: 512 << 20, processes: 256 };
const MOST_RSS_KIB: u64 = 450 << 10;
const MOST_THREADS: u64 = 128;
/// Of the slow crowd so many have to be there at once.
const SLOW: u64 = 80;
const TOKEN: &str = "a-token-of-the-operator,0123456789=";

async fn t6_t7_twenty_apps_a_hog_and_deployments_fit_into_the_smallest_dyno(engine: Engine) {
    let Some(seen) = load(engine, SMALLEST).await else { return };
    assert_eq!(seen.others, [] as [u16; 0], "the well-behaved were refused: {seen:?}");
    assert!(seen.good > 0 && seen.deployments > 0 && seen.crowd >= SLOW, "{seen:?}");
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

/// The code of each is some 40 MB, and its compiler takes more than 300.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_deployment_leaves_less_than_20_mib() {
    let host = TestHost::with(Engine::Sqlite).app("book", "guestbook-rust").binary(binary()).start().await;
    host.visitor().get("/").await.expect(200);
    let before = host.rss_kib();
    let deployer = Deployer::of(&host, "book").await;
    for guest in [PYTHON, JAVASCRIPT, PYTHON] {
        if !is_there(guest) {
            continue;
        }
        deployer.deploy(&host, guest).await;
        host.visitor().get("/").await.expect(200);
        let small = async || (host.rss_kib() <= before + AFTER_DEPLOYMENT_KIB).then_some(());
        support::until(&format!("the host is as small as before it got {guest}"), small).await;
    }
}

/// A release build where there is one: a dyno runs no other.
pub(super) fn binary() -> PathBuf {
    release().unwrap_or_else(paths::binary)
}

fn release() -> Option<PathBuf> {
    let built = paths::repository().join("target/slug/app/target/release/innkeeper");
    let named = std::env::var_os("INNKEEPER_RELEASE_BINARY").map(PathBuf::from);
    named.or(Some(built)).filter(|path| path.is_file())
}

/// What of a component never runs takes no memory.
#[tokio::test(flavor = "multi_thread")]
async fn large_code_is_run_from_a_file_without_a_name() {
    let host = TestHost::of(Engine::Sqlite, "book", "guestbook-python").await;
    host.visitor().get("/").await.expect(200);
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", host.serving().pid())).expect("a living process");
    let is_code = |line: &&str| line.contains(".coming (deleted)") && line.contains(" r-x");
    assert_eq!(maps.lines().filter(is_code).count(), 1, "{maps}");
    assert!(!host.logs().contains(IN_MEMORY), "{}", host.logs());
}

/// There is room for the code as it is kept, and none for what is run.
const SMALL_DISK_MIB: u32 = 16;
const IN_MEMORY: &str = "compiled code is kept in memory";

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_a_file_code_goes_through_memory() {
    let name = "platform::room::without_room_for_a_file_code_goes_through_memory";
    let Some(disk) = SmallDisk::mount(SMALL_DISK_MIB, name) else { return };
    let folder = disk.folder().to_str().expect("a UTF-8 path");
    let host = TestHost::with(Engine::Sqlite).app("book", "guestbook-python");
    let host = host.env("INNKEEPER_CODE_CACHE", folder).start().await;
    host.visitor().get("/").await.expect(200);
    let line = host.wait_for_log(IN_MEMORY).await;
    assert!(line.contains(folder) && line.contains("No space left on device"), "{line}");
}

/// Guests that wait for the rest of a form. More than any of these dynos has room for.
const CROWD: u8 = 90;
const CROWD_STAYS: Duration = Duration::from_secs(8);
/// Part of a form with a photo: so much that a guest is there to receive it.
const BEGUN: &str = "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n";

/// A crowd comes to a host, and `doctor` says of its dyno what the host has done.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_guests_fit_as_doctor_says() {
    for mebibytes in [256, 512] {
        let group = match Cgroup::new(DynoLimits { memory: mebibytes << 20, ..SMALLEST }) {
            Ok(group) => group,
            Err(why) => return not_run("as_many_guests_fit_as_doctor_says", &why),
        };
        let host = TestHost::with(Engine::Sqlite).app("book", "guestbook-python").inside(&group).binary(binary());
        let host = host.env("INNKEEPER_TRUST_PROXY", "1").env("INNKEEPER_ADMIN_TOKEN", TOKEN).start().await;
        // The second time it is known what an instance takes.
        let mut most = 0;
        for _ in 0..2 {
            most = most_guests_at_once(&host).await;
        }
        assert!((10..u64::from(CROWD)).contains(&most), "{most} on {mebibytes} MiB");
        let [flag, place] = host.database().arguments();
        let agrees = async || {
            let doctor = command::innkeeper(&["doctor", "--limits", "--json", flag, place]);
            let inside = command::in_group(&doctor, &group.entrances());
            let report = command::finish(inside, COMPILE_DEADLINE).await.succeeded().json();
            let sizes = report["sizes"].as_array().expect("sizes");
            let here = sizes.iter().find(|size| size["here"] == true).expect("a size");
            let at_once = here["apps"][0]["at_once"].as_u64().expect("a number");
            // What an instance takes is an estimate that goes on following what is measured.
            (most / 2..=most * 2).contains(&at_once).then_some(())
        };
        support::until(&format!("doctor says that about {most} fit into {mebibytes} MiB"), agrees).await;
        assert_eq!(group.killed_for_memory(), 0);
    }
}

/// Whose pages count once for each of their instances, beside the compiler of a large component.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_in_python_and_a_deployment_keep_nobody_else_waiting() {
    let group = match Cgroup::new(SMALLEST) {
        Ok(group) => group,
        Err(why) => return not_run("a_crowd_in_python_and_a_deployment_keep_nobody_else_waiting", &why),
    };
    let host = TestHost::with(Engine::Sqlite).app_at("book", "guestbook-python", "book.test");
    let host = host.app_at("new", "hello", "new.test").app_at("hello", "hello", "hello.test").inside(&group);
    // Whoever is kept out for a while is refused then, also where a compiler is done soon.
    let host = host.binary(binary()).env("INNKEEPER_MEMORY_WAIT", "1s").env("INNKEEPER_TRUST_PROXY", "1");
    let host = host.start().await;
    let deployer = Deployer::of(&host, "new").await;
    let visits = async {
        let (mut _crowd, mut come, mut number) = (crowd(&host).await, Instant::now(), 0_u64);
        loop {
            // Before the first ones are cut off, since they send no more.
            if come.elapsed() > CROWD_STAYS {
                (_crowd, come) = (crowd(&host).await, Instant::now());
            }
            number += 1;
            let client = format!("192.0.2.{}", number % 250);
            let request = Request::get("/").header("host", "hello.test").header("x-forwarded-for", client);
            let answer = host.visitor().send(request, Full::<Bytes>::default()).await;
            assert_eq!(answer.status, 200, "visitor {number}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = visits => {}
        () = async { deployer.deploy(&host, PYTHON).await } => {}
    }
    assert_eq!(group.killed_for_memory(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_say_who_waits_for_room() {
    let host = TestHost::with(Engine::Sqlite).app("book", "guestbook-python").app("hello", "hello");
    let host = host.env("INNKEEPER_TRUST_PROXY", "1").env("INNKEEPER_ADMIN_TOKEN", TOKEN);
    let host = host.env("INNKEEPER_MEMORY", "256MiB").start().await;
    let (bytes, waiting) = ("app_guest_memory_bytes{app=\"book\"}", "app_guest_memory_waiting{app=\"book\"}");
    assert_eq!((figure(&host, bytes).await, figure(&host, waiting).await), (None, None), "nobody is there");
    let crowd = crowd(&host).await;
    let waits = async || figure(&host, waiting).await.filter(|number| *number > 0);
    let number = support::until("somebody waits", waits).await;
    assert!(number < u64::from(CROWD), "{number}");
    assert!(figure(&host, bytes).await.is_some_and(|bytes| bytes > 1 << 20));
    assert!(figure(&host, "guest_memory_waiting").await.is_some_and(|number| number > 0));
    assert_eq!(figure(&host, "app_guest_memory_waiting{app=\"hello\"}").await, None);
    // Guests of the crowd begin between one look and the other.
    let are_alike = async || {
        let (told, measured) = (figure(&host, "process_resident_bytes").await?, host.rss_kib() << 10);
        let threads = figure(&host, "process_threads").await?;
        (told.abs_diff(measured) < measured / 4 && threads.abs_diff(host.serving().threads()) < 8).then_some(())
    };
    support::until("the figures are what the kernel says", are_alike).await;
    drop(crowd);
}

/// All of them have come when it returns.
async fn crowd(host: &TestHost) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let head = format!(
            "POST /entries HTTP/1.1\r\nHost: book.test\r\nX-Forwarded-For: 203.0.113.{number}\r\n\
             Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 300000\r\n\r\n{BEGUN}{}",
            "x".repeat(70_000)
        );
        let mut stream = TcpStream::connect(host.address()).await.expect("the host listens");
        stream.write_all(head.as_bytes()).await.expect("the host reads");
        crowd.push(stream);
    }
    crowd
}

/// Lets a crowd come and go again, and says how many of its guests were there together.
async fn most_guests_at_once(host: &TestHost) -> u64 {
    let crowd = crowd(host).await;
    let in_flight = async || figure(host, "guests_in_flight").await.expect("it is always told");
    let (mut most, mut grew) = (0, Instant::now());
    while grew.elapsed() < Duration::from_secs(4) {
        let now = in_flight().await;
        if now > most {
            (most, grew) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(crowd);
    let gone = async || (in_flight().await == 0).then_some(());
    support::until("the guests end", gone).await;
    most
}

/// A figure of the host; none where it is not told.
async fn figure(host: &TestHost, name: &str) -> Option<u64> {
    let bearer = format!("Bearer {TOKEN}");
    let answer = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
    let of_name =
        |line: &str| line.strip_prefix("innkeeper_")?.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    answer.text().lines().find_map(of_name)
}
