//! One request in one fresh instance.

use super::compute::Metered;
use super::hooks;
use super::registry::Guest;
use super::respond::{self, Outcome};
use super::state::{self, OutOfTime, Visit};
use bytes::Bytes;
use futures_util::FutureExt;
use http::uri::{Authority, Scheme as UriScheme};
use http::{Method, Request, Uri};
use http_body::{Body, Frame, SizeHint};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error as HttpError, WasiHttpView};

use crate::interfaces::body::RequestBody;
use crate::telemetry::traces;

/// A guest at work. Dropping it ends the guest; what was not kept is undone.
pub struct Running {
    /// Gets the answer when the guest has set it.
    pub reply: oneshot::Receiver<Outcome>,
    /// Has to be polled for the guest to go on, also while its body is streamed.
    pub guest: Metered<Result<(), Fault>>,
    /// Whether the guest has come to a bad end, or returned in the middle of its body: then the
    /// body is not whole, although it looks ended.
    pub failed: Failed,
    /// Whether the guest has set its answer: what it wrote is being kept.
    pub answering: Answering,
    /// Whether only the head of the answer is wanted.
    pub is_head: bool,
}

/// Set from the moment at which a guest sets its answer.
#[derive(Debug, Clone, Default)]
pub struct Answering(Arc<AtomicBool>);

impl Answering {
    /// Whether it has.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Set while a guest's end is not known to be good, and before its body ends.
#[derive(Debug, Clone, Default)]
pub struct Failed(Arc<AtomicBool>);

impl Failed {
    /// Whether the guest has come to a bad end.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Notes a bad end when it is dropped, by a trap, a panic or a deadline, unless the end was good.
struct UnlessGood {
    failed: Failed,
    good: bool,
}

impl Drop for UnlessGood {
    fn drop(&mut self) {
        if !self.good {
            self.failed.0.store(true, Ordering::Release);
        }
    }
}

/// How a guest ended that did not end well.
#[derive(Debug)]
pub enum Fault {
    /// It used up its computing time.
    OutOfTime,
    /// The pool of instances is full.
    NoRoom,
    /// It wanted more memory than there was.
    OutOfRoom,
    /// It trapped, or could not be started.
    Trap(String),
    /// A function of the host panicked under it.
    Panic,
}

/// The host of a request that names none, as HTTP/1.0 may. `wasi:http` cannot say that there is
/// none in a way that all toolchains can read.
const UNNAMED_HOST: &str = "localhost";

/// Begins to run a request in a fresh instance. Nothing runs until the result is polled.
pub fn start(
    guest: &Guest,
    mut head: http::request::Parts,
    visit: Visit,
    https: bool,
) -> wasmtime::Result<Running> {
    let body = SharedBody(visit.body.clone());
    let (sender, reply) = oneshot::channel();
    let mut store = state::build_store(guest, visit);
    store.data_mut().reply = Some(sender);
    hooks::strip(&mut head.headers);
    let is_head = head.method == Method::HEAD;
    if head.uri.authority().is_none() && !head.headers.contains_key(http::header::HOST) {
        head.uri = at_unnamed_host(head.uri)?;
    }
    let scheme = if https { Scheme::Https } else { Scheme::Http };
    let request = store.data_mut().http().new_incoming_request(scheme, Request::from_parts(head, body))?;
    let out = store.data_mut().http().new_response_outparam_from_callback(|_| {})?;
    let pre = Arc::clone(&guest.pre);
    let failed = Failed::default();
    let note = failed.clone();
    let answering = store.data().answering.clone();
    let run = async move {
        // Dropped before the store, and with it before the body that the guest writes.
        let (mut store, mut end) = (store, UnlessGood { failed: note, good: false });
        let ran = async {
            let mut step = traces::step("instantiate");
            let instantiated = pre.instantiate_async(&mut store).await;
            if instantiated.is_err() {
                step.failed(|| "trap".to_owned());
            }
            drop(step);
            let proxy = instantiated?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await
        };
        if let Err(error) = ran.await {
            return Err(Fault::from_error(&error, store.data().lacked_room()));
        }
        respond::without_set(store.data_mut()).await;
        let state = store.data();
        end.good = !state.outgoing.is_left_open(&state.table);
        Ok(())
    };
    let computing = AssertUnwindSafe(run).catch_unwind().map(|end| match end {
        Ok(end) => end,
        Err(_) => Err(Fault::Panic),
    });
    // A guest may go on in another task than the one that has begun it.
    let computing = traces::carried().scope(computing).boxed();
    let guest = Metered::new(computing, Arc::clone(&guest.accounts.computing));
    Ok(Running { reply, guest, failed, answering, is_head })
}

fn at_unnamed_host(target: Uri) -> Result<Uri, http::uri::InvalidUriParts> {
    let mut parts = target.into_parts();
    (parts.scheme, parts.authority) = (Some(UriScheme::HTTP), Some(Authority::from_static(UNNAMED_HOST)));
    Uri::from_parts(parts)
}

impl Fault {
    fn from_error(error: &wasmtime::Error, lacked_room: bool) -> Self {
        if error.downcast_ref::<OutOfTime>().is_some() {
            return Self::OutOfTime;
        }
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Self::NoRoom;
        }
        // Whatever became of it then, this is why.
        if lacked_room {
            return Self::OutOfRoom;
        }
        Self::Trap(format!("{error:#}"))
    }
}

/// The request's body as a guest reads it, unless the host takes it first.
struct SharedBody(RequestBody);

impl Body for SharedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.0
            .poll_guest(cx)
            .map(|next| next.map(|bytes| bytes.map(Frame::data).map_err(|_| HttpError::ConnectionTerminated)))
    }

    fn size_hint(&self) -> SizeHint {
        self.0.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
