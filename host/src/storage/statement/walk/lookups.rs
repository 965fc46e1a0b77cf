//! Arguments that name something in a text: the server looks it up by that name, in any schema.

use super::Stop;
use crate::storage::statement::rules;
use serde_json::Value;

/// The text search configurations that Postgres itself brings along, up to version 18.
const CONFIGURATIONS: [&str; 30] = [
    "arabic",
    "armenian",
    "basque",
    "catalan",
    "danish",
    "dutch",
    "english",
    "estonian",
    "finnish",
    "french",
    "german",
    "greek",
    "hindi",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "serbian",
    "simple",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
    "yiddish",
];

/// A sequence is named by a text, which must be a name without a schema.
pub(super) fn check_sequence(function: &str, arguments: &Value) -> Result<(), Stop> {
    let first = list(arguments).first().and_then(|first| first.pointer("/Unnamed/Expr"));
    let sequence = first.and_then(|first| first.pointer("/Value/value/SingleQuotedString"));
    if sequence.and_then(Value::as_str).is_some_and(is_plain_name) {
        return Ok(());
    }
    Err(Stop::denied(format!("{function:.63} is allowed to an app with a sequence's plain name as text only")))
}

/// A literal in the place of a configuration is one of Postgres' own. Its type is open there, so
/// the server would take it for the name of a configuration; what has a type is none, since no
/// allowed type leads to one. A parameter in this place is refused when it is bound, because its
/// type is.
pub(super) fn check_configuration(function: &str, arguments: &Value) -> Result<(), Stop> {
    let arguments = list(arguments);
    if arguments.iter().any(|argument| argument.get("Unnamed").is_none()) {
        return Err(Stop::denied(format!("{function:.63} is allowed to an app without names of arguments only")));
    }
    if arguments.len() < fewest_with_configuration(function) {
        return Ok(());
    }
    let mut first = arguments.first().and_then(|first| first.pointer("/Unnamed/Expr"));
    while let Some(inner) = first.and_then(|first| first.get("Nested")) {
        first = Some(inner);
    }
    let Some(Value::Object(literal)) = first.and_then(|first| first.pointer("/Value/value")) else {
        return Ok(());
    };
    let text = literal.get("SingleQuotedString").and_then(Value::as_str);
    let is_known = |text: &str| CONFIGURATIONS.iter().any(|name| text.eq_ignore_ascii_case(name));
    if literal.contains_key("Placeholder") || text.is_some_and(is_known) {
        return Ok(());
    }
    Err(Stop::denied(format!(
        "{function:.63} is allowed to an app with a configuration of Postgres' own, such as 'english' or 'simple'; \
         write CAST('...' AS text) where the first argument is a document"
    )))
}

/// From how many arguments on the first may be a configuration (PostgreSQL documentation, "Text
/// Search Functions").
fn fewest_with_configuration(function: &str) -> usize {
    let has_three = ["json_to_tsvector", "jsonb_to_tsvector", "ts_headline"];
    if has_three.iter().any(|name| function.eq_ignore_ascii_case(name)) { 3 } else { 2 }
}

/// The arguments of a call, wherever it stands: in an expression, behind FROM, or behind LATERAL.
fn list(arguments: &Value) -> &[Value] {
    let list = arguments.pointer("/List/args").or_else(|| arguments.pointer("/args"));
    list.unwrap_or(arguments).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.len() < 64
        && rules::kept_prefix(name).is_none()
}
