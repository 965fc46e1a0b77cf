//! Where a body ends, and carrying it from one socket to another.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::head::Head;

/// How a body is framed, and how much of it is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked(Chunks),
    /// Up to the end of the connection.
    UntilClose,
}

/// Where in a chunked body one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a line with a size, of which so much has been read.
    Size {
        size: u64,
        extension: bool,
    },
    /// In a chunk, with its line end.
    Data {
        left: u64,
    },
    /// In the trailers, at a column of a line.
    Trailers {
        column: usize,
    },
    Done,
}

/// What ends the carrying of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The sender ended before the body did.
    SourceEnded,
    /// The receiver takes nothing any more.
    SinkGone,
    /// The sender stood still.
    SourceIdle,
    /// The receiver stood still.
    SinkIdle,
    Malformed,
}

impl Framing {
    pub(super) const EMPTY: Self = Self::Length(0);

    /// The body behind a head that has one by what it says. None where it says what cannot be.
    pub(super) fn of(head: &Head) -> Option<Option<Self>> {
        if head.values("transfer-encoding").any(|value| value.eq_ignore_ascii_case("chunked")) {
            return Some(Some(Self::Chunked(Chunks::Size { size: 0, extension: false })));
        }
        let mut lengths = head.values("content-length");
        let Some(first) = lengths.next() else { return Some(None) };
        if lengths.any(|other| other != first) {
            return None;
        }
        first.parse().ok().map(|length| Some(Self::Length(length)))
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }

    /// How many of these bytes belong to the body.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        match self {
            Self::UntilClose => Ok(bytes.len()),
            Self::Length(left) => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                Ok(taken)
            }
            Self::Chunked(chunks) => {
                let mut taken = 0;
                while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
                    if *chunks == Chunks::Done {
                        break;
                    }
                    taken += chunks.step(rest)?;
                }
                Ok(taken)
            }
        }
    }
}

impl Chunks {
    /// Takes at least one byte.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let byte = bytes.first().copied().unwrap_or_default();
        match self {
            Self::Size { size: 0, .. } if byte == b'\n' => *self = Self::Trailers { column: 0 },
            Self::Size { size, .. } if byte == b'\n' => *self = Self::Data { left: *size + 2 },
            Self::Size { extension, .. } if byte == b';' => *extension = true,
            Self::Size { extension: true, .. } => {}
            Self::Size { .. } if byte == b'\r' => {}
            Self::Size { size, .. } => {
                let digit = char::from(byte).to_digit(16).ok_or(Stop::Malformed)?;
                *size = size.checked_mul(16).ok_or(Stop::Malformed)? + u64::from(digit);
            }
            Self::Data { left } => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Size { size: 0, extension: false };
                }
                return Ok(taken);
            }
            Self::Trailers { column: 0 } if byte == b'\n' => *self = Self::Done,
            Self::Trailers { column } if byte == b'\n' => *column = 0,
            Self::Trailers { .. } if byte == b'\r' => {}
            Self::Trailers { column } => *column += 1,
            Self::Done => {}
        }
        Ok(1)
    }
}

/// Carries a body, and holds at most `room` bytes of it. `held` is what has been read ahead of it.
/// Returns the most bytes that were held.
pub(super) async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    held: &mut BytesMut,
    to: &mut (impl AsyncWrite + Unpin),
    framing: &mut Framing,
    room: usize,
    idle: Duration,
) -> Result<usize, Stop> {
    let (mut waiting, mut most, mut is_at_end) = (BytesMut::new(), 0, false);
    loop {
        if !framing.is_done() && waiting.len() < room && !held.is_empty() {
            let some = held.len().min(room - waiting.len());
            let taken = framing.take(held.get(..some).unwrap_or_default())?;
            waiting.extend_from_slice(&held.split_to(taken));
        }
        most = most.max(waiting.len());
        let wants_more = !framing.is_done() && !is_at_end && waiting.len() < room;
        if waiting.is_empty() && !wants_more {
            let is_whole = framing.is_done() || *framing == Framing::UntilClose;
            return if is_whole { Ok(most) } else { Err(Stop::SourceEnded) };
        }
        let is_owing = !waiting.is_empty();
        tokio::select! {
            // What is ready is no silence, however late this task runs.
            biased;
            written = to.write(&waiting), if is_owing => match written {
                Ok(count @ 1..) => waiting.advance(count),
                _ => return Err(Stop::SinkGone),
            },
            read = from.read_buf(held), if wants_more && held.is_empty() => is_at_end = !matches!(read, Ok(1..)),
            () = tokio::time::sleep(idle) => return Err(if is_owing { Stop::SinkIdle } else { Stop::SourceIdle }),
        }
    }
}
