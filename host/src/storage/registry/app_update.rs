//! Changes of what holds for every version of an app.

use super::super::Error;
use super::super::database::{Database, no_such_app};
use super::super::host_sql::{HostSql, host_sql};
use super::super::value::Value;
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use super::{App, app, removal};

/// What becomes of an app; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppUpdate {
    /// What holds for every version and goes before its settings, as JSON.
    pub overrides: Option<String>,
    /// Which requests it answers, the main route first.
    pub routes: Option<Vec<String>>,
    /// How many activations back a version is kept; `Some(None)`: as usual.
    pub keep_versions: Option<Option<u32>>,
}

impl Database {
    /// Changes an app as `decide` says, which is shown the app and sees it as nobody else changes
    /// it meanwhile. `events` are written down with the change. All of it happens, or nothing.
    pub async fn update_app<E: From<Error> + Send>(
        &self,
        name: &str,
        events: &[AuditEvent<'_>],
        decide: impl FnOnce(&App) -> Result<AppUpdate, E> + Send,
    ) -> Result<(), E> {
        let mut transaction = self.change_registry().await?;
        let updated = update_in(&mut transaction, name, events, decide).await;
        transaction.finish(updated).await
    }
}

async fn update_in<E: From<Error> + Send>(
    transaction: &mut RegistryTransaction,
    name: &str,
    events: &[AuditEvent<'_>],
    decide: impl FnOnce(&App) -> Result<AppUpdate, E> + Send,
) -> Result<(), E> {
    let found = app::find(transaction.connection(), name).await?.ok_or_else(|| no_such_app(name))?;
    if found.deleted_at.is_some() {
        return Err(removal::being_deleted(name).into());
    }
    let AppUpdate { overrides, routes, keep_versions } = decide(&found)?;
    if let Some(overrides) = overrides {
        let sql = host_sql!("update innkeeper.apps set overrides = $2 where name = $1");
        set(transaction, sql, name, overrides.into()).await?;
    }
    if let Some(keep) = keep_versions {
        let sql = host_sql!("update innkeeper.apps set keep_versions = $2 where name = $1");
        set(transaction, sql, name, keep.map_or(Value::Null, |keep| Value::Integer(i64::from(keep)))).await?;
    }
    if let Some(routes) = routes {
        app::put_routes(transaction, name, &routes).await?;
    }
    for event in events {
        audit::write(transaction.connection(), *event).await?;
    }
    Ok(())
}

async fn set(transaction: &mut RegistryTransaction, sql: &HostSql, name: &str, value: Value) -> Result<(), Error> {
    transaction.run(sql, &[name.into(), value]).await.map(|_| ())
}
