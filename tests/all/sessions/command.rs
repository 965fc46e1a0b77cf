//! `innkeeper sessions list|end|sweep`.

use std::time::Duration;

use serde_json::{Value, json};
use support::command::{self, Finished};
use support::probe::{all_ok, ok, op};
use support::{DEADLINE, Engine, TestDatabase, TestHost, Visitor, host};

use super::sweep::seed;
use super::{get, renew, set};

on_both_databases! {
    the_list_shows_whose_session_it_is_and_nothing_that_opens_it,
    sessions_are_ended_by_user_by_handle_and_altogether,
    ended_sessions_are_swept_in_every_app,
    mistakes_are_told,
}

/// On Postgres nobody locks a whole database.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_writes_into_the_file_is_waited_for() {
    let (host, _visitors) = three(Engine::Sqlite).await;
    let file = host.database().directory().expect("a directory").join("apps/probe.sqlite");
    let other = rusqlite::Connection::open(file).expect("the app's file");
    other.busy_timeout(DEADLINE).expect("a timeout can be set");
    other.execute_batch("begin immediate").expect("the lock");
    let mut command = command::innkeeper(
        &[&["sessions", "end", "--all", "--app", "probe"], &host.database().arguments()[..]].concat(),
    );
    command.env("INNKEEPER_POOL_WAIT", "60s");
    let ending = tokio::spawn(command::finish(command, DEADLINE));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    other.execute_batch("rollback").expect("the lock is given back");
    ending.await.expect("an end").succeeded();
    assert_eq!(host.database().count("probe", "sessions").await, 0);
}

pub(super) async fn sessions(database: &TestDatabase, arguments: &[&str]) -> Finished {
    command::on(database, &[&["sessions"], arguments].concat()).await
}

async fn list(host: &TestHost, more: &[&str]) -> Vec<Value> {
    let listed = sessions(host.database(), &[&["list", "--app", "probe", "--json"], more].concat()).await;
    listed.succeeded().json().as_array().expect("a list").clone()
}

async fn end(host: &TestHost, which: &[&str]) -> String {
    let ended = sessions(host.database(), &[&["end", "--app", "probe"], which].concat()).await.succeeded();
    ended.stdout.trim().to_owned()
}

/// A host with sessions of Ada, of Grace, and of somebody who has not signed in, the one used last
/// coming last.
async fn three(engine: Engine) -> (TestHost, [Visitor; 3]) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitors = [host.visitor(), host.visitor(), host.visitor()];
    for (visitor, user) in visitors.iter_mut().zip([Some("Ada"), Some("Grace \u{1b}[1m"), None]) {
        let flash = json!({ "op": "session.flash", "message": "twelve bytes" });
        all_ok(&visitor.probe(json!([set("key", "top secret"), flash, renew(user)])).await);
    }
    (host, visitors)
}

async fn the_list_shows_whose_session_it_is_and_nothing_that_opens_it(engine: Engine) {
    let (host, visitors) = three(engine).await;
    let listed = list(&host, &[]).await;
    let users: Vec<&Value> = listed.iter().map(|session| &session["user"]).collect();
    assert_eq!(users, [&Value::Null, &json!("Grace \u{1b}[1m"), &json!("Ada")]);
    for session in &listed {
        assert_eq!((&session["keys"], &session["bytes"]), (&json!(1), &json!(25)), "3 + 10 and 12 bytes");
        assert!(session["session"].as_str().is_some_and(|handle| handle.len() == 12), "{session}");
        let [began, used, ends] = ["began", "used", "ends"].map(|time| session[time].as_str().expect("a time"));
        assert!(began <= used && used < ends, "{session}");
    }
    let table = sessions(host.database(), &["list", "--app", "probe"]).await.succeeded().stdout;
    assert!(table.starts_with("SESSION") && table.lines().count() == 4 && !table.contains('\u{1b}'), "{table}");
    let all = format!("{table}{}", json!(listed));
    assert!(!all.contains("secret") && !all.contains("twelve"), "{all}");
    for visitor in &visitors {
        assert!(visitor.jar.all().all(|(_, id)| !all.contains(id)), "{all}");
    }
    let of_ada = list(&host, &["--user", "Ada"]).await;
    assert_eq!(of_ada, [listed[2].clone()]);
    assert!(list(&host, &["--user", "Nobody"]).await.is_empty());
}

async fn sessions_are_ended_by_user_by_handle_and_altogether(engine: Engine) {
    let (host, [mut ada, mut grace, mut other]) = three(engine).await;
    assert_eq!(end(&host, &["--user", "Ada"]).await, "probe: sessions ended: 1");
    assert_eq!(ok(&ada.probe_one(get("key")).await), &Value::Null);
    let handle = list(&host, &[]).await[0]["session"].as_str().expect("a handle").to_owned();
    assert_eq!(end(&host, &["--id", &handle]).await, "probe: sessions ended: 1");
    assert_eq!(ok(&other.probe_one(get("key")).await), &Value::Null);
    assert_eq!(ok(&grace.probe_one(get("key")).await), "top secret");
    let again = sessions(host.database(), &["end", "--app", "probe", "--id", &handle]).await.failed();
    assert!(again.stderr.contains("no session of probe has this handle"), "{again}");
    seed(host.database(), "probe", 2_500, false).await;
    assert_eq!(end(&host, &["--all"]).await, "probe: sessions ended: 2501");
    assert_eq!(ok(&grace.probe_one(op("session.get-keys")).await), &json!([]));
    assert_eq!(host.database().count("probe", "session_values").await, 0);
}

async fn ended_sessions_are_swept_in_every_app(engine: Engine) {
    let [database, own] = [TestDatabase::fresh(engine).await, TestDatabase::fresh(engine).await];
    for app in ["probe", "other", "third"] {
        host::deploy(&database, app, "probe", &["--route", &format!("/{app}")]).await.succeeded();
    }
    let with_own = async |arguments: &[&str]| {
        let mut command = command::innkeeper(&[arguments, &database.arguments()].concat());
        command.env("OWN_URL", own.url());
        command::finish(command, support::DEADLINE).await
    };
    with_own(&["apps", "set", "third", "--database-var", "OWN_URL"]).await.succeeded();
    seed(&database, "probe", 700, true).await;
    seed(&database, "other", 20, true).await;
    seed(&own, "third", 3, true).await;
    seed(&own, "third", 2, false).await;
    let listed = with_own(&["sessions", "list", "--app", "third", "--json"]).await.succeeded().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "only those that live");
    let one = sessions(&database, &["sweep", "--app", "other"]).await.succeeded();
    assert_eq!(one.stdout.trim(), "other: ended sessions swept: 20");
    let away = sessions(&database, &["sweep"]).await.failed();
    let told = "other: ended sessions swept: 0\nprobe: ended sessions swept: 700\nthird: not swept: OWN_URL";
    assert!(away.stdout.starts_with(told), "{away}");
    let all = with_own(&["sessions", "sweep"]).await.succeeded();
    assert!(all.stdout.contains("third: ended sessions swept: 3"), "{all}");
}

async fn mistakes_are_told(engine: Engine) {
    let (host, _visitors) = three(engine).await;
    let cases: [(&[&str], &str); 6] = [
        (&["list", "--app", "nobody"], "there is no app nobody"),
        (&["sweep", "--app", "nobody"], "there is no app nobody"),
        (&["end", "--app", "probe"], "--all"),
        (&["end", "--app", "probe", "--all", "--user", "Ada"], "cannot be used with"),
        (&["end", "--app", "probe", "--id", "0123"], "12 or more hexadecimal digits"),
        (&["end", "--app", "probe", "--id", "' or 1=1 --x"], "12 or more hexadecimal digits"),
    ];
    for (arguments, told) in cases {
        let failed = sessions(host.database(), arguments).await.failed();
        assert!(failed.stderr.contains(told), "{arguments:?}: {failed}");
    }
    assert_eq!(list(&host, &[]).await.len(), 3);
}
