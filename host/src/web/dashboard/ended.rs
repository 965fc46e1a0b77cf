//! Sessions that were ended before their time, on any host.
//!
//! What the database has said is believed for two seconds, as it is of tokens. While the database
//! does not answer, a session that was known not to be ended goes on: the dashboard is wanted just
//! then, and nothing can be changed anyway.

use crate::storage::{Database, Result};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it is believed that a session has not ended.
const BELIEVED: Duration = Duration::from_secs(2);
/// Sessions that are remembered at most.
const MOST: usize = 1_000;

/// What is known of sessions, by their ids.
#[derive(Debug, Default)]
pub(super) struct EndedSessions(Mutex<HashMap<String, Known>>);

#[derive(Debug, Clone, Copy)]
enum Known {
    Ended,
    /// It had not ended at this time.
    Open(Instant),
}

impl EndedSessions {
    /// Whether a session was ended.
    pub(super) async fn contains(&self, database: &Database, id: &str) -> Result<bool> {
        let known = self.known(id);
        match known {
            Some(Known::Ended) => return Ok(true),
            Some(Known::Open(at)) if at.elapsed() < BELIEVED => return Ok(false),
            _ => {}
        }
        match database.has_ended_session(id).await {
            Ok(true) => self.remember(id, Known::Ended),
            Ok(false) => self.remember(id, Known::Open(Instant::now())),
            Err(error) if known.is_some() => {
                tracing::debug!("cannot look up whether a session was ended: {error}");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(matches!(self.known(id), Some(Known::Ended)))
    }

    /// Ends a session, on this host at once. After `ends_at` (microseconds since 1970) it would
    /// have ended anyway.
    pub(super) async fn end(&self, database: &Database, id: &str, ends_at: i64) -> Result<()> {
        self.remember(id, Known::Ended);
        database.end_dashboard_session(id, ends_at).await
    }

    fn known(&self, id: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// What has ended stays so: whoever has asked before that may hear of it later.
    fn remember(&self, id: &str, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, known| matches!(known, Known::Ended));
        }
        if all.len() >= MOST {
            all.clear();
        }
        match all.get(id) {
            Some(Known::Ended) => {}
            _ => drop(all.insert(id.to_owned(), known)),
        }
    }
}
