//! Room for an app that was made before the app is registered.

use super::super::Result;
use super::super::database::Database;
use super::super::host_sql::host_sql;
use super::app;
use super::transaction::RegistryTransaction;

impl Database {
    /// Removes the schema of an app, where the app is not registered and nothing is in the schema.
    /// Nobody registers it meanwhile.
    pub async fn unmake_space(&self, app: &str) -> Result<()> {
        let Self::Postgres(_) = self else { return Ok(()) };
        app::check_name(app)?;
        let mut transaction = self.change_quietly().await?;
        let removed = remove(&mut transaction, app).await;
        transaction.finish(removed).await
    }
}

async fn remove(transaction: &mut RegistryTransaction, app: &str) -> Result<()> {
    transaction.run(host_sql!("select number from innkeeper.generation for update"), &[]).await?;
    if app::find(transaction.connection(), app).await?.is_some() {
        return Ok(());
    }
    // Without `cascade` this is an error where something is in it.
    transaction.connection().script(&format!("drop schema if exists \"app_{app}\"")).await
}
