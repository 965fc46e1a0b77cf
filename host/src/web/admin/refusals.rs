//! What was refused is written down too, and so that nobody can fill the table with it: so much a
//! minute on each host, and what is left out is counted.

use crate::storage::Database;
use crate::storage::registry::{Actor, AuditEvent};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

const SPAN: Duration = Duration::from_secs(60);
/// Entries in that time.
const MOST: u32 = 30;

/// See the module.
#[derive(Debug)]
pub(super) struct Refusals {
    database: Database,
    tasks: TaskTracker,
    budget: Mutex<Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    since: Option<Instant>,
    noted: u32,
    left_out: u64,
}

impl Refusals {
    /// Writes into the audit log of `database`.
    pub(super) fn new(database: Database, tasks: TaskTracker) -> Self {
        Self { database, tasks, budget: Mutex::default() }
    }

    /// Writes something down, if there is room for it. Nobody waits for that.
    pub(super) fn note(&self, actor: Actor, action: &str, app: Option<&str>, detail: &str, result: &str) {
        let now = Instant::now();
        let Some(left_out) = self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(now) else { return };
        let database = self.database.clone();
        let (action, app, result) = (action.to_owned(), app.map(str::to_owned), result.to_owned());
        let detail = match left_out {
            0 => detail.to_owned(),
            more => format!("{detail} (and {more} refusals before that were not written down)"),
        };
        self.tasks.spawn(async move {
            let event = AuditEvent {
                actor: &actor,
                action: &action,
                app: app.as_deref(),
                sha256: None,
                detail: &detail,
                result: &result,
            };
            if let Err(error) = database.audit(event).await {
                tracing::warn!("cannot write down a refusal: {error}");
            }
        });
    }
}

impl Budget {
    /// None where there is no room. Else how many were left out since the last one.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= SPAN) {
            self.since = Some(now);
            self.noted = 0;
        }
        if self.noted >= MOST {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.noted += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_minute_are_written_down_and_the_others_counted() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        for _ in 0..MOST {
            assert_eq!(budget.take(start), Some(0));
        }
        assert_eq!((budget.take(start), budget.take(start + SPAN / 2)), (None, None));
        assert_eq!(budget.take(start + SPAN), Some(2));
        assert_eq!(budget.take(start + SPAN), Some(0));
    }
}
