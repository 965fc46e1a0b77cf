//! The end of an app: first no host serves it any more, then its data go, then its rows.
//!
//! Until the last step its name is taken, so that nobody finds the data of another app, and whoever
//! was interrupted can go on.

use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use super::{Actor, app, component, version};

impl Database {
    /// Takes an app away from its visitors. Returns the generation from which no host serves it.
    /// Doing it again changes nothing.
    pub async fn begin_deletion(&self, app: &str) -> Result<i64> {
        let mut transaction = self.change_registry().await?;
        let begun = async {
            let found = app::find(transaction.connection(), app).await?.ok_or_else(|| no_such_app(app))?;
            let sql = host_sql!(
                "update innkeeper.apps set deleted_at = $2, canary = null, canary_percent = null, canary_since = null \
                 where name = $1"
            );
            let since = found.deleted_at.unwrap_or_else(now_micros);
            transaction.run(sql, &[app.into(), Value::Integer(since)]).await?;
            transaction.generation().await
        };
        let begun = begun.await;
        transaction.finish(begun).await
    }

    /// Takes an app out of the registry with its versions and routes, and writes that down. Its
    /// tables, files and sessions stay where they are.
    pub async fn remove_app(&self, app: &str, actor: &Actor, detail: &str) -> Result<()> {
        let mut transaction = self.change_registry().await?;
        let removed = remove_in(&mut transaction, app, actor, detail).await;
        transaction.finish(removed).await
    }
}

async fn remove_in(transaction: &mut RegistryTransaction, app: &str, actor: &Actor, detail: &str) -> Result<()> {
    let params = [app.into()];
    let versions = version::all(transaction.connection(), app).await?;
    transaction.run(host_sql!("delete from innkeeper.versions where app = $1"), &params).await?;
    transaction.run(host_sql!("delete from innkeeper.activations where app = $1"), &params).await?;
    transaction.run(host_sql!("delete from innkeeper.further_routes where app = $1"), &params).await?;
    // Deployments that wait or go on end with them.
    transaction.run(host_sql!("delete from innkeeper.deployments where app = $1"), &params).await?;
    transaction.run(host_sql!("delete from innkeeper.component_uploads where app = $1"), &params).await?;
    let sql = host_sql!("delete from innkeeper.apps where name = $1");
    if transaction.run(sql, &params).await?.affected == 0 {
        return Err(no_such_app(app));
    }
    for version in versions {
        component::remove_unused(transaction.connection(), &version.sha256).await?;
    }
    let event = AuditEvent { actor, action: "apps delete", app: Some(app), sha256: None, detail, result: "ok" };
    audit::write(transaction.connection(), event).await
}

/// An app that is being deleted takes no version.
pub(super) fn being_deleted(app: &str) -> Error {
    let text = format!("app {app} is being deleted: innkeeper apps delete {app} ends that");
    Error::new(Code::Conflict, text)
}
