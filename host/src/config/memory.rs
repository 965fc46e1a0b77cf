//! How much memory this process may use, and how many guests fit into it.

use std::fs;

use super::units::Quantity;
use super::{Environment, Error};

const MEMORY: &str = "INNKEEPER_MEMORY";
const CGROUP_V2: &str = "/sys/fs/cgroup/memory.max";
const CGROUP_V1: &str = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
const MEMINFO: &str = "/proc/meminfo";
/// The smallest dyno, for a system that tells nothing.
const FALLBACK_BYTES: u64 = 512 << 20;
/// The share of memory that guests may have; the rest is for the host, its buffers and code.
const GUEST_PERCENT: u128 = 60;
/// Fewer would make one slow guest block all others. Memory that a guest never touches costs nothing, so four
/// instances fit even where four times their limit would not.
const MIN_INSTANCES: u32 = 4;
/// More live instances than this wait better than they run.
const MAX_INSTANCES: u32 = 1_000;

/// The bytes that this process may use: `INNKEEPER_MEMORY`, or what the system grants.
pub fn memory_bytes(environment: &Environment) -> Result<u64, Error> {
    let given = environment.quantity(MEMORY)?;
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    Ok(given.unwrap_or_else(|| granted(&read(CGROUP_V2), &read(CGROUP_V1), &read(MEMINFO))))
}

/// How many instances may live at once, each with a limit of `per_instance` bytes.
pub fn instances(memory: u64, per_instance: u64) -> u32 {
    let for_guests = u128::from(memory) * GUEST_PERCENT / 100;
    let fitting = for_guests.checked_div(u128::from(per_instance)).unwrap_or(u128::MAX);
    u32::try_from(fitting).unwrap_or(MAX_INSTANCES).clamp(MIN_INSTANCES, MAX_INSTANCES)
}

/// The smallest of the limits that these files tell; an absent file is an empty one.
///
/// A group without a limit says `max` (version 2) or a number beyond any machine (version 1), so that the memory of
/// the machine is the smaller one.
fn granted(cgroup_v2: &str, cgroup_v1: &str, meminfo: &str) -> u64 {
    let groups = [cgroup_v2, cgroup_v1].into_iter().filter_map(|text| text.trim().parse().ok());
    let limits = groups.chain(machine(meminfo)).filter(|limit| *limit > 0);
    limits.min().unwrap_or(FALLBACK_BYTES)
}

/// `MemTotal:       16384 kB`, where kB means KiB.
fn machine(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    u64::parse(&total.trim().replace("kB", "KiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO_16_GIB: &str = "MemFree: 1 kB\nMemTotal:       16777216 kB\nSwapTotal: 0 kB\n";
    const NO_LIMIT_V1: &str = "9223372036854771712\n";

    #[test]
    fn the_smallest_limit_counts() {
        let cases = [
            ("536870912\n", "", MEMINFO_16_GIB, 512 << 20),
            ("max\n", "", MEMINFO_16_GIB, 16 << 30),
            ("", "536870912\n", MEMINFO_16_GIB, 512 << 20),
            ("", NO_LIMIT_V1, MEMINFO_16_GIB, 16 << 30),
            ("1099511627776", "", MEMINFO_16_GIB, 16 << 30),
            ("1073741824", "", "", 1 << 30),
            ("", "", MEMINFO_16_GIB, 16 << 30),
            ("", "", "", FALLBACK_BYTES),
            ("max", "x", "MemTotal: x", FALLBACK_BYTES),
        ];
        for (v2, v1, meminfo, bytes) in cases {
            assert_eq!(granted(v2, v1, meminfo), bytes, "{v2:?} {v1:?}");
        }
    }

    #[test]
    fn the_setting_goes_before_the_system() {
        let memory = |value: &str| memory_bytes(&Environment::from_pairs([(MEMORY, value)]));
        assert_eq!(memory("1GiB"), Ok(1 << 30));
        assert!(memory("").is_ok_and(|bytes| bytes > 0));
        assert!(memory("much").is_err_and(|error| error.to_string().starts_with("INNKEEPER_MEMORY=much")));
    }

    #[test]
    fn instances_fit_into_their_share_of_memory() {
        let cases = [
            (512 << 20, 128 << 20, 4),
            (1 << 30, 128 << 20, 4),
            (14 << 30, 128 << 20, 67),
            (1 << 40, 128 << 20, 1_000),
            (u64::MAX, 1, 1_000),
            (0, 1, 4),
            (1, 0, 1_000),
        ];
        for (memory, per_instance, count) in cases {
            assert_eq!(instances(memory, per_instance), count, "{memory} {per_instance}");
        }
    }
}
