//! A statement whose result is read without the driver.

use super::inbox::{Head, Inbox, broken};
use crate::storage::Error;
use crate::storage::postgres::error::from_fields;
use std::ops::Range;

/// Of an error's fields so much is kept.
const MAX_TEXT: usize = 64 << 10;
/// The most that a message may have that is neither a row nor an error nor a notice.
const MAX_OTHER: usize = 1 << 20;

/// What comes next in a result.
#[derive(Debug, PartialEq)]
pub(in crate::storage::postgres) enum Step<R> {
    /// A row: the body of its message.
    Row(R),
    /// A row is too large: it and all further ones of its result are left out. Told once.
    LeftOut,
    /// A statement is done: so many rows were inserted, updated or deleted, or fetched from a
    /// cursor.
    Done(u64),
    /// All is done.
    End,
}

/// A statement under way, from its request to the server's word that it is ready for the next.
pub(super) struct Execution {
    row_limit: usize,
    is_left_out: bool,
    /// Whether a transaction that is to begin first has not begun.
    begins: bool,
    /// What the server has said is wrong; it has still to say that it is ready.
    pub(super) error: Option<Error>,
}

impl Execution {
    /// A row that has more bytes is left out. `begins` says that a transaction begins first.
    pub(super) fn new(row_limit: usize, begins: bool) -> Self {
        Self { row_limit, is_left_out: false, begins, error: None }
    }

    /// Reads on. None until more has come. Fails where nothing more is to be
    /// expected of the server.
    pub(super) fn read(&mut self, inbox: &mut Inbox) -> Result<Option<Step<Range<usize>>>, String> {
        while let Some(head) = inbox.head()? {
            let Some(body) = inbox.take(head, self.kept(head)?) else { return Ok(None) };
            match head.kind {
                b'D' if !self.is_left_out && head.length > self.row_limit => {
                    self.is_left_out = true;
                    return Ok(Some(Step::LeftOut));
                }
                b'D' if !self.is_left_out => return Ok(Some(Step::Row(body))),
                b'C' if self.begins => self.begins = false,
                // What follows could run by itself.
                b'E' if self.begins => {
                    let error = from_fields(inbox.part(body));
                    return Err(format!(
                        "the database began no transaction: {} {}",
                        error.sqlstate, error.message
                    ));
                }
                b'C' => return Ok(Some(Step::Done(count_of(inbox.part(body))))),
                b'Z' => return Ok(Some(Step::End)),
                b'E' => self.error = Some(from_fields(inbox.part(body))),
                _ => {}
            }
        }
        Ok(None)
    }

    /// How much of a message is kept.
    fn kept(&self, head: Head) -> Result<usize, String> {
        match head.kind {
            b'D' if self.is_left_out || head.length > self.row_limit => Ok(0),
            b'D' => Ok(head.length),
            b'E' => Ok(MAX_TEXT),
            // Notices, notifications, the status of a parameter; parsed, bound, closed; no rows; an
            // empty statement; suspended.
            b'N' | b'A' | b'S' | b'1' | b'2' | b'3' | b'n' | b'I' | b's' | b't' => Ok(0),
            // Done; the columns; ready.
            b'C' | b'T' | b'Z' if head.length <= MAX_OTHER => Ok(head.length),
            kind => {
                let (kind, length) = (char::from(kind), head.length);
                Err(broken(&format!("an unexpected message of type {kind:?} with {length} bytes")))
            }
        }
    }
}

/// The number at the end of the tag of a statement that is done; 0 where there is none, or where it
/// is that of a query.
fn count_of(tag: &[u8]) -> u64 {
    let tag = tag.strip_suffix(b"\0").unwrap_or(tag);
    if tag.starts_with(b"SELECT ") {
        return 0;
    }
    let number = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// What is read from messages that come in pieces of so many bytes.
    fn read(messages: &[Vec<u8>], size: usize, row_limit: usize) -> (Vec<Step<Vec<u8>>>, Option<Error>) {
        let (mut inbox, mut execution) = (Inbox::new(), Execution::new(row_limit, false));
        let mut steps = Vec::new();
        let bytes = messages.concat();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let room = inbox.room();
            let (piece, behind) = rest.split_at(size.min(rest.len()).min(room.len()));
            room[..piece.len()].copy_from_slice(piece);
            inbox.add(piece.len());
            rest = behind;
            while let Some(step) = execution.read(&mut inbox).unwrap() {
                steps.push(match step {
                    Step::Row(range) => Step::Row(inbox.part(range).to_vec()),
                    Step::LeftOut => Step::LeftOut,
                    Step::Done(count) => Step::Done(count),
                    Step::End => Step::End,
                });
            }
        }
        (steps, execution.error)
    }

    #[test]
    fn rows_come_in_their_order_whatever_the_pieces() {
        let long = vec![b'x'; 20_000];
        let messages = [
            message(b'2', b""),
            message(b'D', b"one"),
            message(b'S', b"a\0b\0"),
            message(b'D', &long),
            message(b'C', b"SELECT 2\0"),
            message(b'3', b""),
            message(b'Z', b"I"),
        ];
        for size in [1, 7, 6_000] {
            let (steps, error) = read(&messages, size, 20_000);
            let expected = [Step::Row(b"one".to_vec()), Step::Row(long.clone()), Step::Done(0), Step::End];
            assert!(steps == expected && error.is_none(), "in pieces of {size}");
        }
    }

    #[test]
    fn a_row_that_is_too_long_ends_its_rows_alone() {
        let messages = [
            message(b'D', b"one"),
            message(b'D', &[b'x'; 200_000]),
            message(b'D', b"three"),
            message(b'C', b"SELECT 3\0"),
            message(b'Z', b"T"),
        ];
        for size in [1, 7, 6_000] {
            let (steps, _) = read(&messages, size, 10);
            assert_eq!(steps, [Step::Row(b"one".to_vec()), Step::LeftOut, Step::Done(0), Step::End]);
        }
    }

    #[test]
    fn an_error_is_kept_until_the_server_is_ready() {
        let text = [b"SERROR\0VERROR\0C22P02\0M".as_slice(), &[b'x'; 100_000], b"\0\0"].concat();
        let (steps, error) = read(&[message(b'E', &text), message(b'Z', b"E")], 5_000, 10);
        assert_eq!(steps, [Step::End]);
        let error = error.unwrap();
        assert_eq!(error.sqlstate, "22P02");
        assert!(error.message.starts_with("xxx") && error.message.len() <= MAX_TEXT);
    }

    #[test]
    fn a_transaction_begins_first() {
        let begun =
            [message(b'1', b""), message(b'2', b""), message(b'C', b"BEGIN\0"), message(b'C', b"UPDATE 2\0")];
        let received = |messages: &[Vec<u8>]| {
            let mut inbox = Inbox::new();
            for message in messages {
                inbox.room()[..message.len()].copy_from_slice(message);
                inbox.add(message.len());
            }
            Execution::new(10, true).read(&mut inbox)
        };
        assert_eq!(received(&begun), Ok(Some(Step::Done(2))));
        assert!(received(&[message(b'E', b"SERROR\0C57014\0\0")]).is_err());
    }

    #[test]
    fn what_makes_no_sense_breaks_the_protocol() {
        for bytes in [&b"D\0\0\0\x03"[..], b"C\x7f\xff\xff\xff", b"G\0\0\0\x04"] {
            let mut inbox = Inbox::new();
            inbox.room()[..bytes.len()].copy_from_slice(bytes);
            inbox.add(bytes.len());
            assert!(Execution::new(10, false).read(&mut inbox).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn tags_end_with_a_number() {
        let tags = [b"INSERT 0 12\0".as_slice(), b"FETCH 3\0", b"SELECT 3\0", b"BEGIN\0"];
        assert_eq!(tags.map(count_of), [12, 3, 0, 0]);
    }
}
