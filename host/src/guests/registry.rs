//! The live map from route to guest: read at every request, replaced as a whole when something has
//! changed. A request holds on to the guest that it was given, so an old version drains by itself.
//! `loading` fills it.

use super::admission::{self, Usual};
use super::canary::{Canaries, CanaryGuest};
use super::component::{self, Compiler};
use super::compute::{Compute, Share};
use super::failed_compiles::FailedCompiles;
use super::going_back::{Failing, FailureReports};
use super::heartbeat::Problems;
use super::keys;
use super::loading::{Turns, Wanted};
use super::log_minute::LogMinute;
use super::overrides::{Effective, Overrides};
use super::own_databases::OwnDatabases;
use super::routes::Routes;
use super::settings::{Origins, Settings};
use super::state::GuestState;
use super::trial::Trial;
use crate::config::{Config, Limits};
use crate::interfaces::blob_upload::Keyring;
use crate::interfaces::{AppContext, Rehearsal};
use crate::storage::blobs::Discards;
use crate::storage::registry::App;
use crate::storage::{AppSpace, Database, Follower};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify, mpsc};
use wasmtime::Engine;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

const KEYS_PAUSE: Duration = Duration::from_secs(1);

/// A component while it runs for an app.
pub struct Guest {
    /// The app and what its requests share.
    pub app: Arc<AppContext>,
    /// The number of the version.
    pub version: i64,
    /// Which requests it answers, the main route first.
    pub routes: Vec<String>,
    /// From where requests with a visitor's session may come.
    pub origins: Origins,
    /// What it was made from, to notice a change.
    pub(super) made_from: MadeFrom,
    pub(super) accounts: Accounts,
    /// Settings that are not in force, in sentences.
    pub(super) unset: Vec<String>,
    /// Set while it is to be seen whether it is any good.
    pub(super) trial: Option<Arc<Trial>>,
    pub(super) failure_reports: FailureReports,
    /// The version that answers a part of this one's visitors.
    pub(super) canary: ArcSwapOption<CanaryGuest>,
    /// Apps that have the same component share it.
    pub(super) pre: Arc<ProxyPre<GuestState>>,
    /// What an instance usually takes.
    pub usual: Arc<Usual>,
}

/// What an app uses up, all its versions together.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    pub(super) computing: Arc<Share>,
    pub(super) log: Arc<LogMinute>,
}

/// An app that cannot be served for now.
#[derive(Debug)]
pub struct Closed {
    /// The app.
    pub app: String,
    /// The requests that it would answer.
    pub routes: Vec<String>,
    /// The kind of reason.
    pub why: Why,
    /// The reason, for the log; names the variable of the database where it is one.
    pub reason: String,
}

/// Why an app cannot be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is being loaded.
    Starting,
    /// Its own database cannot be used. It is tried again.
    DatabaseAway,
    /// Its active version cannot be run.
    Broken,
}

/// Why no app answers a request, where that may change by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// The registry is being read for the first time.
    Starting,
    /// The registry cannot be read; the reason, for the log.
    DatabaseAway(Arc<String>),
    /// The app is being built (`innkeeper dev`).
    Building,
    /// The app could not be built (`innkeeper dev`).
    BuildFailed,
}

/// How the first build of an app goes that nothing serves yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstBuild {
    /// It is under way.
    Running,
    /// It has failed.
    Failed,
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

    /// The variable that names the app's own database.
    pub(super) fn database_var(&self) -> Option<&str> {
        self.made_from.database_var.as_deref()
    }

    /// When the app was registered.
    pub(super) fn created_at(&self) -> i64 {
        self.made_from.created_at
    }

    /// Whether this is a version of an app, however it is set.
    pub(super) fn is_version(&self, app: &App, version: i64) -> bool {
        self.version == version && self.made_from.created_at == app.created_at
    }

    /// Whether the registry still says what this was made from.
    pub(super) fn is_still(&self, app: &App, version: i64) -> bool {
        self.version == version && self.routes == app.routes && self.made_from == MadeFrom::of(app)
    }
}

/// What of an app goes into a guest, beside its routes and the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeFrom {
    /// An app that was deleted and deployed anew is another one, also where its versions have the
    /// same numbers.
    created_at: i64,
    overrides: String,
    pub(super) database_var: Option<String>,
}

impl MadeFrom {
    fn of(app: &App) -> Self {
        Self {
            created_at: app.created_at,
            overrides: app.overrides.clone(),
            database_var: app.database_var.clone(),
        }
    }
}

/// The apps that this process serves, and all that it needs to load them.
#[derive(Debug)]
pub struct Registry {
    config: Config,
    database: Database,
    pub(super) own_databases: OwnDatabases,
    pub(super) compiler: Compiler,
    compute: Arc<Compute>,
    limits: Arc<Limits>,
    keyring: Arc<Keyring>,
    discards: Discards,
    memory: Arc<admission::Admission>,
    /// When the database was last asked because somebody presented an unknown key. Held while it is
    /// being asked.
    keys_asked: Mutex<Option<Instant>>,
    /// Held while keys are being read and put.
    pub(super) refreshing_keys: Mutex<()>,
    /// By app, what was last said of a version that cannot be loaded.
    pub(super) complaints: std::sync::Mutex<HashMap<String, (i64, String)>>,
    /// Components that could not be compiled.
    pub(super) failed_compiles: FailedCompiles,
    pub(super) routes: ArcSwap<Routes>,
    /// Told when a request may find something else than before.
    changed: Notify,
    /// Told when the registry in the database is to be read at once.
    pub(super) look: Notify,
    /// What is being loaded. Held for moments only.
    pub(super) wanted: std::sync::Mutex<Wanted>,
    pub(super) turns: Turns,
    /// Whether the list of apps has been read.
    listed: AtomicBool,
    /// Whether no app of the first list is being loaded any more.
    pub(super) settled: AtomicBool,
    /// Why the registry cannot be read.
    outage: ArcSwapOption<String>,
    first_build: ArcSwapOption<FirstBuild>,
    failure_reports: FailureReports,
    /// Whether new versions are judged by their first requests.
    judges: AtomicBool,
    /// Versions that fail, for whoever watches the registry.
    pub(super) failing: Mutex<mpsc::UnboundedReceiver<Failing>>,
    /// Apps that this process cannot serve as the registry says, and why.
    pub(super) problems: std::sync::Mutex<Problems>,
    pub(super) canaries: std::sync::Mutex<Canaries>,
    /// By app, what guests answer with: as long as one is there, a request may use it.
    pub(super) contexts: std::sync::Mutex<Vec<(String, Weak<AppContext>)>>,
}

impl Registry {
    /// Empty until [`Self::reload`].
    pub fn new(config: Config, database: Database, compiler: Compiler) -> Self {
        let (failure_reports, failing) = FailureReports::new();
        let memory = compiler.admission(config.memory_budget(), &config.limits);
        Self {
            database,
            own_databases: OwnDatabases::new(config.clone()),
            compiler,
            compute: Compute::new(),
            memory,
            failed_compiles: FailedCompiles::default(),
            limits: Arc::new(config.limits.clone()),
            complaints: std::sync::Mutex::default(),
            keyring: Arc::default(),
            discards: Discards::default(),
            keys_asked: Mutex::default(),
            refreshing_keys: Mutex::default(),
            routes: ArcSwap::default(),
            changed: Notify::new(),
            look: Notify::new(),
            wanted: std::sync::Mutex::default(),
            turns: Turns::default(),
            listed: AtomicBool::new(false),
            settled: AtomicBool::new(false),
            outage: ArcSwapOption::empty(),
            first_build: ArcSwapOption::empty(),
            failure_reports,
            judges: AtomicBool::new(false),
            failing: Mutex::new(failing),
            problems: std::sync::Mutex::default(),
            canaries: std::sync::Mutex::default(),
            contexts: std::sync::Mutex::default(),
            config,
        }
    }

    /// From now on versions that fail on their first requests are replaced. Not while an app is
    /// being developed: whoever has just built it wants to see how it fails.
    pub fn judge_new_versions(&self) {
        self.judges.store(true, Ordering::Relaxed);
    }

    /// What the host was told from outside.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The routes as they are now.
    pub fn routes(&self) -> arc_swap::Guard<Arc<Routes>> {
        self.routes.load()
    }

    pub(super) fn set_routes(&self, routes: Routes) {
        self.routes.store(Arc::new(routes));
        self.changed.notify_waiters();
    }

    /// Only after the routes are there: else a request would find none, and believe that.
    pub(super) fn note_listed(&self) {
        self.listed.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Resolves when a request may find something else than before.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Reads the registry in the database at once, because somebody has changed it.
    pub fn look_now(&self) {
        self.look.notify_one();
    }

    /// Whether this host serves a version of an app.
    pub fn serves(&self, app: &str, version: i64) -> bool {
        self.routes.load().guest_of(app).is_some_and(|guest| guest.version == version)
    }

    /// The database behind the registry.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The database behind the registry, and those that apps have named for themselves.
    pub fn databases(&self) -> Vec<Database> {
        let mut all = self.own_databases.all();
        all.push(self.database.clone());
        all
    }

    /// The followers that apps use.
    pub fn followers(&self) -> Vec<Follower> {
        self.own_databases.followers()
    }

    /// How many instances may live at once.
    pub fn instances(&self) -> u32 {
        self.compiler.instances()
    }

    /// The room that guests share.
    pub fn memory(&self) -> &Arc<admission::Admission> {
        &self.memory
    }

    /// How much guests and visitors may ask for.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Removes blobs that do not become whole.
    pub(super) fn discards(&self) -> &Discards {
        &self.discards
    }

    /// What signs URLs. See `keys`.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Reads the keys again because somebody presents an unknown one: anybody can, so at most once
    /// a second. Whoever comes while they are being read waits for them. `is_known` is asked first
    /// whether that has helped already.
    pub async fn ask_for_keys(&self, is_known: impl Fn() -> bool) {
        let mut asked = self.keys_asked.lock().await;
        if is_known() || asked.is_some_and(|at| at.elapsed() <= KEYS_PAUSE) {
            return;
        }
        // Noted before, in case nobody waits for the answer, and after, for those who have come
        // meanwhile.
        *asked = Some(Instant::now());
        if let Err(error) = keys::refresh(self).await {
            tracing::warn!("the keys that sign URLs cannot be read: {error}");
        }
        *asked = Some(Instant::now());
    }

    /// Whether the list of apps has been read at least once.
    pub fn is_loaded(&self) -> bool {
        self.listed.load(Ordering::Acquire)
    }

    /// Whether every app of the first list has been loaded, or is known not to be loadable for now.
    pub fn has_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Why no app answers a request for which there is no route; none where that is final.
    pub fn absence(&self) -> Option<Absence> {
        if !self.is_loaded() {
            return Some(self.outage().map_or(Absence::Starting, Absence::DatabaseAway));
        }
        self.first_build.load().as_deref().map(|build| match build {
            FirstBuild::Running => Absence::Building,
            FirstBuild::Failed => Absence::BuildFailed,
        })
    }

    /// Why the registry cannot be read, if it cannot.
    pub fn outage(&self) -> Option<Arc<String>> {
        self.outage.load_full()
    }

    pub(super) fn note_outage(&self, reason: Option<String>) {
        self.outage.store(reason.map(Arc::new));
        self.changed.notify_waiters();
    }

    /// Says how the first build of an app goes; none once there is something to serve.
    pub fn note_first_build(&self, build: Option<FirstBuild>) {
        self.first_build.store(build.map(Arc::new));
        self.changed.notify_waiters();
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        tokio::join!(self.database.close(), self.own_databases.close());
    }

    pub(super) fn accounts(&self, space: &AppSpace) -> Accounts {
        let log = LogMinute::new(Arc::clone(space.app()), self.limits.log_bytes_per_minute);
        Accounts { computing: Share::new(&self.compute), log }
    }

    /// A guest of a version, for visitors or for a rehearsal.
    pub(super) fn assemble(
        &self,
        app: &App,
        version: Release<'_>,
        space: AppSpace,
        pre: Arc<ProxyPre<GuestState>>,
        accounts: Accounts,
    ) -> Result<Guest, serde_json::Error> {
        let settings: Settings = serde_json::from_str(version.settings.unwrap_or(&app.settings))?;
        let mut effective = Overrides::parse(&app.overrides)?.over(settings, &self.config);
        let follower = self.follower_of(app, &space, &mut effective);
        let space = space.with_follower(follower);
        for problem in &effective.problems {
            tracing::warn!(app = %app.name, version = version.number, "a setting is not in force: {problem}");
        }
        space.rows().begin_with(effective.limits.app_row_bytes);
        accounts.log.bound(effective.limits.log_bytes_per_minute);
        let context = AppContext::new(
            (version.number, version.rehearsal),
            space,
            effective.transactions,
            effective.config,
            Arc::new(effective.limits),
            Arc::clone(&self.keyring),
            self.discards.clone(),
        );
        let context = Arc::new(context);
        self.note_context(&app.name, &context);
        Ok(Guest {
            app: context,
            version: version.number,
            routes: app.routes.clone(),
            origins: effective.origins,
            unset: effective.problems,
            made_from: MadeFrom::of(app),
            accounts,
            trial: version.trial.filter(|_| self.judges.load(Ordering::Relaxed)),
            failure_reports: self.failure_reports.clone(),
            canary: ArcSwapOption::empty(),
            usual: self.memory.usual(component::declared_memory(&pre)),
            pre,
        })
    }
}

impl Registry {
    /// The follower of an app, with how far it may be behind. What is wrong with it joins the
    /// settings that are not in force.
    fn follower_of(&self, app: &App, space: &AppSpace, effective: &mut Effective) -> Option<(Follower, Duration)> {
        let choice = effective.follower.as_ref()?;
        let lives_in = app.database_var.as_deref();
        match self.own_databases.follower(space.database(), lives_in, &choice.var) {
            Ok(follower) => follower.map(|follower| (follower, choice.lag)),
            Err(error) => {
                effective.problems.push(format!("the follower cannot be used, reads go to the primary: {error}"));
                None
            }
        }
    }
}

/// Which version a guest is made of.
pub(super) struct Release<'a> {
    pub(super) number: i64,
    /// As JSON; none: those of the app.
    pub(super) settings: Option<&'a str>,
    /// Set where nothing is kept of what it does.
    pub(super) rehearsal: Option<Rehearsal>,
    /// Set where it is replaced if it fails on its first requests.
    pub(super) trial: Option<Arc<Trial>>,
}
