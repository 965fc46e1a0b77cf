//! How many threads this process may have, and for what: by what the dyno allows, never by the
//! cores that it shows, since those are its host's.

use super::granted;
use super::{Environment, Error};
use std::sync::LazyLock;

/// The variable that says how many threads there may be.
pub(super) const THREADS: &str = "INNKEEPER_THREADS";
/// The smallest dyno, for a system that tells nothing.
const FALLBACK_PROCESSES: u64 = 256;
/// The rest is left to a command beside the host, to the compiler, and to a shell.
const PART_OF_PROCESSES: u64 = 2;
pub(super) const BOUNDS: std::ops::RangeInclusive<u32> = 48..=4_096;
/// However many there may be, more do not help.
const USEFUL: u32 = 256;
/// What a machine with fewer cores has is enough for it.
const MOST_WORKERS: usize = 4;
/// Those of the log, the clock of guests, the watch over memory, and what starts the others.
const OF_THE_HOST: u32 = 8;
/// What reads and writes files and loads code.
const BLOCKING: u32 = 32;
/// A component compiles the faster the more threads there are, and each takes memory: of a large
/// one some 28 MiB.
const BYTES_OF_COMPILING: u64 = 512 << 20;

/// The threads of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadBudget {
    /// All of them at most.
    pub all: u32,
    /// That carry requests.
    pub workers: usize,
    /// That may block, for the runtime.
    pub blocking: usize,
    /// That run statements on SQLite that may take long.
    pub sqlite: usize,
}

impl ThreadBudget {
    /// What the environment says, else a part of what the system grants.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Self::on(environment, granted::processes())
    }

    /// So many threads, on a machine with so many cores.
    pub(super) fn of(all: u32, cores: usize) -> Self {
        let workers = cores.clamp(2, MOST_WORKERS);
        let blocking = BLOCKING.min(all / 4);
        let rest = all.saturating_sub(OF_THE_HOST + blocking).saturating_sub(u32::try_from(workers).unwrap_or(0));
        let as_usize = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self { all, workers, blocking: as_usize(blocking), sqlite: as_usize(rest) }
    }

    /// Threads of a process that compiles in so much memory.
    pub fn compiling(&self, memory: u64) -> usize {
        usize::try_from(memory / BYTES_OF_COMPILING).unwrap_or(usize::MAX).clamp(1, self.workers)
    }
}

/// The threads of this process. A variable that is wrong is an error of [`super::Config::load`].
pub fn threads() -> ThreadBudget {
    static THREADS: LazyLock<ThreadBudget> = LazyLock::new(|| {
        let found = ThreadBudget::from_environment(&Environment::from_process());
        found.unwrap_or_else(|_| ThreadBudget::of(part_of(None), cores()))
    });
    *THREADS
}

/// The threads of a process where so many processes and threads are allowed together.
pub(super) fn part_of(processes: Option<u64>) -> u32 {
    let part = processes.unwrap_or(FALLBACK_PROCESSES) / PART_OF_PROCESSES;
    u32::try_from(part).unwrap_or(u32::MAX).clamp(*BOUNDS.start(), USEFUL)
}

/// A sentence where the variable says more than the system grants.
pub(super) fn beyond(all: u32, granted: Option<u64>) -> Option<String> {
    let granted = granted.filter(|granted| *granted < u64::from(all))?;
    Some(format!("{THREADS}={all} is more than the {granted} processes and threads that the system grants"))
}

/// The cores that the machine shows.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_more_cores_has_no_more_threads() {
        let budget = ThreadBudget::of(128, 64);
        assert_eq!(budget, ThreadBudget::of(128, 4));
        assert_eq!((budget.workers, budget.blocking, budget.sqlite), (4, 32, 84));
        assert_eq!(ThreadBudget::of(128, 1).workers, 2);
        let sum = |budget: ThreadBudget| budget.workers + budget.blocking + budget.sqlite + 8;
        for all in [48, 64, 128, 256, 4_096] {
            assert_eq!(sum(ThreadBudget::of(all, 64)), usize::try_from(all).unwrap(), "{all}");
        }
    }

    #[test]
    fn the_dyno_says_how_many_there_are() {
        let cases = [(None, 128), (Some(256), 128), (Some(512), 256), (Some(16_384), 256), (Some(20), 48)];
        for (processes, threads) in cases {
            assert_eq!(part_of(processes), threads, "{processes:?}");
        }
        let given = |value: &str| ThreadBudget::from_environment(&Environment::from_pairs([(THREADS, value)]));
        assert_eq!((beyond(256, Some(256)), beyond(4_096, None)), (None, None));
        assert!(
            beyond(257, Some(256))
                .is_some_and(|note| note.starts_with("INNKEEPER_THREADS=257 is more than the 256"))
        );
        assert!(given("64").is_ok_and(|budget| budget.all == 64));
        assert!(given("4").is_err_and(|error| error.to_string().starts_with("INNKEEPER_THREADS=4")));
    }

    #[test]
    fn a_small_dyno_compiles_with_one_thread() {
        let budget = ThreadBudget::of(128, 64);
        for (memory, threads) in [(0, 1), (512 << 20, 1), (1 << 30, 2), (14 << 30, 4)] {
            assert_eq!(budget.compiling(memory), threads, "{memory}");
        }
    }
}
