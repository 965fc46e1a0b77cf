//! Decides which of the bytes that have arrived hyper may see. It touches no socket and no clock.

use std::io;

use tokio::io::ReadBuf;

use super::framing::Framing;
use super::head::HeadScan;
use super::refusal::Refusal;
use super::rules::Rules;

/// The state of one connection's incoming side.
#[derive(Debug)]
pub(super) struct Gate {
    rules: Rules,
    phase: Phase,
    heads: u64,
}

#[derive(Debug)]
enum Phase {
    /// A head is awaited or incomplete; hyper has seen nothing of it.
    Head(HeadScan),
    /// A head was found sound: what is left of it, and of its body.
    Message { head_left: usize, body: Framing },
    /// A head was refused: what is left of the marker in its place. Then the end.
    Refused(&'static [u8]),
    /// A body was refused. Every further read fails.
    Broken(Refusal),
}

/// What a connection that has no byte to give is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    NextHead,
    RestOfHead,
    Body,
}

impl Gate {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, phase: Phase::Head(HeadScan::default()), heads: 0 }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many heads have been found sound so far.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Tells how many of `bytes` hyper may have now, where it has room for so many.
    ///
    /// Of a head, `bytes` has to begin with its first byte, at every call until hyper was given
    /// some.
    pub(super) fn admit(&mut self, bytes: &[u8], room: usize) -> usize {
        if let Phase::Head(scan) = &mut self.phase {
            match scan.feed(bytes, &self.rules) {
                Ok(None) => return 0,
                Ok(Some(head)) => {
                    self.heads += 1;
                    self.phase = Phase::Message { head_left: head.len, body: head.body };
                }
                Err(refusal) => self.refuse(refusal),
            }
        }
        self.admit_message(bytes.get(..room).unwrap_or(bytes))
    }

    fn admit_message(&mut self, bytes: &[u8]) -> usize {
        let Phase::Message { head_left, body } = &mut self.phase else {
            return 0;
        };
        let of_head = bytes.len().min(*head_left);
        *head_left -= of_head;
        let (of_body, fault) = body.take(bytes.get(of_head..).unwrap_or_default());
        let is_whole = *head_left == 0 && body.is_done();
        if let Some(refusal) = fault {
            self.phase = Phase::Broken(refusal);
        } else if is_whole {
            self.phase = Phase::Head(HeadScan::default());
        }
        of_head + of_body
    }

    /// Puts a marker in the place of the head that is awaited.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.phase = Phase::Refused(refusal.marker());
    }

    /// Makes the rest of the body fail.
    pub(super) fn break_off(&mut self, refusal: Refusal) {
        self.phase = Phase::Broken(refusal);
    }

    /// After a refusal: gives hyper the marker, the end or an error. False if there was none.
    pub(super) fn speak(&mut self, buf: &mut ReadBuf<'_>) -> io::Result<bool> {
        match &mut self.phase {
            Phase::Refused(marker) => {
                let (now, later) = marker.split_at_checked(buf.remaining()).unwrap_or((*marker, &[]));
                buf.put_slice(now);
                *marker = later;
                Ok(true)
            }
            Phase::Broken(refusal) => Err((*refusal).into()),
            Phase::Head(_) | Phase::Message { .. } => Ok(false),
        }
    }

    /// Whether nothing that still arrives will be looked at.
    pub(super) fn is_shut(&self) -> bool {
        matches!(self.phase, Phase::Refused(_) | Phase::Broken(_))
    }

    /// What the connection waits for, with `held` bytes kept back.
    pub(super) fn awaits(&self, held: &[u8]) -> Awaited {
        match (&self.phase, held) {
            // A CRLF after a body is no beginning of a head yet.
            (Phase::Head(_), b"" | b"\r" | b"\r\n") => Awaited::NextHead,
            (Phase::Head(_), _) => Awaited::RestOfHead,
            _ => Awaited::Body,
        }
    }
}
