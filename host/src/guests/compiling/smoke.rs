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
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceTable, ResourceType};
use wasmtime::{Engine, Store, StoreContextMut, StoreLimits, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// The packages that depend on the app.
const OF_THE_APP: [&str; 2] = ["innkeeper:storage/", "wasi:config/"];

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

/// The guest has called what depends on the app.
#[derive(Debug, thiserror::Error)]
#[error("not there before an app is")]
struct NotThere;

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
    if error.downcast_ref::<NotThere>().is_some() {
        return None;
    }
    // In one line, for the log: what the guest called is told in several.
    let text = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("it fails when it is started: {text}"))
}

async fn start(engine: &Engine, component: &Component, allowance: Allowance) -> wasmtime::Result<()> {
    let mut linker = Linker::<Idle>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    leave_out_the_app(&mut linker, component)?;
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

/// Defines what depends on the app as functions that fail.
///
/// `Linker::define_unknown_imports_as_traps` would do it for WASI too, where a component names
/// another version of it than the linker; and of what an interface uses of another one it makes a
/// type of its own, which fits nothing.
fn leave_out_the_app(linker: &mut Linker<Idle>, component: &Component) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    let outside = component.component_type();
    // Those of interfaces before: the others only use them.
    let mut resources: Vec<ResourceType> = Vec::new();
    for (name, import) in outside.imports(&engine) {
        let ComponentItem::ComponentInstance(interface) = import.ty else { continue };
        let is_of_app = OF_THE_APP.iter().any(|package| name.starts_with(package));
        let mut stubs = if is_of_app { Some(linker.instance(name)?) } else { None };
        for (name, item) in interface.exports(&engine) {
            match (item.ty, &mut stubs) {
                (ComponentItem::Resource(resource), stubs) if !resources.contains(&resource) => {
                    resources.push(resource);
                    if let Some(stubs) = stubs {
                        stubs.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
                    }
                }
                (ComponentItem::ComponentFunc(_), Some(stubs)) => {
                    stubs.func_new(name, |_, _, _, _| Err(NotThere.into()))?;
                }
                _ => {}
            }
        }
    }
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
