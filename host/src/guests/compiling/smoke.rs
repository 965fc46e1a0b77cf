//! Starts a component once, as each request does, and calls nothing of it.
//!
//! WASI is what it is while serving. What depends on the app, its database, files, sessions and
//! settings, is not there: a guest that calls it while it starts has done nothing wrong, and is not
//! judged any further.

use super::Allowance;
use crate::guests::hooks::Hooks;
use crate::guests::state;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut, StoreLimits, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What `define_unknown_imports_as_traps` makes of a call of what is not there.
const NOT_THERE: &str = "has not been defined";

/// The store of an instance that gets nothing to do.
struct Idle {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: StoreLimits,
    /// When its computing time is over, by the clock of the thread.
    end: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("out of computing time")]
struct OutOfTime;

/// Why a component cannot be started; none if it can.
pub(super) async fn problem(engine: &Engine, component: &Component, allowance: Allowance) -> Option<String> {
    let started = tokio::time::timeout(allowance.wall, start(engine, component, allowance)).await;
    let Ok(result) = started else {
        let text = format!("it is not ready after {:?}", allowance.wall);
        return Some(format!("{text} (INNKEEPER_WALL_PER_REQUEST): it waits for something while it starts"));
    };
    let error = result.err()?;
    if error.downcast_ref::<OutOfTime>().is_some() {
        let text = format!("it uses up the computing time of a request, {:?}", allowance.computing);
        return Some(format!("{text} (INNKEEPER_CPU_PER_REQUEST), before it is ready"));
    }
    // In one line, for the log: what the guest called is told in several.
    let text = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.contains(NOT_THERE)).then(|| format!("it fails when it is started: {text}"))
}

async fn start(engine: &Engine, component: &Component, allowance: Allowance) -> wasmtime::Result<()> {
    let mut linker = Linker::<Idle>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    linker.define_unknown_imports_as_traps(component)?;
    let state = Idle {
        table: ResourceTable::new(),
        wasi: WasiCtxBuilder::new().build(),
        http: WasiHttpCtx::new(),
        hooks: Hooks,
        limits: state::limits(allowance.memory),
        end: computed().saturating_add(allowance.computing),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    state::bound_resources(&mut store);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store: StoreContextMut<'_, Idle>| {
        if computed() > store.data().end {
            return Err(OutOfTime.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
    linker.instantiate_async(&mut store, component).await?;
    Ok(())
}

/// What this thread has computed. The guest stays on it.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

impl WasiView for Idle {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Idle {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}
