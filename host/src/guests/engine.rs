//! The engine: how components are compiled and where their instances live.
//!
//! Instances come from a pool that keeps their memory resident and finds out by `PAGEMAP_SCAN`
//! (Linux 6.7) what a request has touched; where the kernel lacks that, it keeps as much resident
//! as a small guest has. Components of WASI 0.2 need no concurrency support, and calls are cheaper
//! without.

use super::admission::WARM_SLOTS;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{
    CacheStore, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures,
};

/// How often a running guest is looked at.
pub const TICK: Duration = Duration::from_millis(10);

/// Of a guest that touches more the pool keeps only so much: what a crowd has touched is not to
/// stay.
const KEEP_MEMORY: usize = 256 << 10;
const KEEP_TABLE: usize = 64 << 10;
const FIBER_STACK: usize = 2 << 20;
/// The rest of the fiber's stack belongs to host functions.
const WASM_STACK: usize = 512 << 10;
const TABLE_ELEMENTS: usize = 100_000;
/// Memories, tables and core instances that one component may have. componentize-py makes fourteen
/// core instances. The pool has room for as many instances that use all of it.
const MEMORIES: u32 = 2;
const TABLES: u32 = 8;
const CORE_INSTANCES: u32 = 20;

/// Features of WebAssembly that guests may use: those of version 3.0 without garbage collection,
/// exceptions and threads, and components without async functions. What wasmtime has by itself, as
/// it is built here.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::COMPONENT_MODEL)
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS);

/// How to build an engine.
#[derive(Debug, Clone, Copy)]
pub struct EngineSettings {
    /// Instances that may live at once.
    pub instances: u32,
    /// Bytes of one instance's memory at most.
    pub memory_bytes: u64,
}

/// An engine, and how many instances may live in it at once.
#[derive(Debug)]
pub struct Built {
    /// The engine.
    pub engine: Engine,
    /// As many as were asked for, or fewer where the system gives less address space.
    pub instances: u32,
}

/// An engine that runs code that was compiled elsewhere, and cannot compile.
pub fn build(settings: EngineSettings) -> wasmtime::Result<Built> {
    build_with(settings, &Compiles::Never)
}

/// An engine that compiles. Functions that `known` has it takes from there.
pub(super) fn build_compiler(
    settings: EngineSettings,
    known: Option<Arc<dyn CacheStore>>,
) -> wasmtime::Result<Built> {
    build_with(settings, &known.map_or(Compiles::All, Compiles::UnlessKnown))
}

/// What an engine compiles.
enum Compiles {
    Never,
    All,
    UnlessKnown(Arc<dyn CacheStore>),
}

/// Builds the engine and starts its clock. Falls back to a smaller pool and then to none where the
/// system does not give the address space.
fn build_with(settings: EngineSettings, compiles: &Compiles) -> wasmtime::Result<Built> {
    let smaller = (settings.instances / 8).max(4);
    let pooled = [settings.instances, smaller].into_iter().find_map(|instances| {
        let mut config = base_config(compiles).ok()?;
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings, instances)));
        Some(Built { engine: Engine::new(&config).ok()?, instances })
    });
    let built = match pooled {
        Some(built) => built,
        None => Built { engine: Engine::new(&base_config(compiles)?)?, instances: settings.instances },
    };
    start_clock(&built.engine)?;
    Ok(built)
}

fn base_config(compiles: &Compiles) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .async_stack_size(FIBER_STACK)
        .max_wasm_stack(WASM_STACK)
        .enable_compiler(!matches!(compiles, Compiles::Never));
    if let Compiles::UnlessKnown(known) = compiles {
        config.enable_incremental_compilation(Arc::clone(known))?;
    }
    Ok(config)
}

fn pool(settings: EngineSettings, instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_unused_warm_slots(WARM_SLOTS)
        .total_component_instances(instances)
        .total_stacks(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_memories(instances.saturating_mul(MEMORIES))
        .total_tables(instances.saturating_mul(TABLES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(usize::try_from(settings.memory_bytes).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Counts time for guests that are running: at each tick they give way to others and are checked
/// against their budget. A thread of its own, since a busy runtime must not stop the clock; it ends
/// with the engine.
#[expect(clippy::disallowed_methods, reason = "the thread is the clock's own")]
fn start_clock(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("epoch".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}
