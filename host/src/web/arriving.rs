//! The first part of a request's body. It is waited for before there is a guest, so that a slow
//! sender holds some bytes and no instance.

use super::body::BodyError;
use super::front::Refusal;
use super::pages::Problem;
use crate::guests::admission::{Admission, Party, Share};
use crate::interfaces::body::BodyStream;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use http::header::{CONNECTION, HeaderValue};
use http_body::Body as _;
use http_body_util::{BodyDataStream, BodyExt};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Of a longer body so much is waited for; the rest comes while the guest runs.
const FIRST_BYTES: usize = 64 << 10;
/// Whoever has sent nothing for so long may wait to be told whether the body is wanted at all.
const SILENCE: Duration = Duration::from_secs(1);

/// The account on which a body arrives.
pub(super) struct Account<'a> {
    pub(super) admission: &'a Arc<Admission>,
    pub(super) party: &'a Party,
}

/// A body of which the first part is there.
pub(super) struct Arrived {
    /// None where there is no body.
    pub(super) stream: Option<BodyStream>,
    /// Room for what is there; to be kept until the guest has room of its own.
    pub(super) held: Option<Share>,
    /// How long the sender was kept waiting for that room.
    pub(super) waited: Duration,
    /// Whether the host has begun to read the body: then the sender need not be asked for it any
    /// more.
    pub(super) was_asked_for: bool,
}

/// Waits for the first part of a body, or for all of a small one. `waits` says that the sender
/// waits to be asked.
///
/// Whether a body is wanted is the guest's to say. As long as there is plenty of room, a sender who
/// waits for that gets a guest.
pub(super) async fn first_part(
    mut body: Incoming,
    length: Option<u64>,
    waits: bool,
    account: Account<'_>,
) -> Result<Arrived, Problem> {
    if body.is_end_stream() {
        return Ok(Arrived { stream: None, held: None, waited: Duration::ZERO, was_asked_for: true });
    }
    if waits && account.admission.is_plentiful_for(account.party) {
        let stream = Some(rest(body));
        return Ok(Arrived { stream, held: None, waited: Duration::ZERO, was_asked_for: false });
    }
    let mut first = First::default();
    // Without the runtime's budget: what has come with the head is there.
    while let Some(frame) = tokio::task::unconstrained(body.frame()).now_or_never() {
        if first.take(frame).map_err(|error| broken_off(&error))? || body.is_end_stream() {
            return Ok(first.arrived(body, None, Duration::ZERO));
        }
    }
    let expected = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(FIRST_BYTES).min(FIRST_BYTES);
    let asked = Instant::now();
    let held = account.admission.hold(account.party, u64::try_from(expected).unwrap_or(u64::MAX)).await;
    let (held, waited) = (held.map_err(super::dispatch::no_room)?, asked.elapsed());
    loop {
        let next = body.frame();
        let frame = if first.is_empty() && account.admission.is_plentiful_for(account.party) {
            match tokio::time::timeout(SILENCE, next).await {
                Ok(frame) => frame,
                Err(_) if account.admission.is_plentiful_for(account.party) => break,
                Err(_) => continue,
            }
        } else {
            next.await
        };
        if first.take(frame).map_err(|error| broken_off(&error))? || body.is_end_stream() {
            break;
        }
    }
    Ok(first.arrived(body, Some(held), waited))
}

/// What has come so far.
#[derive(Default)]
struct First {
    /// As long as it is one piece it is not copied.
    piece: Bytes,
    pieces: BytesMut,
}

impl First {
    fn is_empty(&self) -> bool {
        self.piece.is_empty() && self.pieces.is_empty()
    }

    /// Takes one more piece. Returns whether that is enough.
    fn take(
        &mut self,
        frame: Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>,
    ) -> Result<bool, hyper::Error> {
        let Some(frame) = frame.transpose()? else { return Ok(true) };
        let Ok(bytes) = frame.into_data() else { return Ok(false) };
        if self.is_empty() {
            self.piece = bytes;
        } else {
            self.pieces.extend_from_slice(&std::mem::take(&mut self.piece));
            self.pieces.extend_from_slice(&bytes);
        }
        Ok(self.piece.len().max(self.pieces.len()) >= FIRST_BYTES)
    }

    fn arrived(self, body: Incoming, held: Option<Share>, waited: Duration) -> Arrived {
        let first = if self.pieces.is_empty() { self.piece } else { self.pieces.freeze() };
        let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
        Arrived { stream: Some(first.chain(rest(body)).boxed()), held, waited, was_asked_for: true }
    }
}

fn rest(body: Incoming) -> BodyStream {
    BodyDataStream::new(body).map(|bytes: Result<Bytes, hyper::Error>| bytes.map_err(BodyError::from)).boxed()
}

/// The body did not come, or was none.
fn broken_off(error: &hyper::Error) -> Problem {
    let refusal = Refusal::behind(error);
    let status = refusal.map_or(StatusCode::BAD_REQUEST, Refusal::status);
    let text = match status {
        StatusCode::REQUEST_TIMEOUT => "The request took too long to arrive.",
        _ => "The request is not complete.",
    };
    let reason =
        refusal.map_or_else(|| format!("the request body: {error}"), |refusal| refusal.reason().to_owned());
    Problem::new(status, text, reason)
        .with_headers(|headers| drop(headers.insert(CONNECTION, HeaderValue::from_static("close"))))
}
