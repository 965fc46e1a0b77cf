//! The small parts of the file, as data.

use crate::storage::schema::Table;
use crate::storage::transfer::Written;
use crate::storage::transfer::leftovers::Leftover;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format. A host reads its own.
pub(super) const FORMAT: u32 = 1;

pub(super) const APP: &str = "app.json";
pub(super) const COMPONENT: &str = "component.wasm";
pub(super) const MIGRATIONS: &str = "migrations.json";
pub(super) const TOTALS: &str = "totals.json";

/// `app.json`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AppPart {
    pub(super) format: u32,
    pub(super) app: String,
    pub(super) route: String,
    /// JSON, as the registry has it.
    pub(super) settings: String,
    /// Where it came from.
    pub(super) engine: String,
    /// The version of the host that wrote it.
    pub(super) innkeeper: String,
    /// When, for people.
    pub(super) exported: String,
    pub(super) component: ComponentPart,
    /// What has stayed behind. Files of earlier releases do not say it.
    #[serde(default)]
    pub(super) left_behind: Option<Vec<Leftover>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ComponentPart {
    pub(super) version: i64,
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// `tables/NAME.json`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TablePart {
    pub(super) table: Table,
    /// The last number that the identity has given.
    pub(super) last_number: Option<i64>,
}

/// `totals.json`
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Totals {
    /// By table.
    pub(super) tables: BTreeMap<String, Written>,
    pub(super) blobs: Option<Written>,
    pub(super) blob_bytes: u64,
    pub(super) sessions: Option<Written>,
    pub(super) session_values: u64,
    pub(super) migrations: u64,
    /// Of the names, sizes and bytes of all parts before this one.
    pub(super) sha256: String,
}

impl Totals {
    pub(super) fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    pub(super) fn blob_count(&self) -> u64 {
        self.blobs.as_ref().map_or(0, |blobs| blobs.rows)
    }

    pub(super) fn session_count(&self) -> u64 {
        self.sessions.as_ref().map_or(0, |sessions| sessions.rows)
    }
}

/// The number of a part of a list, as it stands in its name.
pub(super) fn part_name(folder: &str, number: u32) -> String {
    format!("{folder}/{number:06}.ndjson")
}
