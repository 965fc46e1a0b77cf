//! The stream by which pages learn that they are out of date: server-sent events, each with the
//! mark of what is to be shown now (HTML standard, "Server-sent events").

use super::super::body::{Body, BodyError};
use super::Development;
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon a browser connects again, in milliseconds: `dev` may just be starting anew.
const RETRY: u32 = 500;
/// A comment is sent so often, by which it is noticed that nobody listens any more.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// The marks of a development from now on, until `stop`.
pub(super) fn stream(development: &Arc<Development>, stop: CancellationToken) -> Response<Body> {
    let mut states = development.state.subscribe();
    states.mark_changed();
    let start = (Arc::clone(development), states, stop);
    let frames = stream::unfold(start, |(development, mut states, stop)| async move {
        let text = tokio::select! {
            () = stop.cancelled() => return None,
            changed = states.changed() => {
                changed.ok()?;
                let mark = development.mark(&states.borrow_and_update());
                format!("retry: {RETRY}\ndata: {mark}\n\n")
            }
            () = tokio::time::sleep(SIGN_OF_LIFE) => ":\n\n".to_owned(),
        };
        Some((Ok::<_, BodyError>(Frame::data(Bytes::from(text))), (development, states, stop)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
