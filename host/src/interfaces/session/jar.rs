//! What `web` is told about the visitor's cookie.

use super::id::SessionId;
use std::sync::{Arc, Mutex, PoisonError};

/// How the visitor's cookie has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CookieChange {
    /// The browser gets this id.
    Set {
        /// The id.
        id: SessionId,
        /// For how many seconds the browser keeps it; none: until it is closed.
        max_age: Option<i64>,
    },
    /// The browser forgets the id that it has.
    Clear,
}

/// Tells `web` how the cookie has to change, as far as it has been kept: also where the guest has
/// come to a bad end since. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Jar(Arc<Mutex<Option<CookieChange>>>);

impl Jar {
    /// How the cookie has to change, if at all.
    pub fn take(&self) -> Option<CookieChange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn put(&self, change: Option<CookieChange>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = change;
    }
}
