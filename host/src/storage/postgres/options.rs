//! From the target that `config` found to the options of the driver.

use super::relay::Server;
use crate::config::PostgresTarget;
use crate::storage::Result;
use sqlx::postgres::PgConnectOptions;

/// How to get into a database.
pub(in crate::storage) struct Access {
    pub(super) server: Server,
    /// What the driver says to the server. It holds the password and would print it: never format
    /// it.
    pub(super) options: PgConnectOptions,
}

impl Access {
    /// Connects to nothing yet.
    pub(in crate::storage) fn new(target: &PostgresTarget) -> Result<Self> {
        Ok(Self { server: Server::new(target)?, options: options(target) })
    }
}

fn options(target: &PostgresTarget) -> PgConnectOptions {
    // Without a look at ~/.pgpass or PG* variables: what counts has been decided by `config`.
    let options = PgConnectOptions::new_without_pgpass()
        .username(&target.user)
        .database(&target.database)
        .application_name(target.application_name.as_deref().unwrap_or("innkeeper"));
    match &target.password {
        Some(password) => options.password(password.expose()),
        None => options,
    }
}
