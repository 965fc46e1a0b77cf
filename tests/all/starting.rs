//! A host that begins to serve: what it answers before everything is there, and that it says what
//! is the matter.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::probe::{all_ok, op};
use support::process::Serving;
use support::{Answer, Engine, TestDatabase, TestHost, Visitor, command, host, until};

use crate::native::rows::forget_all;

on_both_databases! {
    each_app_answers_as_soon_as_it_is_loaded,
    an_app_that_cannot_be_started_says_so,
    a_new_version_that_cannot_be_loaded_keeps_no_other_waiting,
}

/// The variable that names the database of the app that is slow to load.
const VAR: &str = "SLOW_URL";
const DATABASE: &str = "database";

/// A server that takes connections and never says a word.
fn silent() -> (TcpListener, String) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    (silent, format!("postgres://user:hidden@127.0.0.1:{port}/x"))
}

/// Starts `serve` and returns as soon as it listens.
async fn serve(arguments: &[&str], variables: &[(&str, &str)]) -> (Serving, Visitor) {
    let mut command = command::innkeeper(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
    command.envs(variables.iter().copied());
    let serving = Serving::start(command);
    let address = serving.address().await;
    (serving, Visitor::of(Arc::new(Mutex::new(address))))
}

#[track_caller]
fn is_starting(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{answer:?}");
    let text = answer.text();
    assert!(text.contains("starting") && !text.contains(DATABASE), "{text}");
}

async fn each_app_answers_as_soon_as_it_is_loaded(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for (app, route) in [("slow", "/"), ("quick", "/quick"), ("zebra", "/zebra")] {
        host::deploy(&database, app, "hello", &["--route", route]).await.succeeded();
    }
    let own = tempfile::tempdir().expect("a folder");
    let mut set =
        command::innkeeper(&[&["apps", "set", "slow", "--database-var", VAR][..], &database.arguments()].concat());
    set.env(VAR, format!("sqlite:{}", own.path().display()));
    command::finish(set, support::DEADLINE).await.succeeded();
    let (_silent, url) = silent();
    // However long the app takes, the others do not wait for it.
    let variables = [(VAR, url.as_str()), ("INNKEEPER_POOL_WAIT", "1h")];
    let (serving, mut visitor) = serve(&database.arguments(), &variables).await;
    for path in ["/quick", "/zebra"] {
        let answers = async || {
            let answer = visitor.get(path).await;
            match answer.status {
                200 => Some(answer),
                _ => {
                    is_starting(&answer);
                    None
                }
            }
        };
        assert_eq!(until("the app answers", answers).await.text(), "Hello, world!");
    }
    visitor.get("/_innkeeper/live").await.expect(200);
    // A database that stays silent counts as away in the end; until then the app is starting.
    let (slow, ready) = (visitor.get("/").await.expect(503), visitor.get("/_innkeeper/ready").await);
    if ready.status == 503 {
        is_starting(&slow);
        assert_eq!(ready.text(), "starting: waiting for slow\n");
    } else {
        assert!(visitor.get("/").await.expect(503).text().contains(DATABASE), "{slow:?}");
    }
    // What is deployed meanwhile does not wait either.
    host::deploy(&database, "late", "hello", &["--route", "/late"]).await.succeeded();
    let answers = async || (visitor.get("/late").await.status == 200).then_some(());
    until("what was deployed meanwhile answers", answers).await;
    host::deploy(&database, "quick", "page", &[]).await.succeeded();
    let swapped = async || visitor.get("/quick").await.expect(200).text().starts_with("visits=").then_some(());
    until("what was deployed meanwhile is swapped in", swapped).await;
    visitor.get("/").await.expect(503);
    assert!(!serving.logs().so_far().contains("hidden"));
}

/// Breaks the component of an app's newest version where it is stored, as long as nobody has
/// compiled it.
async fn break_component(database: &TestDatabase, app: &str) {
    let (chunks, versions) = match database.directory() {
        Some(_) => ("innkeeper_component_parts", "innkeeper_versions"),
        None => ("component_parts", "versions"),
    };
    let bytes = if database.directory().is_some() { "x'00'" } else { "'\\x00'" };
    let sql = format!(
        "update {chunks} set data = {bytes} where sha256 = \
         (select sha256 from {versions} where app = '{app}' order by number desc limit 1)"
    );
    database.host_rows(&sql).await;
    forget_all(database).await;
}

async fn an_app_that_cannot_be_started_says_so(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "broken", "page", &["--route", "/"]).await.succeeded();
    host::deploy(&database, "fine", "hello", &["--route", "/fine"]).await.succeeded();
    break_component(&database, "broken").await;
    let code = tempfile::tempdir().expect("a folder");
    let host = TestHost::with(engine).database(database);
    let host = host.env("INNKEEPER_CODE_CACHE", code.path().to_str().expect("UTF-8")).start().await;
    assert_eq!(host.visitor().get("/fine").await.expect(200).text(), "Hello, world!");
    let answer = host.visitor().get("/").await.expect(500);
    assert!(answer.text().contains("cannot be started") && !answer.text().contains(DATABASE), "{}", answer.text());
    assert!(host.wait_for_log("cannot load the active version").await.contains("deploy it again"));
    host.visitor().get("/_innkeeper/ready").await.expect(200);
    host.deploy("broken", "hello").await.succeeded();
    let mut visitor = host.visitor();
    let answers = async || (visitor.get("/").await.status == 200).then_some(());
    until("a version that can be started answers", answers).await;
}

async fn a_new_version_that_cannot_be_loaded_keeps_no_other_waiting(engine: Engine) {
    let code = tempfile::tempdir().expect("a folder");
    let host = TestHost::with(engine).app("probe", "probe").app("other", "hello");
    let host = host.env("INNKEEPER_CODE_CACHE", code.path().to_str().expect("UTF-8")).start().await;
    // Both in one step: hosts see the second version only when it is broken.
    let database = host.database();
    host.freeze().await;
    host::deploy(database, "probe", "queries", &[]).await.succeeded();
    break_component(database, "probe").await;
    host::deploy(database, "other", "page", &[]).await.succeeded();
    host.serving().signal("CONT");
    let mut visitor = host.visitor();
    let swapped = async || visitor.get("/other").await.expect(200).text().starts_with("visits=").then_some(());
    until("the other app is swapped", swapped).await;
    host.wait_for_log("cannot load the active version").await;
    all_ok(&visitor.probe(json!([op("session.get-keys")])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_has_not_read_anything_yet_is_starting() {
    let (_silent, url) = silent();
    let (serving, mut visitor) = serve(&["--database-url", &url], &[("INNKEEPER_POOL_WAIT", "1h")]).await;
    visitor.get("/_innkeeper/live").await.expect(200);
    let ready = visitor.get("/_innkeeper/ready").await.expect(503);
    assert!(ready.text().starts_with("starting"), "{}", ready.text());
    // Whoever asks for a page waits a moment for it, and is told what has been found out.
    let told = async || {
        let page = visitor.get("/").await.expect(503);
        assert!(page.header("retry-after").is_some(), "{page:?}");
        page.text().contains(DATABASE).then_some(())
    };
    until("a page says what is away", told).await;
    serving.signal("TERM");
    assert!(serving.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_database_is_away_says_that() {
    // Port 1 is nobody's.
    let url = "postgres://user@127.0.0.1:1/x";
    let (_serving, mut visitor) = serve(&["--database-url", url], &[]).await;
    visitor.get("/_innkeeper/live").await.expect(200);
    let says = async || {
        let answer = visitor.get("/").await.expect(503);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        answer.text().contains("The database cannot be reached right now.").then_some(())
    };
    until("the page says what is away", says).await;
    let ready = visitor.get("/_innkeeper/ready").await.expect(503);
    assert!(ready.text().contains("waiting for the database"), "{}", ready.text());
    let signed = visitor.get("/_innkeeper/blobs/hello/x").await.expect(503);
    assert!(signed.text().contains("The database cannot be reached right now."), "{}", signed.text());
}
