//! Parameters as literals in the text, for statements of the host that travel together in one
//! message.
//!
//! Texts and bytes are written in hexadecimal, so no value can become part of the statement
//! whatever it holds. Guests' statements never come this way.

use crate::storage::value::Value;
use crate::storage::{Code, Error, Result, hex};

/// The text with its placeholders `$1` to `$n` replaced.
pub(super) fn inline(sql: &str, params: &[Value]) -> Result<String> {
    let mut pieces = sql.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let value = at.and_then(|at| params.get(at)).ok_or_else(|| cannot("a placeholder without a value"))?;
        text.push_str(&literal(value)?);
        text.push_str(rest);
    }
    Ok(text)
}

fn literal(value: &Value) -> Result<String> {
    match value {
        Value::Null => Ok("null".to_owned()),
        // In quotes: the cast binds closer than a minus before it.
        Value::Integer(number) => Ok(format!("'{number}'::bigint")),
        Value::Bytes(bytes) => Ok(format!("'\\x{}'::bytea", hex(bytes))),
        // The collation of a function's result is that of its arguments, which here is the one of
        // the name 'UTF8', "C": a comparison with a column would ask for another order than that of
        // the column's index, and read the whole table.
        Value::Text(text) => {
            let text = hex(text.as_bytes());
            Ok(format!("(convert_from('\\x{text}', 'UTF8') collate pg_catalog.\"default\")"))
        }
        other => Err(cannot(other.kind())),
    }
}

fn cannot(what: &str) -> Error {
    Error::new(Code::Other, format!("cannot write {what} into a statement"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_literals() {
        let params = [Value::Integer(-5), Value::Text("'; --".into()), Value::Bytes(vec![0, 255]), Value::Null];
        let text = inline("select $1, $2, $3 where $4 is $1", &params).expect("all have values");
        assert_eq!(
            text,
            "select '-5'::bigint, (convert_from('\\x273b202d2d', 'UTF8') collate pg_catalog.\"default\"), \
             '\\x00ff'::bytea where null is '-5'::bigint"
        );
    }

    #[test]
    fn every_placeholder_has_a_value() {
        assert!(inline("select $2", &[Value::Null]).is_err());
        assert!(inline("select $x", &[Value::Null]).is_err());
        assert!(inline("select $1", &[Value::Boolean(true)]).is_err(), "nobody needs it yet");
    }
}
