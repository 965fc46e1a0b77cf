//! The words and names that decide whether a statement is allowed.

/// Beginnings of names that belong to the host or to the engine. An app has nothing by such a name.
const KEPT_PREFIXES: [&str; 5] = ["innkeeper_", "pg_", "sqlite_", "pragma_", "dbstat"];

/// Schemas that an app must not name; its own it need not.
const SCHEMAS: [&str; 6] = ["innkeeper", "pg_catalog", "information_schema", "public", "main", "temp"];

/// Schemas of the apps.
const APP_SCHEMA_PREFIX: &str = "app_";

/// Functions that change the session, read files, or take a text for SQL (PostgreSQL documentation,
/// "System Administration Functions", "Mapping Tables to XML", "Gathering Document Statistics";
/// <https://sqlite.org/security.html>). What begins with `pg_` and `sqlite_` needs no mention.
const FUNCTIONS: [&str; 13] = [
    "set_config",
    "current_setting",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "ts_stat",
    "ts_rewrite",
    "xpath_table",
    "connectby",
    "load_extension",
    "readfile",
    "writefile",
    "loread",
    "lowrite",
];

/// Beginnings of the names of such functions.
const FUNCTION_PREFIXES: [&str; 9] = [
    "lo_",
    "txid_",
    "dblink",
    "crosstab",
    "query_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "fts3_tokenizer",
];

/// Words behind which a square bracket cannot be a subscript.
const NEVER_A_VALUE: [&str; 40] = [
    "add",
    "all",
    "alter",
    "and",
    "as",
    "between",
    "by",
    "case",
    "check",
    "column",
    "delete",
    "distinct",
    "else",
    "except",
    "exists",
    "from",
    "having",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "like",
    "not",
    "on",
    "or",
    "references",
    "returning",
    "select",
    "set",
    "table",
    "then",
    "union",
    "update",
    "using",
    "values",
    "when",
    "where",
];

/// The beginning of `name` that makes it one of the host's or the engine's.
pub(super) fn kept_prefix(name: &str) -> Option<&'static str> {
    KEPT_PREFIXES.into_iter().find(|prefix| begins_with(name, prefix))
}

/// Whether a kept name may stand anywhere in the text, also in strings and comments.
pub(super) fn mentions_kept_name(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    KEPT_PREFIXES.into_iter().any(|prefix| sql.contains(prefix))
}

/// Whether `name` before a point names a schema that is not the app's to name.
pub(super) fn is_kept_schema(name: &str) -> bool {
    begins_with(name, APP_SCHEMA_PREFIX) || SCHEMAS.iter().any(|schema| name.eq_ignore_ascii_case(schema))
}

/// Whether a function of this name is kept from apps.
pub(super) fn is_kept_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| name.eq_ignore_ascii_case(function))
        || FUNCTION_PREFIXES.iter().any(|prefix| begins_with(name, prefix))
}

/// Whether `word` is a keyword that no value ends with.
pub(super) fn is_never_a_value(word: &str) -> bool {
    NEVER_A_VALUE.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Names are compared without regard to case even in quotes: SQLite does the same.
fn begins_with(name: &str, prefix: &str) -> bool {
    name.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}
