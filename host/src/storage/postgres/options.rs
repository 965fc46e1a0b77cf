//! From the target that `config` found to a connection.

use super::refusals::Refusals;
use super::relay::Server;
use crate::config::PostgresTarget;
use crate::storage::Result;
use sqlx::postgres::PgConnectOptions;
use std::time::Duration;

/// How to get into a database.
pub(in crate::storage) struct Access {
    pub(super) server: Server,
    /// Of the driver, which knows neither the server nor who logs in.
    pub(super) driver: PgConnectOptions,
    /// How long a connection may take, where the URL says.
    pub(super) time: Option<Duration>,
    /// Whether a server that takes no writes for now is refused.
    pub(super) wants_writable: bool,
    /// Whether a follower is wanted, and nothing else will do.
    pub(super) wants_follower: bool,
    pub(super) refusals: Refusals,
}

impl Access {
    /// Connects to nothing yet. `name` is the variable or option that holds the URL.
    pub(in crate::storage) fn new(target: &PostgresTarget, name: &str) -> Result<Self> {
        // What the driver takes from the environment is said to nobody but the relay.
        let driver = PgConnectOptions::new_without_pgpass().username("innkeeper").database("innkeeper");
        let server = Server::new(target)?;
        let (time, wants_writable) = (target.connect_timeout, target.wants_writable);
        let refusals = Refusals::new(name);
        Ok(Self { server, driver, time, wants_writable, wants_follower: false, refusals })
    }

    /// The same for a follower.
    pub(in crate::storage) fn for_follower(self) -> Self {
        Self { wants_writable: false, wants_follower: true, ..self }
    }
}
