//! `lower` and `upper` fold all of Unicode, whatever the collation of a column is.
//!
//! Postgres folds by the collation of the argument. A column of `define-table` is compared by code
//! points (`C`), and so its letters would be folded as ASCII alone, while those of a parameter are
//! folded by the database's own collation: `lower(email) = lower($1)` would not find what is there.
//! So a collation is put into each call (`statement::folding`), of those that the server has.
//!
//! The text knows no types, and a range has no collation although `lower(range)` is a function. So
//! the server is asked: what it does not take with the collation is prepared without. Inside a
//! transaction that needs a savepoint, once for each text and connection. A definition is looked at
//! only when it is run, so there the savepoint stands before that.

use super::codec::Parameters;
use super::conn::Conn;
use super::prepared::Prepared;
use super::relay::{Statement, Step};
use crate::storage::Result;
use crate::storage::statement;
use std::sync::{Arc, Once};

/// Collations that fold all letters, the best first: by the full mapping of Unicode, then by the
/// simple one. Indexes are made with the first that is there, so what came later stands behind.
const COLLATIONS: [(&str, &str); 6] = [
    ("und-x-icu", "\"und-x-icu\""),
    ("pg_unicode_fast", "\"pg_unicode_fast\""),
    ("pg_c_utf8", "\"pg_c_utf8\""),
    ("C.utf8", "\"C.utf8\""),
    ("C.UTF-8", "\"C.UTF-8\""),
    ("en_US.utf8", "\"en_US.utf8\""),
];

const MARK: &str = "savepoint innkeeper_folding";
const FORGET_MARK: &str = "release savepoint innkeeper_folding";
const UNDO: &str = "rollback to savepoint innkeeper_folding; release savepoint innkeeper_folding";

/// An expression that gives the names of those collations that the server has.
pub(super) fn known_collations() -> String {
    let names = COLLATIONS.map(|(name, _)| format!("'{name}'")).join(", ");
    format!(
        "(select string_agg(collname, ' ') from pg_catalog.pg_collation where collname in ({names}) \
         and collnamespace = 'pg_catalog'::regnamespace \
         and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding())))"
    )
}

/// The collation to fold by, quoted, of those that the server has.
pub(super) fn choose(known: Option<&str>) -> Option<&'static str> {
    let is_known = |name: &str| known.is_some_and(|known| known.split(' ').any(|other| other == name));
    let chosen = COLLATIONS.iter().find(|(name, _)| is_known(name)).map(|(_, quoted)| *quoted);
    if chosen.is_none() {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            tracing::warn!(
                "the database server has no collation that knows all letters (ICU): lower() and upper() change \
                 the letters of ASCII alone in tables made by define-table"
            );
        });
    }
    chosen
}

impl Conn {
    /// Prepares a statement, or finds it prepared.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Arc<Prepared>> {
        if let Some(known) = self.find_prepared(sql) {
            return Ok(known);
        }
        let folded = self.folding.filter(|_| may_fold(sql)).and_then(|by| statement::folding(sql, by));
        let Some(folded) = folded else { return self.prepare_plain(sql).await };
        if is_definition(sql) {
            return self.prepare_as(sql, Some(&folded)).await;
        }
        self.mark(MARK).await?;
        match self.prepare_as(sql, Some(&folded)).await {
            Err(error) if error.is_about_the_text() => {
                self.mark(UNDO).await?;
                self.prepare_plain(sql).await
            }
            Err(error) => Err(error),
            Ok(prepared) => self.mark(FORGET_MARK).await.map(|()| prepared),
        }
    }

    /// Prepares the text as it is.
    pub(super) async fn prepare_plain(&mut self, sql: &str) -> Result<Arc<Prepared>> {
        self.prepare_as(sql, None).await
    }

    /// Runs a definition with its collations. None: the server does not take it so, and nothing has
    /// happened.
    pub(super) async fn define_folded(&mut self, prepared: &Prepared) -> Result<Option<u64>> {
        self.mark(MARK).await?;
        self.relay.execute(Statement::Prepared(&prepared.name), &Parameters::default(), 0);
        let mut affected = 0;
        loop {
            match self.relay.step().await {
                Ok(Step::End) => break,
                Ok(Step::Done(rows)) => affected += rows,
                Ok(Step::Row(_) | Step::LeftOut) => {}
                Err(error) if error.is_about_the_text() => return self.mark(UNDO).await.map(|()| None),
                Err(error) => return Err(error),
            }
        }
        self.mark(FORGET_MARK).await.map(|()| Some(affected))
    }

    /// Runs a definition of the host's for an app, in a transaction.
    pub(super) async fn define(&mut self, sql: &str) -> Result<()> {
        let folded = self.folding.filter(|_| may_fold(sql)).and_then(|by| statement::folding(sql, by));
        let Some(folded) = folded else { return self.script(sql).await };
        self.mark(MARK).await?;
        match self.script(&folded).await {
            Err(error) if error.is_about_the_text() => {
                self.mark(UNDO).await?;
                self.script(sql).await
            }
            Err(error) => Err(error),
            Ok(()) => self.mark(FORGET_MARK).await,
        }
    }

    /// Outside of a transaction there is nothing to be undone.
    async fn mark(&mut self, text: &str) -> Result<()> {
        if self.in_transaction { self.script(text).await } else { Ok(()) }
    }
}

/// A quick look that spares most statements the slow one.
fn may_fold(sql: &str) -> bool {
    let holds = |word: &[u8]| sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    holds(b"lower") || holds(b"upper")
}

/// The server looks at such a statement only when it is run.
pub(super) fn is_definition(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    word.eq_ignore_ascii_case("create") || word.eq_ignore_ascii_case("alter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_collation_is_chosen() {
        assert_eq!(choose(Some("C.utf8 pg_c_utf8 und-x-icu")), Some("\"und-x-icu\""));
        assert_eq!(choose(Some("en_US.utf8 C.utf8")), Some("\"C.utf8\""));
        assert_eq!(choose(Some("other")), None);
        assert_eq!(choose(None), None);
    }

    #[test]
    fn definitions_are_told_apart() {
        assert!(is_definition("CREATE INDEX i ON t (lower(a))") && is_definition(" alter table t"));
        assert!(!is_definition("select 'create'") && !is_definition("created"));
        assert!(may_fold("select LOWER(a)") && !may_fold("select low, er from t"));
    }
}
