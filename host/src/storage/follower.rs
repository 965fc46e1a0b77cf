//! A follower of a Postgres database: a copy that takes reads, and is a little behind.
//!
//! How far it is behind is found by comparing logs: the primary is asked how far its log goes, and
//! the follower how far it has replayed. Once the follower has got there, it has everything that
//! the primary had written when it was asked. So a primary at which nothing happens is no lag, and
//! a follower that no longer hears from its primary is behind after a while, although it has
//! replayed all that it has received. Times are those of this process; where a busy follower is
//! told by its last transaction, both times are of the primary's clock. The follower's counts for
//! nothing.

use super::database::Database;
use super::migrations::HOST_SCHEMA;
use super::postgres::{Access, CONNECT_TIME, PoolSettings, PostgresLease, PostgresPool};
use super::value::Value;
use super::{Code, Error, Result};
use crate::config::{Config, DatabaseTarget};
use crate::storage::connection::HOST_BOUNDS;
use crate::telemetry::figures::FollowerFigures;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long a transaction may wait for a comparison, or for a connection to the follower. Then it
/// goes to the primary.
const COMPARISON_TIME: Duration = Duration::from_millis(500);
/// The least time between two comparisons.
const COMPARE_AGAIN: Duration = Duration::from_secs(1);
/// The same after one that has failed: meanwhile nobody waits for the follower.
const FAILED_AGAIN: Duration = Duration::from_secs(2);
/// A follower that is only just behind is asked again after so long, and so often.
const CATCH_UP: Duration = Duration::from_millis(15);
const CATCH_UP_TRIES: usize = 4;
/// Positions of the primary that are remembered.
const MOST_MARKS: usize = 64;
/// Between two lines in the log about the same follower.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What both are asked to know whether they are the same database: a copy has the same numbers, and
/// the follower of a copy that went its own way has another timeline.
const IDENTITY: &str = "(select system_identifier::text from pg_control_system()) || '/' || \
     (select timeline_id::text from pg_control_checkpoint()) || '/' || \
     (select oid::text from pg_database where datname = current_database())";
/// The same where the role may not look there: schemas that were made elsewhere have other numbers.
const PLAIN_IDENTITY: &str = "(select oid::text from pg_database where datname = current_database()) || '/' || \
     coalesce((select string_agg(oid::text || nspname, ',' order by oid) from pg_namespace \
               where pg_get_userbyid(nspowner) = current_user), '')";
/// PostgreSQL documentation, "PostgreSQL Error Codes": `insufficient_privilege`.
const NOT_ALLOWED: &str = "42501";

/// See the module. Clones are the same follower.
#[derive(Debug, Clone)]
pub struct Follower {
    pub(super) inner: Arc<Inner>,
}

/// A follower as long as an app uses it.
#[derive(Debug)]
pub struct WeakFollower(Weak<Inner>);

impl WeakFollower {
    /// The follower, if an app uses it still.
    pub fn upgrade(&self) -> Option<Follower> {
        self.0.upgrade().map(|inner| Follower { inner })
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    /// The variable that holds its URL.
    name: String,
    pub(super) pool: PostgresPool,
    /// What it follows.
    primary: PostgresPool,
    known: Mutex<Known>,
    /// Held by who compares.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What the last comparisons have shown.
#[derive(Debug, Default)]
struct Known {
    /// When the primary was asked, and how far its log went then; oldest first.
    marks: VecDeque<(Instant, i64)>,
    /// The follower has all that the primary had written until then.
    current: Option<Instant>,
    compared: Option<Instant>,
    /// Why it cannot be used; a follower that is only behind has none.
    problem: Option<String>,
    /// What the log was told last, and when.
    said: Option<(Instant, Option<String>)>,
}

/// How far a follower is.
#[derive(Debug, Clone, Copy)]
struct Position {
    replayed: i64,
    /// When the last transaction was committed that it has replayed, in microseconds since 1970 by
    /// the primary's clock.
    last_commit: Option<i64>,
}

/// How far the primary's log went.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Before the primary was asked.
    asked: Instant,
    position: i64,
    /// What the primary's clock said, in microseconds since 1970.
    clock: i64,
}

impl Mark {
    /// When something happened that has a time by the primary's clock; not later than in truth.
    fn instant_of(&self, clock: i64) -> Option<Instant> {
        let ago = u64::try_from(self.clock.saturating_sub(clock)).unwrap_or(0);
        self.asked.checked_sub(Duration::from_micros(ago))
    }
}

impl Database {
    /// The follower of this database that the variable `var` names; none on SQLite, which has none.
    /// Connects to nothing yet.
    pub fn follower(&self, config: &Config, target: &DatabaseTarget, var: &str) -> Result<Option<Follower>> {
        let is_pooled = config.leads_through_pooler(target);
        let (Self::Postgres(pools), DatabaseTarget::Postgres(target)) = (self, target) else { return Ok(None) };
        let access = Access::new(target, var)?.for_follower();
        let settings = PoolSettings {
            size: config.follower_pool_size,
            wait: config.limits.pool_wait.min(COMPARISON_TIME),
            connect: CONNECT_TIME,
            statement_time: config.limits.statement_time,
        };
        let pool = match is_pooled {
            true => PostgresPool::through_pooler(access, settings, None),
            false => PostgresPool::new(access, settings, None),
        };
        let inner = Inner {
            name: var.to_owned(),
            pool,
            primary: pools.host.clone(),
            known: Mutex::default(),
            turn: Arc::default(),
        };
        Ok(Some(Follower { inner: Arc::new(inner) }))
    }
}

impl Follower {
    /// A connection for an app whose tables are in `schema`; none where the follower is further
    /// behind than `bound`, cannot be used, or has no connection free at once.
    pub(super) async fn lease(&self, schema: &Arc<str>, bound: Duration) -> Option<PostgresLease> {
        self.compare_if_due(bound).await;
        if !self.is_within(bound) {
            return None;
        }
        let tenant = self.inner.pool.tenant(schema);
        let leased = timeout(COMPARISON_TIME, self.inner.pool.try_lease(&tenant)).await;
        match leased.unwrap_or_else(|_| Err(late())) {
            Ok(lease) => lease,
            Err(error) if error.code == Code::Busy => None,
            Err(error) => {
                self.note_failure(&error);
                None
            }
        }
    }

    /// From now on it is not asked for a while: it has failed in the middle of something.
    pub(super) fn note_failure(&self, error: &Error) {
        self.note(Err(error.clone()));
    }

    /// Compares now. How far it is behind, or why it cannot be used.
    pub async fn look(&self) -> Result<Duration> {
        self.compare(CONNECT_TIME).await;
        let known = self.known();
        match (&known.problem, known.current) {
            (Some(problem), _) => Err(Error::unavailable(problem.clone())),
            (None, Some(current)) => Ok(current.elapsed()),
            (None, None) => Err(Error::unavailable("it is behind, and how far is not known yet")),
        }
    }

    /// What is known of it.
    pub fn figures(&self) -> FollowerFigures {
        let known = self.known();
        FollowerFigures {
            name: self.inner.name.clone(),
            usable: known.problem.is_none() && known.current.is_some(),
            behind_seconds: known.current.map(|current| current.elapsed().as_secs_f64()),
        }
    }

    /// The same without keeping its connections.
    pub fn downgrade(&self) -> WeakFollower {
        WeakFollower(Arc::downgrade(&self.inner))
    }

    /// The variable that holds its URL.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_within(&self, bound: Duration) -> bool {
        let known = self.known();
        known.problem.is_none() && known.current.is_some_and(|current| current.elapsed() <= bound)
    }

    async fn compare_if_due(&self, bound: Duration) {
        let (is_due, has_failed) = {
            let known = self.known();
            let has_failed = known.problem.is_some();
            let again = if has_failed { FAILED_AGAIN } else { COMPARE_AGAIN.min(bound / 2) };
            (known.compared.is_none_or(|compared| compared.elapsed() >= again), has_failed)
        };
        if !is_due {
            return;
        }
        // Whoever comes meanwhile goes by what is known.
        let Ok(turn) = Arc::clone(&self.inner.turn).try_lock_owned() else { return };
        if !has_failed {
            return self.compare(COMPARISON_TIME).await;
        }
        // Nobody waits for one that has failed.
        let follower = self.clone();
        self.inner.pool.clean_up(async move {
            follower.compare(CONNECT_TIME).await;
            drop(turn);
        });
    }

    async fn compare(&self, time: Duration) {
        let compared = timeout(time, self.compare_positions()).await;
        self.note(compared.unwrap_or_else(|_| Err(late())));
    }

    async fn compare_positions(&self) -> Result<()> {
        let mut question = IDENTITY;
        let mut primary = self.ask_primary(question).await;
        if primary.as_ref().is_err_and(|error| error.sqlstate == NOT_ALLOWED) {
            question = PLAIN_IDENTITY;
            primary = self.ask_primary(question).await;
        }
        let (mark, identity) = primary.map_err(|error| error.about("its primary"))?;
        self.known().remember(mark);
        for tries in 0..CATCH_UP_TRIES {
            let position = self.ask_follower(question, &identity).await?;
            self.known().advance(mark, position);
            if position.replayed >= mark.position {
                break;
            }
            if tries + 1 < CATCH_UP_TRIES {
                tokio::time::sleep(CATCH_UP).await;
            }
        }
        Ok(())
    }

    async fn ask_primary(&self, question: &str) -> Result<(Mark, String)> {
        let asked = Instant::now();
        let sql = format!(
            "select (pg_current_wal_lsn() - '0/0')::bigint, \
             (extract(epoch from clock_timestamp()) * 1000000)::bigint, {question}"
        );
        match ask(&self.inner.primary, &sql).await?.as_slice() {
            [Value::Integer(position), Value::Integer(clock), Value::Text(identity)] => {
                Ok((Mark { asked, position: *position, clock: *clock }, identity.clone()))
            }
            _ => Err(Error::malformed("the position of the primary's log")),
        }
    }

    async fn ask_follower(&self, question: &str, identity: &str) -> Result<Position> {
        let sql = format!(
            "select pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint, {question}, \
             (extract(epoch from pg_last_xact_replay_timestamp()) * 1000000)::bigint"
        );
        let row = ask(&self.inner.pool, &sql).await?;
        let [Value::Boolean(follows), replayed, Value::Text(its_identity), last_commit] = row.as_slice() else {
            return Err(Error::malformed("the position of the follower"));
        };
        if its_identity != identity {
            return Err(Error::unavailable("it is another database, or follows another one than the app's"));
        }
        let (true, Value::Integer(replayed)) = (*follows, replayed) else {
            return Err(Error::unavailable("it is no follower: it takes writes of its own"));
        };
        Ok(Position { replayed: *replayed, last_commit: last_commit.as_integer() })
    }

    /// Notes what has come of a comparison or a transaction, with a line in the log where that is
    /// new.
    fn note(&self, compared: Result<()>) {
        let mut known = self.known();
        known.compared = Some(Instant::now());
        known.problem = compared.err().map(|error| error.to_string());
        let (before, when) = match &known.said {
            Some((when, said)) => (said.clone(), Some(*when)),
            None => (None, None),
        };
        if before == known.problem
            || when.is_some_and(|when| when.elapsed() < SAY_AGAIN) && known.problem.is_some()
        {
            return;
        }
        let name = &self.inner.name;
        match &known.problem {
            Some(problem) => {
                tracing::warn!("follower {name} is not used for now, reads go to the primary: {problem}");
            }
            None => tracing::info!("follower {name} is used again"),
        }
        known.said = Some((Instant::now(), known.problem.clone()));
    }
}

impl Known {
    fn remember(&mut self, mark: Mark) {
        // A log that has gone back is another one.
        if self.marks.back().is_some_and(|(_, last)| mark.position < *last) {
            self.marks.clear();
            self.current = None;
        }
        if self.marks.len() == MOST_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back((mark.asked, mark.position));
    }

    /// Notes how far the follower has got, after the primary was at `mark`.
    fn advance(&mut self, mark: Mark, position: Position) {
        let reached = self.marks.iter().rev().find(|(_, mark)| *mark <= position.replayed).map(|(when, _)| *when);
        let by_time = position.last_commit.and_then(|commit| mark.instant_of(commit));
        self.current = [self.current, reached, by_time].into_iter().flatten().max();
        if let Some(reached) = reached {
            self.marks.retain(|(when, _)| *when >= reached);
        }
    }
}

fn late() -> Error {
    Error::unavailable("it does not answer in time")
}

/// The one row of a question of the host's.
async fn ask(pool: &PostgresPool, sql: &str) -> Result<Vec<Value>> {
    let mut lease = pool.lease_to_host(&Arc::from(HOST_SCHEMA)).await?;
    let outcome = lease.run(sql, &[], &HOST_BOUNDS).await?;
    outcome.rows.rows.into_iter().next().ok_or_else(|| Error::malformed("an answer without a row"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(replayed: i64) -> Position {
        Position { replayed, last_commit: None }
    }

    /// What the primary's clock says so many seconds after the start: it is an hour ahead.
    fn clock(seconds: u64) -> i64 {
        i64::try_from(3600 + seconds).unwrap() * 1_000_000
    }

    fn mark(start: Instant, seconds: u64, position: i64) -> Mark {
        Mark { asked: start + Duration::from_secs(seconds), position, clock: clock(seconds) }
    }

    #[test]
    fn an_idle_primary_is_no_lag_and_a_silent_one_is() {
        let (mut known, start) = (Known::default(), Instant::now());
        let mut compare = |seconds, at_primary, at_follower| {
            let mark = mark(start, seconds, at_primary);
            known.remember(mark);
            known.advance(mark, position(at_follower));
            known.current.map(|current| current.duration_since(start).as_secs())
        };
        assert_eq!(compare(0, 100, 100), Some(0));
        // Nothing happens at the primary for ten seconds.
        assert_eq!(compare(10, 100, 100), Some(10));
        // It writes, and the follower hears nothing of it.
        assert_eq!(compare(20, 200, 100), Some(10));
        // It has got as far as the primary was ten seconds ago.
        assert_eq!(compare(30, 300, 250), Some(20));
        assert_eq!(compare(31, 300, 300), Some(31));
    }

    #[test]
    fn the_last_transaction_says_by_the_primarys_clock_how_far_a_busy_follower_is() {
        let (mut known, start) = (Known::default(), Instant::now());
        let mark = mark(start, 60, 500);
        known.remember(mark);
        known.advance(mark, Position { replayed: 400, last_commit: Some(clock(58)) });
        assert_eq!(known.current, Some(start + Duration::from_secs(58)));
        // One that was committed after the primary was asked makes it no newer than that.
        known.advance(mark, Position { replayed: 400, last_commit: Some(clock(70)) });
        assert_eq!(known.current, Some(start + Duration::from_secs(60)));
    }

    #[test]
    fn a_log_that_goes_back_is_another_one() {
        let (mut known, start) = (Known::default(), Instant::now());
        known.remember(mark(start, 0, 500));
        known.advance(mark(start, 0, 500), position(500));
        known.remember(mark(start, 1, 100));
        assert_eq!(known.current, None);
    }
}
