//! As much of Postgres' protocol as a proxy must know: where a message begins and ends, and which
//! statement it is about.
//!
//! Source: PostgreSQL documentation, "Message Formats".

use std::collections::HashMap;

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// What stands before the body: a type of one byte and a length of four that counts itself.
const HEADER: usize = 5;

/// What a client says before the first message that has a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Asks for encryption; answered with one byte.
    Encryption,
    /// Anything else: the real beginning, or a cancellation.
    Startup,
}

/// Takes a whole message without a type from the front.
pub(super) fn take_opening(buffer: &mut Vec<u8>) -> Option<(Opening, Vec<u8>)> {
    let length = length_at(buffer, 0)?;
    let code = buffer.get(4..8)?.try_into().ok().map(u32::from_be_bytes)?;
    let message = take(buffer, length)?;
    let asks = [SSL_REQUEST, GSS_REQUEST].contains(&code);
    Some((if asks { Opening::Encryption } else { Opening::Startup }, message))
}

/// Takes a whole message from the front.
pub(super) fn take_message(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = length_at(buffer, 1)?;
    take(buffer, length + 1)
}

fn length_at(buffer: &[u8], at: usize) -> Option<usize> {
    let length = buffer.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)?;
    usize::try_from(length).ok()
}

fn take(buffer: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    (buffer.len() >= length).then(|| buffer.drain(..length).collect())
}

/// The statements that a client has prepared on one connection, by name.
#[derive(Debug, Default)]
pub(super) struct Statements(HashMap<String, String>);

impl Statements {
    /// The text that a client's message is about, for those that have one: `Query`, `Parse` and
    /// `Bind`.
    pub(super) fn text_of(&mut self, message: &[u8]) -> Option<String> {
        let mut strings = message.get(HEADER..)?.split(|byte| *byte == 0);
        let mut next = || strings.next().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        match message.first()? {
            b'Q' => next(),
            b'P' => {
                let (name, text) = (next()?, next()?);
                self.0.insert(name, text.clone());
                Some(format!("prepare {text}"))
            }
            // The portal's name stands first.
            b'B' => next().and(next()).and_then(|name| self.0.get(&name).cloned()),
            _ => None,
        }
    }
}
