//! The SQLite engine: one file for the registry, one file for each app with its tables, blobs and
//! sessions.
//!
//! Start with [`files`]: which files there are. [`file`] says who may use one when (many readers,
//! one writer). [`lease`] is one connection on loan;
//! [`guard`] keeps guests inside their tables and their time; [`values`] translates values.
//!
//! A guest's statement runs on the calling thread where that is known to be quick ([`here`]): a
//! read takes microseconds, less than handing it to another thread would. Every other runs on
//! threads of our own, of which each app has a share ([`threads`]). [`functions`] are ours where
//! SQLite's own could take minutes in one step. What the host runs is written so that it is quick;
//! where it is not all the same, it gives its runtime worker away (see [`guard::Watch`]).

mod apart;
mod authorizer;
mod collations;
mod conn;
mod counters;
mod cursor;
mod disk;
mod error;
mod file;
mod files;
mod functions;
mod growth;
mod guard;
mod here;
mod known;
mod lease;
mod programs;
mod retry;
mod rows;
mod threads;
mod values;
mod work;

pub use counters::Counters;
pub use cursor::SqliteCursor;
pub use disk::{DiskReport, DiskState};
pub use files::{CursorReader, SqliteFiles, SqliteSettings};
pub use lease::SqliteLease;
pub(in crate::storage) use values::is_well_formed;

/// The version of the SQLite library.
pub fn version() -> &'static str {
    rusqlite::version()
}
