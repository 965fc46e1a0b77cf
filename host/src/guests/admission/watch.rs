//! Measures how large the process is, many times a second, and corrects the account: what was taken
//! for guests is an estimate, and pages that are promised are often never touched.

use super::usual::Ratio;
use super::{Admission, Running, Trimmer, Usual};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

const STATUS: &str = "/proc/self/status";
const STATUS_BYTES: usize = 4096;
/// Between two looks while guests are at work, and while none is.
const BUSY: Duration = Duration::from_millis(20);
const QUIET: Duration = Duration::from_millis(100);
/// Estimates follow after so many looks.
const LEARN_AFTER: u32 = 10;
/// Guests are a crowd when they take this part of the room. With fewer, what the host itself does
/// is the larger part of any change.
const CROWD: u64 = 16;
/// With less than this part of the room in use the process is as large as without guests.
const HARDLY_ANY: u64 = 64;

/// How large the process is, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    /// Memory that is nowhere else.
    own: i64,
    /// All resident memory. A page of a component's initial memory counts once for each instance
    /// that has it.
    resident: i64,
}

/// Who measures.
struct Watch {
    status: File,
    /// The child that compiles.
    compiler: Running,
    /// The size without guests.
    base: Size,
    looks: u32,
}

/// Starts a thread that measures as long as there is the room. A thread of its own, since a busy
/// runtime must not keep it from looking.
#[expect(clippy::disallowed_methods, reason = "the thread is the watch's own")]
pub(super) fn start(room: &Arc<Admission>, mut trimmer: Trimmer, compiler: Running) {
    // Without such a file, as on systems that are no Linux, estimates are all there is.
    let Ok(status) = File::open(STATUS) else { return };
    let mut watch = Watch { status, compiler, base: Size::default(), looks: 0 };
    let room = Arc::downgrade(room);
    let spawned = std::thread::Builder::new().name("memory".into()).spawn(move || {
        while let Some(room) = room.upgrade() {
            let is_busy = watch.look(&room);
            trimmer.look(room.figures().instances);
            drop(room);
            std::thread::sleep(if is_busy { BUSY } else { QUIET });
        }
    });
    if let Err(error) = spawned {
        tracing::error!("memory is not measured, since no thread can be started: {error}");
    }
}

impl Watch {
    /// Looks once. Returns whether there is something to watch.
    fn look(&mut self, room: &Admission) -> bool {
        let Some(size) = self.size() else { return false };
        self.looks = self.looks.wrapping_add(1);
        let budget = &room.budget;
        // Whoever is at work goes on beside a compiler; nobody more is let in than there is room
        // for. It is no part of this process, whose size has its own bound.
        let ceiling = budget.ceiling.saturating_sub(self.compiler_bytes());
        let mut state = room.shares.lock();
        state.fresh.next_look();
        let fresh = state.fresh.all();
        let used = signed(state.used);
        let is_crowd = state.used >= state.total / CROWD;
        if is_crowd {
            state.correction = size.own - self.base.own - used.saturating_sub(signed(fresh.units));
        } else {
            state.correction = 0;
        }
        if state.used <= state.total / HARDLY_ANY {
            self.base = Size { own: size.own - used, resident: size.resident - used };
        }
        let left = ceiling.saturating_add_signed(self.base.resident.saturating_neg());
        state.total = left.max(budget.least);
        state.resident_left = signed(budget.ceiling) - size.resident;
        state.serve_line();
        let is_busy = state.used > 0;
        drop(state);
        let shared = (size.resident - size.own).min(self.base.resident - self.base.own).max(0);
        room.pressed.store(size.own + shared > signed(budget.hard), Ordering::Relaxed);
        if is_crowd && self.looks.is_multiple_of(LEARN_AFTER) && signed(fresh.units) < used / 5 {
            self.learn(room, size, used);
        }
        is_busy
    }

    /// Lets the estimates follow what was measured in a crowd in which most have come to rest.
    fn learn(&self, room: &Admission, size: Size, used: i64) {
        let versions = room.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let versions: Vec<Arc<Usual>> = versions.iter().filter_map(std::sync::Weak::upgrade).collect();
        let taken = versions
            .iter()
            .map(|version| version.taken())
            .fold((0, 0), |sum: (u64, u64), taken| (sum.0.saturating_add(taken.0), sum.1.saturating_add(taken.1)));
        // What instances have grown by is counted in full, and so is what the host holds for them.
        let beside = used.saturating_sub(signed(taken.0));
        let found = |now: i64, base: i64| now - base - beside;
        let ratio = Ratio {
            own: quotient(found(size.own, self.base.own), taken.0),
            resident: quotient(found(size.resident, self.base.resident), taken.1),
        };
        for version in versions {
            version.learn(ratio);
        }
        room.shares.lock().renew_line();
    }

    /// What the child has for itself. The program that it runs is this one's.
    fn compiler_bytes(&self) -> u64 {
        let size = self.compiler.pid().and_then(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            size_of_process(&status)
        });
        size.and_then(|size| u64::try_from(size.own).ok()).unwrap_or_default()
    }

    fn size(&self) -> Option<Size> {
        let mut buffer = [0; STATUS_BYTES];
        let length = self.status.read_at(&mut buffer, 0).ok()?;
        size_of_process(std::str::from_utf8(buffer.get(..length)?).ok()?)
    }
}

/// From `VmRSS:     1234 kB` and `RssAnon:     123 kB`, where kB means KiB.
fn size_of_process(status: &str) -> Option<Size> {
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<i64>().ok()?.checked_mul(1024)
    };
    Some(Size { own: bytes("RssAnon:")?, resident: bytes("VmRSS:")? })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn quotient(found: i64, taken: u64) -> f64 {
    if taken == 0 { 1.0 } else { found.max(0) as f64 / taken as f64 }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::own_process::alone;

    #[test]
    fn the_size_is_read_as_the_kernel_tells_it() {
        let status = "Name:\tinnkeeper\nVmHWM:\t  99 kB\nVmRSS:\t   70 kB\nRssAnon:\t   30 kB\nRssFile:\t 27 kB\n";
        assert_eq!(size_of_process(status), Some(Size { own: 30 << 10, resident: 70 << 10 }));
        assert_eq!(size_of_process("VmRSS:\t many kB\n"), None);
    }

    #[test]
    fn this_process_has_a_size() {
        alone("guests::admission::watch::tests::this_process_has_a_size", || {
            let status = File::open(STATUS).unwrap();
            let watch = Watch { status, compiler: Running::default(), base: Size::default(), looks: 0 };
            let before = watch.size().unwrap();
            let ballast = vec![1_u8; 32 << 20];
            let after = watch.size().unwrap();
            assert!(after.own - before.own > 24 << 20 && after.resident >= after.own, "{before:?} {after:?}");
            drop(std::hint::black_box(ballast));
        });
    }
}
