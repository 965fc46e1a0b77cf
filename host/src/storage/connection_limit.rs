//! How many connections a Postgres server lets this process's role have.

use super::database::Database;
use super::follower::Follower;
use super::migrations::HOST_SCHEMA;
use super::postgres::PostgresPool;
use super::value::Value;
use super::{Error, Result};
use crate::storage::connection::HOST_BOUNDS;
use serde::Serialize;
use std::sync::Arc;

/// The least of what the role, the database and the server allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionLimit {
    /// Connections at most, of all processes together.
    pub most: u32,
    /// What sets the limit, for people.
    pub set_by: String,
}

/// Connections that are kept for others count as taken. -1 is no limit.
const QUESTION: &str = "select current_user::text, \
     (select rolconnlimit from pg_roles where rolname = current_user)::bigint, \
     (select datconnlimit from pg_database where datname = current_database())::bigint, \
     (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
      - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0))::bigint";

impl Database {
    /// How many connections there may be; none on SQLite, which has none.
    pub async fn connection_limit(&self) -> Result<Option<ConnectionLimit>> {
        match self {
            Self::Postgres(pools) => limit(&pools.host).await.map(Some),
            Self::Sqlite(_) => Ok(None),
        }
    }
}

impl Follower {
    /// How many connections to it there may be.
    pub async fn connection_limit(&self) -> Result<ConnectionLimit> {
        limit(&self.inner.pool).await
    }
}

async fn limit(pool: &PostgresPool) -> Result<ConnectionLimit> {
    let mut lease = pool.lease_to_host(&Arc::from(HOST_SCHEMA)).await?;
    let outcome = lease.run(QUESTION, &[], &HOST_BOUNDS).await?;
    let row = outcome.rows.rows.into_iter().next().unwrap_or_default();
    let [Value::Text(role), role_limit, database_limit, server_limit] = row.as_slice() else {
        return Err(Error::malformed("the limits of connections"));
    };
    least(role, [role_limit, database_limit, server_limit])
        .ok_or_else(|| Error::malformed("the limits of connections"))
}

fn least(role: &str, limits: [&Value; 3]) -> Option<ConnectionLimit> {
    let set_by = [format!("the role {role}"), "the database".to_owned(), "the server".to_owned()];
    let limit = |(value, set_by): (&Value, String)| match value {
        Value::Integer(most) => u32::try_from(*most).ok().map(|most| ConnectionLimit { most, set_by }),
        _ => None,
    };
    limits.into_iter().zip(set_by).filter_map(limit).min_by_key(|limit| limit.most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_counts_and_none_is_none() {
        let least_of = |limits: [i64; 3]| {
            let [role, database, server] = limits.map(Value::Integer);
            let least = least("tenant", [&role, &database, &server]).unwrap();
            (least.most, least.set_by)
        };
        assert_eq!(least_of([20, -1, 97]), (20, "the role tenant".to_owned()));
        assert_eq!(least_of([-1, 15, 97]), (15, "the database".to_owned()));
        assert_eq!(least_of([-1, -1, 97]), (97, "the server".to_owned()));
    }
}
