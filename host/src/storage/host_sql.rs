//! The host's own statements: one text for both engines.
//!
//! Host tables live in the schema `innkeeper` on Postgres. SQLite has no schemas inside a file, so there the same tables carry the prefix
//! `innkeeper_`. The text is written for Postgres and translated once.

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
        self.sqlite.get_or_init(|| for_sqlite(self.postgres))
    }
}

/// Translates the names of host tables for Postgres databases in which their schema has another name (see `own_space`).
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

/// Declares a host statement once and yields a `&'static HostSql`.
macro_rules! host_sql {
    ($text:literal) => {{
        static SQL: $crate::storage::HostSql = $crate::storage::HostSql::new($text);
        &SQL
    }};
}

pub(crate) use host_sql;
