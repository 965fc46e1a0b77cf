//! A control group that bounds memory and the number of processes and threads, as a dyno has one.
//!
//! Making one takes rights that few test runs have. Who cannot is told why, and says so by
//! [`not_run`]: such a test is never passed in silence.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::keeper::Keeper;

const ROOT: &str = "/sys/fs/cgroup";
/// Of version 1 each controller has a tree of its own.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// A group goes only when its last process has been waited for.
const GOES_WITHIN: u32 = 100;

/// What a dyno has.
#[derive(Clone, Copy, Debug)]
pub struct DynoLimits {
    /// Bytes of memory.
    pub memory: u64,
    /// Processes and threads together.
    pub processes: u32,
}

/// See the module. Removed when this value is dropped; what is in it has to end before.
#[derive(Debug)]
pub struct Cgroup {
    /// One of version 2, or one for each controller.
    folders: Vec<PathBuf>,
    is_v1: bool,
    _keeper: Keeper,
}

/// Says on the output that a test was not run.
pub fn not_run(test: &str, why: &str) {
    say(&format!("not run: {test}: {why}"));
}

/// Says something at once: the test runner keeps back what is printed, and not what is written.
pub fn say(text: &str) {
    let _nobody_reads = writeln!(io::stderr(), "{text}");
}

impl Cgroup {
    /// A group with these limits, or why there is none.
    pub fn new(limits: DynoLimits) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("innkeeper-test-{}-{number}", std::process::id());
        let root = Path::new(ROOT);
        let is_v1 = CONTROLLERS.iter().all(|controller| root.join(controller).join("cgroup.procs").exists());
        let folders: Vec<PathBuf> = match is_v1 {
            true => CONTROLLERS.iter().map(|controller| root.join(controller).join(&name)).collect(),
            false => vec![root.join(&name)],
        };
        let paths: Vec<&str> = folders.iter().map(|folder| folder.to_str().expect("a UTF-8 path")).collect();
        let script = r#"for folder; do
            for n in 1 2 3 4 5 6 7 8 9; do
                [ -d "$folder" ] || break
                rmdir "$folder" 2>/dev/null || sleep 1
            done
        done"#;
        let keeper = Keeper::start(Keeper::shell(), script, &paths);
        // From here on it is removed, whatever fails.
        let group = Self { folders, is_v1, _keeper: keeper };
        for folder in &group.folders {
            fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let memory = if is_v1 { "memory.limit_in_bytes" } else { "memory.max" };
        group.write("memory", memory, &limits.memory.to_string())?;
        group.write("pids", "pids.max", &limits.processes.to_string())?;
        Ok(group)
    }

    /// The files into which a process writes its id to be in the group.
    pub fn entrances(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// How many processes the kernel has killed for want of memory.
    pub fn killed_for_memory(&self) -> u64 {
        let file = if self.is_v1 { "memory.oom_control" } else { "memory.events" };
        self.counted("memory", file, "oom_kill ")
    }

    /// Memory of all its processes that is nowhere else, in bytes.
    pub fn anonymous_bytes(&self) -> u64 {
        let counter = if self.is_v1 { "total_rss " } else { "anon " };
        self.counted("memory", "memory.stat", counter)
    }

    /// How many times no process or thread could be started.
    pub fn refused_processes(&self) -> u64 {
        self.counted("pids", "pids.events", "max ")
    }

    fn file(&self, controller: &str, name: &str) -> PathBuf {
        let folder = self.folders.iter().find(|folder| !self.is_v1 || folder.starts_with(in_root(controller)));
        folder.expect("a folder for each controller").join(name)
    }

    fn write(&self, controller: &str, name: &str, value: &str) -> Result<(), String> {
        let file = self.file(controller, name);
        fs::write(&file, value).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn read(&self, controller: &str, name: &str) -> String {
        let file = self.file(controller, name);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    fn counted(&self, controller: &str, name: &str, counter: &str) -> u64 {
        let text = self.read(controller, name);
        let found = text.lines().find_map(|line| line.strip_prefix(counter)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no {counter:?} in {text:?}"))
    }
}

impl Drop for Cgroup {
    #[expect(clippy::disallowed_methods, reason = "dropping cannot wait otherwise, and a process ends at once")]
    fn drop(&mut self) {
        for folder in &self.folders {
            for _ in 0..GOES_WITHIN {
                if !folder.exists() || fs::remove_dir(folder).is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn in_root(controller: &str) -> PathBuf {
    Path::new(ROOT).join(controller)
}
