//! A socket with what has been read ahead.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

/// No head is longer.
const LONGEST_HEAD: usize = 9 << 20;
const END: &[u8] = b"\r\n\r\n";

/// A connection, of a client or to a dyno.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    /// What has been read and not been used.
    pub(super) held: BytesMut,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        // A router does not wait for more before it sends.
        let _ = stream.set_nodelay(true);
        Self { stream, held: BytesMut::new() }
    }
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// The connection ended before its first byte.
    Ended,
    /// It ended within a head.
    Cut,
    TooLong,
}

/// Reads up to the end of a head, which is returned with its empty line.
pub(super) async fn read_head(
    reader: &mut (impl AsyncRead + Unpin),
    held: &mut BytesMut,
) -> Result<BytesMut, NoHead> {
    let mut looked_at = 0;
    loop {
        let from = looked_at.min(held.len());
        let found = held.get(from..).unwrap_or_default().windows(END.len()).position(|four| four == END);
        if let Some(at) = found {
            return Ok(held.split_to(from + at + END.len()));
        }
        looked_at = held.len().saturating_sub(END.len() - 1);
        if held.len() > LONGEST_HEAD {
            return Err(NoHead::TooLong);
        }
        let read: io::Result<usize> = reader.read_buf(held).await;
        if !matches!(read, Ok(1..)) {
            return Err(if held.is_empty() { NoHead::Ended } else { NoHead::Cut });
        }
    }
}
