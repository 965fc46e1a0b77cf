//! The live map from route to guest: read at every request, replaced as a whole when something has changed. A request holds on to the guest
//! that it was given, so an old version drains by itself.

use super::component::Compiler;
use super::routes::Routes;
use super::settings::Settings;
use super::state::GuestState;
use crate::config::Limits;
use crate::interfaces::AppContext;
use crate::storage::apps::{App, Version};
use crate::storage::{Code, Database, Error};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::Engine;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A component while it runs for an app.
pub struct Guest {
    /// The app and what its requests share.
    pub app: Arc<AppContext>,
    /// The number of the version.
    pub version: i64,
    /// Which requests it answers.
    pub route: String,
    /// Settings as stored, to notice a change.
    settings: String,
    pub(super) pre: ProxyPre<GuestState>,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest")
            .field("app", self.app.space.app())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Guest {
    /// The engine that runs it.
    pub(super) fn engine(&self) -> &Engine {
        self.pre.engine()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Registry {
    database: Database,
    compiler: Compiler,
    limits: Arc<Limits>,
    routes: ArcSwap<Routes>,
    loaded: AtomicBool,
}

impl Registry {
    /// Empty until [`Self::reload`].
    pub fn new(database: Database, compiler: Compiler, limits: Arc<Limits>) -> Self {
        Self { database, compiler, limits, routes: ArcSwap::default(), loaded: AtomicBool::new(false) }
    }

    /// The routes as they are now.
    pub fn routes(&self) -> arc_swap::Guard<Arc<Routes>> {
        self.routes.load()
    }

    /// The database behind the registry.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How many instances may live at once.
    pub fn instances(&self) -> u32 {
        self.compiler.instances()
    }

    /// How much guests and visitors may ask for.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Whether the database has been read at least once.
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// Reads apps and active versions, loads what is new and swaps the map. A version that cannot be loaded is logged; the one
    /// before it goes on answering. An error where the database failed on the way: then it is worth trying again.
    pub async fn reload(&self) -> Result<(), Error> {
        let before = self.routes.load_full();
        let mut outage = None;
        let mut guests = Vec::new();
        for app in self.database.apps().await? {
            let old = before.guests().find(|guest| **guest.app.space.app() == *app.name);
            match self.guest_for(&app, old).await {
                Ok(Some(guest)) => guests.push(guest),
                Ok(None) => {}
                Err(LoadError::Storage(error)) if error.is_outage() || error.code == Code::ReadOnly => {
                    outage = Some(error);
                    guests.extend(old.cloned());
                }
                Err(error) => {
                    tracing::error!(
                        app = app.name,
                        version = app.active,
                        "cannot load the active version: {error}"
                    );
                    guests.extend(old.cloned());
                }
            }
        }
        self.routes.store(Arc::new(Routes::new(guests)));
        self.loaded.store(true, Ordering::Release);
        outage.map_or(Ok(()), Err)
    }

    async fn guest_for(&self, app: &App, old: Option<&Arc<Guest>>) -> Result<Option<Arc<Guest>>, LoadError> {
        let Some(active) = app.active else { return Ok(None) };
        if let Some(old) = old
            && (old.version, &old.route, &old.settings) == (active, &app.route, &app.settings)
        {
            return Ok(Some(Arc::clone(old)));
        }
        let versions = self.database.versions(&app.name).await?;
        let version = versions.iter().find(|version| version.number == active).ok_or(LoadError::NoVersion)?;
        let pre = self.compile(version).await?;
        let guest = self.assemble(app, version, pre).await?;
        tracing::info!(app = app.name, version = active, route = app.route, "serving");
        Ok(Some(Arc::new(guest)))
    }

    async fn compile(&self, version: &Version) -> Result<ProxyPre<GuestState>, LoadError> {
        let bytes = self.database.component(version).await?;
        let compiler = self.compiler.clone();
        let compiled = tokio::task::spawn_blocking(move || compiler.compile(&bytes)).await;
        Ok(compiled.map_err(|_| LoadError::Compiler)??)
    }

    async fn assemble(&self, app: &App, version: &Version, pre: ProxyPre<GuestState>) -> Result<Guest, LoadError> {
        let settings: Settings = serde_json::from_str(&app.settings)?;
        let space = self.database.make_space(&app.name).await?;
        let config = settings.config.into_iter().collect();
        let context = AppContext::new(space, settings.transactions.into(), config, Arc::clone(&self.limits));
        Ok(Guest {
            app: Arc::new(context),
            version: version.number,
            route: app.route.clone(),
            settings: app.settings.clone(),
            pre,
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Storage(#[from] Error),
    #[error(transparent)]
    Component(#[from] super::ComponentError),
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    #[error("it is not in the registry")]
    NoVersion,
    #[error("the compiler failed")]
    Compiler,
}
