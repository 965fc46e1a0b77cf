//! The live map from route to guest: read at every request, replaced as a whole when something has changed. A request holds on to the guest
//! that it was given, so an old version drains by itself.

use super::component::Compiler;
use super::compute::{Compute, Share};
use super::keys;
use super::log_minute::LogMinute;
use super::own_databases::OwnDatabases;
use super::routes::{Room, Routes};
use super::settings::{Origins, Settings};
use super::state::GuestState;
use super::waiting_room::{Standing, WaitingRoom};
use crate::config::Limits;
use crate::interfaces::AppContext;
use crate::interfaces::blob_upload::Keyring;
use crate::storage::apps::{App, Version};
use crate::storage::{AppSpace, Code, Database, Error};
use arc_swap::ArcSwap;
use futures_util::{StreamExt, stream};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// Why an app is closed whose version is being compiled.
const STARTING: &str = "it is being compiled";
/// Apps for which room is made at the same time.
const AT_ONCE: usize = 8;
/// The host is ready although something is still being compiled that takes longer.
const COMPILING: Duration = Duration::from_secs(15);
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
    pub(super) accounts: Accounts,
    pub(super) pre: ProxyPre<GuestState>,
}

/// What an app uses up, all its versions together.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    pub(super) computing: Arc<Share>,
    pub(super) log: Arc<LogMinute>,
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
    if let Some(closed) = before.closed().find(|closed| closed.app == app.name && closed.reason == reason)
        && closed.route == app.route
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

/// Who answers for an app while its active version is being compiled: the guest from before, unless the app lives elsewhere by now.
fn meanwhile(app: &App, before: &Routes) -> Room {
    match before.guest_of(&app.name).filter(|old| old.database_var == app.database_var) {
        Some(old) => Room::Open(Arc::clone(old)),
        None => Room::Closed(Arc::new(Closed {
            app: app.name.clone(),
            route: app.route.clone(),
            reason: STARTING.to_owned(),
        })),
    }
}

/// See the module.
#[derive(Debug)]
pub struct Registry {
    database: Database,
    own_databases: OwnDatabases,
    compiler: Compiler,
    compute: Arc<Compute>,
    limits: Arc<Limits>,
    keyring: Arc<Keyring>,
    /// When the database was last asked because somebody presented an unknown key. Held while it is being asked.
    keys_asked: Mutex<Option<Instant>>,
    /// Held while keys are being read and put.
    pub(super) refreshing_keys: Mutex<()>,
    routes: ArcSwap<Routes>,
    /// Versions that are to be compiled.
    pub(super) waiting: WaitingRoom,
    /// By app, what was last said of a version that cannot be loaded.
    complaints: std::sync::Mutex<HashMap<String, (i64, String)>>,
    /// When the database was first read.
    read: OnceLock<Instant>,
    loaded: AtomicBool,
}

impl Registry {
    /// Empty until [`Self::reload`].
    pub fn new(database: Database, own_databases: OwnDatabases, compiler: Compiler, limits: Arc<Limits>) -> Self {
        let (keyring, routes, loaded) = (Arc::default(), ArcSwap::default(), AtomicBool::new(false));
        let (keys_asked, refreshing_keys) = (Mutex::default(), Mutex::default());
        let (compute, read) = (Compute::new(), OnceLock::new());
        let (waiting, complaints) = Default::default();
        Self {
            database,
            own_databases,
            compiler,
            compute,
            limits,
            keyring,
            keys_asked,
            refreshing_keys,
            routes,
            waiting,
            complaints,
            read,
            loaded,
        }
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

    /// Whether the database has been read at least once, and what it named was loaded: but nobody waits long for what is being compiled.
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// Notes that everything is loaded, once it is: what has been compiled after the first `compiled` versions is not yet.
    pub(super) fn settle(&self, compiled: u64) {
        if self.read.get().is_some_and(|at| self.waiting.is_empty_after(compiled) || at.elapsed() > COMPILING) {
            self.loaded.store(true, Ordering::Release);
        }
    }

    /// Compiles what is to be compiled, for ever.
    pub(super) async fn compile(&self) {
        self.waiting.work(&self.database, &self.compiler).await;
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
        let apps = self.database.apps().await?;
        let vars: Vec<&str> = apps.iter().filter_map(|app| app.database_var.as_deref()).collect();
        self.own_databases.retain(&vars);
        self.renew(&before, &apps, Vec::new()).await
    }

    /// Tries again to open the apps that are closed, and touches no other. Returns and fails as [`Self::reload`] does.
    pub async fn reopen(&self) -> Result<bool, Error> {
        let before = self.routes.load_full();
        let mut apps = self.database.apps().await?;
        apps.retain(|app| before.closed().any(|closed| closed.app == app.name));
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
        self.read.get_or_init(Instant::now);
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
            Ok(guest) => {
                self.complaints.lock().unwrap_or_else(PoisonError::into_inner).remove(&app.name);
                Ok(Some(Room::Open(guest)))
            }
            Err(LoadError::Compiling) => Ok(Some(meanwhile(app, before))),
            Err(LoadError::Storage(error)) if error.is_outage() || error.code == Code::ReadOnly => Err(error),
            Err(error) => {
                self.complain(app, active, error.to_string());
                Ok(left(app, &error, before))
            }
        }
    }

    /// Says that a version cannot be loaded, once for each reason.
    fn complain(&self, app: &App, version: i64, reason: String) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let complaint = (version, reason);
        if complaints.get(&app.name) != Some(&complaint) {
            tracing::error!(app = app.name, version, "cannot load the active version: {}", complaint.1);
            complaints.insert(app.name.clone(), complaint);
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
        let versions = self.database.versions(&app.name).await?;
        let version = versions.iter().find(|version| version.number == active).ok_or(LoadError::NoVersion)?;
        let pre = self.loaded(version).await?;
        let accounts = old.map_or_else(|| self.accounts(&space), |old| old.accounts.clone());
        Ok(Arc::new(self.assemble(app, version, space, pre, accounts)?))
    }

    /// A line in the log for every guest that answers now and did not before.
    fn tell_of_new(&self, before: &Routes) {
        let routes = self.routes.load();
        let is_new = |guest: &&Arc<Guest>| !before.guests().any(|old| Arc::ptr_eq(old, guest));
        for guest in routes.guests().filter(is_new) {
            let (app, database) = (guest.app.space.app().as_ref(), guest.database_var.as_deref());
            tracing::info!(app, version = guest.version, route = guest.route, database, "serving");
        }
    }

    /// A version, ready to run. One that is not compiled yet is compiled beside everything else.
    async fn loaded(&self, version: &Version) -> Result<ProxyPre<GuestState>, LoadError> {
        match self.waiting.standing(version) {
            Standing::Waiting => return Err(LoadError::Compiling),
            Standing::Failed(reason) => return Err(LoadError::NotCompiled(reason)),
            Standing::Unknown => {}
        }
        let bytes = self.database.component(version).await?;
        if let Some(pre) = self.compiler.load(bytes.into()).await? {
            return Ok(pre);
        }
        self.waiting.add(version.clone());
        Err(LoadError::Compiling)
    }

    fn accounts(&self, space: &AppSpace) -> Accounts {
        let log = LogMinute::new(Arc::clone(space.app()), self.limits.log_bytes_per_minute);
        Accounts { computing: Share::new(&self.compute), log }
    }

    fn assemble(
        &self,
        app: &App,
        version: &Version,
        space: AppSpace,
        pre: ProxyPre<GuestState>,
        accounts: Accounts,
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
            accounts,
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
    #[error("{0}")]
    NotCompiled(String),
    #[error("{STARTING}")]
    Compiling,
}
