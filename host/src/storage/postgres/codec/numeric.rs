//! `numeric` in its binary format: digits in base 10,000, exact in both directions.
//!
//! Source: `numeric_send`, `numeric_recv` and `get_str_from_var` in PostgreSQL's
//! `src/backend/utils/adt/numeric.c`.

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const PLUS_INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// Decimal digits in one digit of the binary format.
const GROUP: usize = 4;
/// Digits before the point (PostgreSQL documentation, "Arbitrary Precision Numbers").
const MAX_WHOLE: usize = 131_072;
/// Digits after the point.
const MAX_FRACTION: usize = 16_383;

/// Writes the number in plain digits, with as many zeros at the end as its scale asks for. None if
/// malformed.
pub(super) fn to_text(bytes: &[u8], out: &mut String) -> Option<()> {
    let (header, rest) = bytes.split_first_chunk::<8>()?;
    let [c0, c1, w0, w1, s0, s1, d0, d1] = *header;
    let (groups, left_over) = rest.as_chunks::<2>();
    if groups.len() != usize::from(u16::from_be_bytes([c0, c1])) || !left_over.is_empty() {
        return None;
    }
    match u16::from_be_bytes([s0, s1]) {
        POSITIVE => {}
        NEGATIVE => out.push('-'),
        NAN => return push(out, "NaN"),
        PLUS_INFINITY => return push(out, "Infinity"),
        MINUS_INFINITY => return push(out, "-Infinity"),
        _ => return None,
    }
    let weight = i32::from(i16::from_be_bytes([w0, w1]));
    whole_to_text(groups, weight, out);
    fraction_to_text(groups, weight, usize::from(u16::from_be_bytes([d0, d1])), out);
    Some(())
}

fn push(out: &mut String, text: &str) -> Option<()> {
    out.push_str(text);
    Some(())
}

/// The group that counts `10000^exponent`, where the first one counts `10000^weight`.
fn group(groups: &[[u8; 2]], weight: i32, exponent: i32) -> u16 {
    let at = usize::try_from(weight - exponent).ok();
    at.and_then(|at| groups.get(at)).map_or(0, |bytes| u16::from_be_bytes(*bytes))
}

fn decimal_digits(group: u16) -> [char; GROUP] {
    [group / 1000, group / 100, group / 10, group]
        .map(|digit| char::from_digit(u32::from(digit % 10), 10).unwrap_or('0'))
}

fn whole_to_text(groups: &[[u8; 2]], weight: i32, out: &mut String) {
    if weight < 0 {
        out.push('0');
        return;
    }
    let first = decimal_digits(group(groups, weight, weight));
    let zeros = first.iter().take(GROUP - 1).take_while(|digit| **digit == '0').count();
    out.extend(first.iter().skip(zeros));
    for exponent in (0..weight).rev() {
        out.extend(decimal_digits(group(groups, weight, exponent)));
    }
}

fn fraction_to_text(groups: &[[u8; 2]], weight: i32, scale: usize, out: &mut String) {
    if scale == 0 {
        return;
    }
    out.push('.');
    let exponents = (i32::MIN..0).rev();
    let digits = exponents.flat_map(|exponent| decimal_digits(group(groups, weight, exponent)));
    out.extend(digits.take(scale));
}

/// Why a text cannot become a `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotNumeric {
    /// Not in plain digits.
    Form,
    /// More digits than the type can hold.
    Length,
}

/// Writes the binary format of a number in plain digits, `NaN`, `Infinity` or `-Infinity`.
pub(super) fn from_text(text: &str, out: &mut Vec<u8>) -> Result<(), NotNumeric> {
    match text {
        "NaN" => return header(out, 0, 0, NAN, 0),
        "Infinity" => return header(out, 0, 0, PLUS_INFINITY, 0),
        "-Infinity" => return header(out, 0, 0, MINUS_INFINITY, 0),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(NotNumeric::Form);
    }
    let sign = if text.starts_with('-') { NEGATIVE } else { POSITIVE };
    digits_to_binary(whole.trim_start_matches('0').as_bytes(), fraction.as_bytes(), sign, out)
}

fn digits_to_binary(whole: &[u8], fraction: &[u8], sign: u16, out: &mut Vec<u8>) -> Result<(), NotNumeric> {
    if whole.len() > MAX_WHOLE || fraction.len() > MAX_FRACTION {
        return Err(NotNumeric::Length);
    }
    let groups = groups_of(whole, fraction);
    let Some(first) = groups.iter().position(|group| *group != 0) else {
        return header(out, 0, 0, POSITIVE, fraction.len());
    };
    let end = groups.iter().rposition(|group| *group != 0).map_or(0, |last| last + 1);
    let exponent = i32::try_from(whole.len().div_ceil(GROUP)).map_err(|_| NotNumeric::Length)? - 1;
    let weight = exponent - i32::try_from(first).map_err(|_| NotNumeric::Length)?;
    header(out, end - first, weight, sign, fraction.len())?;
    let kept = groups.get(first..end).unwrap_or_default();
    out.extend(kept.iter().flat_map(|group| group.to_be_bytes()));
    Ok(())
}

/// Digits in base 10,000, counted from the point in both directions.
fn groups_of(whole: &[u8], fraction: &[u8]) -> Vec<u16> {
    let mut groups = Vec::with_capacity(whole.len() / GROUP + fraction.len() / GROUP + 2);
    let (head, tail) = whole.split_at_checked(whole.len() % GROUP).unwrap_or_default();
    let sum = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit & 0x0F));
    if !head.is_empty() {
        groups.push(sum(head));
    }
    groups.extend(tail.chunks(GROUP).map(sum));
    // The last group after the point is filled up with zeros.
    let filled = |digits: &[u8]| (0..GROUP - digits.len()).fold(sum(digits), |sum, _| sum * 10);
    groups.extend(fraction.chunks(GROUP).map(filled));
    groups
}

fn header(out: &mut Vec<u8>, count: usize, weight: i32, sign: u16, scale: usize) -> Result<(), NotNumeric> {
    let count = u16::try_from(count).map_err(|_| NotNumeric::Length)?;
    let weight = i16::try_from(weight).map_err(|_| NotNumeric::Length)?;
    let scale = u16::try_from(scale).map_err(|_| NotNumeric::Length)?;
    for field in [count.to_be_bytes(), weight.to_be_bytes(), sign.to_be_bytes(), scale.to_be_bytes()] {
        out.extend(field);
    }
    Ok(())
}
