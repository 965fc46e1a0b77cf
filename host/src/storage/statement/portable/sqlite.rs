//! The text that SQLite runs.

use super::reader::Reader;
use super::tokens::tokens;
use crate::storage::statement::Refusal;

/// The text with what SQLite needs to mean what Postgres means; none where it does already.
pub(in crate::storage::statement) fn for_sqlite(sql: &str) -> Result<Option<String>, Refusal> {
    Ok(Reader::new(sql, tokens(sql)?).read().apply(sql))
}
