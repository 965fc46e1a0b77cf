//! The values that storage speaks, the same for both engines: one variant for each case of `value`
//! in `wit/db.wit`.
//!
//! Nothing here knows a driver. Values belong to guests and their visitors, so nothing may log one.

/// One value, as a parameter or in a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL, of any type.
    Null,
    /// True or false.
    Boolean(bool),
    /// Any integer type up to 64 bits.
    Integer(i64),
    /// A 64-bit IEEE 754 number.
    Float(f64),
    /// An exact decimal number in plain digits, or `NaN`, `Infinity`, `-Infinity`.
    Decimal(String),
    /// Text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// In lower case with hyphens where a database has written it.
    Uuid(String),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A day and a time of day, without a zone.
    Datetime(Datetime),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// A JSON document as text.
    Json(String),
    /// A value of a type that has no variant of its own.
    Other(OtherValue),
}

/// A day of the proleptic Gregorian calendar. Year 0 is 1 BC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Astronomical: 0 is 1 BC, -1 is 2 BC.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time of day, without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// 0 to 24; 24 only as 24:00:00, the end of the day.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999.
    pub microsecond: u32,
}

/// A date and a time of day without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datetime {
    /// The day.
    pub date: Date,
    /// The time on that day.
    pub time: Time,
}

/// A value of a type that has no variant of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherValue {
    /// The database's name of the type, for example `inet` or `integer[]`.
    pub type_name: String,
    /// The value as the database writes it.
    pub text: String,
}

/// What a query answers with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names of the columns from left to right. The same name may stand twice.
    pub columns: Vec<String>,
    /// One list of values per row, as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

/// What a value costs beside its contents, when results are measured against their limit.
const OVERHEAD_BYTES: usize = 16;

impl Value {
    /// Bytes that this value counts for in the limit of a result; about what it takes in memory.
    pub fn size(&self) -> usize {
        self.content_size().saturating_add(OVERHEAD_BYTES)
    }

    /// Bytes of the text or bytes that this value holds.
    pub fn content_size(&self) -> usize {
        match self {
            Self::Decimal(text) | Self::Text(text) | Self::Uuid(text) | Self::Json(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Other(other) => other.type_name.len().saturating_add(other.text.len()),
            _ => 0,
        }
    }

    /// The name of the variant as `db.wit` has it, for error texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Uuid(_) => "uuid",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Datetime(_) => "datetime",
            Self::Instant(_) => "instant",
            Self::Json(_) => "json",
            Self::Other(_) => "other",
        }
    }

    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth; SQLite has it as an integer where a column was not declared `boolean`.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            Self::Integer(number @ (0 | 1)) => Some(*number == 1),
            _ => None,
        }
    }

    /// The integer.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text of a text, decimal, uuid or JSON value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Decimal(text) | Self::Uuid(text) | Self::Json(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a bytes value.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Like [`Self::as_text`], without a copy.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Decimal(text) | Self::Uuid(text) | Self::Json(text) => Some(text),
            _ => None,
        }
    }

    /// Like [`Self::as_bytes`], without a copy.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// A decimal as Postgres writes it: no plus, no zeros before the number, a digit before the point
/// and behind it, no minus before zero. What is not in plain digits stays as it is.
pub fn plain_decimal(text: &str) -> std::borrow::Cow<'_, str> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_digits(whole) || !is_digits(part) {
        return text.into();
    }
    let trimmed = whole.trim_start_matches('0');
    let minus = negative && !(trimmed.is_empty() && part.bytes().all(|digit| digit == b'0'));
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let point = if part.is_empty() { "" } else { "." };
    let plain = format!("{}{whole}{point}{part}", if minus { "-" } else { "" });
    if plain == text { text.into() } else { plain.into() }
}

macro_rules! value_from {
    ($($source:ty => $make:expr;)*) => {$(
        impl From<$source> for Value {
            fn from(source: $source) -> Self {
                $make(source)
            }
        }
    )*};
}

value_from! {
    bool => Self::Boolean;
    i64 => Self::Integer;
    i32 => |number| Self::Integer(i64::from(number));
    u32 => |number| Self::Integer(i64::from(number));
    f64 => Self::Float;
    String => Self::Text;
    &str => |text: &str| Self::Text(text.to_owned());
    Vec<u8> => Self::Bytes;
    &[u8] => |bytes: &[u8]| Self::Bytes(bytes.to_vec());
    Date => Self::Date;
    Time => Self::Time;
    Datetime => Self::Datetime;
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(source: Option<T>) -> Self {
        source.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_types_become_values() {
        assert_eq!(Value::from("a"), Value::Text("a".into()));
        assert_eq!(Value::from(Some(7)), Value::Integer(7));
        assert_eq!(Value::from(None::<&str>), Value::Null);
        assert_eq!(Value::from(vec![1_u8]).into_bytes(), Some(vec![1]));
    }

    #[test]
    fn decimals_are_written_as_postgres_does() {
        let pairs = [
            ("+007.50", "7.50"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0.00", "0.00"),
            ("-.5", "-0.5"),
            ("00", "0"),
            ("-12.50", "-12.50"),
        ];
        for (given, plain) in pairs {
            assert_eq!(plain_decimal(given), plain);
        }
        assert_eq!(plain_decimal("NaN"), "NaN");
    }

    #[test]
    fn size_counts_the_contents() {
        assert_eq!(Value::Text("12345".into()).size(), Value::Null.size() + 5);
        assert_eq!(Value::Bytes(vec![0; 1000]).size(), Value::Null.size() + 1000);
    }
}
