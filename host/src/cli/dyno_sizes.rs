//! What the budget by bytes comes to on each size of dynos, for `doctor --limits`.

use super::output;
use crate::config::{Config, DYNO_SIZES, Error};
use crate::guests::admission::{self, InstanceSize};
use serde::Serialize;

/// What compiling a component of 20 MB takes, as componentize-py makes one with a framework: so
/// much, and so much more for each thread.
const PYTHON_BYTES: u64 = 304 << 20;
const PYTHON_BYTES_OF_THREAD: u64 = 28 << 20;

/// What one instance of an app takes.
#[derive(Clone, Debug)]
pub(super) struct AppSize {
    pub(super) app: String,
    /// As hosts that serve it have told; none where no host has.
    pub(super) known: Option<InstanceSize>,
}

/// What a size of dynos comes to.
#[derive(Debug, Serialize)]
pub(super) struct SizeView {
    /// What Heroku calls it; "this machine" where it is none of those.
    dyno: String,
    memory_bytes: u64,
    /// Whether this process runs on it.
    here: bool,
    threads: u32,
    guest_memory_bytes: u64,
    instances: u32,
    connections: usize,
    compile_memory_bytes: u64,
    compile_threads: usize,
    /// Whether a component in Python can be compiled there.
    compiles_python: bool,
    sqlite_heap_bytes: u64,
    apps: Vec<AppView>,
}

/// How many guests of an app there may be.
#[derive(Debug, Serialize)]
struct AppView {
    app: String,
    /// Bytes that an instance takes for itself when it begins; at most so many where no host has
    /// told.
    instance_bytes: u64,
    /// What the process grows by: also what instances share.
    resident_bytes: u64,
    known: bool,
    at_once: u64,
}

/// All sizes; this machine first where it has none of them.
pub(super) fn sizes(config: &Config, apps: &[AppSize]) -> Result<Vec<SizeView>, Error> {
    let mut sizes = Vec::new();
    if DYNO_SIZES.iter().all(|size| size.memory != config.memory_bytes) {
        sizes.push(view("this machine", true, config, apps));
    }
    for size in &DYNO_SIZES {
        let is_here = size.memory == config.memory_bytes;
        let there = if is_here { config.clone() } else { config.on(size)? };
        sizes.push(view(size.name, is_here, &there, apps));
    }
    Ok(sizes)
}

fn view(name: &str, here: bool, config: &Config, apps: &[AppSize]) -> SizeView {
    let budget = config.memory_budget();
    let (compile_memory, threads) = (config.limits.compile_memory, config.threads.compiling(config.memory_bytes));
    let per_thread = u64::try_from(threads).unwrap_or(u64::MAX).saturating_mul(PYTHON_BYTES_OF_THREAD);
    let of_app = |app: &AppSize| {
        let most = config.limits.memory_per_instance;
        let instance = app.known.unwrap_or(InstanceSize { own: most, resident: most });
        AppView {
            app: app.app.clone(),
            instance_bytes: instance.own,
            resident_bytes: instance.resident,
            known: app.known.is_some(),
            at_once: admission::most_at_once(budget, instance),
        }
    };
    SizeView {
        dyno: name.to_owned(),
        memory_bytes: config.memory_bytes,
        here,
        threads: config.threads.all,
        guest_memory_bytes: budget.guests,
        instances: budget.slots(),
        connections: config.connections(),
        compile_memory_bytes: compile_memory,
        compile_threads: threads,
        compiles_python: compile_memory >= PYTHON_BYTES.saturating_add(per_thread),
        sqlite_heap_bytes: config.sqlite_heap_bytes(),
        apps: apps.iter().map(of_app).collect(),
    }
}

/// Two tables: the sizes, and how many guests of each app they have room for.
pub(super) fn print(sizes: &[SizeView]) {
    let name = |size: &SizeView| if size.here { format!("{} (here)", size.dyno) } else { size.dyno.clone() };
    let rows: Vec<_> = sizes
        .iter()
        .map(|size| {
            let python = if size.compiles_python { "yes" } else { "no" };
            [
                name(size),
                output::bytes(size.memory_bytes),
                output::bytes(size.guest_memory_bytes),
                size.instances.to_string(),
                size.connections.to_string(),
                size.threads.to_string(),
                output::bytes(size.sqlite_heap_bytes),
                output::bytes(size.compile_memory_bytes),
                python.to_owned(),
            ]
        })
        .collect();
    let numbers = ["MEMORY", "GUESTS", "INSTANCES", "CLIENTS", "THREADS", "SQLITE", "COMPILER"];
    let [memory, guests, instances, clients, threads, sqlite, compiler] = numbers.map(output::number);
    let python = output::text("COMPILES PYTHON");
    output::line("");
    let columns = [output::text("DYNO"), memory, guests, instances, clients, threads, sqlite, compiler, python];
    output::table(columns, &rows);
    print_apps(sizes);
}

fn print_apps(sizes: &[SizeView]) {
    let of_size = |size: &SizeView| {
        let rows = size.apps.iter().map(|app| {
            let [own, resident] = [app.instance_bytes, app.resident_bytes].map(|bytes| {
                let bytes = output::bytes(bytes);
                if app.known { bytes } else { format!("at most {bytes}") }
            });
            [app.app.clone(), own, resident, size.dyno.clone(), app.at_once.to_string()]
        });
        rows.collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = sizes.iter().flat_map(of_size).collect();
    if rows.is_empty() {
        return;
    }
    // Those of one app together, the smallest dyno first.
    rows.sort_by(|one, other| one.first().cmp(&other.first()));
    output::line("");
    let (app, dyno) = (output::text("APP"), output::text("DYNO"));
    let [own, resident, at_once] = ["AN INSTANCE", "RESIDENT", "GUESTS AT ONCE"].map(output::number);
    output::table([app, own, resident, dyno, at_once], &rows);
}
