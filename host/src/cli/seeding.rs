//! A folder of components that come with the host: they fill a registry in which no app has ever
//! been, and never touch another one. What was deployed later is not undone by a release.

use super::project::Project;
use crate::guests::Registry;
use crate::operations::{DeployRequest, Operations, SmokeRequest};
use crate::storage::registry::Actor;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look whether the registry has been read.
const EVERY: Duration = Duration::from_millis(100);
/// How many acts are looked at together.
const AT_ONCE: u32 = 1_000;

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
    if has_had_apps(&operations).await? {
        tracing::info!(
            "the components in {} are left alone: apps have been deployed here before",
            folder.display()
        );
        return Ok(());
    }
    let actor = Actor { origin: Some(format!("components in {}", folder.display())), ..Actor::host() };
    let mut names = BTreeMap::new();
    for path in entries(folder)? {
        match deploy(&operations, &actor, &path, &mut names).await {
            Ok(app) => tracing::info!(app, "deployed from {}", path.display()),
            Err(error) => tracing::error!("{} was not deployed: {error:#}", path.display()),
        }
    }
    Ok(())
}

/// Whether there are apps, or were any: one that somebody has deleted does not come back.
async fn has_had_apps(operations: &Operations) -> anyhow::Result<bool> {
    if !operations.apps().await?.is_empty() {
        return Ok(true);
    }
    let mut before = None;
    loop {
        let acts = operations.audit(None, before, AT_ONCE).await?;
        if acts.iter().any(|act| act.action == "apps delete" || (act.action == "deploy" && act.result == "ok")) {
            return Ok(true);
        }
        match acts.last() {
            Some(last) => before = Some(last.id),
            None => return Ok(false),
        }
    }
}

/// `names` has the apps of the folder so far, and what each came from.
async fn deploy(
    operations: &Operations,
    actor: &Actor,
    path: &Path,
    names: &mut BTreeMap<String, PathBuf>,
) -> anyhow::Result<String> {
    let project = Project::open(path)?;
    let app = project.app_name(None)?;
    if let Some(first) = names.insert(app.clone(), path.to_owned()) {
        names.insert(app.clone(), first.clone());
        bail!("it is the app {app}, and so is {}: give one of them another name", first.display());
    }
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

/// Components and projects, by name. What is hidden is no component of anybody's.
pub(super) fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder);
    let read = read.with_context(|| format!("--components: cannot read the folder {}", folder.display()))?;
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_component = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("wasm"));
    let is_one =
        |path: &PathBuf| !is_hidden(path) && (is_component(path) || path.join("innkeeper.toml").is_file());
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).filter(is_one).collect();
    paths.sort_unstable();
    Ok(paths)
}
