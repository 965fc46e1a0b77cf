//! Floating point numbers as Postgres writes them with `extra_float_digits` 1, the default: the
//! shortest digits that read back as the same number.
//!
//! Source: `src/common/d2s.c` and `f2s.c`. Rust's shortest digits differ from theirs in two cases.
//! Of two that are equally near, Postgres takes the even one. And where a short number lies exactly
//! half way between two neighbours, reading rounds it to the even one; Rust then takes it, Postgres
//! (`acceptBounds = false`) goes on to more digits.

use std::fmt::Write as _;

/// From this power of ten on, `double precision` is written with an exponent.
const F64_EXPONENTIAL: i32 = 15;
/// From this power of ten on, `real` is written with an exponent.
const F32_EXPONENTIAL: i32 = 6;
/// Below this power of ten, both are written with an exponent.
const SMALLEST_PLAIN: i32 = -4;

/// Places behind the first digit that are always enough for 64 bits.
const MAX_PLACES: usize = 16;

/// Writes a `double precision`.
pub(super) fn write_f64(number: f64, out: &mut String) {
    if write_special(number, out) {
        return;
    }
    let size = number.abs();
    let bits = size.to_bits();
    let binary = Binary::new(bits & ((1 << 52) - 1), 52, i32::try_from(bits >> 52).unwrap_or(0) - 1075);
    let rounded = |places: usize| format!("{size:.places$e}");
    write_decimal(
        binary.nearest(&format!("{size:e}"), rounded, |text| text.parse() == Ok(size)),
        F64_EXPONENTIAL,
        out,
    );
}

/// Writes a `real`. It has its own shortest digits, and exponents earlier.
pub(super) fn write_f32(number: f32, out: &mut String) {
    if write_special(f64::from(number), out) {
        return;
    }
    let size = number.abs();
    let bits = u64::from(size.to_bits());
    let binary = Binary::new(bits & ((1 << 23) - 1), 23, i32::try_from(bits >> 23).unwrap_or(0) - 150);
    let rounded = |places: usize| format!("{size:.places$e}");
    write_decimal(
        binary.nearest(&format!("{size:e}"), rounded, |text| text.parse() == Ok(size)),
        F32_EXPONENTIAL,
        out,
    );
}

/// Writes what has no digits, and the sign of what has.
fn write_special(number: f64, out: &mut String) -> bool {
    if number.is_nan() {
        out.push_str("NaN");
        return true;
    }
    if number.is_sign_negative() {
        out.push('-');
    }
    if number.is_infinite() {
        out.push_str("Infinity");
    } else if number == 0.0 {
        out.push('0');
    }
    number.is_infinite() || number == 0.0
}

/// `mantissa * 2^exponent`.
struct Binary {
    mantissa: u128,
    exponent: i32,
    /// The next number below is only half as far away as the next one above.
    is_power_of_two: bool,
}

impl Binary {
    fn new(fraction: u64, fraction_bits: u32, exponent: i32) -> Self {
        let mantissa = u128::from(fraction) | 1 << fraction_bits;
        Self { mantissa, exponent, is_power_of_two: fraction == 0 }
    }

    /// The fewest digits that read back as this number and are not half way to a neighbour, where
    /// Rust has found `shortest`. `rounded` gives the number with so many places behind the point,
    /// a tie going to the even digit.
    fn nearest(
        &self,
        shortest: &str,
        rounded: impl Fn(usize) -> String,
        reads_back: impl Fn(&str) -> bool,
    ) -> Option<Decimal> {
        let found = Decimal::parse(shortest)?;
        let places = found.digits.len() - 1;
        let candidate = |places| Some(rounded(places)).filter(|text| reads_back(text));
        let usable = |text: String| Decimal::parse(&text).filter(|decimal| !self.is_half_way(decimal));
        // Next to a power of two the rounded digits may miss where others of the same length hit.
        let same_length = candidate(places).or_else(|| Some(shortest.to_owned())).and_then(usable);
        same_length.or_else(|| (places + 1..=MAX_PLACES).find_map(|places| candidate(places).and_then(usable)))
    }

    /// Whether `decimal` lies exactly between this number and a neighbour. Below `2^52` no such
    /// number is short; among them are the subnormal ones, which the mantissa here does not
    /// describe.
    fn is_half_way(&self, decimal: &Decimal) -> bool {
        let Some((odd, twos)) = decimal.factors().filter(|_| self.exponent > 0) else { return false };
        let above_or_below = odd == 2 * self.mantissa + 1 || odd == 2 * self.mantissa - 1;
        let close_below = self.is_power_of_two && odd == 4 * self.mantissa - 1;
        (above_or_below && twos == self.exponent - 1) || (close_below && twos == self.exponent - 2)
    }
}

/// `d.ddd * 10^exponent`.
struct Decimal {
    digits: String,
    exponent: i32,
}

impl Decimal {
    /// Reads what `{:e}` prints.
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once('e')?;
        let digits = mantissa.replace('.', "");
        let kept = digits.trim_end_matches('0').len().max(1);
        Some(Self { digits: digits.get(..kept)?.to_owned(), exponent: exponent.parse().ok()? })
    }

    /// The number as `odd * 2^twos`, if it is whole and not large.
    fn factors(&self) -> Option<(u128, i32)> {
        let scale = self.exponent - (i32::try_from(self.digits.len()).ok()? - 1);
        let fives = 5_u128.checked_pow(u32::try_from(scale).ok()?)?;
        let product = self.digits.parse::<u128>().ok()?.checked_mul(fives)?;
        let twos = product.trailing_zeros();
        Some((product.checked_shr(twos)?, scale + i32::try_from(twos).ok()?))
    }
}

fn write_decimal(decimal: Option<Decimal>, exponential: i32, out: &mut String) {
    let Some(Decimal { digits, exponent }) = decimal else { return };
    let (first, rest) = digits.split_at_checked(1).unwrap_or_default();
    // Writing into a string does not fail.
    let _ = match usize::try_from(exponent) {
        _ if !(SMALLEST_PLAIN..exponential).contains(&exponent) => {
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
        }
        Ok(whole) if whole >= rest.len() => write!(out, "{digits:0<width$}", width = whole + 1),
        Ok(whole) => {
            let (whole, fraction) = digits.split_at_checked(whole + 1).unwrap_or_default();
            write!(out, "{whole}.{fraction}")
        }
        Err(_) => {
            let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
            write!(out, "0.{:0<zeros$}{digits}", "")
        }
    };
}
