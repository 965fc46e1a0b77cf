//! What the figures depend on and cannot say themselves: the machine, the versions, the command
//! that repeats the run.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;

use crate::paths;
use crate::postgres::SETTINGS;
use crate::setup::Setup;

const REPEAT: &str = "cargo run --profile dist --manifest-path tests/bench/Cargo.toml";
const CARGO_LOCK: &str = include_str!("Cargo.lock");

/// Prints it.
pub fn describe(setup: &Setup) {
    let innkeeper = format!("{} ({})", version(&setup.innkeeper), paths::shown(&setup.innkeeper));
    let wasmtime = setup.wasmtime.as_deref().map_or_else(|| "wasmtime not installed".to_owned(), version);
    let crates = ["axum", "sqlx", "libsqlite3-sys"].map(|name| format!("{name} {}", locked(name)));
    println!("machine:  {}", machine());
    println!("disk:     {} below the temporary directory", file_system(&std::env::temp_dir()));
    println!("versions: {innkeeper}; {wasmtime}; {}; {}", setup.postgres.version(), crates.join(", "));
    println!("postgres: on loopback, defaults but {}", SETTINGS.join(", "));
    println!("repeat:   {REPEAT} -- {}", setup.options.arguments());
    if cfg!(debug_assertions) {
        println!("WARNING:  built without optimisation: a trial run, its figures mean nothing");
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = field("/proc/cpuinfo", "model name");
    let kib: f64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let busy = read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or_default();
    let memory = kib / 1024.0 / 1024.0;
    format!("{cores} cores ({cpu}), {memory:.1} GiB, Linux {}, load before the run {busy}", kernel.trim())
}

fn field(file: &str, name: &str) -> String {
    let text = read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The kind of file system under a path. On one in memory a commit waits for nothing.
fn file_system(path: &Path) -> String {
    let mounts = read_to_string("/proc/mounts").unwrap_or_default();
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1).map(str::to_owned);
        Some((fields.next()?, fields.next()?))
    };
    let above = mounts.lines().filter_map(mount).filter(|(place, _)| path.starts_with(place));
    above.max_by_key(|(place, _)| place.len()).map_or_else(|| "unknown".to_owned(), |(_, kind)| kind)
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|error| format!("{}: {error}", paths::shown(program)))
}

fn locked(name: &str) -> &'static str {
    let (_, rest) = CARGO_LOCK.split_once(&format!("name = \"{name}\"\nversion = \"")).unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}
