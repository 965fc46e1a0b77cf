//! The data inside a store, and the only function that builds one: with every limit, always.

use super::admission::{Limiter, Place};
use super::compute::{Verdict, count};
use super::hooks::Hooks;
use super::outgoing::Outgoing;
use super::output::{Label, Output, Overheard};
use super::registry::Guest;
use super::respond::Outcome;
use super::run::Answering;
use crate::interfaces::body::RequestBody;
use crate::interfaces::session::{Jar, Presented};
use crate::interfaces::{self, Context, OutageNote, WriteNote};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Handles to resources that a guest may hold.
const HANDLES: usize = 10_000;
/// Resources that the host keeps for a guest.
const RESOURCES: usize = 2_000;
/// Bytes that a guest may pass to the host in one call; a chunk of a blob or a statement's largest
/// value.
const HOSTCALL_BYTES: usize = 20 << 20;
const HEADER_BYTES: usize = 64 << 10;
const RANDOM_BYTES: u64 = 64 << 10;
const TABLE_ELEMENTS: usize = 100_000;
const CORE_INSTANCES: usize = 20;
const TABLES: usize = 8;
const MEMORIES: usize = 2;

/// What one instance works on.
pub struct GuestState {
    /// The request's unit of work.
    pub context: Context,
    pub(super) table: ResourceTable,
    pub(super) config: WasiConfigVariables,
    /// Where the answer goes; none once it has been given.
    pub(super) reply: Option<oneshot::Sender<Outcome>>,
    pub(super) answering: Answering,
    pub(super) outgoing: Outgoing,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limiter: Limiter,
    computing_left: Duration,
}

/// The guest has used up its computing time.
#[derive(Debug, thiserror::Error)]
#[error("the guest used up its computing time")]
pub struct OutOfTime;

/// The process is too large, and the guest takes much.
#[derive(Debug, thiserror::Error)]
#[error("there is too little memory for the guest")]
pub struct OutOfRoom;

/// What a request brings to its guest, beside the request itself.
#[derive(Debug)]
pub struct Visit {
    /// For the log.
    pub request_id: String,
    /// What is known of the visitor's session, not yet checked.
    pub session: Presented,
    /// Learns how the cookie has to change.
    pub jar: Jar,
    /// The request's body.
    pub body: RequestBody,
    /// Learns whether the guest was told that its database cannot be used.
    pub outage: OutageNote,
    /// Whether the visitor has written, and learns whether the guest has.
    pub writes: WriteNote,
    /// Room for the instance.
    pub place: Place,
    /// Who hears what it prints to standard error, beside the log.
    pub overheard: Option<Overheard>,
}

/// Builds the store for one request.
pub fn build_store(guest: &Guest, visit: Visit) -> Store<GuestState> {
    let app = &guest.app;
    let label = Arc::new(Label {
        app: Arc::clone(app.space.app()),
        version: guest.version,
        request: visit.request_id,
        minute: Arc::clone(&guest.accounts.log),
    });
    let mut wasi = WasiCtxBuilder::new();
    let log_bytes = app.limits.log_bytes_per_request;
    wasi.stdout(Output::new(Arc::clone(&label), "stdout", log_bytes, None));
    wasi.stderr(Output::new(label, "stderr", log_bytes, visit.overheard));
    wasi.max_random_size(RANDOM_BYTES);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(HEADER_BYTES);
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES);
    let state = GuestState {
        context: Context::new(Arc::clone(app), visit.session, visit.jar, visit.body, (visit.outage, visit.writes)),
        table,
        config: app.config.iter().cloned().collect(),
        reply: None,
        answering: Answering::default(),
        outgoing: Outgoing::default(),
        wasi: wasi.build(),
        http,
        hooks: Hooks,
        limiter: Limiter::new(limits(app.limits.memory_per_instance), visit.place),
        computing_left: app.limits.cpu_per_request,
    };
    let mut store = Store::new(guest.engine(), state);
    store.limiter(|state| &mut state.limiter);
    bound_resources(&mut store);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| count_tick(store.data_mut()));
    store
}

/// Called when a tick has passed while the guest was running: it gives way to others, and ends when
/// its budget has. What it waits for is not computing, its turn to compute included.
fn count_tick(state: &mut GuestState) -> wasmtime::Result<UpdateDeadline> {
    if state.limiter.has_to_end() {
        return Err(OutOfRoom.into());
    }
    let Verdict::GiveWay(computed) = count() else { return Ok(UpdateDeadline::Continue(1)) };
    state.computing_left = state.computing_left.checked_sub(computed).ok_or(OutOfTime)?;
    Ok(UpdateDeadline::Yield(1))
}

/// Bounds what a guest may pass to the host and hold of it.
pub(super) fn bound_resources<T>(store: &mut Store<T>) {
    store.set_hostcall_fuel(HOSTCALL_BYTES);
    store.set_max_component_handles(HANDLES);
}

/// Bounds what the engine gives an instance.
pub(super) fn limits(memory_bytes: u64) -> StoreLimits {
    StoreLimitsBuilder::new()
        .memory_size(usize::try_from(memory_bytes).unwrap_or(usize::MAX))
        .table_elements(TABLE_ELEMENTS)
        .instances(CORE_INSTANCES)
        .tables(TABLES)
        .memories(MEMORIES)
        .build()
}

impl GuestState {
    /// Whether the guest got less memory than it was allowed, because there was none left.
    pub(super) fn lacked_room(&self) -> bool {
        self.limiter.was_refused()
    }

    /// What the interfaces work on.
    pub(super) fn view(&mut self) -> interfaces::View<'_> {
        interfaces::View { context: &mut self.context, table: &mut self.table }
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}
