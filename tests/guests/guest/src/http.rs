//! Requests and responses over `wasi:http`, with nothing hidden that a test may want to get wrong.

use crate::bindings::wasi::http::types::{
    Fields, HeaderError, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};

const READ_BYTES: u64 = 64 * 1024;
/// The most that `blocking-write-and-flush` takes.
const FLUSHED_WRITE_BYTES: usize = 4096;

/// Path and query of a request; the query is empty where there is none.
pub fn target(request: &IncomingRequest) -> (String, String) {
    let target = request.path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    (path.to_owned(), query.to_owned())
}

/// Reads the body to its end, piece by piece. `false` where it had been read already, or breaks
/// off.
pub fn read_body(request: &IncomingRequest, mut take: impl FnMut(&[u8])) -> bool {
    let Ok(body) = request.consume() else {
        return false;
    };
    let Ok(stream) = body.stream() else {
        return false;
    };
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) => take(&bytes),
            Err(error) => return matches!(error, StreamError::Closed),
        }
    }
}

/// Sends a whole response of plain text.
pub fn respond(out: ResponseOutparam, status: u16, text: &str) {
    let headers = [("content-type", "text/plain"), ("content-length", &text.len().to_string())];
    if let Some(body) = fields(&headers).ok().and_then(|fields| Body::begin(out, status, fields)) {
        // Whether anyone still listens is not for the guest to know.
        let _ = body.write(text.as_bytes());
        body.finish();
    }
}

/// Headers from plain text.
pub fn fields(headers: &[(&str, &str)]) -> Result<Fields, HeaderError> {
    let entries: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&entries)
}

/// The body of a response whose head has been set.
pub struct Body {
    stream: OutputStream,
    // After the stream: a child must be dropped before its parent.
    outgoing: OutgoingBody,
}

impl Body {
    /// Sets the head. None where the status is no status; the response is left unset then.
    pub fn begin(out: ResponseOutparam, status: u16, fields: Fields) -> Option<Body> {
        let response = OutgoingResponse::new(fields);
        response.set_status_code(status).ok()?;
        let outgoing = response.body().ok()?;
        let stream = outgoing.write().ok()?;
        ResponseOutparam::set(out, Ok(response));
        Some(Body { stream, outgoing })
    }

    /// Writes all of it, waiting as long as that takes.
    pub fn write(&self, bytes: &[u8]) -> Result<(), StreamError> {
        write_all(&self.stream, bytes)
    }

    /// Says that this was all.
    pub fn finish(self) {
        drop(self.stream);
        // Fails where the length differs from the one announced, which some tests do on purpose.
        let _ = OutgoingBody::finish(self.outgoing, None);
    }

    /// Says that this was all, with fields behind the body.
    pub fn finish_with(self, trailers: Fields) {
        drop(self.stream);
        let _ = OutgoingBody::finish(self.outgoing, Some(trailers));
    }
}

/// Writes as much as the stream takes at a time, and waits where it takes nothing.
pub fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while bytes.len() > FLUSHED_WRITE_BYTES {
        let permitted = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if permitted == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(permitted.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_write_and_flush(bytes)
}
