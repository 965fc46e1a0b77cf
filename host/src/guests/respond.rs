//! The moment of truth: a guest sets its response, and the unit of work is kept before the response
//! leaves.
//!
//! `response-outparam.set` of `wasmtime-wasi-http` is replaced by one that commits first, inside
//! the guest's call. So what the guest does after it is certainly after the commit, and a commit
//! that fails turns the response into an error.

use super::outgoing;
use super::state::GuestState;
use crate::interfaces::Pending;
use crate::interfaces::blob_upload::SendOptions;
use crate::storage;
use http::header::SET_COOKIE;
use http::{HeaderName, Response};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostOutgoingResponse, HostResponseOutparam};

/// The interface whose function is replaced, in the version that `wasmtime-wasi-http` defines.
const TYPES: &str = "wasi:http/types@0.2.12";
const SET: &str = "[static]response-outparam.set";

/// Heroku's router answers 502 (H25) in the place of a response with a longer cookie.
const COOKIE_LINE: usize = 8192;

/// Names the blob that the host is to send in place of the response's body.
const SEND_BLOB: HeaderName = HeaderName::from_static("innkeeper-send-blob");

/// The body of a guest's response.
pub type GuestBody = HyperOutgoingBody;

/// A response that has been set, with everything kept that belongs to it.
pub struct Answer {
    /// Status, headers, and the body as the guest writes it; none where the guest sent only a blob.
    pub response: Option<Response<GuestBody>>,
    /// The blob to send as the body.
    pub blob: Option<Pending>,
}

/// Why there is no answer although the guest has set one.
#[derive(Debug)]
pub enum Failure {
    /// The guest answered with an error code of `wasi:http`.
    Guest(ErrorCode),
    /// What the request wrote could not be kept.
    NotKept(storage::Error),
    /// The response names a blob that is not there or cannot be had.
    NoBlob(storage::Error),
    /// The guest's response is none that can be sent.
    Malformed(String),
}

/// What became of a request.
pub type Outcome = Result<Answer, Failure>;

type Set = (Resource<HostResponseOutparam>, Result<Resource<HostOutgoingResponse>, ErrorCode>);

/// Replaces `set`, and what bodies are written with.
pub(super) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap_async(SET, |store, args: Set| Box::new(set(store, args)))?;
    outgoing::add_to_linker(&mut types)?;
    linker.allow_shadowing(false);
    Ok(())
}

async fn set(mut store: StoreContextMut<'_, GuestState>, (out, response): Set) -> wasmtime::Result<()> {
    let state = store.data_mut();
    state.answering.begin();
    state.table.delete(out)?;
    let outcome = match response {
        Ok(response) => {
            let number = response.rep();
            let response = state.table.delete(response)?;
            if response.body.is_some() {
                state.outgoing.set(number);
            }
            answer(state, response).await
        }
        Err(code) => Err(Failure::Guest(code)),
    };
    settle(state, outcome).await;
    Ok(())
}

/// For a guest that has returned without setting a response: it may have called `send`.
pub(super) async fn without_set(state: &mut GuestState) {
    if state.context.is_answered() {
        return;
    }
    let Some(pending) = state.context.take_pending() else { return };
    state.answering.begin();
    let outcome = match state.context.commit_at_end().await {
        Ok(()) => Ok(Answer { response: None, blob: Some(pending) }),
        Err(error) => Err(Failure::NotKept(error)),
    };
    settle(state, outcome).await;
}

async fn answer(state: &mut GuestState, response: HostOutgoingResponse) -> Outcome {
    let mut response = Response::try_from(response).map_err(|error| Failure::Malformed(error.to_string()))?;
    if response.status().is_informational() {
        return Err(Failure::Malformed(format!("status {}", response.status())));
    }
    check_cookies(&response)?;
    let blob = named_blob(state, &mut response).await?;
    let kept = if response.status().is_server_error() {
        state.context.rollback().await
    } else {
        state.context.commit_at_end().await
    };
    match kept {
        // What was to be undone is undone by the server when the connection is gone.
        Err(_) if response.status().is_server_error() => {}
        Err(error) => return Err(Failure::NotKept(error)),
        Ok(()) => {}
    }
    Ok(Answer { response: Some(response), blob })
}

/// Before anything is kept: with such a cookie the visitor would not learn that it was.
fn check_cookies(response: &Response<GuestBody>) -> Result<(), Failure> {
    let lines = response.headers().get_all(SET_COOKIE).iter();
    let longest = lines.map(|value| SET_COOKIE.as_str().len() + 2 + value.len()).max().unwrap_or_default();
    if longest > COOKIE_LINE {
        let text = format!(
            "a set-cookie line of {longest} bytes, of which routers take {COOKIE_LINE} and browsers 4096: keep it in the session or the database"
        );
        return Err(Failure::Malformed(text));
    }
    Ok(())
}

async fn named_blob(
    state: &mut GuestState,
    response: &mut Response<GuestBody>,
) -> Result<Option<Pending>, Failure> {
    let Some(id) = response.headers_mut().remove(SEND_BLOB) else { return Ok(None) };
    let id = id.to_str().map_err(|_| Failure::Malformed("innkeeper-send-blob is no id".into()))?;
    let blob = state.context.find_blob(id).await.map_err(Failure::NoBlob)?;
    Ok(Some(Pending { blob, options: SendOptions::default() }))
}

/// Closes the unit of work and lets the answer go.
async fn settle(state: &mut GuestState, outcome: Outcome) {
    if outcome.is_err() {
        // Reported already; what cannot be undone now is undone when the connection ends.
        let _ = state.context.rollback().await;
    }
    state.context.answer();
    if let Some(reply) = state.reply.take() {
        // Nobody waits any more when the visitor has gone.
        let _ = reply.send(outcome);
    }
}
