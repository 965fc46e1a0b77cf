//! What the interfaces share during one request.

use super::blob_upload::{Keyring, SendOptions};
use super::body::RequestBody;
use super::session;
use crate::config::Limits;
use crate::storage::blobs::{Blob, Discards};
use crate::storage::{self, AppSpace, Bounds, Transactions, UnitOfWork};
use crate::telemetry::traces;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// What all requests of a version of an app share.
#[derive(Debug)]
pub struct AppContext {
    /// The number of the version.
    pub version: i64,
    /// Set where nothing is kept of what a request does.
    pub rehearsal: Option<Rehearsal>,
    /// Where the app's things are kept.
    pub space: AppSpace,
    /// What is kept together.
    pub transactions: Transactions,
    /// Settings that the guest reads through `wasi:config`.
    pub config: Vec<(String, String)>,
    /// How much a guest may ask for.
    pub limits: Arc<Limits>,
    /// What signs URLs.
    pub keyring: Arc<Keyring>,
    /// Removes blobs that do not become whole.
    pub discards: Discards,
    /// Hashes of the lists of migrations and the descriptions of tables that are known to be
    /// applied.
    applied: Mutex<HashSet<[u8; 32]>>,
}

impl AppContext {
    /// Nothing is known to be applied yet.
    pub fn new(
        (version, rehearsal): (i64, Option<Rehearsal>),
        space: AppSpace,
        transactions: Transactions,
        config: Vec<(String, String)>,
        limits: Arc<Limits>,
        keyring: Arc<Keyring>,
        discards: Discards,
    ) -> Self {
        Self {
            version,
            rehearsal,
            space,
            transactions,
            config,
            limits,
            keyring,
            discards,
            applied: Mutex::default(),
        }
    }

    /// Whether a list of migrations with this hash has been applied.
    pub(super) fn is_applied(&self, hash: &[u8; 32]) -> bool {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    /// Forgets what is known to be applied: a migration may have changed tables that were as
    /// described.
    pub(super) fn forget_applied(&self) {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes that a list of migrations has been applied, so that it is not asked for again.
    pub(super) fn note_applied(&self, hash: [u8; 32]) {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
    }
}

/// What a request has done of which nothing is kept.
#[derive(Debug, Default)]
pub struct Rehearsal {
    migrations: Mutex<Vec<String>>,
    changes_tables: Notify,
}

impl Rehearsal {
    /// The names of the migrations that were run.
    pub fn migrations(&self) -> Vec<String> {
        self.migrations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends when tables have been changed.
    pub async fn tables_changed(&self) {
        self.changes_tables.notified().await;
    }

    /// From now on whoever uses the tables that were changed waits for the request.
    pub(super) fn note_change(&self) {
        self.changes_tables.notify_one();
    }

    pub(super) fn note_migrations(&self, names: &[String]) {
        if !names.is_empty() {
            self.note_change();
        }
        self.migrations.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(names);
    }
}

/// Whether a request was told that its app's database cannot be used: what becomes of it then says
/// nothing about the app. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct OutageNote(Arc<AtomicBool>);

impl OutageNote {
    /// Whether it was.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, error: &storage::Error) {
        if error.is_fault_of_database() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether rows were changed that a follower of the database may not have yet. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct WriteNote {
    by_visitor: bool,
    now: Arc<AtomicBool>,
}

impl WriteNote {
    /// A note that says whether the visitor has changed some a moment ago.
    pub fn of_visitor(by_visitor: bool) -> Self {
        Self { by_visitor, now: Arc::default() }
    }

    /// Whether this request has.
    pub fn is_set(&self) -> bool {
        self.now.load(Ordering::Relaxed)
    }
}

/// A blob with which the current request is to be answered.
#[derive(Debug)]
pub struct Pending {
    /// The blob, as it was when `send` was called.
    pub blob: Blob,
    /// How to send it.
    pub options: SendOptions,
}

/// One request's unit of work and what else the interfaces need.
#[derive(Debug)]
pub struct Context {
    /// What all requests of the app share.
    pub app: Arc<AppContext>,
    /// The body of the request.
    pub body: RequestBody,
    /// Each error that the guest is told of is noted here.
    pub(super) outage: OutageNote,
    writes: WriteNote,
    pub(super) unit: UnitOfWork,
    pub(super) session: session::State,
    /// The visitor's session as it was when each open transaction of the guest began.
    pub(super) marks: Vec<(u32, session::State)>,
    /// When open transactions of the guest are rolled back by themselves.
    pub(super) deadlines: Vec<(u32, tokio::time::Instant)>,
    /// One place for each blob that the guest is reading or making: each holds bytes that count
    /// against no instance.
    open_blobs: Arc<Semaphore>,
    pending: Option<Pending>,
    answered: bool,
}

/// Blobs that one request may read or make at once.
pub const OPEN_BLOBS: usize = 16;

impl Context {
    /// A fresh request. `presented` is what it brings along, not yet checked.
    pub fn new(
        app: Arc<AppContext>,
        presented: session::Presented,
        jar: session::Jar,
        body: RequestBody,
        (outage, writes): (OutageNote, WriteNote),
    ) -> Self {
        let mut unit = match app.rehearsal {
            Some(_) => UnitOfWork::rehearsal(app.space.clone(), app.transactions),
            None => UnitOfWork::new(app.space.clone(), app.transactions),
        };
        if writes.by_visitor {
            unit.read_from_primary();
        }
        let session = session::State::new(presented, jar, &app.limits);
        let open_blobs = Arc::new(Semaphore::new(OPEN_BLOBS));
        let (marks, deadlines, pending) = Default::default();
        Self { app, body, outage, writes, unit, session, marks, deadlines, open_blobs, pending, answered: false }
    }

    /// Keeps everything that the request has written: rows, blobs and session.
    pub async fn commit(&mut self) -> storage::Result<()> {
        // What has been lost is said before anything else is found wrong because of it.
        self.unit.check_kept()?;
        self.session.flush(&mut self.unit).await?;
        self.marks.clear();
        let mut step = self.unit.is_holding().then(|| traces::step("commit"));
        if let Err(error) = self.unit.commit().await {
            if let Some(step) = &mut step {
                step.failed(|| format!("{:?}", error.code));
            }
            self.session.rolled_back();
            return Err(error);
        }
        drop(step);
        self.session.committed(self.app.space.app());
        self.session.note_use(&mut self.unit).await;
        Ok(())
    }

    /// Keeps what is to be kept when the response leaves: transactions that are still open are not.
    pub async fn commit_at_end(&mut self) -> storage::Result<()> {
        self.unit.check_kept()?;
        // One may have ended by itself: see `storage::unit::following`.
        let open = self.marks.iter().map(|(number, _)| *number).find(|number| self.unit.is_open(*number));
        if let Some(outermost) = open {
            self.rollback_part(outermost).await?;
        }
        self.commit().await
    }

    /// Undoes everything that the request has written since it began or was last committed.
    pub async fn rollback(&mut self) -> storage::Result<()> {
        self.marks.clear();
        self.session.rolled_back();
        self.unit.rollback().await
    }

    /// Notes that the response is on its way: what is written from now on is kept statement by
    /// statement.
    pub fn answer(&mut self) {
        self.answered = true;
        self.session.close();
        self.writes.now.store(self.unit.has_changed_rows(), Ordering::Relaxed);
        self.unit.finish();
    }

    /// Whether the response is on its way.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// A place for a blob that is to be read or made, if one is free.
    pub(super) fn place_for_blob(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.open_blobs).try_acquire_owned().ok()
    }

    /// The blob with which to answer, if `send` was called.
    pub fn take_pending(&mut self) -> Option<Pending> {
        self.pending.take()
    }

    /// Answers with a blob if the guest sets no response.
    pub(super) fn set_pending(&mut self, pending: Pending) {
        self.pending = Some(pending);
    }

    /// The blob that a response header names.
    pub async fn find_blob(&mut self, id: &str) -> storage::Result<Blob> {
        storage::blobs::stat(&mut self.unit, id).await
    }

    /// How much one statement of the guest may ask for.
    pub(super) fn bounds(&self) -> Bounds {
        let limits = &self.app.limits;
        Bounds {
            rows: usize::try_from(limits.result_rows).unwrap_or(usize::MAX),
            bytes: usize::try_from(limits.result_bytes).unwrap_or(usize::MAX),
            time: limits.statement_time,
        }
    }
}
