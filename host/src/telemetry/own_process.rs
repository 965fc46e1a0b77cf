//! What the system says of this process.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Where Linux says it.
const STATUS: &str = "/proc/self/status";

/// Memory and threads; 0 where the system does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OwnMemory {
    /// Bytes in memory.
    pub(super) resident: u64,
    /// Bytes that have been swapped out.
    pub(super) swapped: u64,
    /// Threads.
    pub(super) threads: u64,
}

/// What the process holds at this moment.
pub(super) fn own_memory() -> OwnMemory {
    read(&std::fs::read_to_string(STATUS).unwrap_or_default())
}

/// The computing time of all threads since the process began.
pub(super) fn computing_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn read(status: &str) -> OwnMemory {
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let first = line.and_then(|line| line.split_whitespace().next());
        first.and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
    };
    let bytes = |name| number(name).saturating_mul(1024);
    OwnMemory { resident: bytes("VmRSS"), swapped: bytes("VmSwap"), threads: number("Threads") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_by_its_names() {
        let status = "VmHWM:\t9 kB\nVmRSS:\t   12 kB\nVmSwap:\t3 kB\nThreads:\t7\n";
        assert_eq!(read(status), OwnMemory { resident: 12_288, swapped: 3_072, threads: 7 });
        assert_eq!(read(""), OwnMemory::default());
    }
}
