//! Values of fixed form in the binary format: numbers, text, uuid. Each function gives None where
//! the bytes are malformed.

/// Bytes of a known number.
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// Takes the first `N` bytes off `bytes`.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// Takes a 32-bit integer off `bytes`.
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    take(bytes).map(i32::from_be_bytes)
}

/// Takes a length and that many bytes off `bytes`; the length -1 stands for NULL, which is the
/// inner None.
pub(super) fn take_item<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = take_i32(bytes)?;
    if length == -1 {
        return Some(None);
    }
    let (item, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(Some(item))
}

/// An integer of 2, 4 or 8 bytes.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => fixed(bytes).map(|bytes| i64::from(i16::from_be_bytes(bytes))),
        4 => fixed(bytes).map(|bytes| i64::from(i32::from_be_bytes(bytes))),
        _ => fixed(bytes).map(i64::from_be_bytes),
    }
}

/// `oid`, which has no sign.
pub(super) fn oid(bytes: &[u8]) -> Option<u32> {
    fixed(bytes).map(u32::from_be_bytes)
}

/// `boolean`.
pub(super) fn boolean(bytes: &[u8]) -> Option<bool> {
    fixed::<1>(bytes).map(|[byte]| byte != 0)
}

/// `real`.
pub(super) fn float4(bytes: &[u8]) -> Option<f32> {
    fixed(bytes).map(f32::from_be_bytes)
}

/// `double precision`.
pub(super) fn float8(bytes: &[u8]) -> Option<f64> {
    fixed(bytes).map(f64::from_be_bytes)
}

/// Anything that is text on the wire; sqlx asks for UTF-8 when it connects.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// `jsonb`: its text behind the number of the format, which is 1 (`jsonb_send`).
pub(super) fn jsonb(bytes: &[u8]) -> Option<&str> {
    bytes.strip_prefix(&[1]).and_then(text)
}

/// `"char"`: one byte; those that are no ASCII in octal as `charout` does since Postgres 16.
pub(super) fn char(bytes: &[u8]) -> Option<String> {
    match fixed::<1>(bytes)? {
        [0] => Some(String::new()),
        [byte @ 1..=127] => Some(char::from(byte).to_string()),
        [byte] => Some(format!("\\{byte:03o}")),
    }
}

/// `uuid` in lower case with hyphens.
pub(super) fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes = fixed::<16>(bytes)?;
    let mut out = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        push_hex(byte, &mut out);
    }
    Some(out)
}

/// Two hexadecimal digits in lower case.
pub(super) fn push_hex(byte: u8, out: &mut String) {
    for digit in [byte >> 4, byte & 0x0F] {
        out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    }
}

/// Reads a uuid: 32 hexadecimal digits in any case, with hyphens as usual or without any.
pub(super) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let hyphens = [8, 13, 18, 23];
    let hyphenated = text.len() == 36 && hyphens.iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let mut digits = text.chars().filter(|digit| *digit != '-').map(|digit| digit.to_digit(16));
    if !(hyphenated || text.len() == 32) {
        return None;
    }
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = u8::try_from(digits.next()?? * 16 + digits.next()??).ok()?;
    }
    digits.next().is_none().then_some(uuid)
}
