//! How many connections the process may have open to clients.

use std::fs;

const LIMITS: &str = "/proc/self/limits";
/// For a system that tells nothing: the usual limit.
const FALLBACK_FILES: u64 = 1_024;
/// Descriptors for databases, logs and what else the host opens: so many, or a quarter where that
/// is more; of few descriptors half.
const RESERVE: u64 = 128;
/// What a connection costs while it waits, with room to spare.
const BYTES_OF_ONE: u64 = 64 << 10;

/// As many as there are descriptors and memory for.
pub(super) fn connections(memory: u64) -> usize {
    let files = open_files(&fs::read_to_string(LIMITS).unwrap_or_default()).unwrap_or(FALLBACK_FILES);
    most(files, memory)
}

fn most(files: u64, memory: u64) -> usize {
    let most = files.saturating_sub(RESERVE.max(files / 4).min(files / 2)).min(memory / BYTES_OF_ONE).max(1);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// `Max open files            1024                 4096                 files`: the first number is
/// the one in force.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_and_memory_bound_the_connections() {
        let text = "Limit   Soft Limit   Hard Limit   Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(open_files(text), Some(1_024));
        assert_eq!(open_files("Max open files  unlimited  unlimited  files"), Some(u64::MAX));
        assert_eq!(open_files(""), None);
        assert_eq!((most(1_024, 1 << 30), most(64, 1 << 30), most(u64::MAX, 512 << 20)), (768, 32, 8_192));
        assert_eq!(most(0, 0), 1);
    }
}
