//! Migrations of the host's own tables: numbered files, the same numbers and names for both
//! engines.
//!
//! While a release is under way the old version of the host runs on the new tables: migrations only
//! add; what is to go is removed by a later release.

use super::connection::{Connection, Control, cell};
use super::database::Database;
use super::host_sql::{host_sql, in_schema};
use super::value::Value;
use super::{Code, Error, Result, folded_indexes, now_micros};
use sha2::{Digest, Sha256};

/// Which tables: those of the registry, or those that hold apps' belongings (on SQLite in each
/// app's own file).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Registry,
    App,
}

struct Migration {
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! migration {
    ($set:literal, $name:literal) => {
        Migration {
            name: concat!($set, "/", $name),
            postgres: include_str!(concat!("../../migrations/postgres/", $set, "/", $name, ".sql")),
            sqlite: include_str!(concat!("../../migrations/sqlite/", $set, "/", $name, ".sql")),
        }
    };
}

/// The schema of the host tables on Postgres.
pub(super) const HOST_SCHEMA: &str = "innkeeper";

const REGISTRY: &[Migration] = &[
    migration!("registry", "0001_registry"),
    migration!("registry", "0002_app_databases"),
    migration!("registry", "0003_keys"),
    migration!("registry", "0004_swap"),
    migration!("registry", "0005_native_code"),
    migration!("registry", "0006_admin"),
];
const APP: &[Migration] = &[
    migration!("app", "0001_belongings"),
    migration!("app", "0002_uploads"),
    migration!("app", "0003_sessions_by_end"),
    migration!("app", "0004_blobs_by_state"),
    migration!("app", "0005_letters"),
    migration!("app", "0006_versions"),
];

/// Applies what is missing, all or none. Returns the names of what was applied now.
pub(super) async fn apply(connection: &mut Connection, set: Set) -> Result<Vec<String>> {
    let migrations = match set {
        Set::Registry => REGISTRY,
        Set::App => APP,
    };
    if missing(connection, migrations).await.is_ok_and(|missing| missing.is_empty()) {
        return Ok(Vec::new());
    }
    connection.control(Control::Begin(None)).await?;
    match apply_locked(connection, migrations).await {
        Ok(applied) => connection.control(Control::Commit).await.map(|()| applied),
        Err(error) => {
            // The first error is the one to report; a rollback that fails too adds nothing.
            let _ = connection.control(Control::Rollback).await;
            Err(error)
        }
    }
}

async fn apply_locked(connection: &mut Connection, migrations: &[Migration]) -> Result<Vec<String>> {
    if connection.aborts_on_error() {
        lock(connection, HOST_SCHEMA).await?;
        // In an app's own database it has been made, under a credential that may not be allowed to
        // make one.
        if !is_there(connection, HOST_SCHEMA).await? && connection.host_schema().is_none() {
            connection.script("create schema if not exists innkeeper").await?;
        }
    }
    let table = "create table if not exists innkeeper.migrations \
                 (name text primary key, sha256 bytea not null, applied_at bigint not null)";
    connection.host_text(table, &[]).await?;
    let missing = missing(connection, migrations).await?;
    for migration in &missing {
        let text = if connection.aborts_on_error() { migration.postgres } else { migration.sqlite };
        connection.script(&in_schema(connection.host_schema().as_deref(), text)).await?;
        if migration.name == "app/0005_letters" {
            folded_indexes::see_to(connection).await?;
        }
        let insert = host_sql!("insert into innkeeper.migrations (name, sha256, applied_at) values ($1, $2, $3)");
        let hash = Value::Bytes(Sha256::digest(text).to_vec());
        connection.host(insert, &[migration.name.into(), hash, Value::Integer(now_micros())]).await?;
    }
    Ok(missing.iter().map(|migration| migration.name.to_owned()).collect())
}

/// Whether some have been applied already.
pub(super) async fn is_begun(connection: &mut Connection) -> bool {
    missing(connection, APP).await.is_ok_and(|missing| missing.len() < APP.len())
}

async fn is_there(connection: &mut Connection, schema: &str) -> Result<bool> {
    let sql = host_sql!("select 1 from pg_namespace where nspname = $1::text::name");
    Ok(!connection.host(sql, &[schema.into()]).await?.rows.rows.is_empty())
}

/// Those that the database has not seen. Fails where there is no table of migrations yet.
async fn missing<'m>(connection: &mut Connection, migrations: &'m [Migration]) -> Result<Vec<&'m Migration>> {
    let outcome = connection.host(host_sql!("select name from innkeeper.migrations"), &[]).await?;
    let mut applied = Vec::new();
    for row in &outcome.rows.rows {
        let name = cell(row, 0)?.as_text().ok_or_else(|| Error::malformed("migrations.name"))?;
        applied.push(name.to_owned());
    }
    Ok(migrations.iter().filter(|migration| !applied.iter().any(|name| name == migration.name)).collect())
}

/// How far the tables of the registry are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryState {
    /// There are none.
    Missing,
    /// They are those of an earlier release.
    Old,
    /// They are up to date.
    Current,
}

impl Database {
    /// How far the tables of the registry are. Makes nothing, not even a file.
    pub async fn registry_state(&self) -> Result<RegistryState> {
        if !self.has_registry()? {
            return Ok(RegistryState::Missing);
        }
        let mut connection = self.registry_reader().await?;
        let table = match self {
            Self::Postgres(_) => host_sql!(
                "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = 'innkeeper' and c.relname = 'generation'"
            ),
            Self::Sqlite(_) => host_sql!("select 1 from sqlite_master where name = 'innkeeper_generation'"),
        };
        if connection.host(table, &[]).await?.rows.rows.is_empty() {
            return Ok(RegistryState::Missing);
        }
        let missing = missing(&mut connection, REGISTRY).await?;
        Ok(if missing.is_empty() { RegistryState::Current } else { RegistryState::Old })
    }
}

/// Waits for and takes a lock that ends with the transaction, so that it works behind a transaction
/// pooler too.
pub(super) async fn lock(connection: &mut Connection, name: &str) -> Result<()> {
    let sql = host_sql!("select pg_advisory_xact_lock(hashtextextended($1, 7211))");
    match connection.host(sql, &[name.into()]).await {
        Err(error) if error.code == Code::Busy => {
            Err(Error::new(Code::Busy, "another process is changing the tables: try again"))
        }
        result => result.map(|_| ()),
    }
}
