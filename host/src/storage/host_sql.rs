//! The host's own statements: one text for both engines.
//!
//! Host tables live in the schema `innkeeper` on Postgres. SQLite has no schemas inside a file, so
//! there the same tables carry the prefix `innkeeper_`. The text is written for Postgres and
//! translated once; what it says about locks of rows is left out, since on SQLite a transaction
//! that writes has the whole file to itself. The clock that all hosts of a database share is the
//! database's: [`CLOCK`].

use std::borrow::Cow;
use std::sync::OnceLock;

/// A statement over host tables, made by [`host_sql!`].
#[derive(Debug)]
pub struct HostSql {
    postgres: &'static str,
    sqlite: OnceLock<String>,
}

impl HostSql {
    /// Wraps a text in which host tables are written `innkeeper.<table>`.
    pub const fn new(postgres: &'static str) -> Self {
        Self { postgres, sqlite: OnceLock::new() }
    }

    /// The text as it is sent to Postgres.
    pub fn postgres(&self) -> &'static str {
        self.postgres
    }

    /// The text as SQLite reads it.
    pub fn sqlite(&self) -> &str {
        let [postgres, sqlite] = CLOCK;
        self.sqlite.get_or_init(|| without_row_locks(&for_sqlite(self.postgres)).replace(postgres, sqlite))
    }
}

/// Translates the names of host tables for Postgres databases in which their schema has another
/// name (see `own_space`).
pub(super) fn in_schema<'t>(schema: Option<&str>, text: &'t str) -> Cow<'t, str> {
    match schema {
        None => Cow::Borrowed(text),
        Some(schema) => Cow::Owned(text.replace("innkeeper.", &format!("\"{schema}\"."))),
    }
}

/// Translates the names of host tables.
pub(super) fn for_sqlite(text: &str) -> String {
    text.replace("innkeeper.", "innkeeper_")
}

/// What host statements say about locks of rows. Never looked for in texts that were put together:
/// there it may be part of a value.
const ROW_LOCKS: [&str; 2] = [" for no key update", " for update skip locked"];

/// Microseconds since 1970 by the clock of the database, as statements write it and as SQLite reads
/// it.
const CLOCK: [&str; 2] = [
    "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
    "cast(unixepoch('now', 'subsec') * 1000000 as integer)",
];

fn without_row_locks(text: &str) -> String {
    ROW_LOCKS.iter().fold(text.to_owned(), |text, lock| text.replace(lock, ""))
}

/// Declares a host statement once and yields a `&'static HostSql`.
macro_rules! host_sql {
    ($text:literal) => {{
        static SQL: $crate::storage::HostSql = $crate::storage::HostSql::new($text);
        &SQL
    }};
}

pub(crate) use host_sql;

#[cfg(test)]
mod tests {
    #[test]
    fn sqlite_reads_the_same_text_with_a_prefix_and_without_locks_of_rows() {
        let sql = host_sql!(
            "insert into innkeeper.a (b) select b from innkeeper.c where d = $1 for no key update on conflict do nothing"
        );
        assert_eq!(
            sql.sqlite(),
            "insert into innkeeper_a (b) select b from innkeeper_c where d = $1 on conflict do nothing"
        );
        let sql = host_sql!(
            "delete from innkeeper.a where b in (select b from innkeeper.a limit 1 for update skip locked)"
        );
        assert_eq!(sql.sqlite(), "delete from innkeeper_a where b in (select b from innkeeper_a limit 1)");
        let sql = host_sql!("select (extract(epoch from clock_timestamp()) * 1000000)::bigint - $1");
        assert_eq!(sql.sqlite(), "select cast(unixepoch('now', 'subsec') * 1000000 as integer) - $1");
    }
}
