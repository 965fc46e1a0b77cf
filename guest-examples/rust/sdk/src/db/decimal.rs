//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An exact decimal number, as its digits. It is kept and shown, not calculated with: for that,
/// give its text to a crate for decimals.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// The digits, for example `-12.50`; `NaN`, `Infinity` or `-Infinity` on Postgres.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        Decimal(number.to_string())
    }
}

impl FromStr for Decimal {
    type Err = Error;

    #[track_caller]
    fn from_str(text: &str) -> Result<Decimal, Error> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number(whole) && is_number(fraction) || matches!(text, "NaN" | "Infinity" | "-Infinity") {
            Ok(Decimal(text.to_owned()))
        } else {
            Err(Error::other(format!("`{text}` is no decimal number")))
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_and_nothing_else_is_taken() {
        for text in ["0", "-12.50", "99999999999999999999.000", "NaN"] {
            assert_eq!(text.parse::<Decimal>().unwrap().as_str(), text);
        }
        for text in ["", "-", "1.", ".5", "1e3", "+1", "1,5", "1.5.0"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
