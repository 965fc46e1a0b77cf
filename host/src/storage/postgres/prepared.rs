//! Statements that are prepared on a connection.

use sqlx::postgres::{PgStatement, PgTypeInfo};
use sqlx::{Column as _, Either, Statement as _, TypeInfo as _};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Statements that the driver keeps prepared. One app has a few dozen.
pub(super) const STATEMENT_CACHE: usize = 256;
/// Of these, some are the driver's own: it looks types up that it does not know.
const MOST_STATEMENTS: usize = STATEMENT_CACHE - 32;
/// About what they may take here; on the server it is a multiple.
const MOST_BYTES: usize = 2 << 20;
/// About what a column of a prepared statement takes.
const COLUMN_BYTES: usize = 512;

/// A prepared statement as the server has described it.
pub(super) struct Prepared {
    /// The name that the driver has given it.
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Of the columns.
    pub(super) types: Vec<PgTypeInfo>,
    /// The types of its parameters.
    pub(super) parameters: Vec<PgTypeInfo>,
    /// Whether whatever can be written for the parameters is taken by the server without a further
    /// look: JSON, for one, it reads first.
    pub(super) takes_any: bool,
    /// The text that is prepared, where it has collations put in: see `folding`.
    pub(super) folded: Option<Box<str>>,
}

/// The statements of a connection. It forgets none by itself, and has none that the driver has
/// dropped from its own cache: all are to be forgotten before that is full.
#[derive(Default)]
pub(super) struct Statements {
    /// By hashes of schema and text, since a text may have 100 KB. The same text means other tables
    /// to another app.
    known: HashMap<u64, Arc<Prepared>>,
    hasher: RandomState,
    /// About what they take here.
    bytes: usize,
}

impl Prepared {
    /// What the server has said of the statement that the driver has named so.
    pub(super) fn new(name: String, statement: &PgStatement, folded: Option<&str>) -> Self {
        let parameters = match statement.parameters() {
            Some(Either::Left(types)) => types.to_vec(),
            _ => Vec::new(),
        };
        Self {
            name,
            columns: statement.columns().iter().map(|column| column.name().to_owned()).collect(),
            types: statement.columns().iter().map(|column| column.type_info().clone()).collect(),
            takes_any: parameters.iter().all(is_plain),
            parameters,
            folded: folded.map(Box::from),
        }
    }
}

impl Statements {
    pub(super) fn get(&self, schema: &str, text: &str) -> Option<&Arc<Prepared>> {
        self.known.get(&self.hasher.hash_one((schema, text)))
    }

    pub(super) fn add(&mut self, schema: &str, text: &str, prepared: Arc<Prepared>) {
        let text_bytes = text.len() + prepared.folded.as_deref().map_or(0, str::len);
        self.bytes = self.bytes.saturating_add(text_bytes + prepared.columns.len() * COLUMN_BYTES);
        self.known.insert(self.hasher.hash_one((schema, text)), prepared);
    }

    /// Whether there are so many, or so large ones, that they are to be forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > MOST_BYTES || self.known.len() >= MOST_STATEMENTS
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.bytes = 0;
    }
}

fn is_plain(info: &PgTypeInfo) -> bool {
    const PLAIN: [&str; 16] = [
        "BOOL",
        "INT2",
        "INT4",
        "INT8",
        "FLOAT4",
        "FLOAT8",
        "NUMERIC",
        "TEXT",
        "VARCHAR",
        "BYTEA",
        "UUID",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "INTERVAL",
    ];
    PLAIN.contains(&info.name())
}
