//! What the commands that carry files and whole apps need of storage.
//!
//! Files: [`incoming`] (a file that becomes a kept blob), [`imports`] (which file became which),
//! [`overdue`] and [`mentions`] (what a sweep takes, what it lists). Whole apps: a [`snapshot`]
//! reads, an [`intake`] writes in one transaction; `schema::portable` turns a table of the catalog
//! into a description that the other engine understands, [`leftovers`] names what has none,
//! [`json`] writes values and descriptions and `json_row` reads them, and [`host_rows`] are the
//! app's rows in the host tables.

pub mod host_rows;
pub mod imports;
pub mod incoming;
pub mod intake;
pub mod json;
mod json_row;
pub mod leftovers;
pub mod mentions;
mod numbers;
pub mod overdue;
pub mod snapshot;
mod sums;

pub use incoming::Incoming;
pub use intake::Intake;
pub use snapshot::Snapshot;
pub use sums::{RowHash, RowSum, Written};

/// A name of the catalog, quoted. Unlike those of descriptions it may be anything.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
