//! Does what was planned, in a transaction of its own.

use super::description::Table;
use super::found::{Catalog, FoundTable};
use super::plan::plan;
use super::{catalog_postgres, catalog_sqlite};
use crate::storage::Engine;
use crate::storage::app_space::AppSpace;
use crate::storage::connection::{Connection, Control};
use crate::storage::unit::UnitOfWork;
use crate::storage::{Code, Error, Result};
use std::collections::BTreeSet;

/// Makes the table as described, or adds what it lacks; all or nothing. Returns whether anything
/// was changed. `Conflict` names every difference that cannot be added. Dropping the future undoes
/// what was not kept yet.
pub async fn define(space: &AppSpace, table: &Table) -> Result<bool> {
    table.validate()?;
    // Most calls find everything in its place, and need no lock to see it. Whoever finds something
    // else looks again under the lock: between two looks into the catalog another request may have
    // made the table.
    match statements(&mut reader(space).await?, table).await {
        Ok(statements) if statements.is_empty() => return Ok(false),
        Err(error) if error.code != Code::Conflict => return Err(error),
        _ => {}
    }
    let mut connection = space.writer().await?;
    connection.control(Control::Begin(None)).await?;
    match define_locked(space, &mut connection, table).await {
        Ok(changed) => connection.control(Control::Commit).await.map(|()| changed),
        Err(error) => {
            // The first error is the one to report; the connection does not go home with an open
            // transaction.
            let _ = connection.control(Control::Rollback).await;
            Err(error)
        }
    }
}

/// The same inside a unit of work of which nothing is kept. After an error nothing more is run in
/// it.
pub async fn rehearse(unit: &mut UnitOfWork, table: &Table) -> Result<bool> {
    table.validate()?;
    unit.lock_schema().await?;
    let space = unit.space().clone();
    match define_locked(&space, unit.connection()?, table).await {
        Ok(changed) => unit.commit().await.map(|()| changed),
        Err(error) => {
            unit.poison();
            Err(error)
        }
    }
}

/// The app's tables with what is known of them, by name.
pub async fn tables(space: &AppSpace) -> Result<Vec<(String, FoundTable)>> {
    tables_on(&mut reader(space).await?).await
}

/// The same, as a connection sees them.
pub(in crate::storage) async fn tables_on(connection: &mut Connection) -> Result<Vec<(String, FoundTable)>> {
    let names = table_names(connection).await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        // Who asks for all tables must not take a part for the whole.
        let found = found(connection, &name).await?.ok_or_else(|| {
            Error::new(
                Code::Conflict,
                format!("table {name} is listed, but nothing is known of it: was it dropped just now?"),
            )
        })?;
        tables.push((name, found));
    }
    Ok(tables)
}

/// Names of the app's tables, as a connection sees them.
pub(in crate::storage) async fn table_names(connection: &mut Connection) -> Result<Vec<String>> {
    match engine(connection) {
        Engine::Postgres => catalog_postgres::tables(connection).await,
        Engine::Sqlite => catalog_sqlite::tables(connection).await,
    }
}

/// Checks that no description was written for and that no table of [`tables_on`] has: table, name
/// and condition. On Postgres there are none, since its catalog names them all.
pub(in crate::storage) async fn unseen_checks(
    connection: &mut Connection,
) -> Result<Vec<(String, String, String)>> {
    match engine(connection) {
        Engine::Postgres => Ok(Vec::new()),
        Engine::Sqlite => catalog_sqlite::unseen_checks(connection).await,
    }
}

async fn define_locked(space: &AppSpace, connection: &mut Connection, table: &Table) -> Result<bool> {
    space.lock_schema(connection).await?;
    // Another request may have made it while this one waited for the lock.
    let statements = statements(connection, table).await?;
    if !statements.iter().any(|statement| statement.starts_with("create table")) && !statements.is_empty() {
        // What is added to a table that has rows may take room for each of them.
        space.rows().check()?;
    }
    for statement in &statements {
        connection.define(statement).await.map_err(|error| of_table(table, error))?;
    }
    Ok(!statements.is_empty())
}

async fn statements(connection: &mut Connection, table: &Table) -> Result<Vec<String>> {
    let catalog = catalog(connection, table).await?;
    plan(table, &catalog, engine(connection)).map_err(|differences| {
        let text =
            format!("table {} is not as described, and cannot be made so: {}", table.name, differences.join("; "));
        Error::new(Code::Conflict, text)
    })
}

async fn catalog(connection: &mut Connection, table: &Table) -> Result<Catalog> {
    let mut catalog = Catalog { table: found(connection, &table.name).await?, ..Catalog::default() };
    if let (Some(found), Engine::Postgres) = (&mut catalog.table, engine(connection)) {
        catalog_postgres::settle_initials(connection, table, found).await?;
    }
    for reference in table.columns.iter().filter_map(|column| column.references.as_ref()) {
        if !catalog.others.contains_key(&reference.table)
            && let Some(other) = found(connection, &reference.table).await?
        {
            catalog.others.insert(reference.table.clone(), other);
        }
    }
    catalog.taken = taken_names(connection).await?;
    Ok(catalog)
}

/// Names of tables and indexes that are taken.
pub(in crate::storage) async fn taken_names(connection: &mut Connection) -> Result<BTreeSet<String>> {
    match engine(connection) {
        Engine::Postgres => catalog_postgres::names(connection).await,
        Engine::Sqlite => catalog_sqlite::names(connection).await,
    }
}

async fn found(connection: &mut Connection, name: &str) -> Result<Option<FoundTable>> {
    match engine(connection) {
        Engine::Postgres => catalog_postgres::table(connection, name).await,
        Engine::Sqlite => catalog_sqlite::table(connection, name).await,
    }
}

/// A connection that answers: one that has died in the pool is replaced.
async fn reader(space: &AppSpace) -> Result<Connection> {
    let mut connection = space.reader().await?;
    match connection.host(crate::storage::host_sql::host_sql!("select 1"), &[]).await {
        Err(error) if error.code == Code::Unavailable => {
            drop(connection);
            space.reader().await
        }
        _ => Ok(connection),
    }
}

pub(super) fn engine(connection: &Connection) -> Engine {
    match connection {
        Connection::Postgres(_) => Engine::Postgres,
        Connection::Sqlite(_) => Engine::Sqlite,
    }
}

fn of_table(table: &Table, error: Error) -> Error {
    Error { message: format!("table {}: {}", table.name, error.message), ..error }
}
