//! What the system grants to this process: the smallest limit of its control group and of all
//! groups above it.
//!
//! In a container the process's own group is often the root of what it sees, whatever
//! `/proc/self/cgroup` calls it. So a file that is not there is passed by, and the root is always
//! asked.

use std::fs;
use std::path::Path;

const OWN_GROUPS: &str = "/proc/self/cgroup";
const MEMINFO: &str = "/proc/meminfo";
const ROOT: &str = "/sys/fs/cgroup";
/// No machine has as much. Version 1 says so where there is no limit.
const NO_LIMIT: u64 = 1 << 60;

/// A resource that groups limit: how the controller and its file are called in each version of
/// control groups.
struct Resource {
    controller: &'static str,
    file_v1: &'static str,
    file_v2: &'static str,
}

const MEMORY: Resource =
    Resource { controller: "memory", file_v1: "memory.limit_in_bytes", file_v2: "memory.max" };
const PROCESSES: Resource = Resource { controller: "pids", file_v1: "pids.max", file_v2: "pids.max" };

/// The bytes of memory that the groups and the machine have; none where the system tells nothing.
///
/// A group without a limit says `max` (version 2) or a number beyond any machine (version 1).
pub(super) fn memory() -> Option<u64> {
    let meminfo = fs::read_to_string(MEMINFO).unwrap_or_default();
    [least(&MEMORY), machine(&meminfo)].into_iter().flatten().min()
}

/// Processes and threads that there may be together: what the groups say, and what the user may
/// have. None where neither has a bound.
pub(super) fn processes() -> Option<u64> {
    // The superuser is not bound by it.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nproc).current;
    let of_user = limit.filter(|_| !rustix::process::getuid().is_root());
    [least(&PROCESSES), of_user].into_iter().flatten().min()
}

fn least(resource: &Resource) -> Option<u64> {
    let groups = fs::read_to_string(OWN_GROUPS).unwrap_or_default();
    smallest(resource, &groups, |path| fs::read_to_string(path).ok())
}

/// The smallest number in the files of the groups that `groups` names, and of those above them.
fn smallest(resource: &Resource, groups: &str, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let mut limits = Vec::new();
    let ways = [("", resource.file_v2), (resource.controller, resource.file_v1)];
    for (controller, file) in ways {
        let root = Path::new(ROOT).join(controller);
        let own = groups.lines().find_map(|line| group_of(line, controller)).unwrap_or_default();
        let own = root.join(own.trim_start_matches('/'));
        let here_and_above = own.ancestors().take_while(|folder| folder.starts_with(&root));
        limits.extend(here_and_above.filter_map(|folder| read(&folder.join(file))?.trim().parse::<u64>().ok()));
    }
    limits.into_iter().filter(|limit| (1..NO_LIMIT).contains(limit)).min()
}

/// `4:memory:/a/b` names a group of version 1, `0::/a/b` the one of version 2, which has no
/// controller of its own. A path that climbs is that of a group outside of what can be seen.
fn group_of<'a>(line: &'a str, controller: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    let is_seen = !path.contains("..");
    (controllers.split(',').any(|name| name == controller) && is_seen).then_some(path)
}

/// `MemTotal:       16384 kB`, where kB means KiB.
fn machine(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(groups: &str, files: &[(&str, &str)]) -> Option<u64> {
        smallest(&MEMORY, groups, |path| {
            let file = files.iter().find(|(name, _)| path == Path::new(ROOT).join(name))?;
            Some(file.1.to_owned())
        })
    }

    #[test]
    fn the_smallest_limit_of_a_group_and_those_above_it_counts() {
        let (v1, v2) = ("memory/memory.limit_in_bytes", "memory.max");
        for (groups, files, bytes) in [
            ("0::/\n", &[(v2, "536870912\n")][..], Some(512 << 20)),
            ("0::/\n", &[(v2, "max\n")], None),
            ("5:pids:/\n4:cpu,memory:/\n", &[(v1, "536870912\n")], Some(512 << 20)),
            ("", &[(v1, "536870912\n")], Some(512 << 20)),
            ("0::/a/b\n", &[("a/b/memory.max", "9\n"), ("a/memory.max", "7\n"), (v2, "max")], Some(7)),
            ("4:memory:/a\n", &[("memory/a/memory.limit_in_bytes", "5"), (v1, "9223372036854771712")], Some(5)),
            // The path is that of the machine, of which a container sees its own part alone.
            ("4:memory:/docker/1\n", &[(v1, "5")], Some(5)),
            ("4:memory:/a\n", &[("memory/a/memory.limit_in_bytes", "9223372036854771712")], None),
            ("0::/../../x\n", &[(v2, "5")], Some(5)),
            ("0::/a\n", &[("a/memory.max", "0"), (v2, "x")], None),
            ("nonsense", &[], None),
        ] {
            assert_eq!(found(groups, files), bytes, "{groups:?} {files:?}");
        }
    }

    #[test]
    fn the_machine_says_what_it_has() {
        assert_eq!(machine("MemFree: 1 kB\nMemTotal:       16777216 kB\nSwapTotal: 0 kB\n"), Some(16 << 30));
        assert_eq!((machine("MemTotal: x"), machine("")), (None, None));
        assert!(memory().is_none_or(|bytes| bytes > 0) && processes().is_none_or(|number| number > 0));
    }
}
