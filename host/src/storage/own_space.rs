//! Room for an app in a Postgres database that the app names for itself, under a credential that
//! may have few rights.
//!
//! The app's tables are in the schema `app_<name>`, as everywhere. The host tables that hold its
//! belongings are in the schema `innkeeper`; where that belongs to someone else, as when the
//! credential is a second one of the host's own database, they are in `innkeeper_<name>`. A place
//! once chosen stays: what exists goes before what could be made.

use super::connection::{Connection, cell};
use super::host_sql::host_sql;
use super::{Code, Error, Result, migrations};
use std::sync::Arc;

/// Makes whatever is missing. Returns the schema of the host tables where it is not `innkeeper`.
pub(super) async fn make(connection: &mut Connection, app: &str, place: &str) -> Result<Option<Arc<str>>> {
    let host_schema = choose(connection, app).await?;
    let mut denied = Vec::new();
    for schema in [host_schema.as_str(), place] {
        if !ensure(connection, schema).await? {
            denied.push(schema);
        }
    }
    if !denied.is_empty() {
        return Err(may_not(connection, &denied).await);
    }
    let elsewhere = (host_schema != migrations::HOST_SCHEMA).then(|| Arc::from(host_schema));
    connection.set_host_schema(elsewhere.clone());
    migrations::apply(connection, migrations::Set::App).await?;
    Ok(elsewhere)
}

async fn choose(connection: &mut Connection, app: &str) -> Result<String> {
    let sql = host_sql!(
        "select case when exists (select 1 from pg_namespace where nspname = $1::text::name) then $1::text \
         when coalesce((select has_schema_privilege(oid, 'create') from pg_namespace where nspname = 'innkeeper'), true) \
         then 'innkeeper' else $1::text end"
    );
    text(connection, sql, &own_host_schema(app)).await
}

/// Makes a schema, or looks whether the one that exists can be used. False where the credential has
/// no right to. `create schema if not exists` alone would ask for the right to make one even where
/// there is one.
async fn ensure(connection: &mut Connection, schema: &str) -> Result<bool> {
    if let Some(usable) = usable(connection, schema).await? {
        return Ok(usable);
    }
    match connection.script(&format!("create schema if not exists \"{schema}\"")).await {
        Ok(()) => Ok(true),
        Err(error) if error.code == Code::Denied => Ok(false),
        // Another process may have been faster.
        Err(error) => usable(connection, schema).await?.ok_or(error),
    }
}

/// Whether the credential may use a schema and make tables in it; none where there is no such
/// schema.
async fn usable(connection: &mut Connection, schema: &str) -> Result<Option<bool>> {
    let sql = host_sql!(
        "select cast(has_schema_privilege(oid, 'create') and has_schema_privilege(oid, 'usage') as int)::bigint \
         from pg_namespace where nspname = $1::text::name"
    );
    let outcome = connection.host(sql, &[schema.into()]).await?;
    Ok(outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).map(|usable| usable == 1))
}

/// What to grant. Names of roles are shown by `doctor` too.
async fn may_not(connection: &mut Connection, schemas: &[&str]) -> Error {
    let sql = host_sql!(
        "select format('create schema if not exists %I; grant usage, create on schema %I to %I', \
         $1::text, $1::text, current_user)"
    );
    let mut statements = Vec::new();
    for schema in schemas {
        statements.push(text(connection, sql, schema).await.unwrap_or_default());
    }
    let (schemas, statements) = (schemas.join(", "), statements.join("; "));
    let problem = "the credential may not make or use";
    Error::new(
        Code::Denied,
        format!("{problem} the schemas {schemas}; as the owner of the database run: {statements}"),
    )
}

async fn text(connection: &mut Connection, sql: &super::HostSql, param: &str) -> Result<String> {
    let outcome = connection.host(sql, &[param.into()]).await?;
    let value = outcome.rows.rows.first().map(|row| cell(row, 0)).transpose()?;
    value.and_then(|value| value.as_text()).map(str::to_owned).ok_or_else(|| Error::malformed("a schema's name"))
}

fn own_host_schema(app: &str) -> String {
    format!("{}_{app}", migrations::HOST_SCHEMA)
}
