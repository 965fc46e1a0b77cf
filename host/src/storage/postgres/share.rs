//! What a pool knows of an app: its share of the connections, and how many of them hang.
//!
//! A share is less than the whole, so that the statements of one app leave a connection for others
//! whatever they do. An app that is the only one may use all.

use crate::storage::{Code, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An app as a pool knows it.
#[derive(Debug)]
pub(in crate::storage) struct Tenant {
    pub(super) schema: Arc<str>,
    pub(super) share: Arc<Semaphore>,
    /// Requests of the app that wait for a connection.
    pub(super) waiting: AtomicU64,
    /// Connections in statements that nobody waits for any more and the server does not stop.
    hanging: AtomicU32,
}

/// The right to a connection, held until the server process behind it is free or gone.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) _of_pool: OwnedSemaphorePermit,
    pub(super) _of_share: Option<OwnedSemaphorePermit>,
    pub(super) tenant: Option<Arc<Tenant>>,
}

/// A connection that hangs, as long as it lives.
pub(super) struct Hanging {
    tenant: Arc<Tenant>,
    /// Whether this one speaks for all of the app, and what it has said.
    speaks: Option<bool>,
}

impl Tenant {
    pub(super) fn new(schema: &Arc<str>, pool_size: usize) -> Self {
        let share = Arc::new(Semaphore::new(pool_size.saturating_sub(1).max(1)));
        Self { schema: Arc::clone(schema), share, waiting: AtomicU64::new(0), hanging: AtomicU32::new(0) }
    }

    /// Whose connections hang gets no further one: they would hang, too.
    pub(super) fn check(&self) -> Result<()> {
        if self.hanging.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let message = "earlier statements of this app are still running in the database, which does not cancel them: \
                       try again later";
        Err(Error::new(Code::Busy, message))
    }

    /// How many requests of the app wait for a connection.
    pub(in crate::storage) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many connections of the app hang.
    pub(super) fn hanging(&self) -> u32 {
        self.hanging.load(Ordering::Acquire)
    }

    fn app(&self) -> &str {
        self.schema.strip_prefix("app_").unwrap_or(&self.schema)
    }
}

impl Hanging {
    pub(super) fn begin(tenant: &Arc<Tenant>) -> Self {
        let first = tenant.hanging.fetch_add(1, Ordering::AcqRel) == 0;
        Self { tenant: Arc::clone(tenant), speaks: first.then_some(false) }
    }

    /// Says once which app it is. Those that hang are found one after the other: it waits for the
    /// others first.
    pub(super) fn say(&mut self) {
        if self.speaks == Some(false) {
            self.speaks = Some(true);
            tracing::warn!(
                app = self.tenant.app(),
                connections = self.tenant.hanging(),
                "statements of the app run on in the database, which does not cancel them; its next ones are refused until then"
            );
        }
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.say();
        if self.tenant.hanging.fetch_sub(1, Ordering::AcqRel) == 1 {
            tracing::info!(app = self.tenant.app(), "the statements that ran on in the database have ended");
        }
    }
}
