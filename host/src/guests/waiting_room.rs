//! Versions that have to be compiled before they can be loaded. They are compiled beside everything else, one after the other, so that one that
//! takes long holds up those after it for as long as the compiler has, and nobody who is loaded already.

use super::ComponentError;
use super::component::Compiler;
use crate::storage::Database;
use crate::storage::apps::Version;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What failed for a passing reason is tried again after this long.
const AGAIN: Duration = Duration::from_secs(30);
/// And this long after the database could not be asked for it.
const SOON: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct WaitingRoom {
    lists: Mutex<Lists>,
    /// Woken when a version is added.
    added: Notify,
    /// Woken when one is done.
    done: Notify,
}

/// By the hash of the component: apps may have the same one.
type Hash = Vec<u8>;

#[derive(Debug, Default)]
struct Lists {
    waiting: VecDeque<Version>,
    under_way: Option<Hash>,
    failed: HashMap<Hash, Failed>,
    /// How many are done, whatever came of them.
    done: u64,
}

/// Why a version was not compiled.
#[derive(Debug, Clone)]
struct Failed {
    reason: String,
    /// None: not again.
    again: Option<Instant>,
}

/// What is known of a version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing: it may be compiled already.
    Unknown,
    /// It is being compiled, or will be.
    Waiting,
    /// It cannot be compiled.
    Failed(String),
}

impl WaitingRoom {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a version.
    pub(super) fn standing(&self, version: &Version) -> Standing {
        let mut lists = self.lists();
        if lists.is_waiting(&version.sha256) {
            return Standing::Waiting;
        }
        match lists.failed.get(&version.sha256) {
            Some(failed) if failed.again.is_none_or(|again| again > Instant::now()) => {
                Standing::Failed(failed.reason.clone())
            }
            Some(_) => {
                lists.failed.remove(&version.sha256);
                Standing::Unknown
            }
            None => Standing::Unknown,
        }
    }

    /// Has a version compiled.
    pub(super) fn add(&self, version: Version) {
        let mut lists = self.lists();
        if !lists.is_waiting(&version.sha256) {
            lists.waiting.push_back(version);
            self.added.notify_one();
        }
    }

    /// Whether nothing is being compiled, nor is to be, and no more than these are done.
    pub(super) fn is_empty_after(&self, done: u64) -> bool {
        let lists = self.lists();
        lists.waiting.is_empty() && lists.under_way.is_none() && lists.done == done
    }

    /// How many versions are done.
    pub(super) fn done(&self) -> u64 {
        self.lists().done
    }

    /// Whether something that failed may be tried again.
    pub(super) fn has_another_try(&self) -> bool {
        let now = Instant::now();
        self.lists().failed.values().any(|failed| failed.again.is_some_and(|again| again <= now))
    }

    /// Waits until another version is done.
    pub(super) async fn next_done(&self) {
        self.done.notified().await;
    }

    /// Compiles what is added, for ever.
    pub(super) async fn work(&self, database: &Database, compiler: &Compiler) {
        loop {
            let Some(version) = self.begin() else {
                self.added.notified().await;
                continue;
            };
            let failed = compile(&version, database, compiler).await.err();
            self.end(version.sha256, failed);
        }
    }

    fn begin(&self) -> Option<Version> {
        let mut lists = self.lists();
        let version = lists.waiting.pop_front()?;
        lists.under_way = Some(version.sha256.clone());
        Some(version)
    }

    fn end(&self, hash: Hash, failed: Option<Failed>) {
        let mut lists = self.lists();
        lists.under_way = None;
        lists.done += 1;
        if let Some(failed) = failed {
            lists.failed.insert(hash, failed);
        }
        drop(lists);
        self.done.notify_one();
    }
}

impl Lists {
    fn is_waiting(&self, hash: &Hash) -> bool {
        self.under_way.as_ref() == Some(hash) || self.waiting.iter().any(|version| version.sha256 == *hash)
    }
}

async fn compile(version: &Version, database: &Database, compiler: &Compiler) -> Result<(), Failed> {
    let after = |pause| Some(Instant::now() + pause);
    let bytes = database.component(version).await;
    let bytes = bytes.map_err(|error| Failed { reason: error.to_string(), again: after(SOON) })?;
    let compiled = compiler.compile(bytes.into()).await.map(|_| ());
    compiled.map_err(|error: ComponentError| Failed {
        reason: error.to_string(),
        again: if error.is_final() { None } else { after(AGAIN) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(hash: u8) -> Version {
        Version { number: 1, sha256: vec![hash], size: 0, created_at: 0 }
    }

    #[test]
    fn a_version_waits_once_and_is_not_tried_again_where_that_is_of_no_use() {
        let room = WaitingRoom::default();
        assert_eq!(room.standing(&version(1)), Standing::Unknown);
        room.add(version(1));
        room.add(version(1));
        assert_eq!(room.begin().map(|version| version.sha256), Some(vec![1]));
        room.add(version(1));
        assert!(room.begin().is_none() && !room.is_empty_after(0));
        assert_eq!(room.standing(&version(1)), Standing::Waiting);
        room.end(vec![1], Some(Failed { reason: "too slow".to_owned(), again: None }));
        assert_eq!(room.standing(&version(1)), Standing::Failed("too slow".to_owned()));
        assert!(room.is_empty_after(1) && !room.is_empty_after(0) && !room.has_another_try() && room.done() == 1);
    }

    #[test]
    fn what_failed_in_passing_is_tried_again() {
        let room = WaitingRoom::default();
        room.add(version(2));
        room.begin().expect("it waits");
        room.end(vec![2], Some(Failed { reason: "killed".to_owned(), again: Some(Instant::now()) }));
        assert!(room.has_another_try());
        assert_eq!(room.standing(&version(2)), Standing::Unknown);
    }
}
