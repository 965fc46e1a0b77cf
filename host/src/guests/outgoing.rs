//! The body of a guest's response, on its way from the guest.
//!
//! `wasi:http` lets a guest write a body before it sets the response. Nobody takes anything of it
//! until then, so a guest that waited for that would wait until its deadline, with all the locks
//! that it holds. Here such bytes are kept, up to a bound for all bodies of the request; beyond it
//! the guest traps at once. Once the response is set, the guest waits while much is on its way.
//!
//! A body that the guest has neither finished nor dropped when it returns is not whole.
//! `wasmtime-wasi-http` would end it as if it were.

use super::hooks::ANSWER_CHUNK;
use super::state::GuestState;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::Notify;
use wasmtime::component::{LinkerInstance, Resource, ResourceTable};
use wasmtime::{StoreContextMut, format_err};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::HostOutgoingResponse as _;
use wasmtime_wasi_http::p2::body::{HostOutgoingBody, HyperOutgoingBody};
use wasmtime_wasi_http::p2::types::HostOutgoingResponse;
use wasmtime_wasi_http::{Error as HttpError, WasiHttpView};

const BODY: &str = "[method]outgoing-response.body";
const WRITE: &str = "[method]outgoing-body.write";

/// What a guest may write before it sets the response.
const EARLY: usize = 1 << 20;
/// The same with what is counted for pieces of a kibibyte.
const EARLY_ROOM: usize = EARLY + EARLY / 1024 * PIECE;
/// What may be on its way once the response is set.
const AHEAD: usize = 2 * ANSWER_CHUNK;
/// What is counted for a piece beside its bytes.
const PIECE: usize = 64;
/// As many pieces as there is room for.
pub(super) const PIECES: usize = EARLY_ROOM / PIECE;

type Store<'a> = StoreContextMut<'a, GuestState>;

/// The bodies that a guest has begun.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// By the number of the response.
    begun: HashMap<u32, Begun>,
    /// The number of the body of the response that was set.
    answer: Option<u32>,
    early: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Begun {
    /// The number of the body.
    body: u32,
    gauge: Arc<Gauge>,
}

/// What both ends of a body know of it.
#[derive(Debug)]
struct Gauge {
    /// Bytes in all bodies of the request that nobody takes yet.
    early: Arc<AtomicUsize>,
    flow: Mutex<Flow>,
    changed: Notify,
}

#[derive(Debug)]
struct Flow {
    phase: Phase,
    /// Bytes that were written and not yet taken, with what is counted for their pieces.
    on_way: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The response is not set.
    Early,
    /// Somebody takes what is written.
    Open,
    /// Nobody will take anything any more.
    Gone,
}

impl Outgoing {
    fn note(&mut self, response: u32, body: u32) -> Arc<Gauge> {
        let gauge = Arc::new(Gauge::new(Arc::clone(&self.early)));
        // Numbers are used again: the body that had this one has been finished.
        self.begun.retain(|_, begun| begun.body != body);
        self.answer = self.answer.filter(|answer| *answer != body);
        self.begun.insert(response, Begun { body, gauge: Arc::clone(&gauge) });
        gauge
    }

    fn gauge_of(&self, body: u32) -> Arc<Gauge> {
        let begun = self.begun.values().find(|begun| begun.body == body);
        // Of a request to elsewhere: nobody will take anything of it.
        begun.map_or_else(|| Arc::new(Gauge::new(Arc::clone(&self.early))), |begun| Arc::clone(&begun.gauge))
    }

    /// Notes which response is the answer. From now on what is written of its body is taken.
    pub(super) fn set(&mut self, response: u32) {
        if let Some(begun) = self.begun.get(&response) {
            begun.gauge.enter(Phase::Open);
            self.answer = Some(begun.body);
        }
    }

    /// Whether a guest that has returned has left the body of its answer without an end.
    pub(super) fn is_left_open(&self, table: &ResourceTable) -> bool {
        self.answer.is_some_and(|body| table.get(&Resource::<HostOutgoingBody>::new_borrow(body)).is_ok())
    }
}

impl Gauge {
    fn new(early: Arc<AtomicUsize>) -> Self {
        let flow = Flow { phase: Phase::Early, on_way: 0 };
        Self { early, flow: Mutex::new(flow), changed: Notify::new() }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut flow = self.flow();
        if std::mem::replace(&mut flow.phase, phase) == Phase::Early {
            self.early.fetch_sub(flow.on_way, Ordering::Relaxed);
        }
        drop(flow);
        self.changed.notify_one();
    }

    fn taken(&self, bytes: usize) {
        let mut flow = self.flow();
        flow.on_way = flow.on_way.saturating_sub(bytes.saturating_add(PIECE));
        drop(flow);
        self.changed.notify_one();
    }

    /// Counts what is to be written.
    fn add(&self, bytes: usize) -> StreamResult<()> {
        let mut flow = self.flow();
        let counted = bytes.saturating_add(PIECE);
        if flow.phase == Phase::Early
            && self.early.fetch_add(counted, Ordering::Relaxed).saturating_add(counted) > EARLY_ROOM
        {
            return Err(StreamError::Trap(format_err!(
                "it wrote more than {} MiB of a body before it set the response (response-outparam.set), until when nobody takes any",
                EARLY >> 20
            )));
        }
        flow.on_way = flow.on_way.saturating_add(counted);
        Ok(())
    }

    /// Whether the guest has to wait before it writes more.
    fn is_full(&self) -> bool {
        let flow = self.flow();
        flow.phase == Phase::Open && flow.on_way > AHEAD - ANSWER_CHUNK
    }
}

/// Replaces what begins a body and what gives the stream into it.
pub(super) fn add_to_linker(types: &mut LinkerInstance<'_, GuestState>) -> wasmtime::Result<()> {
    types.func_wrap(BODY, |mut store: Store<'_>, (response,): (Resource<HostOutgoingResponse>,)| {
        Ok((begin(store.data_mut(), &response)?,))
    })?;
    types.func_wrap(WRITE, |mut store: Store<'_>, (body,): (Resource<HostOutgoingBody>,)| {
        Ok((write(store.data_mut(), &body)?,))
    })
}

fn begin(
    state: &mut GuestState,
    response: &Resource<HostOutgoingResponse>,
) -> wasmtime::Result<Result<Resource<HostOutgoingBody>, ()>> {
    let Ok(body) = state.http().body(Resource::new_borrow(response.rep()))? else { return Ok(Err(())) };
    let gauge = state.outgoing.note(response.rep(), body.rep());
    let response = state.table.get_mut(response)?;
    response.body = response.body.take().map(|inner| Gauged { inner, gauge }.boxed_unsync());
    Ok(Ok(body))
}

fn write(
    state: &mut GuestState,
    body: &Resource<HostOutgoingBody>,
) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
    let Some(inner) = state.table.get_mut(body)?.take_output_stream() else { return Ok(Err(())) };
    let stream: DynOutputStream = Box::new(Stream { inner, gauge: state.outgoing.gauge_of(body.rep()) });
    Ok(Ok(state.table.push_child(stream, body)?))
}

/// The end of a body at which the guest writes.
struct Stream {
    inner: DynOutputStream,
    gauge: Arc<Gauge>,
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.gauge.add(bytes.len())?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        if self.gauge.is_full() { Ok(0) } else { self.inner.check_write() }
    }
}

#[async_trait::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {
        while self.gauge.is_full() {
            self.gauge.changed.notified().await;
        }
    }
}

/// The end at which a body is taken.
struct Gauged {
    inner: HyperOutgoingBody,
    gauge: Arc<Gauge>,
}

impl Body for Gauged {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let next = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &next
            && let Some(bytes) = frame.data_ref()
        {
            self.gauge.taken(bytes.len());
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Gauged {
    fn drop(&mut self) {
        self.gauge.enter(Phase::Gone);
    }
}
