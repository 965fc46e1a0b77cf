//! What the child sets to itself before it looks at a component.

use crate::guests::native::Purpose;
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use std::io;

/// Processes that serve go before one that compiles, and yet it comes to an end on a busy machine.
/// Not where the author waits for it.
const NICER: i32 = 10;
/// Where the system has too little memory for everything, the child is what it ends.
const MOST_LIKELY_TO_GO: &str = "1000";
const OOM: &str = "/proc/self/oom_score_adj";

/// Bounds computing time and memory. After `seconds` the compiler is ended; what comes after it has
/// `more`.
pub(super) fn set(seconds: u64, more: u64, memory: u64, purpose: Purpose) -> io::Result<()> {
    // Some systems forbid both; the limits hold all the same.
    if purpose == Purpose::Serving {
        let _ = nice(NICER);
    }
    let _ = std::fs::write(OOM, MOST_LIKELY_TO_GO);
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Data, memory, memory)?;
    lower(Resource::Cpu, seconds, seconds.saturating_add(more))
}

/// The compiler is done: what comes now is bounded by itself, and by the last limit of all.
pub(super) fn compiled() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Cpu);
    Ok(setrlimit(Resource::Cpu, Rlimit { current: maximum, maximum })?)
}

/// What was there and is lower stays.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let least = |limit: u64, there: Option<u64>| Some(there.map_or(limit, |there| there.min(limit)));
    let maximum = least(hard, now.maximum);
    Ok(setrlimit(resource, Rlimit { current: least(soft, now.current), maximum })?)
}
