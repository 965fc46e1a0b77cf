//! The disk under a folder of database files: whether it takes writes, and whether it has room.
//!
//! On a full disk even a DELETE fails, since it needs pages in the log ahead of the file, and a
//! file cannot be opened, since that needs its shared memory. So two things are kept free. While
//! the disk has less than [`Bounds::low`] left, guests may only reuse pages that their files have
//! free. A reserve file is removed once nearly nothing is left, so that deletes, sessions and
//! checkpoints go on; it is made again when there is room.

use crate::storage::{Code, Error};
use rustix::fs::{Access, FallocateFlags, access, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The reserve in the data folder.
const RESERVE_FILE: &str = "innkeeper.reserve";
/// Bytes of the reserve, and of what guests leave free beside it, where the disk is large.
const MOST_RESERVE: u64 = 8 << 20;
const LEAST_RESERVE: u64 = 256 << 10;
/// A small disk gives up this part of itself.
const PART: u64 = 16;
/// A look at the disk is good for so long: it takes a microsecond, and each writer wants one.
const FRESH: Duration = Duration::from_millis(100);
/// Or until so many bytes have been written: a fraction of what is kept free.
const FRESH_BYTES: u64 = LEAST_RESERVE / 2;

/// Whether a disk takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DiskState {
    /// It does.
    Roomy = 0,
    /// It has no room for more.
    Full = 1,
    /// It, or the folder, is read-only.
    ReadOnly = 2,
}

/// What is known of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskReport {
    /// Whether it takes writes.
    pub state: DiskState,
    /// Bytes that it has left, without the reserve.
    pub free: u64,
    /// Bytes of the reserve; none while it is given up.
    pub reserve: u64,
}

impl std::fmt::Display for DiskReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            DiskState::Roomy => "takes writes",
            DiskState::Full => "full, rows are read and deleted only",
            DiskState::ReadOnly => "read-only",
        };
        write!(f, "{state}, {} bytes free, {} in reserve", self.free, self.reserve)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    base: Instant,
    state: AtomicU8,
    free: AtomicU64,
    /// Milliseconds after `base` of the last look; 0 before the first.
    looked: AtomicU64,
    /// Bytes that were written since.
    written: AtomicU64,
    /// Raised when the folder takes writes again: connections from before are not lent any more.
    epoch: AtomicU64,
    /// Whether this process makes the reserve. Commands do not.
    keeps_reserve: AtomicBool,
    /// Whether this process has written, and so may give the reserve up.
    writes: AtomicBool,
    /// Held while the state or the reserve changes.
    changing: Mutex<()>,
}

/// Where the borders are, by the size of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    /// Bytes of the reserve.
    reserve: u64,
    /// With less than this the disk counts as full.
    low: u64,
    /// With less than this the reserve is given up.
    critical: u64,
}

impl Bounds {
    fn of(disk_bytes: u64) -> Self {
        let reserve = (disk_bytes / PART).clamp(LEAST_RESERVE, MOST_RESERVE);
        Self { reserve, low: reserve, critical: reserve / 4 }
    }

    /// On a full disk the log is moved into the file with the room of the reserve, and deletions
    /// need some of it, too.
    fn most_log_bytes(self) -> u64 {
        self.reserve / 2
    }

    /// What a disk has to have left in order to count as roomy: where the reserve is missing as
    /// much as it takes, too, and after it was full a quarter more, so that the state does not go
    /// to and fro.
    fn roomy(self, lacks_reserve: bool, was_full: bool) -> u64 {
        let reserve = if lacks_reserve { self.reserve } else { 0 };
        let more = if was_full || lacks_reserve { self.low / 4 } else { 0 };
        self.low + reserve + more
    }
}

impl Disk {
    /// Looks at nothing yet.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            base: Instant::now(),
            state: AtomicU8::new(DiskState::Roomy as u8),
            free: AtomicU64::new(u64::MAX),
            looked: AtomicU64::new(0),
            written: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            keeps_reserve: AtomicBool::new(false),
            writes: AtomicBool::new(false),
            changing: Mutex::default(),
        }
    }

    /// From now on this process makes the reserve where there is room for it.
    pub(super) fn keep_reserve(&self) {
        self.keeps_reserve.store(true, Ordering::Relaxed);
        self.look();
    }

    /// Bytes that the log ahead of a file should have at most, see [`Bounds::most_log_bytes`].
    pub(super) fn most_log_bytes(&self) -> u64 {
        let disk = statvfs(&self.folder).map(|about| about.f_blocks.saturating_mul(about.f_frsize.max(1)));
        Bounds::of(disk.unwrap_or(u64::MAX)).most_log_bytes()
    }

    /// As of the last look.
    pub(super) fn state(&self) -> DiskState {
        match self.state.load(Ordering::Relaxed) {
            0 => DiskState::Roomy,
            1 => DiskState::Full,
            _ => DiskState::ReadOnly,
        }
    }

    /// Counts how often the folder has become writable again.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// As of this moment; none where the folder cannot be looked at, because it is not there yet.
    pub(super) fn report(&self) -> Option<DiskReport> {
        let state = self.look();
        let free = self.free();
        (free != u64::MAX).then(|| DiskReport { state, free, reserve: self.reserve_bytes() })
    }

    /// Bytes that the disk had left at the last look.
    pub(super) fn free(&self) -> u64 {
        self.free.load(Ordering::Relaxed)
    }

    /// For whoever is about to write: looks unless somebody has just done so.
    pub(super) fn look_now_and_then(&self) -> DiskState {
        self.writes.store(true, Ordering::Relaxed);
        let now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let looked = self.looked.load(Ordering::Relaxed);
        let fresh = u64::try_from(FRESH.as_millis()).unwrap_or(u64::MAX);
        if looked != 0 && now.saturating_sub(looked) < fresh {
            return self.state();
        }
        self.look()
    }

    /// Notes that so many bytes have been written.
    pub(super) fn note_written(&self, bytes: u64) {
        if self.written.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > FRESH_BYTES {
            self.look();
        }
    }

    /// Looks, and does what follows: says so in the log, gives the reserve up or makes it again.
    pub(super) fn look(&self) -> DiskState {
        let now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        self.looked.store(now, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        // A folder that is not there yet, or cannot be looked at, is judged by what writing to it
        // gives.
        let Ok(about) = statvfs(&self.folder) else { return self.state() };
        let unit = about.f_frsize.max(1);
        let free = about.f_bavail.saturating_mul(unit);
        let bounds = Bounds::of(about.f_blocks.saturating_mul(unit));
        self.free.store(free, Ordering::Relaxed);
        let before = self.state();
        let refused =
            matches!(access(&self.folder, Access::WRITE_OK), Err(Errno::ROFS | Errno::ACCESS | Errno::PERM));
        let is_quiet = !refused && before == DiskState::Roomy && free >= bounds.roomy(true, true);
        if !is_quiet || (self.keeps_reserve.load(Ordering::Relaxed) && !self.reserve_path().exists()) {
            self.change(refused, free, bounds);
        }
        self.state()
    }

    fn change(&self, refused: bool, free: u64, bounds: Bounds) {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.state();
        let lacks_reserve = self.keeps_reserve.load(Ordering::Relaxed) && self.reserve_bytes() == 0;
        let now = if refused {
            DiskState::ReadOnly
        } else if free < bounds.roomy(lacks_reserve, before == DiskState::Full) {
            DiskState::Full
        } else {
            DiskState::Roomy
        };
        let may = self.writes.load(Ordering::Relaxed) || self.keeps_reserve.load(Ordering::Relaxed);
        if now == DiskState::Full && free < bounds.critical && may {
            self.give_reserve_up();
        }
        if now == DiskState::Roomy && free >= bounds.roomy(true, true) {
            self.make_reserve(bounds.reserve);
        }
        if now != before {
            self.state.store(now as u8, Ordering::Relaxed);
            if before != DiskState::Roomy {
                self.epoch.fetch_add(1, Ordering::AcqRel);
            }
            self.tell(before, now, free);
        }
    }

    fn tell(&self, before: DiskState, now: DiskState, free: u64) {
        let folder = self.folder.display();
        match now {
            DiskState::Full => tracing::warn!(
                %folder, free, "the disk is full: rows are read and deleted, and none are added until it has room again"
            ),
            DiskState::ReadOnly => {
                tracing::warn!(%folder, "the data folder is read-only: it is read, and nothing is written");
            }
            DiskState::Roomy => {
                tracing::info!(%folder, free, "the data folder takes writes again, after {before:?}")
            }
        }
    }

    fn reserve_path(&self) -> PathBuf {
        self.folder.join(RESERVE_FILE)
    }

    fn reserve_bytes(&self) -> u64 {
        self.reserve_path().metadata().map_or(0, |about| about.len())
    }

    fn give_reserve_up(&self) {
        if std::fs::remove_file(self.reserve_path()).is_ok() {
            tracing::info!(folder = %self.folder.display(), "the reserve was given up, so that rows can be deleted");
        }
    }

    /// Where that fails there is none, and the next look tries again.
    fn make_reserve(&self, bytes: u64) {
        if !self.keeps_reserve.load(Ordering::Relaxed) || self.reserve_bytes() >= bytes {
            return;
        }
        let path = self.reserve_path();
        if let Err(error) = allocate(&path, bytes) {
            tracing::debug!(file = %path.display(), "the reserve cannot be made: {error}");
            // A part of it is none.
            let _ = std::fs::remove_file(&path);
        }
    }

    /// What an error of the engine means on this disk: a write that failed because there is no
    /// room, or because nothing may be written, says so.
    pub(super) fn judge(&self, error: Error) -> Error {
        let is_full = error.code == Code::DiskFull;
        if !is_full && error.code != Code::Unavailable {
            return error;
        }
        match self.look() {
            DiskState::ReadOnly => Error::new(Code::ReadOnly, "the data folder is read-only"),
            DiskState::Full => Error::disk_full(),
            // Sorting writes to a folder of the system's, which may be on another disk.
            DiskState::Roomy if is_full => Error::new(
                Code::DiskFull,
                "the disk ran full under the statement, or the one for temporary files: try a smaller one",
            ),
            DiskState::Roomy => error,
        }
    }
}

/// Makes a file whose blocks are taken: a file with a hole would reserve nothing.
fn allocate(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = File::options().create(true).truncate(true).write(true).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            let zeros = [0; 64 << 10];
            let mut left = bytes;
            while left > 0 {
                let now = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
                file.write_all(zeros.get(..now).unwrap_or_default())?;
                left -= u64::try_from(now).unwrap_or(left);
            }
            file.sync_all()
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_keeps_a_small_reserve() {
        let bounds = |bytes| Bounds::of(bytes);
        assert_eq!(bounds(32 << 20), Bounds { reserve: 2 << 20, low: 2 << 20, critical: 512 << 10 });
        assert_eq!(bounds(100 << 30).reserve, MOST_RESERVE);
        assert_eq!(bounds(1 << 20).reserve, LEAST_RESERVE);
        assert_eq!(bounds(32 << 20).roomy(true, true), (4 << 20) + (512 << 10));
        assert_eq!(bounds(32 << 20).roomy(false, false), 2 << 20);
    }

    #[test]
    fn a_log_leaves_half_of_the_reserve() {
        assert_eq!(Bounds::of(32 << 20).most_log_bytes(), 1 << 20);
        assert_eq!(Bounds::of(100 << 30).most_log_bytes(), 4 << 20);
        assert_eq!(Disk::new(Path::new("/nowhere")).most_log_bytes(), 4 << 20);
    }

    #[test]
    fn a_reserve_takes_up_its_bytes() {
        use std::os::unix::fs::MetadataExt;
        let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
        let folder = target.join(format!("tmp/innkeeper-reserve-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let disk = Disk::new(&folder);
        disk.look();
        assert_eq!(disk.reserve_bytes(), 0);
        disk.keep_reserve();
        let report = disk.report().unwrap();
        let about = folder.join(RESERVE_FILE).metadata().unwrap();
        assert_eq!((report.reserve, about.len()), (MOST_RESERVE, MOST_RESERVE));
        assert!(about.blocks() * 512 >= MOST_RESERVE);
        disk.give_reserve_up();
        assert_eq!(disk.reserve_bytes(), 0);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
