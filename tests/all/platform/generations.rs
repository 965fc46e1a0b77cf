//! Two releases beside each other (T3, preboot), and dynos of one name that follow a deployment
//! (T4).
//!
//! More about following is in `swapping`: `swapping::load` has three processes behind a router and
//! behind PgBouncer, `swapping::following` a host whose hints are taken away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::platform::{Dyno, Formation, Notice, Rules};
use support::postgres::Server;
use support::postgres::bouncer::Bouncer;
use support::{TestDatabase, Visitor, host, until};

use super::{with_a_password, with_password};

/// The registry is asked once a second anyway, and hosts are promised to follow within two. A
/// machine that is busy with other tests is no reason to fail.
const FOLLOWED: Duration = Duration::from_secs(10);
/// Dynos of one name beside each other, as during a deployment.
const NAME: &str = "web.1";

fn visitor_of(dyno: &Dyno) -> Visitor {
    Visitor::of(Arc::new(Mutex::new(dyno.address())))
}

async fn says(visitor: &mut Visitor, beginning: &str) -> Option<()> {
    visitor
        .try_get("/")
        .await
        .filter(|answer| answer.status == 200 && answer.text().starts_with(beginning))
        .map(drop)
}

async fn serving(formation: &Formation, beginning: &str) -> Dyno {
    let (dyno, _) = formation.boot(NAME).await;
    let mut visitor = visitor_of(&dyno);
    until("the dyno serves", async || says(&mut visitor, beginning).await).await;
    dyno
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_two_releases_serve_beside_each_other() {
    let (_fresh, database) = with_password().await;
    let formation = Formation::new(Some(&database.url()), Rules::default()).await;
    formation.release().await.succeeded();
    host::deploy(&database, "app", "hello", &["--route", "/"]).await.succeeded();
    let old = [serving(&formation, "Hello").await, serving(&formation, "Hello").await];
    let router = Arc::clone(&formation.router);
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let asking = tokio::spawn(async move {
        let mut visitor = router.visitor();
        let mut answers = Vec::new();
        while !is_over.load(Ordering::Relaxed) || answers.len() <= 100 {
            answers.push(visitor.try_get("/").await.map(|answer| (answer.status, answer.text().to_owned())));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        answers
    });
    // The next release migrates while the one before serves, and again where it is retried.
    for _ in 0..2 {
        formation.release().await.succeeded();
    }
    let new = [serving(&formation, "Hello").await, serving(&formation, "Hello").await];
    // Both are there, and whatever one of them is told the other does.
    host::deploy(&database, "app", "page", &[]).await.succeeded();
    for dyno in old.iter().chain(&new) {
        let mut visitor = visitor_of(dyno);
        until("each generation follows", async || says(&mut visitor, "visits=").await).await;
    }
    for dyno in old {
        let ending = formation.stop(dyno, 2, Notice::AtExit).await;
        assert_eq!((ending.code, ending.was_killed), (Some(0), false), "{}", ending.logs);
    }
    over.store(true, Ordering::Relaxed);
    let answers = asking.await.expect("answers");
    let failed: Vec<_> =
        answers.iter().filter(|answer| answer.as_ref().is_none_or(|(status, _)| *status != 200)).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), answers.len());
    assert!(formation.router.codes().is_empty(), "{:?}", formation.router.codes());
    drop(new);
}

/// Deploys, and waits until three dynos of one name serve it. Returns how long the last one took.
async fn three_follow(formation: &Formation, database: &TestDatabase) -> Duration {
    let dynos = [(); 3].map(|()| formation.start(NAME));
    let mut visitors = Vec::new();
    for mut dyno in dynos {
        assert!(dyno.boots(&Rules::default()).await.is_some(), "{}", dyno.logs().so_far());
        let mut visitor = visitor_of(&dyno);
        until("the dyno serves", async || says(&mut visitor, "Hello").await).await;
        visitors.push((dyno, visitor));
    }
    host::deploy(database, "app", "page", &[]).await.succeeded();
    let began = Instant::now();
    for (_, visitor) in &mut visitors {
        until("the dyno follows", async || says(visitor, "visits=").await).await;
    }
    let took = began.elapsed();
    let said = host::deploy(database, "app", "hello", &["--wait"]).await.succeeded();
    assert!(said.stderr.contains("served by every host (3)"), "three of one name are three: {said}");
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_three_dynos_of_one_name_follow_a_deployment() {
    for listen in ["1", "0"] {
        let (_fresh, database) = with_password().await;
        host::deploy(&database, "app", "hello", &["--route", "/"]).await.succeeded();
        let formation =
            Formation::new(Some(&database.url()), Rules::default()).await.env("INNKEEPER_LISTEN", listen);
        let took = three_follow(&formation, &database).await;
        assert!(took < FOLLOWED, "INNKEEPER_LISTEN={listen}: {took:?}");
    }
}

/// Guests go through the pooler, which passes no hints on.
#[tokio::test(flavor = "multi_thread")]
async fn t4_three_dynos_behind_pgbouncer_follow_a_deployment() {
    let server = Server::start();
    let direct = with_a_password(&server.fresh_database().await);
    let bouncer = Bouncer::start(&server, 4).await;
    let database = TestDatabase::at(&direct);
    host::deploy(&database, "app", "hello", &["--route", "/"]).await.succeeded();
    let formation = Formation::new(Some(&direct), Rules::default()).await;
    let formation = formation.env("DATABASE_CONNECTION_POOL_URL", &bouncer.url(&direct));
    let took = three_follow(&formation, &database).await;
    assert!(took < FOLLOWED, "{took:?}");
}
