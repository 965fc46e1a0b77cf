//! Which bytes may stand where in a request head.

/// How many bytes are looked at together: small enough for a short line, large enough for a vector
/// register.
const BLOCK: usize = 16;

/// Finds the first control character other than a tab: the end of a line, or what has no place in a
/// head.
pub(super) fn first_control(bytes: &[u8]) -> Option<usize> {
    let mut before = 0;
    for block in bytes.chunks(BLOCK) {
        // Without an early exit the compiler turns this into a few vector instructions.
        if block.iter().fold(false, |found, byte| found | is_control(*byte)) {
            let within = block.iter().position(|byte| is_control(*byte))?;
            return Some(before + within);
        }
        before += block.len();
    }
    None
}

/// Any control character but the tab, which may stand in the value of a field (RFC 9110 section
/// 5.5).
pub(super) const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// A character of a method or a field name (RFC 9110 section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    TOKENS.get(usize::from(byte)).copied().unwrap_or(false)
}

/// A table, because names are half of a head and looking up is measurably cheaper than comparing.
static TOKENS: [bool; 256] = tokens();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "compile time, in bounds")]
const fn tokens() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        let is_mark =
            matches!(byte as u8, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        table[byte] = is_mark || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
}

/// A character of a path. Those beyond RFC 3986 are sent by browsers; what the `http` crate takes
/// is the measure.
pub(super) const fn is_path(byte: u8) -> bool {
    matches!(byte, b'!' | b'"' | b'$'..=b';' | b'=' | b'@'..=b'_' | b'a'..=b'~')
}

/// A character of a query, by the same measure.
pub(super) const fn is_query(byte: u8) -> bool {
    matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'~')
}
