//! From a [`Config`] to the parts of the host.

use super::output;
use crate::config::{Config, temporary_folder};
use crate::guests::Registry;
use crate::guests::compiling::{Workshop, WorkshopSettings};
use crate::guests::component::{Compiled, Compiler};
use crate::guests::engine::{self, EngineSettings};
use crate::guests::native::{CodeFolder, NativeStore, Purpose, SharedKey};
use crate::storage::{Database, RegistryState};
use crate::web::ServerSettings;
use anyhow::{Context, anyhow, bail};
use std::path::PathBuf;
use std::sync::Arc;

/// The database, with the host's tables up to date: for commands that need it at once.
pub(super) async fn database(config: &Config) -> anyhow::Result<Database> {
    let database = Database::open(config)?;
    database.migrate().await.with_context(|| unreachable(config))?;
    Ok(database)
}

/// The database as it is, for commands that only read: they make nothing, not even a file. None
/// where nothing is there yet.
pub(super) async fn reading(config: &Config) -> anyhow::Result<Option<Database>> {
    let database = Database::open(config)?;
    match database.registry_state().await.with_context(|| unreachable(config))? {
        RegistryState::Missing => Ok(None),
        RegistryState::Current => Ok(Some(database)),
        RegistryState::Old => bail!(
            "the host's tables in {} are of an earlier release: bring them up to date first (innkeeper migrate)",
            config.database.target.place()
        ),
    }
}

/// The database, with the host's tables up to date, for commands that change what is there. None
/// where nothing is there yet.
pub(super) async fn existing(config: &Config) -> anyhow::Result<Option<Database>> {
    let database = Database::open(config)?;
    if database.registry_state().await.with_context(|| unreachable(config))? == RegistryState::Missing {
        return Ok(None);
    }
    database.migrate().await.with_context(|| unreachable(config))?;
    Ok(Some(database))
}

/// Says which database it is about, without secrets.
pub(super) fn unreachable(config: &Config) -> String {
    format!("{} (from {})", config.database.target.describe(), config.database.source)
}

/// The compiler of guests.
pub(super) fn compiler(config: &Config) -> anyhow::Result<Compiler> {
    compiler_for(config, Purpose::Serving, None)
}

/// The compiler of guests that their author tries. It takes functions that it has compiled before
/// from a file in the folder `functions`.
pub(super) fn development_compiler(config: &Config, functions: Option<PathBuf>) -> anyhow::Result<Compiler> {
    compiler_for(config, Purpose::Development, functions)
}

fn compiler_for(config: &Config, purpose: Purpose, functions: Option<PathBuf>) -> anyhow::Result<Compiler> {
    let temporary = temporary_folder();
    let folder = config.code_cache.as_deref().unwrap_or(&temporary).display().to_string();
    let code = CodeFolder::open(config.code_cache.as_deref(), &temporary);
    let code = code.with_context(|| format!("cannot keep compiled code in {folder}"))?;
    let engine = engine::build(EngineSettings {
        instances: config.memory_budget().slots(),
        memory_bytes: config.limits.memory_per_instance,
    });
    let engine = engine.map_err(|error| anyhow!("cannot start the WebAssembly engine: {error:#}"))?;
    let workshop =
        Workshop::new(WorkshopSettings { purpose, functions, ..WorkshopSettings::new(config, temporary) });
    let store = NativeStore::new(engine.engine.clone(), code, SharedKey::new(config.code_key.clone()), purpose);
    Compiler::new(engine, workshop, store, config.limits.component_bytes).map_err(|error| anyhow!("{error:#}"))
}

/// Hands compiled code on to the hosts of a database, which have only to load it then. Where that
/// fails they compile for themselves.
pub(super) async fn publish(compiler: &Compiler, database: &Database, compiled: &Compiled, by: &str) {
    if let Err(error) = compiler.publish(database, compiled, by).await {
        output::note(format!("note: each host will compile the component for itself: {error}"));
    }
}

/// The live registry, still empty.
pub(super) fn registry(config: &Config, database: Database, compiler: Compiler) -> Arc<Registry> {
    Arc::new(Registry::new(config.clone(), database, compiler))
}

/// How the server serves.
pub(super) fn server_settings(config: &Config) -> ServerSettings {
    ServerSettings {
        trust_proxy: config.web.trust_proxy,
        https: config.web.https,
        connections: config.connections(),
        admin_token: config.web.admin_token.clone(),
        dashboard_host: config.web.dashboard_host.clone(),
        development: None,
    }
}
