//! The Postgres engine: our own small pool of sqlx connections, and the conversion of values on the
//! wire.
//!
//! Start with [`pool`]: who may have a connection and for how long. [`lease`] is one connection on
//! loan, with all that keeps a cancelled request from leaving something behind. [`relay`] carries
//! its bytes and bounds them. [`retire`] takes care of one that was given up, [`health`] finds out
//! whether the server answers, [`refusals`] keeps it from being asked for ever for a login that it
//! refuses, [`listen`] hears notifications. `sqlx::Pool` is not used: it pings on every release,
//! and a dropped `begin()` future leaves a transaction open in it (launchbadge/sqlx#4385).

mod alone;
mod codec;
mod conn;
mod cursor;
mod error;
mod folding;
mod health;
mod inline;
mod lease;
mod listen;
mod options;
mod pool;
mod prepared;
mod refusals;
mod relay;
mod retire;
mod rows;
mod scope;
mod share;
mod transaction;

pub use lease::PostgresLease;
pub use listen::Hints;
pub(in crate::storage) use options::Access;
pub(in crate::storage) use pool::CONNECT_TIME;
pub use pool::{PoolSettings, PostgresPool};
pub(in crate::storage) use share::Tenant;
