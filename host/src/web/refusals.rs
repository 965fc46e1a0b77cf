//! What was refused is written down too, and so that nobody can fill the table with it: so much a
//! minute on each host for whoever is not let in, and so much for each token that stands. What is
//! left out is counted. So a flood of wrong tokens hides nothing that a token of this host has
//! tried, and no token hides what another has.

use super::admin::auth::Refusal;
use crate::storage::Database;
use crate::storage::registry::{Actor, AuditEvent};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

const SPAN: Duration = Duration::from_secs(60);
/// Entries in that time, of strangers and of each token.
const MOST: u32 = 30;
/// Tokens that are remembered before those are forgotten of which there is nothing to say.
const MOST_REMEMBERED: usize = 1_000;

/// Writes refusals into the audit log, within the bounds.
#[derive(Debug)]
pub(super) struct Refusals {
    database: Database,
    tasks: TaskTracker,
    budgets: Mutex<Budgets>,
}

/// Something that was asked for and refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    /// As it is called in the audit log where it is done.
    pub(super) action: &'a str,
    /// The app that it is about.
    pub(super) app: Option<&'a str>,
    /// The method and the path, without the query.
    pub(super) asked: &'a str,
    /// Why it is refused.
    pub(super) result: &'a str,
}

#[derive(Debug, Default)]
struct Budgets {
    strangers: Budget,
    /// By the name of the actor.
    tokens: HashMap<String, Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    since: Option<Instant>,
    noted: u32,
    left_out: u64,
}

impl Refusals {
    /// Writes into the audit log of `database`. `tasks` waits for what is being written.
    pub(super) fn new(database: Database, tasks: TaskTracker) -> Self {
        Self { database, tasks, budgets: Mutex::default() }
    }

    /// Writes down that somebody was not let in, if they have shown something, and there is room
    /// for it. A token that has ended is named. Nobody waits for that.
    pub(super) fn not_let_in(&self, refusal: &Refusal, address: IpAddr, asked: &str) {
        let actor = match refusal {
            Refusal::Wrong => Actor { name: "unknown".to_owned(), origin: Some(address.to_string()) },
            Refusal::Ended(ended) => ended.actor.clone(),
            Refusal::Missing | Refusal::TooMany(_) | Refusal::Unavailable => return,
        };
        let result = format!("401: {}", refusal.message());
        let taken = self.budgets.lock().unwrap_or_else(PoisonError::into_inner).strangers.take(Instant::now());
        self.write(taken, actor, Refused { action: "sign in", app: None, asked, result: &result });
    }

    /// Writes down that somebody who was let in was refused something, if there is room for it.
    /// Nobody waits for that.
    pub(super) fn note(&self, actor: &Actor, refused: Refused<'_>) {
        let now = Instant::now();
        let taken = self.budgets.lock().unwrap_or_else(PoisonError::into_inner).of(&actor.name, now).take(now);
        self.write(taken, actor.clone(), refused);
    }

    fn write(&self, taken: Option<u64>, actor: Actor, refused: Refused<'_>) {
        let Some(left_out) = taken else { return };
        let database = self.database.clone();
        let Refused { action, app, asked, result } = refused;
        let (action, app, result) = (action.to_owned(), app.map(str::to_owned), result.to_owned());
        let detail = match left_out {
            0 => asked.to_owned(),
            more => format!("{asked} (and {more} refusals before that were not written down)"),
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

impl Budgets {
    fn of(&mut self, name: &str, now: Instant) -> &mut Budget {
        if self.tokens.len() >= MOST_REMEMBERED && !self.tokens.contains_key(name) {
            self.tokens.retain(|_, budget| budget.left_out > 0 || !budget.is_over(now));
        }
        self.tokens.entry(name.to_owned()).or_default()
    }
}

impl Budget {
    /// None where there is no room. Else how many were left out since the last one.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.is_over(now) {
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

    fn is_over(&self, now: Instant) -> bool {
        self.since.is_none_or(|since| now.saturating_duration_since(since) >= SPAN)
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

    #[test]
    fn a_token_that_is_refused_often_hides_no_other() {
        let (mut budgets, start) = (Budgets::default(), Instant::now());
        while budgets.of("one", start).take(start).is_some() {}
        assert_eq!(budgets.of("other", start).take(start), Some(0));
        for number in 0..2 * MOST_REMEMBERED {
            let later = start + SPAN * 2;
            budgets.of(&format!("token {number}"), later + SPAN * u32::try_from(number).unwrap()).take(later);
        }
        assert!(budgets.tokens.len() <= MOST_REMEMBERED + 1, "{}", budgets.tokens.len());
        assert_eq!(budgets.of("one", start).left_out, 1, "what was left out is not forgotten");
    }
}
