//! Keeps guests' statements inside their tables (see `authorizer`) and inside their time (a
//! progress handler).
//!
//! SQLite calls the authorizer while it compiles a statement, also when it compiles one again after
//! a change of the schema. So [`Watch`] says for the whole run of a statement whose it is, and the
//! texts of guests and host never share a compiled statement.

use super::authorizer::{Definition, authorize_guest, is_copy};
use super::counters::PresentCounters;
use rusqlite::Connection;
use rusqlite::hooks::{Action, AuthAction, AuthContext, Authorization};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Steps of SQLite's virtual machine between two looks at the clock; a few microseconds, where all
/// steps are short.
const STEPS: i32 = 100;
/// A statement of the host that runs for longer gives its runtime worker away. One of a guest that
/// only reads is begun anew elsewhere.
const SLOW: Duration = Duration::from_millis(2);
/// What the runtime needs to let another thread take over the worker.
const HANDOVER: Duration = Duration::from_micros(100);

/// How a statement ended that ran on a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// In good time, whatever came of it.
    InTime,
    /// By itself, but it took long.
    Late,
    /// It was interrupted, because it took long.
    Interrupted,
    /// Before it did anything: it has to be compiled first.
    Uncompiled,
}

/// Watches what runs in one connection.
#[derive(Debug)]
pub(super) struct Watch {
    base: Instant,
    /// Microseconds after `base` at which the statement is interrupted.
    deadline: AtomicU64,
    /// Microseconds after `base` at which the worker is given away; `u64::MAX` once it has been.
    slow: AtomicU64,
    /// Microseconds after `base` from which on a statement has been on a worker for too long.
    late: AtomicU64,
    /// Whether a guest's statement is being compiled or run.
    guest: AtomicBool,
    /// Whether the guest's rows are being copied into a temporary table.
    copying: AtomicBool,
    /// The guest's statement defines something, and so reads the catalogue.
    defines: AtomicBool,
    /// The guest's statement is an ALTER TABLE, and so checks the rows that are there.
    alters: AtomicBool,
    interrupted: AtomicBool,
    /// The guest's statement runs on a worker, as it was compiled before and not otherwise.
    sealed: AtomicBool,
    /// A sealed statement would have had to be compiled.
    unsealed: AtomicBool,
    /// Counts what was asked while statements of guests were compiled.
    compilations: AtomicU64,
    /// Counts what is watched.
    run: AtomicU64,
    /// The run that nobody waits for any more.
    abandoned: AtomicU64,
}

impl Watch {
    /// Installs authorizer and progress handler, and what counts the rows that guests insert.
    pub(super) fn attach(link: &Connection, counters: &PresentCounters) -> rusqlite::Result<Arc<Self>> {
        let watch = Arc::new(Self {
            base: Instant::now(),
            deadline: AtomicU64::new(u64::MAX),
            slow: AtomicU64::new(u64::MAX),
            late: AtomicU64::new(u64::MAX),
            guest: AtomicBool::new(false),
            copying: AtomicBool::new(false),
            defines: AtomicBool::new(false),
            alters: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            sealed: AtomicBool::new(false),
            unsealed: AtomicBool::new(false),
            compilations: AtomicU64::new(0),
            run: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        });
        let on_progress = Arc::clone(&watch);
        link.progress_handler(STEPS, Some(move || on_progress.look()))?;
        let (on_row, counters) = (Arc::clone(&watch), counters.clone());
        link.update_hook(Some(move |action, _database: &str, _table: &str, rowid| {
            if action == Action::SQLITE_INSERT && on_row.counts_rows() {
                counters.get().note_row(rowid);
            }
        }))?;
        let on_compile = Arc::clone(&watch);
        link.authorizer(Some(move |context: AuthContext<'_>| {
            let copying = on_compile.copying.load(Ordering::Relaxed) && is_copy(&context);
            match on_compile.guest.load(Ordering::Relaxed) && !copying {
                true if on_compile.refuses_to_compile() => Authorization::Deny,
                true => on_compile.authorize(&context),
                false => Authorization::Allow,
            }
        }))?;
        Ok(watch)
    }

    /// Begins to watch a statement that may run for `time`. Returns the number of this run.
    pub(super) fn begin(&self, guest: bool, time: Duration) -> u64 {
        let now = self.now();
        self.start(guest, now.saturating_add(micros(SLOW)), now.saturating_add(micros(time)))
    }

    /// Begins to watch a statement of a guest on a worker. One that only reads is interrupted when
    /// it takes long; any other has no loop.
    pub(super) fn begin_here(&self, reads: bool, time: Duration) {
        let now = self.now();
        let late = now.saturating_add(micros(SLOW));
        self.late.store(late, Ordering::Relaxed);
        self.unsealed.store(false, Ordering::Relaxed);
        self.sealed.store(true, Ordering::Relaxed);
        match reads {
            true => self.start(true, u64::MAX, late),
            false => self.start(true, late, now.saturating_add(micros(time))),
        };
    }

    fn start(&self, guest: bool, slow: u64, deadline: u64) -> u64 {
        self.guest.store(guest, Ordering::Relaxed);
        self.defines.store(false, Ordering::Relaxed);
        self.alters.store(false, Ordering::Relaxed);
        self.interrupted.store(false, Ordering::Relaxed);
        self.slow.store(slow, Ordering::Relaxed);
        self.deadline.store(deadline, Ordering::Relaxed);
        self.run.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Ends watching a statement on a worker.
    pub(super) fn end_here(&self) -> End {
        self.sealed.store(false, Ordering::Relaxed);
        let interrupted = self.end();
        if self.unsealed.load(Ordering::Relaxed) {
            return End::Uncompiled;
        }
        if interrupted {
            return End::Interrupted;
        }
        if self.now() > self.late.load(Ordering::Relaxed) { End::Late } else { End::InTime }
    }

    /// Whether a guest's statement is being compiled or run.
    pub(super) fn is_guest(&self) -> bool {
        self.guest.load(Ordering::Relaxed)
    }

    /// Whether the guest's statement runs as it was compiled before and not otherwise.
    pub(super) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Relaxed)
    }

    /// Whether the guest's statement, which has been compiled in this run, defines something.
    pub(super) fn is_definition(&self) -> bool {
        self.defines.load(Ordering::Relaxed)
    }

    /// Whether rows that are inserted are the guest's own: a definition writes into the catalogue,
    /// a cursor into a table of the host's.
    fn counts_rows(&self) -> bool {
        self.is_guest() && !self.is_definition() && !self.copying.load(Ordering::Relaxed)
    }

    /// Changes whenever a statement of a guest is compiled.
    pub(super) fn compilations(&self) -> u64 {
        self.compilations.load(Ordering::Relaxed)
    }

    /// Asked for each thing that a statement of a guest touches, while it is compiled.
    fn refuses_to_compile(&self) -> bool {
        self.compilations.fetch_add(1, Ordering::Relaxed);
        let sealed = self.sealed.load(Ordering::Relaxed);
        if sealed {
            self.unsealed.store(true, Ordering::Relaxed);
        }
        sealed
    }

    /// Interrupts a run, if it is the present one.
    pub(super) fn abandon(&self, run: u64) {
        self.abandoned.store(run, Ordering::Relaxed);
    }

    /// From now until the end of the run its rows may be copied.
    pub(super) fn allow_copy(&self) {
        self.copying.store(true, Ordering::Relaxed);
    }

    /// Ends watching. Returns whether the statement was interrupted for its time.
    pub(super) fn end(&self) -> bool {
        self.guest.store(false, Ordering::Relaxed);
        self.copying.store(false, Ordering::Relaxed);
        self.deadline.store(u64::MAX, Ordering::Relaxed);
        self.slow.store(u64::MAX, Ordering::Relaxed);
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Lets the host's statements be compiled for a moment.
    pub(super) fn pause_guard(&self) -> bool {
        self.guest.swap(false, Ordering::Relaxed)
    }

    /// Back to what [`Self::pause_guard`] found.
    pub(super) fn resume_guard(&self, guest: bool) {
        self.guest.store(guest, Ordering::Relaxed);
    }

    /// A definition says what it defines before it looks into the catalogue.
    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        use AuthAction as A;
        let defines = matches!(
            context.action,
            A::CreateTable { .. }
                | A::DropTable { .. }
                | A::AlterTable { .. }
                | A::CreateIndex { .. }
                | A::DropIndex { .. }
                | A::CreateView { .. }
                | A::DropView { .. }
        );
        if defines {
            self.defines.store(true, Ordering::Relaxed);
        }
        if matches!(context.action, A::AlterTable { .. }) {
            self.alters.store(true, Ordering::Relaxed);
        }
        let definition = match (self.alters.load(Ordering::Relaxed), self.is_definition()) {
            (true, _) => Definition::Alter,
            (false, true) => Definition::Other,
            (false, false) => Definition::None,
        };
        authorize_guest(context, definition)
    }

    /// Called by SQLite every [`STEPS`] steps; true interrupts the statement.
    fn look(&self) -> bool {
        let now = self.now();
        if now > self.slow.load(Ordering::Relaxed) {
            self.slow.store(now.saturating_add(micros(SLOW)), Ordering::Relaxed);
            give_worker_away();
        }
        let abandoned = self.abandoned.load(Ordering::Relaxed) == self.run.load(Ordering::Relaxed);
        let over = abandoned || now > self.deadline.load(Ordering::Relaxed);
        if over {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        over
    }

    fn now(&self) -> u64 {
        micros(self.base.elapsed())
    }
}

/// Tells the runtime that this thread is busy, so that the other tasks of its worker go on
/// elsewhere. The thread keeps running the statement; where the worker has been taken over already,
/// this costs next to nothing.
#[expect(clippy::disallowed_methods, reason = "the worker is handed over while the thread sleeps")]
fn give_worker_away() {
    use tokio::runtime::{Handle, RuntimeFlavor};
    if Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread) {
        tokio::task::block_in_place(|| std::thread::sleep(HANDOVER));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
