//! The end of an app.

use super::super::Result;
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use super::{Actor, component, version};

impl Database {
    /// Takes an app out of the registry with its versions and routes. Its tables, files and
    /// sessions stay where they are.
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
