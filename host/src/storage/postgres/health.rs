//! Whether the server answers, and what the host asks it beside all statements.
//!
//! A statement that is silent for a while makes the host ask the server something short, over a
//! connection of its own pool. All who wait share the question. A server that does not answer it
//! counts as away: what is under way on it is given up, and nobody waits for it until it answers
//! again. So a slow statement has all its time, and a frozen server takes nobody's.

use super::conn::{Backend, Conn};
use super::pool::PostgresPool;
use super::relay;
use crate::storage::{Error, Result};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgRow;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After so long without an answer the server is asked whether it is there.
const PATIENCE: Duration = Duration::from_millis(800);
/// Within this the server has to answer a short question, connecting included. A machine that many
/// share, or a network that loses packets, may be silent for some seconds, and giving up then would
/// leave commits of which nobody knows whether they were kept. Together with [`PATIENCE`] it is
/// less than what a statement has by default.
const ANSWER_TIME: Duration = Duration::from_secs(4);
/// After so long without an answer over an idle connection another one is opened: a router may have
/// forgotten the first.
const IDLE_ANSWER_TIME: Duration = Duration::from_millis(500);
/// How long an attempt to reach a server that is away may take.
const REACH_TIME: Duration = Duration::from_secs(10);
/// Between two such attempts.
const REACH_AGAIN: Duration = Duration::from_millis(500);

/// What is known about the server. One for all pools that lead to it.
#[derive(Default)]
pub(super) struct Health {
    /// Held by who asks: one question at a time, over at most one connection more than the pools
    /// have.
    turn: tokio::sync::Mutex<()>,
    answered: Mutex<Option<Instant>>,
    away: AtomicBool,
    /// How often the server has been found away.
    outages: AtomicU64,
}

/// What became of something that was waited for.
pub(super) enum Waited<T> {
    Done(T),
    /// The time was over.
    Late,
    /// The server does not answer.
    Away,
}

impl Health {
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    pub(super) fn outages(&self) -> u64 {
        self.outages.load(Ordering::Acquire)
    }

    fn note_answer(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn has_answered_since(&self, since: Instant) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|answered| answered >= since)
    }
}

/// The server does not answer.
pub(super) fn away() -> Error {
    Error::unavailable("the database did not answer in time")
}

impl PostgresPool {
    /// Waits for `work`, for `time` at most and only while the server answers.
    pub(super) async fn patiently<T>(
        &self,
        time: Duration,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Waited<T> {
        if !self.can_ask_beside() {
            return tokio::time::timeout(time, work).await.map_or(Waited::Late, Waited::Done);
        }
        let deadline = Instant::now() + time;
        let mut step = time.min(PATIENCE);
        loop {
            // Most are done within the first step: they cost one timer.
            if let Ok(done) = tokio::time::timeout(step, work.as_mut()).await {
                return Waited::Done(done);
            }
            if Instant::now() >= deadline {
                return Waited::Late;
            }
            tokio::select! {
                biased;
                done = work.as_mut() => return Waited::Done(done),
                answers = self.answers() => if !answers { return Waited::Away },
            }
            step = deadline.saturating_duration_since(Instant::now()).min(PATIENCE);
        }
    }

    /// Fails while the server is known to be away.
    pub(super) fn check_answering(&self) -> Result<()> {
        if self.main().health().is_away() { Err(away()) } else { Ok(()) }
    }

    /// Whether the server answers now. Who asks while another does shares the answer.
    async fn answers(&self) -> bool {
        let since = Instant::now();
        match self.ask("select 1".to_owned(), Some(since)).await {
            Ok(_) => true,
            // An error is an answer, too: too many connections, a server that starts.
            Err(error) => !error.sqlstate.is_empty(),
        }
    }

    /// Asks the server to stop what `backend` runs: its statement, or the process as a whole.
    /// Whether it is still there; none where that cannot be found out.
    pub(super) async fn stop(&self, backend: Backend, whole: bool) -> Option<bool> {
        let function = if whole { "pg_terminate_backend" } else { "pg_cancel_backend" };
        let pid = backend.pid;
        // Another process may have been given the number since.
        let same = backend.started.map_or_else(String::new, |started| {
            format!(" where (extract(epoch from backend_start) * 1000000)::bigint = {started}")
        });
        let text = format!("select {function}({pid}) from pg_stat_get_activity({pid}){same}");
        self.ask(text, None).await.ok().map(|rows| !rows.is_empty())
    }

    /// Asks something beside all leases. Goes on when the caller no longer waits, so that no
    /// connection is lost by that. With `since`, any answer that the server has given since then
    /// will do.
    async fn ask(&self, text: String, since: Option<Instant>) -> Result<Vec<PgRow>> {
        let main = self.main().clone();
        let asking = self.main().spawn(async move {
            main.check_answering()?;
            let _turn = main.health().turn.lock().await;
            main.check_answering()?;
            if since.is_some_and(|since| main.health().has_answered_since(since)) {
                return Ok(Vec::new());
            }
            let answer = tokio::time::timeout(ANSWER_TIME, main.ask_now(&text)).await;
            match &answer {
                Ok(Ok(_)) => main.health().note_answer(),
                Ok(Err(error)) if !error.sqlstate.is_empty() => main.health().note_answer(),
                Ok(Err(_)) => {}
                Err(_) => main.found_away(),
            }
            answer.unwrap_or_else(|_| Err(away()))
        });
        match asking {
            Some(asking) => asking.await.unwrap_or_else(|_| Err(away())),
            None => Err(away()),
        }
    }

    /// Over an idle connection of this pool, if there is one: the server may take no more of them.
    /// Else over one more.
    async fn ask_now(&self, text: &str) -> Result<Vec<PgRow>> {
        let place = self.place_at_once();
        let idle = if place.is_some() { self.pop_any() } else { None };
        if let Some(mut conn) = idle {
            let answer = tokio::time::timeout(IDLE_ANSWER_TIME, conn.ask(text)).await;
            match answer {
                Ok(Err(error)) if error.sqlstate.is_empty() => drop(conn),
                Ok(answer) => {
                    self.give_back(conn);
                    return answer;
                }
                Err(_) => {
                    self.retire(conn, place, false);
                    return self.ask_anew(text, false).await;
                }
            }
        }
        self.ask_anew(text, place.is_some()).await
    }

    async fn ask_anew(&self, text: &str, has_place: bool) -> Result<Vec<PgRow>> {
        let mut conn = self.open_now().await?;
        let answer = conn.ask(text).await;
        match has_place {
            true if answer.is_ok() => self.give_back(conn),
            // It was one more than the pool has: the server is told that it ends.
            _ => drop(relay::close(conn.link, conn.relay).await),
        }
        answer
    }

    /// Notes that the server does not answer, and waits for it.
    fn found_away(&self) {
        if self.health().away.swap(true, Ordering::AcqRel) {
            return;
        }
        self.health().outages.fetch_add(1, Ordering::AcqRel);
        tracing::error!("the database does not answer: what is under way in it is given up");
        let pool = self.clone();
        self.clean_up(async move { pool.reach().await });
    }

    /// Waits until the server answers again. One attempt goes on for long: a server that was frozen
    /// answers it when it goes on.
    async fn reach(&self) {
        let _turn = self.health().turn.lock().await;
        loop {
            match tokio::time::timeout(REACH_TIME, self.reach_server()).await {
                Ok(Ok((link, relay))) => {
                    drop(relay::close(link, relay).await);
                    break;
                }
                // An error of the server is an answer, too.
                Ok(Err(error)) if !error.sqlstate.is_empty() => break,
                _ => tokio::time::sleep(REACH_AGAIN).await,
            }
        }
        self.health().away.store(false, Ordering::Release);
        tracing::info!("the database answers again");
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(self.cleaners().spawn_on(work, &runtime))
    }
}

impl Conn {
    /// Asks something short.
    async fn ask(&mut self, text: &str) -> Result<Vec<PgRow>> {
        let text = AssertSqlSafe(text.to_owned());
        self.relay.carry(sqlx::raw_sql(text).fetch_all(&mut self.link)).await
    }
}

/// Shared by the pools that lead to one server.
pub(super) type SharedHealth = Arc<Health>;
