//! Where the body of a message ends (RFC 9112 section 6.3).

use super::chunked::Chunked;
use super::refusal::Refusal;

/// What is left of a body.
#[derive(Debug)]
pub(super) enum Framing {
    /// So many bytes; none for a request without a body.
    Length(u64),
    /// Chunks up to the empty one, and trailers.
    Chunked(Chunked),
}

impl Framing {
    /// The framing that a sound head asks for.
    pub(super) fn new(chunked: bool, length: Option<u64>) -> Self {
        if chunked { Self::Chunked(Chunked::default()) } else { Self::Length(length.unwrap_or(0)) }
    }

    /// Counts how many of `bytes` belong to the body, and tells what is wrong with the byte after
    /// them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Option<Refusal>) {
        match self {
            Self::Length(left) => (take_up_to(left, bytes.len()), None),
            Self::Chunked(chunked) => chunked.take(bytes),
        }
    }

    /// Whether the message is whole.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_done(),
        }
    }
}

/// Takes at most `most` from what is left, and tells how many it took.
pub(super) fn take_up_to(left: &mut u64, most: usize) -> usize {
    let taken = usize::try_from(*left).map_or(most, |left| left.min(most));
    *left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
    taken
}
