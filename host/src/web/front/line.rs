//! Where a line of a head ends: at CRLF and nowhere else.

use super::characters::first_control;
use super::refusal::Refusal;

/// What stands at a place where a line might end.
pub(super) enum LineEnd {
    /// The line ends before this offset, and the next begins two bytes later.
    At(usize),
    /// No end so far; the bytes before this offset need not be looked at again.
    Beyond(usize),
}

/// Finds the end of the line that goes on at offset `from`.
///
/// RFC 9112 section 2.2 lets a recipient take a bare LF for a line end. Two that differ in this see
/// different requests in the same bytes, so it is refused here, as that section asks for a bare CR
/// and RFC 9110 section 5.5 for NUL.
pub(super) fn find_end(bytes: &[u8], from: usize) -> Result<LineEnd, Refusal> {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(found) = first_control(rest) else {
        return Ok(LineEnd::Beyond(bytes.len()));
    };
    match (rest.get(found), rest.get(found + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(LineEnd::At(from + found)),
        (Some(b'\r'), None) => Ok(LineEnd::Beyond(from + found)),
        (Some(b'\r' | b'\n'), _) => Err(Refusal::LineEnd),
        _ => Err(Refusal::Control),
    }
}
