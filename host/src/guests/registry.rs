//! The live map from route to guest: read at every request, replaced as a whole when something has changed. A request holds on to the guest
//! that it was given, so an old version drains by itself.

use super::component::Compiler;
use super::keys;
use super::own_databases::OwnDatabases;
use super::routes::{Room, Routes};
use super::settings::{Origins, Settings};
use super::state::GuestState;
use crate::config::Limits;
use crate::interfaces::AppContext;
use crate::interfaces::blob_upload::Keyring;
use crate::storage::apps::{App, Version};
use crate::storage::{AppSpace, Code, Database, Error};
use arc_swap::ArcSwap;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// Apps for which room is made at the same time.
const AT_ONCE: usize = 8;
const KEYS_PAUSE: Duration = Duration::from_secs(1);

/// A component while it runs for an app.
pub struct Guest {
    /// The app and what its requests share.
    pub app: Arc<AppContext>,
    /// The number of the version.
    pub version: i64,
    /// Which requests it answers.
    pub route: String,
    /// From where requests with a visitor's session may come.
    pub origins: Origins,
    /// Settings as stored, to notice a change.
    settings: String,
    /// What names the app's own database, to notice a change.
    database_var: Option<String>,
    pub(super) pre: ProxyPre<GuestState>,
}

/// An app that cannot be served, because its own database cannot be used for now.
#[derive(Debug)]
pub struct Closed {
    /// The app.
    pub app: String,
    /// The requests that it would answer.
    pub route: String,
    /// Why; names the variable of the database.
    pub reason: String,
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

    /// Whether the registry still says what this was made from.
    fn is_still(&self, app: &App, active: i64) -> bool {
        (self.version, &self.route, &self.settings, &self.database_var)
            == (active, &app.route, &app.settings, &app.database_var)
    }
}

/// Closes an app, with a line in the log whenever the reason is a new one.
fn close(app: &App, error: &dyn std::fmt::Display, before: &Routes) -> Arc<Closed> {
    let reason = error.to_string();
    if let Some(Room::Closed(closed)) = before.room_of(&app.name)
        && (&closed.reason, &closed.route) == (&reason, &app.route)
    {
        return Arc::clone(closed);
    }
    tracing::error!(app = app.name, database = app.database_var, "closed, its database cannot be used: {reason}");
    Arc::new(Closed { app: app.name.clone(), route: app.route.clone(), reason })
}

/// What is left to an app whose active version could not be loaded: the guest from before, unless the app lives elsewhere by now. What
/// that one wrote would be written into the wrong place.
fn left(app: &App, error: &dyn std::fmt::Display, before: &Routes) -> Option<Room> {
    let old = before.guest_of(&app.name)?;
    let stays = old.database_var == app.database_var;
    Some(if stays { Room::Open(Arc::clone(old)) } else { Room::Closed(close(app, error, before)) })
}

/// See the module.
#[derive(Debug)]
pub struct Registry {
    database: Database,
    own_databases: OwnDatabases,
    compiler: Compiler,
    limits: Arc<Limits>,
    keyring: Arc<Keyring>,
    /// When the database was last asked because somebody presented an unknown key. Held while it is being asked.
    keys_asked: Mutex<Option<Instant>>,
    /// Held while keys are being read and put.
    pub(super) refreshing_keys: Mutex<()>,
    routes: ArcSwap<Routes>,
    loaded: AtomicBool,
}

impl Registry {
    /// Empty until [`Self::reload`].
    pub fn new(database: Database, own_databases: OwnDatabases, compiler: Compiler, limits: Arc<Limits>) -> Self {
        let (keyring, routes, loaded) = (Arc::default(), ArcSwap::default(), AtomicBool::new(false));
        let (keys_asked, refreshing_keys) = (Mutex::default(), Mutex::default());
        Self { database, own_databases, compiler, limits, keyring, keys_asked, refreshing_keys, routes, loaded }
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

    /// What signs URLs. See `keys`.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Reads the keys again because somebody presents an unknown one: anybody can, so at most once a second. Whoever comes while they are being
    /// read waits for them. `is_known` is asked first whether that has helped already.
    pub async fn ask_for_keys(&self, is_known: impl Fn() -> bool) {
        let mut asked = self.keys_asked.lock().await;
        if is_known() || asked.is_some_and(|at| at.elapsed() <= KEYS_PAUSE) {
            return;
        }
        // Noted before, in case nobody waits for the answer, and after, for those who have come meanwhile.
        *asked = Some(Instant::now());
        if let Err(error) = keys::refresh(self).await {
            tracing::warn!("the keys that sign URLs cannot be read: {error}");
        }
        *asked = Some(Instant::now());
    }

    /// Whether the database has been read at least once.
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        tokio::join!(self.database.close(), self.own_databases.close());
    }

    /// Reads apps and active versions, loads what is new and swaps the map. A version that cannot be loaded is logged; the one
    /// before it goes on answering. An app whose own database cannot be used is closed. Returns whether there is none of these. An error
    /// where the host's database failed on the way: then it is worth trying again.
    pub async fn reload(&self) -> Result<bool, Error> {
        let before = self.routes.load_full();
        let mut apps = self.database.apps().await?;
        // One that has nothing to serve needs no room either.
        apps.retain(|app| app.active.is_some());
        let vars: Vec<&str> = apps.iter().filter_map(|app| app.database_var.as_deref()).collect();
        self.own_databases.retain(&vars);
        self.renew(&before, &apps, Vec::new()).await
    }

    /// Tries again to open the apps that are closed, and touches no other. Returns and fails as [`Self::reload`] does.
    pub async fn reopen(&self) -> Result<bool, Error> {
        let before = self.routes.load_full();
        let mut apps = Vec::new();
        for closed in before.closed() {
            apps.extend(self.database.find_app(&closed.app).await?);
        }
        let open = before.guests().cloned().map(Room::Open).collect();
        self.renew(&before, &apps, open).await
    }

    /// Loads apps and makes the map of them and of what is there already.
    async fn renew(&self, before: &Routes, apps: &[App], mut rooms: Vec<Room>) -> Result<bool, Error> {
        // Several at once: one that does not answer takes its time.
        let asked: Vec<_> = apps.iter().map(|app| self.space_for(app, before)).collect();
        let spaces: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut outage = None;
        for (app, space) in apps.iter().zip(spaces) {
            match self.load(app, space, before).await {
                Ok(room) => rooms.extend(room),
                Err(error) => {
                    rooms.extend(left(app, &error, before));
                    outage = Some(error);
                }
            }
        }
        let whole = rooms.iter().all(|room| matches!(room, Room::Open(_)));
        self.routes.store(Arc::new(Routes::new(rooms)));
        self.tell_of_new(before);
        self.loaded.store(true, Ordering::Release);
        outage.map_or(Ok(whole), Err)
    }

    /// What answers for an app from now on, if anything does. An error where the host's database failed.
    async fn load(
        &self,
        app: &App,
        space: Result<AppSpace, Error>,
        before: &Routes,
    ) -> Result<Option<Room>, Error> {
        let Some(active) = app.active else { return Ok(None) };
        let loaded = match space {
            Err(error) if app.database_var.is_some() => return Ok(Some(Room::Closed(close(app, &error, before)))),
            Err(error) => Err(error.into()),
            Ok(space) => self.guest_for(app, active, space, before.guest_of(&app.name)).await,
        };
        match loaded {
            Ok(guest) => Ok(Some(Room::Open(guest))),
            Err(LoadError::Storage(error)) if error.is_outage() || error.code == Code::ReadOnly => Err(error),
            Err(error) => {
                tracing::error!(app = app.name, version = app.active, "cannot load the active version: {error}");
                Ok(left(app, &error, before))
            }
        }
    }

    /// Where the app's things are: as before, or else made if need be.
    async fn space_for(&self, app: &App, before: &Routes) -> Result<AppSpace, Error> {
        let old = before.guest_of(&app.name).filter(|guest| guest.database_var == app.database_var);
        match (old, &app.database_var) {
            (Some(guest), _) => Ok(guest.app.space.clone()),
            (None, None) => self.database.make_space(&app.name).await,
            (None, Some(var)) => self.own_databases.make_space(&self.database, var, &app.name).await,
        }
    }

    async fn guest_for(
        &self,
        app: &App,
        active: i64,
        space: AppSpace,
        old: Option<&Arc<Guest>>,
    ) -> Result<Arc<Guest>, LoadError> {
        if let Some(old) = old.filter(|old| old.is_still(app, active)) {
            return Ok(Arc::clone(old));
        }
        let version = self.database.version(&app.name, active).await?.ok_or(LoadError::NoVersion)?;
        let pre = self.compile(&version).await?;
        Ok(Arc::new(self.assemble(app, &version, space, pre)?))
    }

    /// A line in the log for every guest that answers now and did not before.
    fn tell_of_new(&self, before: &Routes) {
        let routes = self.routes.load();
        let is_old =
            |guest: &Arc<Guest>| before.guest_of(guest.app.space.app()).is_some_and(|old| Arc::ptr_eq(old, guest));
        let is_new = |guest: &&Arc<Guest>| !is_old(guest);
        for guest in routes.guests().filter(is_new) {
            let (app, database) = (guest.app.space.app().as_ref(), guest.database_var.as_deref());
            tracing::info!(app, version = guest.version, route = guest.route, database, "serving");
        }
    }

    async fn compile(&self, version: &Version) -> Result<ProxyPre<GuestState>, LoadError> {
        let bytes = self.database.component(version).await?;
        let compiler = self.compiler.clone();
        let compiled = tokio::task::spawn_blocking(move || compiler.compile(&bytes)).await;
        Ok(compiled.map_err(|_| LoadError::Compiler)??)
    }

    fn assemble(
        &self,
        app: &App,
        version: &Version,
        space: AppSpace,
        pre: ProxyPre<GuestState>,
    ) -> Result<Guest, LoadError> {
        let settings: Settings = serde_json::from_str(&app.settings)?;
        let origins = settings.origins();
        let config = settings.config.into_iter().collect();
        let context = AppContext::new(
            space,
            settings.transactions.into(),
            config,
            Arc::clone(&self.limits),
            Arc::clone(&self.keyring),
        );
        Ok(Guest {
            app: Arc::new(context),
            version: version.number,
            route: app.route.clone(),
            origins,
            settings: app.settings.clone(),
            database_var: app.database_var.clone(),
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
