//! The bytes of requests and responses.

use std::io;

use crate::bindings::wasi::http::types::{IncomingRequest, OutgoingBody};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};
use crate::{Error, Result};

const READ_BYTES: u64 = 64 * 1024;
/// The most that `blocking-write-and-flush` takes.
const FLUSHED_WRITE_BYTES: usize = 4096;

/// Reads the body of a request, if it has no more than `max` bytes.
pub fn read(incoming: &IncomingRequest, max: usize) -> Result<Vec<u8>> {
    let body = incoming.consume().map_err(|()| Error::other("the body of the request has been read already"))?;
    let stream = body.stream().map_err(|()| Error::other("the body of the request has been read already"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(Error::new(400, format!("The request did not arrive as a whole: {error}."))),
        }
        if bytes.len() > max {
            return Err(Error::new(413, format!("That is too much: at most {max} bytes fit.")));
        }
    }
}

/// Writes the body of a response, piece by piece: for `write!` and whatever takes a
/// [`std::io::Write`].
pub struct BodyWriter {
    stream: OutputStream,
    // After the stream: a child must be dropped before its parent.
    outgoing: OutgoingBody,
}

impl BodyWriter {
    /// None where the body has a writer already.
    pub(crate) fn new(outgoing: OutgoingBody) -> Option<BodyWriter> {
        let stream = outgoing.write().ok()?;
        Some(BodyWriter { stream, outgoing })
    }

    /// Says that this was all. Without it the host cuts the connection.
    pub(crate) fn finish(self) {
        drop(self.stream);
        // It fails where the visitor has gone away, which is no error of the app.
        let _ = OutgoingBody::finish(self.outgoing, None);
    }

    /// Writes as much as the stream takes at a time, and waits where it takes nothing.
    fn write_piece(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        if bytes.len() <= FLUSHED_WRITE_BYTES {
            self.stream.blocking_write_and_flush(bytes)?;
            return Ok(bytes.len());
        }
        loop {
            let permitted = usize::try_from(self.stream.check_write()?).unwrap_or(usize::MAX);
            if permitted > 0 {
                let (now, _) = bytes.split_at(permitted.min(bytes.len()));
                self.stream.write(now)?;
                return Ok(now.len());
            }
            self.stream.subscribe().block();
        }
    }
}

impl io::Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // `StreamError` holds a handle of the host, so its text is taken.
        self.write_piece(bytes).map_err(|error| io::Error::new(io::ErrorKind::BrokenPipe, error.to_string()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
