//! How guests get into the registry: each is loaded by itself and answers from the moment when it
//! is ready, so that an app that is slow to load, or cannot be loaded, keeps no other waiting.
//! Until then an app that is new says that it is starting, and one that was there before goes on in
//! its old version.
//!
//! There may be a thousand apps, and the database may be far away. So what all of them need is
//! asked for in one query each. `fetching` gets each its component.

use super::component::ComponentError;
use super::failed_compiles::Failed;
use super::heartbeat::Trouble;
use super::registry::{Closed, Guest, Registry, Release, Why};
use super::routes::{Room, Routes};
use super::trial::{RECENT_MICROS, Trial};
use crate::storage::registry::{App, Version};
use crate::storage::{AppSpace, Error, now_micros};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// Apps for which room is made in their own databases at the same time: one that does not answer
/// takes its time.
const PLACES: usize = 8;
/// Memory for code on its way, in MiB: compressed, unpacked and as the engine has it.
pub(super) const CODE_ROOM: u32 = 128;

/// Who may do what takes much of something. Nothing else is waited for under a turn.
#[derive(Debug)]
pub(super) struct Turns {
    places: Semaphore,
    /// Compiling takes much memory. What is compiled already does not wait for it.
    pub(super) compiler: Semaphore,
    /// The host's database is asked for one app at a time: the host has few connections, and polls
    /// over them too.
    pub(super) host: Semaphore,
    /// See [`CODE_ROOM`].
    pub(super) code: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        let one = || Semaphore::new(1);
        let code = Semaphore::new(usize::try_from(CODE_ROOM).unwrap_or(1));
        Self { places: Semaphore::new(PLACES), compiler: one(), host: one(), code }
    }
}

/// What is being loaded.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The newest load of each app.
    pub(super) loads: HashMap<String, Load>,
    /// How many loads there have been.
    count: u64,
    /// Apps that could not be compiled for a passing reason, and when that is tried again.
    again: HashMap<String, Instant>,
}

/// An app that is to be loaded as it stands in the registry.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) app: App,
    active: i64,
    number: u64,
    /// The active version, where it was read together with all others.
    version: Option<Version>,
    /// Whether the app's room was there when all were looked at.
    has_space: bool,
}

impl Wanted {
    /// Begins to load an app, unless that is under way.
    fn begin(&mut self, app: &App, active: i64) -> Option<Load> {
        if self.loads.get(&app.name).is_some_and(|load| load.app == *app) {
            return None;
        }
        self.count += 1;
        let (app, number) = (app.clone(), self.count);
        let load = Load { app, active, number, version: None, has_space: false };
        self.loads.insert(load.app.name.clone(), load.clone());
        Some(load)
    }

    /// Notes that an app is to be loaded again, where that may help by itself.
    fn try_again(&mut self, app: &str, error: &LoadError) {
        if let LoadError::NotCompiled(Failed { again: Some(again), .. }) = error {
            self.again.insert(app.to_owned(), *again);
        }
    }

    /// The apps that are to be loaded again now.
    fn due(&mut self) -> Vec<String> {
        let now = Instant::now();
        self.again.extract_if(|_, again| *again <= now).map(|(app, _)| app).collect()
    }

    /// Whether this is the newest load of its app; it ends with that.
    fn end(&mut self, load: &Load) -> bool {
        let is_newest = self.loads.get(&load.app.name).is_some_and(|newest| newest.number == load.number);
        if is_newest {
            self.loads.remove(&load.app.name);
            self.again.remove(&load.app.name);
        }
        is_newest
    }
}

/// What was read of all apps at once.
#[derive(Debug, Default)]
pub(super) struct About {
    /// The active version of each, by the app's name.
    pub(super) versions: HashMap<String, Version>,
    /// The apps whose room is known to be there.
    pub(super) spaces: HashSet<String>,
}

/// Why an app could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// Its own database cannot be used.
    #[error("{0}")]
    Own(Error),
    #[error(transparent)]
    Storage(#[from] Error),
    #[error(transparent)]
    Component(#[from] ComponentError),
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    #[error("it is not in the registry")]
    NoVersion,
    /// It could not be compiled, now or some time ago.
    #[error("{}", .0.reason)]
    NotCompiled(Failed),
    #[error("the host is stopping")]
    Stopping,
}

impl Registry {
    /// Takes the list of apps and publishes what is known of each at once. Returns the apps that
    /// have to be loaded, for [`Self::load`]; those that are being loaded already are not among
    /// them.
    pub(super) fn reload(&self, apps: &[App], mut about: About) -> Vec<Load> {
        let vars: Vec<&str> = apps.iter().filter_map(|app| app.database_var.as_deref()).collect();
        self.own_databases.retain(&vars);
        self.forget_problems(apps);
        let mut wanted = self.wanted();
        let active: HashSet<&str> =
            apps.iter().filter(|app| app.active.is_some()).map(|app| app.name.as_str()).collect();
        wanted.loads.retain(|name, _| active.contains(name.as_str()));
        let before = self.routes.load_full();
        let (mut rooms, mut loads) = (Vec::new(), Vec::new());
        for app in apps {
            let room = before.room_of(&app.name);
            if let Some(problem) = self.note_row(app) {
                // What can be read of it may be wrong: it goes on as it is.
                if let Some(Room::Open(guest)) = room {
                    wanted.loads.remove(&app.name);
                    rooms.push(Room::Open(Arc::clone(guest)));
                    continue;
                }
                if app.active.is_none() {
                    rooms.push(closed(app, Why::Broken, problem));
                }
            }
            let Some(active) = app.active else { continue };
            if let Some(Room::Open(guest)) = room.filter(|room| is_still(room, app, active)) {
                // It may have been on its way to somewhere else and back.
                wanted.loads.remove(&app.name);
                self.note_served(guest);
                rooms.push(Room::Open(Arc::clone(guest)));
                continue;
            }
            loads.extend(wanted.begin(app, active).map(|load| Load {
                version: about.versions.remove(&app.name),
                has_space: about.spaces.contains(&app.name),
                ..load
            }));
            rooms.push(meanwhile(app, room));
        }
        self.set_routes(Routes::new(rooms));
        self.note_listed();
        self.note_settled();
        loads
    }

    /// The apps that are closed because of a database, and those that could not be compiled for a
    /// passing reason, to be tried again.
    pub(super) async fn reopen(&self) -> Result<Vec<Load>, Error> {
        let routes = self.routes.load_full();
        let mut names: Vec<String> = routes.closed(Why::DatabaseAway).map(|closed| closed.app.clone()).collect();
        names.extend(self.wanted().due());
        let mut apps = Vec::new();
        for name in names {
            apps.extend(self.database().find_app(&name).await?);
        }
        let mut wanted = self.wanted();
        Ok(apps.iter().filter_map(|app| wanted.begin(app, app.active?)).collect())
    }

    /// Loads an app and lets it answer. A version that cannot be loaded is logged; the one before
    /// it goes on answering. An app whose database cannot be used is closed. An error where the one
    /// before goes on because of the host's database: then it is worth trying again.
    pub(super) async fn load(&self, load: Load) -> Result<(), Error> {
        let old = self.routes.load().guest_of(&load.app.name).cloned();
        let loaded = self.guest_for(&load, old.as_ref()).await;
        let mut wanted = self.wanted();
        if !wanted.end(&load) {
            // There is another one on its way, or the app is gone.
            return Ok(());
        }
        let (room, outage) = match loaded {
            Ok(guest) => {
                self.note_served(&guest);
                (Room::Open(guest), None)
            }
            Err(error) => {
                self.note_problem(&load.app.name, Trouble::Version, Some(error.to_string()));
                wanted.try_again(&load.app.name, &error);
                self.left(&load.app, error, old.as_ref())
            }
        };
        let before = self.routes.load_full();
        self.set_routes(before.with(&load.app.name, Some(room.clone())));
        self.note_settled();
        drop(wanted);
        tell(&room, old.as_ref());
        outage.map_or(Ok(()), Err)
    }

    /// Gives a load up that has broken off.
    pub(super) fn give_up(&self, load: &Load, why: &str) {
        if self.wanted().end(load) {
            self.note_problem(&load.app.name, Trouble::Version, Some(why.to_owned()));
        }
    }

    /// Notes that an app is served as the registry says, except for settings that are not in force.
    fn note_served(&self, guest: &Guest) {
        let app = guest.app.space.app();
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).remove(app.as_ref());
        self.note_problem(app, Trouble::Version, None);
        let unset = (!guest.unset.is_empty()).then(|| guest.unset.join("; "));
        self.note_problem(app, Trouble::Setting, unset);
    }

    /// Notes what is wrong with the row of an app.
    fn note_row(&self, app: &App) -> Option<String> {
        if self.note_problem(&app.name, Trouble::Row, app.problem.clone())
            && let Some(problem) = &app.problem
        {
            tracing::error!(app = app.name, "the app goes on as it is: {problem}");
        }
        app.problem.clone()
    }

    pub(super) fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Once every app has been loaded for the first time, a new one is no reason to take this
    /// process out of service.
    fn note_settled(&self) {
        if self.settled.load(Ordering::Acquire) {
            return;
        }
        if self.routes.load().closed(Why::Starting).next().is_none() {
            self.settled.store(true, Ordering::Release);
        }
    }

    /// What is left to an app whose active version could not be loaded: the guest from before,
    /// unless the app lives elsewhere by now. What that one wrote would be written into the wrong
    /// place.
    fn left(&self, app: &App, error: LoadError, old: Option<&Arc<Guest>>) -> (Room, Option<Error>) {
        let open = old
            .filter(|old| old.database_var() == app.database_var.as_deref())
            .map(|old| Room::Open(Arc::clone(old)));
        match (error, open) {
            (LoadError::Own(error), _) => (self.close_app(app, &error), None),
            (LoadError::Storage(error), open) if error.is_transient() => match open {
                Some(open) => (open, Some(error)),
                None => (self.close_app(app, &error), None),
            },
            (LoadError::NotCompiled(failed), open) if failed.again.is_some() => {
                self.complain(app, &failed.reason);
                (open.unwrap_or_else(|| closed(app, Why::Broken, failed.reason)), None)
            }
            (error, open) => {
                self.complain(app, &error.to_string());
                (open.unwrap_or_else(|| closed(app, Why::Broken, error.to_string())), None)
            }
        }
    }

    /// Says that the active version cannot be loaded, once for each reason.
    fn complain(&self, app: &App, reason: &str) {
        let complaint = (app.active.unwrap_or_default(), reason.to_owned());
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.get(&app.name) != Some(&complaint) {
            let (version, reason) = &complaint;
            tracing::error!(app = app.name, version, "cannot load the active version: {reason}");
            complaints.insert(app.name.clone(), complaint);
        }
    }

    /// Closes an app because of a database, with a line in the log whenever the reason is a new
    /// one.
    fn close_app(&self, app: &App, error: &Error) -> Room {
        let reason = error.to_string();
        let routes = self.routes.load();
        let same = |closed: &&Arc<Closed>| {
            (&closed.app, &closed.reason, &closed.routes) == (&app.name, &reason, &app.routes)
        };
        if let Some(closed) = routes.closed(Why::DatabaseAway).find(same) {
            return Room::Closed(Arc::clone(closed));
        }
        tracing::error!(
            app = app.name,
            database = app.database_var,
            "closed, its database cannot be used: {reason}"
        );
        closed(app, Why::DatabaseAway, reason)
    }

    async fn guest_for(&self, load: &Load, old: Option<&Arc<Guest>>) -> Result<Arc<Guest>, LoadError> {
        let Load { app, active, version, .. } = load;
        let space = self.space_for(load, old).await?;
        let (version, pre) = self.compiled(app, *active, version.as_ref()).await?;
        let accounts = old.map_or_else(|| self.accounts(&space), |old| old.accounts.clone());
        let release = Release {
            number: version.number,
            settings: version.settings.as_deref(),
            rehearsal: None,
            trial: trial(app, version.number, old),
        };
        let guest = self.assemble(app, release, space, pre, accounts)?;
        if let Some(old) = old {
            guest.canary.store(old.canary.load_full());
        }
        Ok(Arc::new(guest))
    }

    /// Where the app's things are: as before, or else made if need be.
    async fn space_for(&self, load: &Load, old: Option<&Arc<Guest>>) -> Result<AppSpace, LoadError> {
        let app = &load.app;
        let old = old.filter(|guest| guest.database_var() == app.database_var.as_deref());
        match (old, &app.database_var) {
            (Some(guest), _) => Ok(guest.app.space.clone()),
            (None, None) => {
                let there = load.has_space.then(|| self.database().space_that_is_there(&app.name)).flatten();
                if let Some(space) = there {
                    return Ok(space);
                }
                let _turn = self.turns.host.acquire().await.map_err(|_| LoadError::Stopping)?;
                Ok(self.space_of(app).await?)
            }
            (None, Some(_)) => {
                let _turn = self.turns.places.acquire().await.map_err(|_| LoadError::Stopping)?;
                self.space_of(app).await.map_err(LoadError::Own)
            }
        }
    }
}

/// The trial of a version that becomes active: one that is under way goes on, whatever has changed
/// beside the version. One to which the host went back by itself is not left again.
fn trial(app: &App, version: i64, old: Option<&Arc<Guest>>) -> Option<Arc<Trial>> {
    match old.filter(|old| old.created_at() == app.created_at) {
        Some(old) if old.version == version => old.trial.clone(),
        Some(_) => (!app.went_back_by_itself).then(Arc::default),
        None => {
            let age = app.activated_at.map(|at| now_micros().saturating_sub(at));
            let is_new = age.is_some_and(|age| age < RECENT_MICROS);
            (is_new && !app.went_back_by_itself).then(Arc::default)
        }
    }
}

fn is_still(room: &Room, app: &App, active: i64) -> bool {
    matches!(room, Room::Open(guest) if guest.is_still(app, active))
}

/// What answers for an app while it is being loaded: what answered before, or else that it is
/// starting.
fn meanwhile(app: &App, room: Option<&Room>) -> Room {
    match room {
        Some(Room::Open(guest)) => Room::Open(Arc::clone(guest)),
        Some(Room::Closed(closed)) if closed.why == Why::DatabaseAway && closed.routes == app.routes => {
            Room::Closed(Arc::clone(closed))
        }
        _ => closed(app, Why::Starting, "it is being loaded".to_owned()),
    }
}

fn closed(app: &App, why: Why, reason: String) -> Room {
    Room::Closed(Arc::new(Closed { app: app.name.clone(), routes: app.routes.clone(), why, reason }))
}

/// A line in the log for a guest that answers now and did not before.
fn tell(room: &Room, old: Option<&Arc<Guest>>) {
    if let Room::Open(guest) = room
        && !old.is_some_and(|old| Arc::ptr_eq(old, guest))
    {
        let (app, database) = (guest.app.space.app().as_ref(), guest.database_var());
        tracing::info!(app, version = guest.version, route = guest.routes.join(" "), database, "serving");
    }
}
