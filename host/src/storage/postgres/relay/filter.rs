//! Which messages of the server reach the driver (PostgreSQL documentation, "Message Formats").
//!
//! The server says the length of a message before its contents, so what is too long is never kept:
//!
//! * a row is left out, and with it the rest of its result; how many rows were left out is counted;
//! * the text of an error is cut;
//! * a notice, a notification or the status of a parameter is left out;
//! * anything else breaks the protocol.
//!
//! All others pass as they come.

/// The head of each message: its type, and its length without the type.
const HEAD: usize = 5;
/// What is kept of an error's fields. It is also the most that a notice and the like may have, and
/// a row that nobody has asked for.
const MAX_TEXT: usize = 64 << 10;
/// The most that any other message may have. The longest that a server has reason to send are the
/// types of 65,535 parameters and the names of 1,664 columns.
const MAX_OTHER: usize = 1 << 20;
/// A message that is longer leaves the driver with a buffer that is worth giving back.
const LONG: usize = 256 << 10;

/// Reads the heads of what the server sends.
pub(super) struct Filter {
    state: State,
    row_limit: usize,
    /// Rows of the running statement that have passed, and those that were left out.
    let_in: u64,
    left_out: u64,
    /// Whether rows are left out until the end of the result.
    leaves_out: bool,
    /// Whether a message passed that makes the driver's buffer grow.
    has_long: bool,
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
        Self { state: BEGIN, row_limit: MAX_TEXT, let_in: 0, left_out: 0, leaves_out: false, has_long: false }
    }

    /// What a row of the next statement may have; none: no more than others. Counts anew what is
    /// left out.
    pub(super) fn set_row_limit(&mut self, bytes: Option<usize>) {
        self.row_limit = bytes.unwrap_or(MAX_TEXT);
        (self.let_in, self.left_out) = (0, 0);
    }

    /// Rows that have passed since the limit was set.
    pub(super) fn let_in(&self) -> u64 {
        self.let_in
    }

    /// Rows that were left out since the limit was set.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether a long message has passed since this was last asked.
    pub(super) fn take_has_long(&mut self) -> bool {
        std::mem::take(&mut self.has_long)
    }

    /// Adds what passes of the server's bytes to `passed`. Fails where they are no messages.
    pub(super) fn pass(&mut self, mut bytes: &[u8], passed: &mut Vec<u8>) -> Result<(), String> {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Head { bytes: head, have } => {
                    let rest = head.get_mut(*have..).unwrap_or_default();
                    let taken = take(&mut bytes, rest.len());
                    rest.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
                    *have += taken.len();
                    if *have == HEAD {
                        let head = *head;
                        self.state = self.begin(head, passed)?;
                    }
                }
                State::Body { left, passes } => {
                    let taken = take(&mut bytes, *left);
                    *left -= taken.len();
                    if *passes {
                        passed.extend_from_slice(taken);
                    }
                    if *left == 0 {
                        self.state = BEGIN;
                    }
                }
                State::Cut { left, kept } => {
                    let taken = take(&mut bytes, *left);
                    *left -= taken.len();
                    let room = MAX_TEXT.saturating_sub(kept.len());
                    kept.extend_from_slice(taken.get(..room).unwrap_or(taken));
                    if *left == 0 {
                        end_error(kept, passed);
                        self.state = BEGIN;
                    }
                }
            }
        }
        Ok(())
    }

    /// Decides what becomes of a message.
    fn begin(&mut self, head: [u8; HEAD], passed: &mut Vec<u8>) -> Result<State, String> {
        let [kind, a, b, c, d] = head;
        // The length counts its own four bytes.
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let kind = char::from(kind);
        let left =
            length.checked_sub(4).ok_or_else(|| format!("a message of type {kind:?} has no valid length"))?;
        let passes = match kind {
            // A row, or data of a copy.
            'D' | 'd' => self.lets_in(left),
            'E' if left > MAX_TEXT => {
                self.leaves_out = false;
                return Ok(State::Cut { left, kept: Vec::new() });
            }
            // Notices, notifications, the status of a parameter.
            'N' | 'A' | 'S' => left <= MAX_TEXT,
            _ if left > MAX_OTHER => {
                return Err(format!("a message of type {kind:?} has {left} bytes, which is more than expected"));
            }
            // The end of a result: completed, suspended, empty, failed; ready for what comes next.
            'C' | 's' | 'I' | 'E' | 'Z' => {
                self.leaves_out = false;
                true
            }
            _ => true,
        };
        if passes {
            self.has_long |= left > LONG;
            passed.extend_from_slice(&head);
        }
        Ok(if left == 0 { BEGIN } else { State::Body { left, passes } })
    }

    /// Whether a row reaches the driver.
    fn lets_in(&mut self, length: usize) -> bool {
        self.leaves_out |= length > self.row_limit;
        let counter = if self.leaves_out { &mut self.left_out } else { &mut self.let_in };
        *counter += 1;
        !self.leaves_out
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

    /// What passes, whatever the pieces in which it comes.
    fn passed(filter: impl Fn() -> Filter, messages: &[Vec<u8>]) -> Vec<u8> {
        let bytes = messages.concat();
        let mut whole = Vec::new();
        filter().pass(&bytes, &mut whole).expect("messages");
        for size in [1, 3, 7, 60_000] {
            let (mut filter, mut pieces) = (filter(), Vec::new());
            for piece in bytes.chunks(size) {
                filter.pass(piece, &mut pieces).expect("messages");
            }
            assert!(pieces == whole, "in pieces of {size}");
        }
        whole
    }

    fn with_limit(bytes: usize) -> Filter {
        let mut filter = Filter::new();
        filter.set_row_limit(Some(bytes));
        filter
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
        assert_eq!(passed(|| with_limit(10), &messages), messages.concat());
    }

    #[test]
    fn a_row_that_is_too_long_ends_its_result_alone() {
        let end = [message(b'C', b"SELECT 3\0"), message(b'D', b"next"), message(b'Z', b"T")];
        let rows = [b"first".to_vec(), vec![b'x'; 200_000], b"third".to_vec()].map(|row| message(b'D', &row));
        let all = [&rows[..], &end[..]].concat();
        assert_eq!(passed(|| with_limit(10), &all), [&rows[..1], &end[..]].concat().concat());
        let mut filter = with_limit(10);
        filter.pass(&all.concat(), &mut Vec::new()).expect("messages");
        // One of another result is among those that have passed.
        assert_eq!((filter.let_in(), filter.left_out()), (2, 2));
        filter.set_row_limit(None);
        assert_eq!((filter.let_in(), filter.left_out()), (0, 0));
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
    fn what_makes_no_sense_breaks_the_protocol() {
        for bytes in [&b"D\0\0\0\x03"[..], b"T\x7f\xff\xff\xff", b"R\x00\x20\x00\x00"] {
            assert!(Filter::new().pass(bytes, &mut Vec::new()).is_err(), "{bytes:?}");
        }
    }
}
