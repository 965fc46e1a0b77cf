//! Where uploads are taken in: a bounded number at the same time, of which apps and clients have
//! their shares, and of each upload one request. A client that was cut off and comes back is not
//! kept waiting by what is left of its old connection: the newer request ends the older one.

use crate::guests::admission::{Party, Share, Shares};
use crate::storage::{Code, Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Requests that bring bytes at the same time; each takes a chunk's memory.
const AT_ONCE: u64 = 64;
/// How long one more waits for its turn.
const WAIT: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug)]
pub(in crate::web) struct Desk {
    /// What comes in after its client has gone is taken in by a task of these.
    pub(super) tasks: TaskTracker,
    places: Arc<Shares>,
    busy: Arc<Mutex<HashMap<String, Request>>>,
}

/// A request that is being taken in.
#[derive(Debug, Clone, Default)]
struct Request {
    /// Cancelled when a newer one has come.
    displaced: CancellationToken,
    /// Cancelled when it has ended.
    ended: CancellationToken,
}

/// The right to take one upload's bytes in.
#[derive(Debug)]
pub(super) struct Turn {
    upload: String,
    request: Request,
    busy: Arc<Mutex<HashMap<String, Request>>>,
    _place: Share,
}

impl Desk {
    /// Nobody is there yet. `tasks` are waited for at the end.
    pub(in crate::web) fn new(tasks: TaskTracker) -> Self {
        Self { tasks, places: Shares::new(AT_ONCE), busy: Arc::default() }
    }

    /// Waits for a place, and for the end of an older request for the same upload.
    pub(super) async fn turn(&self, party: &Party, upload: &str) -> Result<Turn> {
        let waiting = async {
            let place = self.places.take(party, 1, WAIT).await.ok()?;
            loop {
                let older = self.take(upload);
                match older {
                    Ok(request) => {
                        let (upload, busy) = (upload.to_owned(), Arc::clone(&self.busy));
                        return Some(Turn { upload, request, busy, _place: place });
                    }
                    Err(older) => older.ended.cancelled().await,
                }
            }
        };
        // Before the wait for a place: it may be the older one's.
        drop(self.displace(upload));
        let turn = tokio::time::timeout(WAIT, waiting).await.ok().flatten();
        turn.ok_or_else(|| Error::new(Code::Busy, "too many uploads at once"))
    }

    fn displace(&self, upload: &str) -> Option<Request> {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.get(upload).cloned().inspect(|older| older.displaced.cancel())
    }

    fn take(&self, upload: &str) -> std::result::Result<Request, Request> {
        if let Some(older) = self.displace(upload) {
            return Err(older);
        }
        let request = Request::default();
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        match busy.get(upload) {
            Some(other) => Err(other.clone()),
            None => {
                busy.insert(upload.to_owned(), request.clone());
                Ok(request)
            }
        }
    }
}

impl Turn {
    /// Resolves when a newer request for the same upload has come.
    pub(super) async fn displaced(&self) {
        self.request.displaced.cancelled().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
        self.request.ended.cancel();
    }
}
