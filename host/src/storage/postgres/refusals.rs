//! A server that refuses the login is not asked again at once: it would refuse again, and write a
//! line into its log each time.

use crate::storage::{Error, Result};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After the first refusal.
const SHORTEST: Duration = Duration::from_secs(1);
/// After many.
const LONGEST: Duration = Duration::from_secs(16);

/// What a server says that does not let this host in (PostgreSQL documentation, "PostgreSQL Error
/// Codes": class 28, "invalid authorization specification"; a database that is not there).
fn is_refusal(error: &Error) -> bool {
    error.sqlstate.starts_with("28") || error.sqlstate == "3D000"
}

/// The last refusal of one server, for one way into it.
pub(super) struct Refusals {
    /// The variable or option that holds the URL.
    name: String,
    last: Mutex<Option<Refusal>>,
}

struct Refusal {
    error: Error,
    pause: Duration,
    until: Instant,
}

impl Refusals {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), last: Mutex::default() }
    }

    /// The last refusal, as long as the server is not to be asked again.
    pub(super) fn check(&self) -> Result<()> {
        self.check_at(Instant::now())
    }

    fn check_at(&self, now: Instant) -> Result<()> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|last| now < last.until) {
            Some(last) => Err(last.error.clone()),
            None => Ok(()),
        }
    }

    /// Notes how an attempt has ended.
    pub(super) fn note(&self, error: Option<&Error>) {
        self.note_at(error, Instant::now());
    }

    fn note_at(&self, error: Option<&Error>, now: Instant) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(error) = error.filter(|error| is_refusal(error)) else {
            // A server that is away says nothing about the login.
            if error.is_none() {
                *last = None;
            }
            return;
        };
        // Of several attempts at once the first counts.
        if last.as_ref().is_some_and(|last| now < last.until) {
            return;
        }
        let pause = last.as_ref().map_or(SHORTEST, |last| (last.pause * 2).min(LONGEST));
        tracing::error!(
            "{}: the database refuses the login: {}; look at user, password and database there; asked again in {} s",
            self.name,
            error.message,
            pause.as_secs()
        );
        *last = Some(Refusal { error: error.clone(), pause, until: now + pause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Code;

    #[test]
    fn a_refused_login_is_tried_ever_more_rarely_until_it_is_let_in() {
        let refusals = Refusals::new("DATABASE_URL");
        let refused = Error { sqlstate: "28P01".to_owned(), ..Error::new(Code::Unavailable, "wrong") };
        let mut now = Instant::now();
        for pause in [1, 2, 4, 8, 16, 16] {
            assert!(refusals.check_at(now).is_ok());
            refusals.note_at(Some(&refused), now);
            refusals.note_at(Some(&refused), now);
            assert!(refusals.check_at(now + Duration::from_secs(pause) - Duration::from_millis(1)).is_err());
            now += Duration::from_secs(pause);
        }
        refusals.note_at(Some(&Error::unavailable("away")), now);
        refusals.note_at(Some(&refused), now);
        assert!(refusals.check_at(now + Duration::from_secs(15)).is_err(), "it does not begin anew");
        refusals.note_at(None, now);
        assert!(refusals.check_at(now).is_ok());
    }
}
