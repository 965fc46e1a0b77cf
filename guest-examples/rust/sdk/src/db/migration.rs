//! The history of the app's tables.

use super::wit;
use crate::Result;

/// A step in the history of the app's tables.
pub struct Migration(wit::Migration);

/// A step with its name, which is unique in the app, and its statements.
///
/// ```no_run
/// # use innkeeper_sdk::{Result, db::{migrate, migration}};
/// # fn example() -> Result<()> {
/// migrate([
///     migration("0001-hits", ["create table hits (at timestamptz not null)"]),
///     migration("0002-no-hits", ["drop table hits"]).destroys(["hits"]),
/// ])?;
/// # Ok(()) }
/// ```
pub fn migration<S: Into<String>>(name: &str, statements: impl IntoIterator<Item = S>) -> Migration {
    let statements = texts(statements);
    Migration(wit::Migration { name: name.to_owned(), statements, sqlite_statements: None, destroys: Vec::new() })
}

impl Migration {
    /// Statements to run instead where the database is SQLite.
    pub fn sqlite<S: Into<String>>(mut self, statements: impl IntoIterator<Item = S>) -> Migration {
        self.0.sqlite_statements = Some(texts(statements));
        self
    }

    /// What the statements may destroy: `table`, `table.column`, or `*`.
    pub fn destroys<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Migration {
        self.0.destroys = texts(names);
        self
    }
}

/// Runs those migrations that this app has not run yet, all or none, and returns their names. Call
/// it before the request writes anything; once done it asks the database nothing.
#[track_caller]
pub fn migrate(migrations: impl IntoIterator<Item = Migration>) -> Result<Vec<String>> {
    let migrations: Vec<_> = migrations.into_iter().map(|migration| migration.0).collect();
    Ok(wit::migrate(&migrations)?)
}

fn texts<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}
