//! A folder of components that come with the host: they fill a registry in which nothing has ever
//! been, and never touch another one. What was deployed later is not undone by a release.

use super::project::Project;
use crate::guests::Registry;
use crate::operations::{DeployRequest, Operations, SmokeRequest};
use crate::storage::registry::Actor;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look whether the registry has been read.
const EVERY: Duration = Duration::from_millis(100);

/// Deploys what is in `folder`, if the registry is empty: components, and projects that have been
/// built. One that cannot be deployed is logged and stops no other.
pub(super) async fn seed(registry: Arc<Registry>, folder: PathBuf, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        seeded = fill(&registry, &folder) => {
            if let Err(error) = seeded {
                tracing::error!("the components in {} were not deployed: {error:#}", folder.display());
            }
        }
    }
}

async fn fill(registry: &Arc<Registry>, folder: &Path) -> anyhow::Result<()> {
    while !registry.is_loaded() {
        tokio::time::sleep(EVERY).await;
    }
    let operations = Operations::new(Arc::clone(registry));
    // An app that somebody has deleted does not come back.
    if !operations.apps().await?.is_empty() || !operations.audit(None, None, 1).await?.is_empty() {
        return Ok(());
    }
    let actor = Actor { origin: Some(format!("components in {}", folder.display())), ..Actor::host() };
    for path in entries(folder)? {
        match deploy(&operations, &actor, &path).await {
            Ok(app) => tracing::info!(app, "deployed from {}", path.display()),
            Err(error) => tracing::error!("{} was not deployed: {error:#}", path.display()),
        }
    }
    Ok(())
}

async fn deploy(operations: &Operations, actor: &Actor, path: &Path) -> anyhow::Result<String> {
    let project = Project::open(path)?;
    let app = project.app_name(None)?;
    let request = DeployRequest {
        settings: project.settings.clone(),
        note: Some("came with the host".to_owned()),
        // Another host may fill the same registry at the same time.
        smoke: SmokeRequest { path: None, skip: true },
        ..DeployRequest::default()
    };
    let component = project.read()?.into();
    operations.deploy(actor, &app, component, None, &request, |_| {}).await?;
    Ok(app)
}

/// Components and projects, by name.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "wasm") || path.join("innkeeper.toml").is_file()
    };
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).filter(is_one).collect();
    paths.sort_unstable();
    Ok(paths)
}
