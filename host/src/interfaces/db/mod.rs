//! `db`: SQL over the app's own tables. The contract is `wit/db.wit`.

mod define_table;
mod error;
mod host;
mod migrate;
mod transaction;
mod values;

pub use error::Fault;
pub use transaction::Transaction;

/// The generated names.
use super::bindings::innkeeper::storage::db as wit;
