//! Connections (T9): what is counted, and what happens where there are no more. A role that grants
//! fewer than the pool wants, under load, is that of `drills::crowded`; guests that hold all of
//! theirs are those of `tiers::starving`.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::postgres::USER;
use support::postgres::heroku::{CONNECTIONS, HerokuServer};
use support::probe::{all_ok, execute, query};
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

async fn budget(url: &str, more: &[&str]) -> Value {
    let doctor = command::on(&TestDatabase::at(url), &[&["doctor", "--json"], more].concat()).await.succeeded();
    doctor.json()["budget"].clone()
}

/// Steps that hold as many connections as there are for a while.
fn busy() -> Value {
    json!([{ "op": "db.begin" }, query("select 1", json!([])), { "op": "sleep", "ms": 300 }])
}

/// How many of so many requests at once were answered without an error.
async fn crowd(visitor: &Visitor, path: &'static str, requests: usize) -> usize {
    let one = |_| {
        let mut visitor = visitor.clone();
        tokio::spawn(async move {
            let request = Visitor::with_steps(path, &busy());
            let answer = visitor.try_send(request, Full::<Bytes>::default()).await;
            answer.is_ok_and(|answer| answer.status == 200 && !answer.text().contains("\"error\""))
        })
    };
    let mut answered = 0;
    for request in (0..requests).map(one).collect::<Vec<_>>() {
        answered += usize::from(request.await.expect("a visitor does not panic"));
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn t9_doctor_counts_all_connections_and_says_which_number_to_change() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let one = budget(&url, &[]).await;
    let limit = json!({ "most": 20, "set_by": "the role tenant" });
    assert_eq!((&one[0]["each"], &one[0]["most"], &one[0]["limit"]), (&json!(8), &json!(11), &limit));
    assert_eq!((&one[0]["warning"], &one[0]["most_with_preboot"]), (&Value::Null, &json!(19)));
    let three = budget(&url, &["--dynos", "3"]).await;
    let warning = three[0]["warning"].as_str().expect("three do not fit");
    assert!(warning.contains("27") && warning.ends_with("set INNKEEPER_POOL_SIZE=2 (it is 5)"), "{warning}");
    let text = command::on(&TestDatabase::at(&url), &["doctor", "--dynos", "3"]).await.succeeded();
    for said in ["WITH PREBOOT", "20 (the role tenant)", "warning: --database-url: 3 processes", "RELEASE"] {
        assert!(text.stdout.contains(said), "no {said:?}: {text}");
    }
    heroku.server().administer(&format!("alter role {USER} connection limit -1")).await;
    let server = budget(&url, &["--dynos", "3"]).await;
    assert_eq!(server[0]["limit"], json!({ "most": 297, "set_by": "the server" }));
    assert_eq!(server[0]["warning"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn t9_behind_a_pooler_other_numbers_count() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let mut doctor = command::innkeeper(&["doctor", "--json", "--dynos", "3"]);
    doctor.env("DATABASE_URL", &url).env("DATABASE_CONNECTION_POOL_URL", url.replace("/test", "/pool_test"));
    let pooled = command::finish(doctor, support::DEADLINE).await.succeeded().json();
    assert_eq!((&pooled["budget"][0]["each"], &pooled["budget"][0]["most"]), (&json!(3), &json!(12)));
    let told = pooled["budget"][0]["not_counted"].as_str().expect("what is not counted");
    assert!(told.contains("up to 5 connections of each process"), "{told}");
    let mut doctor = command::innkeeper(&["doctor", "--json"]);
    doctor.env("DATABASE_URL", &url).env("INNKEEPER_POOLER", "all");
    let pooled = command::finish(doctor, support::DEADLINE).await.succeeded().json();
    let told = pooled["budget"][0]["not_counted"].as_str().expect("what is not counted");
    assert!(told.contains("connections to the pooler") && told.contains("may have 20"), "{told}");
}

/// With the pool size that `doctor` advises, whatever they do.
#[tokio::test(flavor = "multi_thread")]
async fn t9_three_dynos_with_a_release_and_psql_fit_into_twenty_connections() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
    // It is about how many connections there are, not about waiting for one.
    let host = host.env("INNKEEPER_POOL_SIZE", "2").env("INNKEEPER_POOL_WAIT", "20s");
    let host = host.app("probe", "probe").start().await;
    let (_second, second) = host.twin().await;
    let (_third, third) = host.twin().await;
    let before = heroku.server().backends("true").await;
    let _psql = heroku.hold(&url);
    let is_in = async || (heroku.server().backends("true").await > before).then_some(());
    until("psql is in", is_in).await;
    let first = host.visitor();
    let releases = async {
        for _ in 0..3 {
            command::on(&TestDatabase::at(&url), &["migrate"]).await.succeeded();
        }
    };
    let (one, two, three, ()) = tokio::join!(
        crowd(&first, "/steps", 8),
        crowd(&second, "/steps", 8),
        crowd(&third, "/steps", 8),
        releases
    );
    assert_eq!((one, two, three), (8, 8, 8));
    let most = heroku.server().backends("true").await;
    assert!(most <= CONNECTIONS as usize, "{most} connections");
    assert_eq!(heroku.refused(), 0, "no connection was refused");
}

/// Somebody else has all of them: no crash, a clear answer, and it goes on when there are some.
#[tokio::test(flavor = "multi_thread")]
async fn t9_without_connections_left_the_host_says_503_and_recovers() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
    let mut host = host.app("probe", "probe").app("hello", "hello").start().await;
    let table = json!({ "name": "1", "statements": ["create table kept (id text)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [table] }])).await);
    host.kill9().await;
    until("the killed host's connections are gone", async || {
        (heroku.server().backends("true").await == 0).then_some(())
    })
    .await;
    let others: Vec<_> = (0..CONNECTIONS).map(|_| heroku.hold(&url)).collect();
    let all = CONNECTIONS as usize;
    until("all are taken", async || (heroku.server().backends("true").await == all).then_some(())).await;
    assert!(heroku.psql(&url).is_err_and(|said| said.contains("too many connections")));
    // A dyno that starts now.
    let fresh = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
    let mut fresh = fresh.start_unready().await;
    fresh.visitor().get("/_innkeeper/live").await.expect(200);
    let ready = fresh.visitor().get("/_innkeeper/ready").await.expect(503);
    assert!(ready.header("retry-after").is_some(), "{ready:?}");
    for _ in 0..10 {
        let answer = fresh.visitor().probe_answer(json!([query("select 1", json!([]))])).await.expect(503);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(others);
    fresh.wait_until_ready().await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    until("it writes", async || {
        let answer = fresh.visitor().try_probe(json!([insert])).await?;
        (answer.status == 200 && !answer.text().contains("\"error\"")).then_some(())
    })
    .await;
    let (status, said) = fresh.terminate().await;
    assert!(status.success() && !said.contains("panicked"), "{said}");
}

/// A host that serves, and has lost all its connections to others.
#[tokio::test(flavor = "multi_thread")]
async fn t9_a_host_whose_connections_others_have_taken_goes_on_with_its_apps() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
    let host = host.app("probe", "probe").app("hello", "hello").start().await;
    heroku.server().administer(&format!("alter role {USER} connection limit 0")).await;
    heroku.server().end_backends().await;
    let refused = async || {
        let answer = host.visitor().try_probe(json!([query("select 1", json!([]))])).await?;
        (answer.status == 503 || answer.text().contains("\"retryable\":true")).then_some(())
    };
    until("its apps are told", refused).await;
    host.visitor().get("/hello").await.expect(200);
    heroku.server().administer(&format!("alter role {USER} connection limit {CONNECTIONS}")).await;
    let back = async || {
        let answer = host.visitor().try_probe(json!([query("select 1", json!([]))])).await?;
        (answer.status == 200 && !answer.text().contains("\"error\"")).then_some(())
    };
    until("it is let in again", back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t9_a_host_says_once_that_its_connections_do_not_fit() {
    let heroku = HerokuServer::with_connections(9).await;
    let url = heroku.database().await;
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment().start().await;
    let said = host.wait_for_log("connections do not fit").await;
    assert!(said.contains("set INNKEEPER_POOL_SIZE=3 (it is 5)"), "{said}");
}

/// How many connections of the role to a database there were, by the server's own count, at all
/// looks until `work` is done, in their order by number.
async fn counts_while<T>(heroku: &HerokuServer, database: &str, work: impl Future<Output = T>) -> (Vec<usize>, T) {
    let mut counts = Vec::new();
    let mut work = std::pin::pin!(work);
    let there = format!("datname = '{database}'");
    loop {
        counts.push(heroku.server().backends(&there).await);
        tokio::select! {
            done = work.as_mut() => {
                counts.sort_unstable();
                return (counts, done);
            }
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// What `doctor` says three dynos open at most is what three dynos open when they are busy, for the
/// host's database and for one of an app's own.
#[tokio::test(flavor = "multi_thread")]
async fn t9_what_doctor_counts_is_what_the_server_counts() {
    const OWN: &str = "LEDGER_URL";
    const SIZES: [(&str, &str); 2] = [("INNKEEPER_POOL_SIZE", "4"), ("INNKEEPER_APP_POOL_SIZE", "2")];
    let heroku = HerokuServer::with_connections(100).await;
    let (url, own) = (heroku.database().await, heroku.database().await);
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).by_environment();
    let host = SIZES.iter().fold(host, |host, (name, value)| host.env(name, value));
    let host = host.env(OWN, &own).app("probe", "probe").app("ledger", "probe").start().await;
    let mut set = command::innkeeper(&["apps", "set", "ledger", "--database-var", OWN]);
    set.env("DATABASE_URL", &url).env(OWN, &own);
    command::finish(set, support::DEADLINE).await.succeeded();
    let (_second, second) = host.twin().await;
    let (_third, third) = host.twin().await;
    let budget = until("all three say that they serve", async || {
        let mut doctor = command::innkeeper(&["doctor", "--json"]);
        doctor.env("DATABASE_URL", &url).env(OWN, &own).envs(SIZES);
        let budget = command::finish(doctor, support::DEADLINE).await.succeeded().json()["budget"].clone();
        (budget[0]["processes"] == 3).then_some(budget)
    })
    .await;
    let said = |at: usize| {
        let budget = &budget[at];
        (budget["name"].clone(), budget["each"].as_u64(), budget["processes"].as_u64())
    };
    assert_eq!(said(0), (json!("DATABASE_URL"), Some(7), Some(3)), "three hosts say that they serve: {budget}");
    assert_eq!(said(1), (json!(OWN), Some(2), Some(3)), "{budget}");
    let first = host.visitor();
    for (path, database, guests, each) in [("/steps", &url, 4, 7), ("/ledger/steps", &own, 2, 2)] {
        let [one, two, three] = [&first, &second, &third].map(|visitor| crowd(visitor, path, 24));
        let name = database.rsplit('/').next().expect("a database");
        let (counts, (one, two, three)) =
            counts_while(&heroku, name, async { tokio::join!(one, two, three) }).await;
        let (most, usual) = (counts[counts.len() - 1], counts[counts.len() * 9 / 10]);
        println!("{path}: {most} connections at most, {} of 72 requests answered", one + two + three);
        // Those of guests are all in use; the host's own where it has something to ask.
        // A host that waits for long asks beside all statements, by one connection more for a
        // moment.
        let bounded = usual <= 3 * each && most <= 3 * (each + 1);
        assert!(most >= 3 * guests && bounded, "{path}: {counts:?}");
        let there = format!("datname = '{name}'");
        let stay = async || (heroku.server().backends(&there).await <= 3 * each).then_some(());
        until("no more than those stay", stay).await;
    }
}
