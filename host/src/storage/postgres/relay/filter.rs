//! Which messages of the server reach the driver (PostgreSQL documentation, "Message Formats").
//!
//! The server says the length of a message before its contents, so what is too long is never kept:
//!
//! * the text of an error is cut;
//! * a notice, a notification or the status of a parameter is left out;
//! * anything else breaks the protocol: rows that may be long are read without the driver.
//!
//! All others pass as they come.

use super::inbox::{Head, broken};
use super::request::HEAD;

/// What is kept of an error's fields. It is also the most that a notice and the like may have.
const MAX_TEXT: usize = 64 << 10;
/// The most that any other message may have. The longest that a server has reason to send are the
/// types of 65,535 parameters and the names of 1,664 columns.
const MAX_OTHER: usize = 1 << 20;

/// Reads the heads of what the server sends.
pub(super) struct Filter {
    state: State,
    /// The types of the messages that come next and answer what the driver has not asked.
    discarded: &'static [u8],
    /// Whether the last message said that the server is ready for the next statement.
    is_ready: bool,
}

enum State {
    Head {
        bytes: [u8; HEAD],
        have: usize,
    },
    Body {
        left: usize,
        passes: bool,
    },
    /// The fields of an error that is too long.
    Cut {
        left: usize,
        kept: Vec<u8>,
    },
}

const BEGIN: State = State::Head { bytes: [0; HEAD], have: 0 };

impl Filter {
    pub(super) fn new() -> Self {
        Self { state: BEGIN, discarded: &[], is_ready: true }
    }

    /// Whether the server has said that it is ready, and nothing of an answer since.
    pub(super) fn is_ready(&self) -> bool {
        self.is_ready && matches!(self.state, State::Head { have: 0, .. })
    }

    /// The next messages are of these types, and do not reach the driver.
    pub(super) fn discard(&mut self, types: &'static [u8]) {
        self.discarded = types;
    }

    /// What passes of the server's bytes: first those that are returned as they came, then those
    /// that are added to `passed`. Fails where they are no messages.
    pub(super) fn pass<'b>(&mut self, bytes: &'b [u8], passed: &mut Vec<u8>) -> Result<&'b [u8], String> {
        let (mut rest, mut unchanged) = (bytes, &[][..]);
        // What does not pass at the beginning is no reason to copy the others.
        while unchanged.is_empty() && passed.is_empty() && !rest.is_empty() {
            let from = rest;
            let length = self.pass_unchanged(&mut rest)?;
            unchanged = from.get(..length).unwrap_or_default();
            if unchanged.is_empty() && !rest.is_empty() {
                self.step(&mut rest, passed)?;
            }
        }
        while !rest.is_empty() {
            self.step(&mut rest, passed)?;
        }
        Ok(unchanged)
    }

    /// Takes whole heads and their bodies as long as they pass. Returns how many bytes that were.
    fn pass_unchanged(&mut self, rest: &mut &[u8]) -> Result<usize, String> {
        let mut unchanged = 0;
        loop {
            match &mut self.state {
                State::Body { left, passes: true } => {
                    let taken = take(rest, *left);
                    *left -= taken.len();
                    unchanged += taken.len();
                    if *left > 0 {
                        return Ok(unchanged);
                    }
                    self.state = BEGIN;
                }
                State::Head { have: 0, .. } => {
                    let Some((head, behind)) = rest.split_first_chunk::<HEAD>() else { return Ok(unchanged) };
                    *rest = behind;
                    self.state = self.begin(*head)?;
                    if matches!(self.state, State::Body { passes: false, .. } | State::Cut { .. }) {
                        self.end_if_empty();
                        return Ok(unchanged);
                    }
                    unchanged += HEAD;
                }
                _ => return Ok(unchanged),
            }
        }
    }

    /// Takes a part of a message.
    fn step(&mut self, bytes: &mut &[u8], passed: &mut Vec<u8>) -> Result<(), String> {
        match &mut self.state {
            State::Head { bytes: head, have } => {
                let rest = head.get_mut(*have..).unwrap_or_default();
                let taken = take(bytes, rest.len());
                rest.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
                *have += taken.len();
                if *have == HEAD {
                    let head = *head;
                    self.state = self.begin(head)?;
                    if matches!(self.state, State::Body { passes: true, .. }) {
                        passed.extend_from_slice(&head);
                    }
                }
            }
            State::Body { left, passes } => {
                let taken = take(bytes, *left);
                *left -= taken.len();
                if *passes {
                    passed.extend_from_slice(taken);
                }
            }
            State::Cut { left, kept } => {
                let taken = take(bytes, *left);
                *left -= taken.len();
                let room = MAX_TEXT.saturating_sub(kept.len());
                kept.extend_from_slice(taken.get(..room).unwrap_or(taken));
                if *left == 0 {
                    end_error(kept, passed);
                    self.state = BEGIN;
                }
            }
        }
        self.end_if_empty();
        Ok(())
    }

    fn end_if_empty(&mut self) {
        if matches!(self.state, State::Body { left: 0, .. }) {
            self.state = BEGIN;
        }
    }

    /// Decides what becomes of a message.
    fn begin(&mut self, head: [u8; HEAD]) -> Result<State, String> {
        let Head { kind, length: left } = Head::read(head)?;
        // Notices, notifications and the status of a parameter are no part of an answer.
        if !b"NAS".contains(&kind) {
            self.is_ready = kind == b'Z';
        }
        if self.discards(kind)? {
            return Ok(State::Body { left, passes: false });
        }
        match kind {
            b'E' if left > MAX_TEXT => Ok(State::Cut { left, kept: Vec::new() }),
            // Notices, notifications, the status of a parameter.
            b'N' | b'A' | b'S' => Ok(State::Body { left, passes: left <= MAX_TEXT }),
            _ if left > MAX_OTHER => {
                let kind = char::from(kind);
                Err(broken(&format!("a message of type {kind:?} has {left} bytes, which is more than expected")))
            }
            _ => Ok(State::Body { left, passes: true }),
        }
    }

    /// Whether a message answers what the driver has not asked: then it does not pass.
    fn discards(&mut self, kind: u8) -> Result<bool, String> {
        match self.discarded {
            [next, rest @ ..] if *next == kind => {
                self.discarded = rest;
                Ok(true)
            }
            [] => Ok(false),
            // May come at any time.
            _ if b"NAS".contains(&kind) => Ok(false),
            _ => Err(format!("the database began no transaction: a message of type {:?} came", char::from(kind))),
        }
    }
}

/// The first bytes, `most` at most, taken away from the others.
fn take<'b>(bytes: &mut &'b [u8], most: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at_checked(most).unwrap_or((*bytes, &[]));
    *bytes = rest;
    taken
}

/// Writes an error whose fields were cut somewhere in a text.
fn end_error(fields: &mut Vec<u8>, passed: &mut Vec<u8>) {
    // The first byte of the last character; what is left of it is no text if it was cut, too.
    let last = fields.iter().rposition(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
    if std::str::from_utf8(fields.get(last..).unwrap_or_default()).is_err() {
        fields.truncate(last);
    }
    fields.extend_from_slice(b"\0\0");
    passed.push(b'E');
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    passed.extend_from_slice(&length.to_be_bytes());
    passed.extend_from_slice(fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn pass(filter: &mut Filter, bytes: &[u8]) -> Vec<u8> {
        let mut passed = Vec::new();
        let unchanged = filter.pass(bytes, &mut passed).expect("messages");
        [unchanged, &passed].concat()
    }

    /// What passes, whatever the pieces in which it comes.
    fn passed(filter: impl Fn() -> Filter, messages: &[Vec<u8>]) -> Vec<u8> {
        let bytes = messages.concat();
        let whole = pass(&mut filter(), &bytes);
        for size in [1, 3, 7, 60_000] {
            let mut filter = filter();
            let pieces: Vec<u8> = bytes.chunks(size).flat_map(|piece| pass(&mut filter, piece)).collect();
            assert!(pieces == whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn what_is_short_passes_unchanged() {
        let messages = [
            message(b'T', b"columns"),
            message(b'D', b"0123456789"),
            message(b'N', b"notice"),
            message(b'C', b"SELECT 1\0"),
            message(b'n', b""),
            message(b'Z', b"T"),
        ];
        assert_eq!(passed(Filter::new, &messages), messages.concat());
    }

    #[test]
    fn a_long_notice_is_left_out() {
        for kind in [b'N', b'A', b'S'] {
            let ready = message(b'Z', b"I");
            assert_eq!(passed(Filter::new, &[message(kind, &[b'x'; 70_000]), ready.clone()]), ready);
        }
    }

    #[test]
    fn the_text_of_a_long_error_is_cut_between_characters() {
        let start = b"SERROR\0C22P02\0M";
        for text in ["x", "\u{e9}", "\u{20ac}", "\u{1f600}"] {
            let fields = [&start[..], text.repeat(70_000).as_bytes(), b"\0\0"].concat();
            let ready = message(b'Z', b"I");
            let passed = passed(Filter::new, &[message(b'E', &fields), ready.clone()]);
            let kept = (MAX_TEXT - start.len()) / text.len();
            let cut = [&start[..], text.repeat(kept).as_bytes(), b"\0\0"].concat();
            assert!(passed == [message(b'E', &cut), ready].concat(), "{text}");
        }
    }

    #[test]
    fn what_answers_a_beginning_does_not_pass() {
        let discarding = || {
            let mut filter = Filter::new();
            filter.discard(b"12C");
            filter
        };
        let begun = [message(b'1', b""), message(b'2', b""), message(b'N', b"notice"), message(b'C', b"BEGIN\0")];
        let rest = [message(b'2', b""), message(b'D', b"row"), message(b'C', b"SELECT 1\0"), message(b'Z', b"T")];
        let all = [&begun[..], &rest[..]].concat();
        assert_eq!(passed(discarding, &all), [&begun[2..3], &rest[..]].concat().concat());
        let refused = [message(b'1', b""), message(b'E', b"SERROR\0\0")].concat();
        assert!(discarding().pass(&refused, &mut Vec::new()).is_err());
    }

    #[test]
    fn a_server_is_ready_when_it_has_said_so() {
        let mut filter = Filter::new();
        assert!(filter.is_ready());
        let ready = message(b'Z', b"I");
        let pieces = [message(b'E', b"SERROR\0\0"), ready[..3].to_vec(), ready[3..5].to_vec()];
        for piece in pieces {
            pass(&mut filter, &piece);
            assert!(!filter.is_ready(), "after {piece:?}");
        }
        pass(&mut filter, &ready[5..]);
        assert!(filter.is_ready());
        pass(&mut filter, &message(b'N', b"notice"));
        assert!(filter.is_ready(), "a notice may come at any time");
        pass(&mut filter, &message(b'1', b""));
        assert!(!filter.is_ready());
    }

    #[test]
    fn what_makes_no_sense_breaks_the_protocol() {
        for bytes in [&b"D\0\0\0\x03"[..], b"D\x00\x20\x00\x00", b"R\x00\x20\x00\x00"] {
            assert!(Filter::new().pass(bytes, &mut Vec::new()).is_err(), "{bytes:?}");
        }
    }
}
