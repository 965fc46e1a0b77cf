//! The SQLite engine: one file for the registry, one file for each app with its tables, blobs and sessions.
//!
//! Start with [`files`]: which files there are and who may use them when (many readers, one writer each). [`lease`] is one connection on loan;
//! [`guard`] keeps guests inside their tables and their time; [`values`] translates values.
//!
//! Statements run on the calling thread: a read takes microseconds, less than handing it to another thread would. One that turns out slow
//! gives its runtime worker away (see [`guard::Watch`]), so that it never stalls other requests.

mod authorizer;
mod collations;
mod cursor;
mod error;
mod files;
mod guard;
mod lease;
mod rows;
mod values;
mod work;

pub use cursor::SqliteCursor;
pub use files::{SqliteFiles, SqliteSettings};
pub use lease::SqliteLease;
pub(in crate::storage) use values::is_well_formed;

/// The version of the SQLite library.
pub fn version() -> &'static str {
    rusqlite::version()
}
