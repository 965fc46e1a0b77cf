//! Statements that the server cannot cancel: some functions look for no interrupt, and compute on
//! for minutes.
//!
//! A process of the server that has been stopped is such a one for the host: it takes no cancel and
//! no end. However many of them an app brings about, the server has no more connections than the
//! host promises, and everybody else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use support::postgres::{Frozen, Server};
use support::probe::{all_ok, code, ok, query};
use support::{Engine, TestDatabase, TestHost, Visitor, until, usually};
use tokio::task::JoinSet;

use super::ENDLESS;

const STATEMENT_TIME: (&str, &str) = ("INNKEEPER_STATEMENT_TIME", "2s");
/// Of the host itself (two, and the one that hears of changes), and the one that it borrows for a
/// moment to cancel something.
const HOST_CONNECTIONS: usize = 3;
const BORROWED: usize = 1;
/// Who is refused is told at once, and not after a wait for a connection (2 s).
const AT_ONCE: Duration = Duration::from_secs(1);

/// A host with two apps, and a server that has no room for more than the host promises, an
/// operator, and the superuser.
struct Crowd {
    host: TestHost,
    server: Server,
    url: String,
    pool: usize,
}

impl Crowd {
    async fn start(pool: usize) -> Self {
        let room = u16::try_from(pool + HOST_CONNECTIONS + BORROWED + 1 + 3).expect("a small number");
        let server = Server::with_connections(room);
        let url = server.fresh_database().await;
        let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).app("probe", "probe");
        let host = host.app("other", "probe").env("INNKEEPER_POOL_SIZE", &pool.to_string());
        let host = host.env(STATEMENT_TIME.0, STATEMENT_TIME.1).start().await;
        Self { host, server, url, pool }
    }

    /// `count` visitors of the app `probe` run a statement whose process is stopped while it runs.
    async fn hang(&self, count: usize) -> Vec<Frozen> {
        let mut visitors = JoinSet::new();
        for _ in 0..count {
            let mut visitor = self.host.visitor();
            visitors.spawn(async move { visitor.try_probe(json!([query(ENDLESS, json!([]))])).await });
        }
        let mut frozen = Vec::new();
        while !visitors.is_empty() {
            frozen.extend(self.server.freeze_backends("state = 'active' and query like '%endless%'").await);
            let next = tokio::time::timeout(Duration::from_millis(50), visitors.join_next()).await;
            if let Ok(Some(answer)) = next {
                let answer = answer.expect("a visitor does not panic").expect("a whole answer");
                assert!(["timeout", "busy"].iter().any(|code| answer.text().contains(code)), "{answer:?}");
            }
        }
        frozen
    }

    async fn hanging(&self) -> usize {
        self.server.backends("state = 'active' and query like '%endless%'").await
    }

    /// How many of the host's connections the server has, the operator's not counted.
    async fn connections(&self) -> usize {
        self.server.backends("application_name = 'innkeeper'").await
    }

    async fn neighbour(&self) -> Value {
        in_other(&mut self.host.visitor(), json!([query("select 1", json!([]))])).await
    }

    /// The app is refused at once.
    async fn is_refused(&self) {
        let took = usually(async || {
            let result = self.host.visitor().probe_one(query("select 1", json!([]))).await;
            assert_eq!(code(&result), "busy", "{result}");
            assert_eq!(result["error"]["retryable"], true);
        });
        let took = took.await;
        assert!(took < AT_ONCE, "it took {took:?}");
    }

    async fn works_again(&self) {
        let works = async || {
            let answer = self.host.visitor().try_probe(json!([query("select 1", json!([]))])).await?;
            (answer.status == 200 && !answer.text().contains("error")).then_some(())
        };
        until("the app works again by itself", works).await;
        until("nothing hangs any more", async || (self.hanging().await == 0).then_some(())).await;
        let all = self.pool + HOST_CONNECTIONS;
        until("the connections are as many as before", async || (self.connections().await <= all).then_some(()))
            .await;
    }
}

/// Runs steps in the app `other` and returns the first result, or the whole answer where there is
/// none.
async fn in_other(visitor: &mut Visitor, steps: Value) -> Value {
    let answer = visitor.send(Visitor::with_steps("/other/steps", &steps), Full::<Bytes>::default()).await;
    if answer.status == 200 { answer.json()[0].clone() } else { json!({ "status": answer.status }) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_statements_hang_takes_nothing_from_others() {
    let crowd = Arc::new(Crowd::start(5).await);
    assert!(ok(&crowd.neighbour().await).is_object());
    let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (watched, until_then, highest) = (Arc::clone(&crowd), Arc::clone(&stop), Arc::clone(&most));
    let watching = tokio::spawn(async move {
        let mut asked = 0;
        while !until_then.load(Ordering::Relaxed) {
            highest.fetch_max(watched.connections().await, Ordering::Relaxed);
            let answer = watched.neighbour().await;
            assert!(answer.get("ok").is_some(), "the neighbour is told {answer}");
            asked += 1;
            // The server has little room, and a connection of ours lives until it has noticed its
            // end.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        asked
    });
    let mut frozen = Vec::new();
    for _ in 0..4 {
        frozen.extend(crowd.hang(8).await);
    }
    // A share is less than the whole.
    assert_eq!(crowd.hanging().await, 4);
    let hangs = async || crowd.host.logs().contains("statements of the app run on").then_some(());
    until("the host says so", hangs).await;
    crowd.is_refused().await;
    let mut operator = PgConnection::connect(&crowd.url).await.expect("there is room for the operator");
    operator.ping().await.expect("the server answers");
    stop.store(true, Ordering::Relaxed);
    let asked: usize = watching.await.expect("the neighbour was served all the time");
    assert!(asked > 10, "the neighbour asked {asked} times");
    let promised = crowd.pool + HOST_CONNECTIONS + BORROWED;
    let most = most.load(Ordering::Relaxed);
    assert!(most <= promised, "{most} connections, not {promised} at most");
    let logs = crowd.host.logs();
    let said: Vec<&str> = logs.lines().filter(|line| line.contains("statements of the app run on")).collect();
    assert!(said.len() == 1 && said[0].contains("probe"), "{said:?}");
    drop(frozen);
    crowd.works_again().await;
    crowd.host.wait_for_log("have ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_has_a_share_of_small_pools_too() {
    for (pool, share) in [(1, 1), (2, 1), (3, 2)] {
        let crowd = Crowd::start(pool).await;
        let frozen = crowd.hang(4).await;
        assert_eq!((frozen.is_empty(), crowd.hanging().await), (false, share), "of {pool}");
        let refused = async || {
            let result = crowd.host.visitor().probe_one(query("select 1", json!([]))).await;
            (result.pointer("/error/code") == Some(&json!("busy"))).then_some(())
        };
        until("the app is refused", refused).await;
        crowd.is_refused().await;
        let neighbour = crowd.neighbour().await;
        match pool {
            // There is but one connection, and it is taken.
            1 => assert_eq!(code(&neighbour), "busy"),
            _ => all_ok(&[neighbour]),
        }
        assert!(crowd.connections().await <= pool + HOST_CONNECTIONS + BORROWED);
        drop(frozen);
        crowd.works_again().await;
        all_ok(&[crowd.neighbour().await]);
    }
}

/// A visitor who leaves, a guest whose time is up: the same as a statement whose time is up.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_statements_that_hang_ends_in_time() {
    let mut crowd = Crowd::start(3).await;
    let frozen = crowd.hang(2).await;
    let began = Instant::now();
    let (status, _) = crowd.host.terminate().await;
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    drop(frozen);
}
