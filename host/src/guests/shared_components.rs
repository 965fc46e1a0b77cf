//! Components that are loaded: apps that have the same one share it, and it is loaded once.

use super::state::GuestState;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// By the hash of the component. What no guest uses any more is gone.
#[derive(Debug, Default)]
pub(super) struct SharedComponents(Mutex<HashMap<Vec<u8>, Arc<Slot>>>);

/// The place of one component.
pub(super) struct Slot {
    /// Whoever loads it has the turn; others wait, and then find it.
    turn: Semaphore,
    loaded: Mutex<Weak<ProxyPre<GuestState>>>,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl SharedComponents {
    /// The place of a component, whether it is loaded or not.
    pub(super) fn slot(&self, sha256: &[u8]) -> Arc<Slot> {
        let mut slots = lock(&self.0);
        if let Some(slot) = slots.get(sha256) {
            return Arc::clone(slot);
        }
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.loaded().is_some());
        let slot = Arc::new(Slot { turn: Semaphore::new(1), loaded: Mutex::default() });
        slots.insert(sha256.to_vec(), Arc::clone(&slot));
        slot
    }
}

impl Slot {
    /// The component, if it is loaded.
    pub(super) fn loaded(&self) -> Option<Arc<ProxyPre<GuestState>>> {
        lock(&self.loaded).upgrade()
    }

    /// Waits for the right to load it. The semaphore is never closed.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.acquire().await.ok()
    }

    /// Shares what is loaded from now on.
    pub(super) fn put(&self, loaded: ProxyPre<GuestState>) -> Arc<ProxyPre<GuestState>> {
        let loaded = Arc::new(loaded);
        *lock(&self.loaded) = Arc::downgrade(&loaded);
        loaded
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
