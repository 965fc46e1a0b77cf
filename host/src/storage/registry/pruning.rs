//! Versions that nobody is likely to go back to are removed: what stays is what is active, the
//! canary, the newest, and what the last activations made active.

use super::super::Result;
use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::transaction::RegistryTransaction;
use super::{Version, activation, app, component, version};

/// How many activations back a version is kept, unless an app says otherwise.
pub const KEEP_VERSIONS: u32 = 10;

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Numbers of versions.
    pub versions: Vec<i64>,
    /// Bytes of components that no version has any more, as they were stored.
    pub bytes: i64,
}

impl Database {
    /// The versions that [`Self::prune_versions`] would remove.
    pub async fn prunable_versions(&self, app: &str, keep: Option<u32>) -> Result<Vec<i64>> {
        let versions = prunable(&mut self.registry_reader().await?, app, keep).await?;
        Ok(versions.into_iter().map(|version| version.number).collect())
    }

    /// Removes versions of an app that are older than `keep` activations (none: as the app says),
    /// and components that no version has any more.
    pub async fn prune_versions(&self, app: &str, keep: Option<u32>) -> Result<Pruned> {
        let mut transaction = self.change_registry().await?;
        let pruned = prune_in(&mut transaction, app, keep).await;
        transaction.finish(pruned).await
    }
}

pub(super) async fn prune_in(
    transaction: &mut RegistryTransaction,
    app: &str,
    keep: Option<u32>,
) -> Result<Pruned> {
    let versions = prunable(transaction.connection(), app, keep).await?;
    let sql = host_sql!("delete from innkeeper.versions where app = $1 and number = $2");
    let mut bytes = 0;
    for version in &versions {
        transaction.run(sql, &[app.into(), Value::Integer(version.number)]).await?;
        bytes += component::remove_unused(transaction.connection(), &version.sha256).await?;
    }
    Ok(Pruned { versions: versions.into_iter().map(|version| version.number).collect(), bytes })
}

async fn prunable(connection: &mut Connection, name: &str, keep: Option<u32>) -> Result<Vec<Version>> {
    let app = app::find(connection, name).await?.ok_or_else(|| no_such_app(name))?;
    let keep = keep.or(app.keep_versions).unwrap_or(KEEP_VERSIONS);
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    let mut kept: Vec<i64> = app.active.into_iter().chain(app.canary.map(|canary| canary.version)).collect();
    for activation in activation::all(connection, name).await? {
        if kept.len() >= keep && !kept.contains(&activation.version) {
            break;
        }
        kept.push(activation.version);
        kept.sort_unstable();
        kept.dedup();
    }
    let versions = version::all(connection, name).await?;
    let newest = versions.first().map(|version| version.number);
    let is_old = |version: &Version| !kept.contains(&version.number) && Some(version.number) != newest;
    Ok(versions.into_iter().filter(is_old).collect())
}
