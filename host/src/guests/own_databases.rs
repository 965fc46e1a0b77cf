//! The databases that apps name for themselves, opened once for all apps that name the same one.
//!
//! Each has a pool of its own, so that guests of one app cannot use up the connections of another.
//! One that cannot be used is asked again after a while; until then its apps are closed and nobody
//! else waits for it.

use crate::config::{Config, DatabaseTarget, Decision};
use crate::storage::{AppSpace, Code, Database, Error, Follower, Result, WeakFollower};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the answer of a database that cannot be used is believed.
const RETRY: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct OwnDatabases {
    config: Config,
    open: Mutex<Vec<(DatabaseTarget, Database)>>,
    /// Followers, each with the variable of the database that it follows; none: the host's.
    followers: Mutex<HashMap<(Option<String>, String), WeakFollower>>,
    /// Why there was no room for an app, and when that was.
    failed: Mutex<HashMap<(String, String), (Instant, Error)>>,
}

impl OwnDatabases {
    /// Opens nothing yet.
    pub fn new(config: Config) -> Self {
        Self { config, open: Mutex::default(), followers: Mutex::default(), failed: Mutex::default() }
    }

    /// The room of an app in the database that `var` names, made if need be. The error names the
    /// variable.
    pub async fn make_space(&self, host: &Database, var: &str, app: &str) -> Result<AppSpace> {
        let key = (var.to_owned(), app.to_owned());
        if let Some(error) = self.failed_lately(&key) {
            return Err(error);
        }
        let made = self.try_make_space(host, var, app).await;
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match &made {
            Ok(_) => failed.remove(&key),
            Err(error) => failed.insert(key, (Instant::now(), error.clone())),
        };
        made
    }

    async fn try_make_space(&self, host: &Database, var: &str, app: &str) -> Result<AppSpace> {
        let named = |error: Error| error.about(var);
        // The text of `config` names the variable by itself.
        let unset = |error: crate::config::Error| Error::new(Code::Unavailable, error.to_string());
        let decision = self.config.app_database(var).map_err(unset)?;
        let database = self.open(host, var, &decision).map_err(named)?;
        database.make_space(app).await.map_err(named)
    }

    /// The database of a target. The same one for all who name it, the host included.
    fn open(&self, host: &Database, var: &str, decision: &Decision) -> Result<Database> {
        let target = &decision.target;
        let hosts = &self.config.database;
        if target.is_same(&hosts.target) {
            if target.is_reached_alike(&hosts.target) {
                return Ok(host.clone());
            }
            return Err(Error::unavailable(format!(
                "this is the database of the host, with another password or other wishes for TLS or the login than \
                 {}: let both say the same",
                hosts.source
            )));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, database)) = open.iter().find(|(other, _)| other.is_reached_alike(target)) {
            return Ok(database.clone());
        }
        let database = Database::open_for_apps(&self.config, target, var)?;
        decision.url_notes.iter().for_each(|note| tracing::warn!("{note}"));
        open.push((target.clone(), database.clone()));
        Ok(database)
    }

    /// Those that are open.
    pub fn all(&self) -> Vec<Database> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().map(|(_, database)| database.clone()).collect()
    }

    /// The follower that an app names, if its database can have one; the same for all apps that
    /// live there. Connects to nothing.
    pub fn follower(&self, database: &Database, lives_in: Option<&str>, var: &str) -> Result<Option<Follower>> {
        let key = (lives_in.map(str::to_owned), var.to_owned());
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|_, follower| follower.upgrade().is_some());
        if let Some(follower) = followers.get(&key).and_then(WeakFollower::upgrade) {
            return Ok(Some(follower));
        }
        let unset = |error: crate::config::Error| Error::new(Code::Unavailable, error.to_string());
        if database.is_sqlite() {
            return Ok(None);
        }
        let decision = self.config.follower(var).map_err(unset)?;
        let follower = database.follower(&self.config, &decision.target, var)?;
        decision.url_notes.iter().for_each(|note| tracing::warn!("{note}"));
        followers.extend(follower.as_ref().map(|follower| (key, follower.downgrade())));
        Ok(follower)
    }

    /// The followers that apps use.
    pub fn followers(&self) -> Vec<Follower> {
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.values().filter_map(WeakFollower::upgrade).collect()
    }

    fn failed_lately(&self, key: &(String, String)) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(key).filter(|(when, _)| when.elapsed() < RETRY).map(|(_, error)| error.clone())
    }

    /// Forgets databases that no app of these variables names any more; their connections end with
    /// the last request that uses them.
    pub fn retain(&self, vars: &[&str]) {
        let used: Vec<DatabaseTarget> =
            vars.iter().filter_map(|var| Some(self.config.app_database(var).ok()?.target)).collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(target, _)| used.iter().any(|other| other.is_reached_alike(target)));
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        futures_util::future::join_all(open.iter().map(|(_, database)| database.close())).await;
        let followers = self.followers();
        futures_util::future::join_all(followers.iter().map(Follower::close)).await;
    }
}
