//! Everything that is kept: the connection to the database, the host's own tables, and the unit of
//! work.
//!
//! Storage knows no WIT, no HTTP and no guest. It speaks [`value::Value`]s to everyone above and
//! keeps the two drivers to itself. Start with [`database`] (which engine), [`AppSpace`] (what of it
//! is an app's) and [`unit`] (all that one request changes); `postgres/` and `sqlite/` hold what
//! differs between the engines; `registry`, `blobs` and `sessions` are the host's tables, `transfer`
//! is what the commands that move files and apps need.

pub mod app_migrations;
mod app_space;
pub mod belongings;
pub mod blobs;
pub mod calendar;
mod clearing;
pub mod connection;
mod connection_limit;
pub mod database;
mod engine;
mod error;
mod figures;
mod folded_indexes;
mod follower;
mod host_row;
mod host_sql;
mod indexes;
mod migrations;
mod own_space;
pub mod postgres;
mod presence;
pub mod registry;
mod row_room;
pub mod row_size;
mod sample;
pub mod schema;
pub mod sessions;
pub mod sqlite;
pub mod statement;
pub mod sweeping;
pub mod transfer;
pub mod unit;
pub mod value;

pub use app_space::AppSpace;
pub use connection::{Bounds, Connection, GuestSql, Isolation, Outcome};
pub use connection_limit::ConnectionLimit;
pub use database::Database;
pub use engine::Engine;
pub use error::{Code, Error, Result};
pub use follower::{Follower, WeakFollower};
pub use host_sql::HostSql;
pub use migrations::RegistryState;
pub use presence::Presence;
pub use row_room::RowRoom;
pub use unit::{Cursor, Transactions, UnitOfWork};
pub use value::{Rows, Value};

/// Microseconds since 1970-01-01T00:00:00Z: how every time is kept.
pub fn now_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|time| i64::try_from(time.as_micros()).ok()).unwrap_or(0)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
