//! Versions that nobody is likely to go back to are removed: what stays is what is active, the one
//! before it, the canary, the newest, and what the last activations made active.

use super::super::Result;
use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use super::{Actor, Version, activation, app, component, version};

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
    pub async fn prune_versions(&self, app: &str, keep: Option<u32>, actor: &Actor) -> Result<Pruned> {
        let mut transaction = self.change_registry().await?;
        let result = async {
            let pruned = prune_in(&mut transaction, app, keep).await?;
            let numbers: Vec<String> = pruned.versions.iter().map(i64::to_string).collect();
            let detail = match numbers.is_empty() {
                true => "no version".to_owned(),
                false => format!("versions {}; {} bytes freed", numbers.join(", "), pruned.bytes),
            };
            let (action, app) = ("versions prune", Some(app));
            let event = AuditEvent { actor, action, app, sha256: None, detail: &detail, result: "ok" };
            audit::write(transaction.connection(), event).await?;
            Ok(pruned)
        };
        let result = result.await;
        transaction.finish(result).await
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
    let activations = activation::all(connection, name).await?;
    let versions = version::all(connection, name).await?;
    let before = app.active.and_then(|active| activation::before(&activations, active));
    let canary = app.canary.map(|canary| canary.version);
    let newest = versions.first().map(|version| version.number);
    // Whatever is to be kept: there has to be a way back, for the host as well.
    let always: Vec<i64> = [app.active, before, canary, newest].into_iter().flatten().collect();
    let mut last: Vec<i64> = Vec::new();
    for activation in &activations {
        if !last.contains(&activation.version) {
            last.push(activation.version);
        }
    }
    last.truncate(keep);
    let is_old = |version: &Version| !always.contains(&version.number) && !last.contains(&version.number);
    Ok(versions.into_iter().filter(is_old).collect())
}
