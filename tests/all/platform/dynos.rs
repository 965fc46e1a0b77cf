//! A dyno that starts (T1), one that has lost its disk (T5), and one without a database (T20).
//!
//! More about who waits while a dyno starts is in `loading`.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use support::platform::{Formation, Notice, Rules};
use support::probe::{all_ok, execute, query, rows};
use support::{TestDatabase, Visitor, host, paths, until};
use tokio::net::TcpStream;

use super::load::JAVASCRIPT;
use super::{make_table, with_password};

/// The port has to be bound within 60 s; it is the first thing that a host does.
const BOUND: Duration = Duration::from_secs(20);
/// What is promised of ten apps after a restart.
const SERVED: Duration = Duration::from_secs(5);
/// Components of 50 KB to 20 MB in two languages, and in a third where somebody has put it there.
const APPS: [(&str, &str); 10] = [
    ("hello", "hello"),
    ("page", "page"),
    ("probe", "probe"),
    ("queries", "queries"),
    ("hostile", "hostile"),
    ("book", "guestbook-rust"),
    ("python", "guestbook-python"),
    ("javascript", JAVASCRIPT),
    ("book2", "guestbook-rust"),
    ("python2", "guestbook-python"),
];
const COPIES: usize = 40;

/// Each app has a host name of its own, so that guests find the paths that they know.
fn host_name(app: &str) -> String {
    format!("{app}.example")
}

/// Whether an app answers as it should.
async fn answers(visitor: &mut Visitor, app: &str, guest: &str) -> Option<()> {
    let path = match guest {
        "probe" => "/hello",
        "hostile" => "/count",
        _ => "/",
    };
    let request = Request::get(path).header("host", host_name(app));
    let answer = visitor.try_send(request, Full::<Bytes>::default()).await.ok()?;
    (answer.status == 200).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_port_is_bound_at_once_while_the_database_is_away() {
    // Port 1 is nobody's.
    let formation = Formation::new(Some("postgres://u:hidden@127.0.0.1:1/x"), Rules::default()).await;
    let before = formation.files();
    let (dyno, took) = formation.boot("web.1").await;
    assert!(took < BOUND, "{took:?}");
    formation.router.visitor().get("/_innkeeper/live").await.expect(200);
    let told = formation.router.visitor().get("/").await.expect(503);
    assert!(told.header("retry-after").is_some(), "{told:?}");
    by_ipv6(dyno.address().port()).await;
    assert_eq!(formation.files(), before, "nothing was written where all is lost");
    let threads = dyno.threads();
    assert!(threads < 128, "{threads} threads");
    let ending = formation.stop(dyno, 1, Notice::AtOnce).await;
    assert!(ending.code == Some(0) && !ending.logs.contains("hidden"), "{}", ending.logs);
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_a_dyno_without_a_database_refuses_to_start_and_says_what_to_do() {
    let formation = Formation::new(None, Rules::default()).await;
    let mut refuses = formation.start("web.1");
    assert_eq!(refuses.boots(&Rules::default()).await, None, "{}", refuses.logs().so_far());
    refuses.logs().wait_for_end().await;
    let said = refuses.logs().so_far();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 1 && said.contains("heroku addons:create heroku-postgresql"), "{said}");
    // Whoever accepts that the disk is lost is served.
    let formation = formation.env("INNKEEPER_ALLOW_EPHEMERAL", "1");
    let (dyno, took) = formation.boot("web.2").await;
    assert!(took < BOUND, "{took:?}");
    let ending = formation.stop(dyno, 1, Notice::AtOnce).await;
    assert_eq!(ending.code, Some(0), "{}", ending.logs);
}

/// The platform's second generation routes over IPv6 alone.
#[expect(clippy::print_stdout, reason = "what could not be looked at is said")]
async fn by_ipv6(port: u16) {
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        println!("not run: this machine has no IPv6, so nobody can connect to [::]:{port}");
        return;
    }
    TcpStream::connect(SocketAddr::from((Ipv6Addr::LOCALHOST, port)))
        .await
        .expect("the dyno listens at [::], too");
}

/// The guest in JavaScript, or one that stands in for it.
#[expect(clippy::print_stdout, reason = "what could not be looked at is said")]
fn javascript() -> &'static str {
    if paths::repository().join(format!("target/guests/{JAVASCRIPT}.wasm")).is_file() {
        return JAVASCRIPT;
    }
    println!("not run: T5 with an app in JavaScript: there is no target/guests/{JAVASCRIPT}.wasm");
    "hello"
}

/// Makes further apps of those that there are, with the same components.
async fn copy_apps(database: &TestDatabase) {
    for number in 0..COPIES {
        let (of, _) = APPS[number % APPS.len()];
        for sql in [
            format!(
                "insert into apps (name, route, settings, active, created_at) \
                 select 'copy{number}', 'copy{number}.example', settings, active, created_at from apps where name = '{of}'"
            ),
            format!(
                "insert into versions (app, number, sha256, size, created_at) \
                 select 'copy{number}', number, sha256, size, created_at from versions where app = '{of}'"
            ),
            format!("create schema app_copy{number}"),
        ] {
            database.host_rows(&sql).await;
        }
    }
}

/// Starts a dyno. Returns it with the times until the port was bound and until all were served.
async fn all_served(formation: &Formation) -> (support::platform::Dyno, Duration, Duration) {
    let began = Instant::now();
    let (dyno, bound) = formation.boot("web.1").await;
    let mut visitor = formation.router.visitor();
    for (app, guest) in APPS {
        until("each app answers", async || answers(&mut visitor, app, guest).await).await;
    }
    (dyno, bound, began.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_a_dyno_that_has_lost_its_disk_has_everything_back() {
    let (_fresh, database) = with_password().await;
    for (app, guest) in APPS {
        let guest = if guest == JAVASCRIPT { javascript() } else { guest };
        host::deploy(&database, app, guest, &["--route", &host_name(app)]).await.succeeded();
    }
    let formation = Formation::new(Some(&database.url()), Rules::default()).await;
    let disk = formation.tree().join("tmp");
    let formation = formation.env("TMPDIR", disk.to_str().expect("a UTF-8 path"));
    std::fs::create_dir(&disk).expect("a folder of our own");
    let (dyno, _, first) = all_served(&formation).await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    all_ok(&probe(&formation, json!([make_table(), insert])).await);
    assert!(std::fs::read_dir(&disk).is_ok_and(|mut files| files.next().is_some()), "it does use the disk");
    // The machine fails: nothing is put away, and nothing of the disk is left.
    let (mut dyno, mut second) = (dyno, Duration::MAX);
    let mut tries = 0;
    // The machine may be busy with something else, but not each time.
    while second >= SERVED && tries < 3 {
        tries += 1;
        formation.router.gone(dyno.id);
        dyno.kill().await;
        lose(&disk);
        let (next, bound, took) = all_served(&formation).await;
        assert!(bound < BOUND, "{bound:?}");
        (dyno, second) = (next, took);
    }
    let logs = dyno.logs().so_far();
    assert!(!logs.contains("\"message\":\"compiled\""), "all code comes out of the store: {logs}");
    let found = probe(&formation, json!([query("select id from kept", json!([]))])).await;
    assert_eq!(rows(&found[0])[0][0], "a");
    println!("ten apps were served {first:?} after the first start and {second:?} after the disk was lost");
    assert!(second < SERVED, "{second:?}");
    let ending = formation.stop(dyno, 1, Notice::AtOnce).await;
    assert_eq!(ending.code, Some(0), "{}", ending.logs);
    // T1: with fifty apps, all of whose code is stored.
    copy_apps(&database).await;
    lose(&disk);
    let (mut dyno, bound, _) = all_served(&formation).await;
    assert!(bound < BOUND, "{bound:?}");
    let mut visitor = formation.router.visitor();
    let began = Instant::now();
    for (number, (_, guest)) in APPS.iter().cycle().take(COPIES).enumerate() {
        let app = format!("copy{number}");
        until("all fifty are served", async || answers(&mut visitor, &app, guest).await).await;
    }
    println!("fifty apps: port bound after {bound:?}, the last one served {:?} after the ten", began.elapsed());
    assert!(dyno.boots(&Rules::default()).await.is_some(), "it still runs");
}

async fn probe(formation: &Formation, steps: serde_json::Value) -> Vec<serde_json::Value> {
    let request = Visitor::with_steps("/steps", &steps).header("host", host_name("probe"));
    let answer = formation.router.visitor().send(request, Full::<Bytes>::default()).await.expect(200);
    answer.json().as_array().cloned().unwrap_or_default()
}

fn lose(disk: &Path) {
    std::fs::remove_dir_all(disk).expect("a folder of our own");
    std::fs::create_dir(disk).expect("a folder of our own");
}
