//! What the server has sent and nobody has read yet (PostgreSQL documentation, "Message Formats").

use super::request::HEAD;
use std::ops::Range;

/// A buffer at first, and as long as no message is longer.
const SMALL: usize = 8 << 10;
const LARGE: usize = 64 << 10;

/// See the module.
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// So many bytes more belong to a message that is passed over.
    passed_over: usize,
}

/// The beginning of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: u8,
    /// Bytes that follow the head.
    pub(super) length: usize,
}

/// What is said of a server that does not keep to the protocol.
pub(super) fn broken(how: &str) -> String {
    format!("the database broke the protocol: {how}")
}

impl Head {
    /// From a message's type and its length, which counts its own four bytes.
    pub(super) fn read([kind, a, b, c, d]: [u8; HEAD]) -> Result<Self, String> {
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let length = length.checked_sub(HEAD - 1);
        let kind_name = char::from(kind);
        let length =
            length.ok_or_else(|| broken(&format!("a message of type {kind_name:?} has no valid length")))?;
        Ok(Self { kind, length })
    }
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; SMALL], start: 0, end: 0, passed_over: 0 }
    }

    /// All that is there.
    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// A part of a message that was taken.
    pub(super) fn part(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Takes all that is there.
    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Room for what comes next.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize(LARGE.max(self.bytes.len() * 2), 0);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that so many bytes have come into the room.
    pub(super) fn add(&mut self, bytes: usize) {
        self.end += bytes;
        // Whoever sends fast gets more room.
        if self.end == self.bytes.len() && self.bytes.len() < LARGE {
            self.bytes.resize(LARGE, 0);
        }
    }

    /// The head of the next message, if it is there.
    pub(super) fn head(&mut self) -> Result<Option<Head>, String> {
        let taken = self.passed_over.min(self.end - self.start);
        self.start += taken;
        self.passed_over -= taken;
        self.waiting().first_chunk().map(|head| Head::read(*head)).transpose()
    }

    /// Takes the next message, of which `most` bytes are kept at most; what follows them is passed
    /// over. None if they are not all there. There will be room for them.
    pub(super) fn take(&mut self, head: Head, most: usize) -> Option<Range<usize>> {
        let kept = head.length.min(most);
        let wanted = HEAD + kept;
        if self.end - self.start < wanted {
            if self.bytes.len() < wanted {
                self.bytes.resize(wanted, 0);
            }
            return None;
        }
        let body = self.start + HEAD..self.start + wanted;
        self.start += wanted;
        self.passed_over = head.length - kept;
        Some(body)
    }

    /// Gives back memory that a long message has taken.
    pub(super) fn rest(&mut self) {
        if self.bytes.len() > LARGE && self.end <= LARGE {
            self.bytes.truncate(LARGE);
            self.bytes.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(inbox: &mut Inbox, bytes: &[u8]) {
        for piece in bytes.chunks(1_000) {
            inbox.room()[..piece.len()].copy_from_slice(piece);
            inbox.add(piece.len());
        }
    }

    #[test]
    fn messages_are_taken_one_after_the_other() {
        let mut inbox = Inbox::new();
        receive(&mut inbox, b"D\0\0\0\x06abC\0\0\0\x04D\0\0");
        let head = inbox.head().unwrap().unwrap();
        let body = inbox.take(head, 100).unwrap();
        assert_eq!(inbox.part(body), b"ab");
        let head = inbox.head().unwrap().unwrap();
        assert_eq!((head.kind, inbox.take(head, 100)), (b'C', Some(12..12)));
        assert_eq!(inbox.head(), Ok(None));
        receive(&mut inbox, b"\0\x05");
        let head = inbox.head().unwrap().unwrap();
        assert_eq!(inbox.take(head, 100), None, "its only byte is missing");
        receive(&mut inbox, b"x");
        let body = inbox.take(head, 100).unwrap();
        assert_eq!((inbox.part(body), inbox.waiting()), (&b"x"[..], &b""[..]));
    }

    #[test]
    fn of_a_long_message_no_more_is_kept_than_wanted() {
        let mut inbox = Inbox::new();
        receive(&mut inbox, b"D\0\x10\0\x04begin");
        let head = inbox.head().unwrap().unwrap();
        assert_eq!(head.length, 1 << 20);
        let body = inbox.take(head, 5).unwrap();
        assert_eq!(inbox.part(body), b"begin");
        for _ in 0..1_048 {
            receive(&mut inbox, &[b'x'; 1_000]);
            assert_eq!(inbox.head(), Ok(None));
        }
        receive(&mut inbox, &[&[b'x'; 571][..], b"Z\0\0\0\x05I"].concat());
        assert_eq!(inbox.head(), Ok(Some(Head { kind: b'Z', length: 1 })));
        assert!(inbox.bytes.len() <= LARGE);
    }
}
