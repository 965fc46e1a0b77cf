//! Blobs that never became whole, and what of a form was given up: removed as soon as that works.
//!
//! Whoever gives one up removes it at once and returns its room. Where that fails, because
//! everybody is busy, or where nobody is left to do it, because the guest has trapped or the
//! visitor has left, it is noted here, and a task removes it a little later. What is lost with the
//! process is swept.

use super::{KEPT, STAGED, sweep};
use crate::storage::connection::Control;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Error, Result};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// So many may wait to be removed. More are left to the sweep.
const MOST: usize = 10_000;
/// One is tried so often before it is left to the sweep.
const MOST_TRIES: u32 = 30;
/// The pause after a round in which something could not be removed, doubled after each further one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What waits to be removed. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Discards(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<VecDeque<Waiting>>,
    wake: Notify,
}

#[derive(Debug)]
struct Waiting {
    space: AppSpace,
    id: String,
    remains: Remains,
    tries: u32,
}

/// What there may be of a blob that is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remains {
    /// Nothing.
    Nothing,
    /// What is still being received; once it is whole it stays.
    Parts,
    /// Anything that has not been kept.
    All,
}

/// A blob that is removed when this is dropped, unless it has become whole or is gone.
#[derive(Debug)]
pub struct Unfinished {
    discards: Discards,
    space: AppSpace,
    id: String,
    remains: Remains,
}

impl Discards {
    /// A blob that has to become whole, or is removed. Nothing of it is stored yet.
    pub fn unfinished(&self, space: &AppSpace, id: &str) -> Unfinished {
        Unfinished { discards: self.clone(), space: space.clone(), id: id.to_owned(), remains: Remains::Nothing }
    }

    /// Removes what waits, for ever.
    pub async fn work(&self) {
        loop {
            self.0.wake.notified().await;
            let mut pause = SHORTEST_PAUSE;
            while !self.round().await {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Tries to remove each that waits. Where one of an app cannot be removed, its others wait too.
    /// Whether none is left.
    async fn round(&self) -> bool {
        let waiting = std::mem::take(&mut *self.waiting());
        let (mut untried, mut failed) = (VecDeque::new(), VecDeque::new());
        let mut in_trouble = HashSet::new();
        for one in waiting {
            if in_trouble.contains(one.space.app()) {
                untried.push_back(one);
            } else if remove(&one).await.is_err() {
                in_trouble.insert(Arc::clone(one.space.app()));
                let tries = one.tries.saturating_add(1);
                failed.extend((tries < MOST_TRIES).then_some(Waiting { tries, ..one }));
            }
        }
        let is_done = untried.is_empty() && failed.is_empty();
        let mut waiting = self.waiting();
        waiting.append(&mut untried);
        waiting.append(&mut failed);
        is_done
    }

    fn add(&self, one: Waiting) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST {
            waiting.push_back(one);
            self.0.wake.notify_one();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unfinished {
    /// The id of the blob.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Something of it is about to be stored.
    pub fn note_begun(&mut self) {
        self.remains = Remains::All;
    }

    /// Whether something of it may be stored.
    pub fn is_begun(&self) -> bool {
        self.remains == Remains::All
    }

    /// It is whole if the unit of work is kept in which it has become so.
    pub fn note_whole_with_unit(&mut self) {
        self.remains = Remains::Parts;
    }

    /// It is whole, or nothing of it is there.
    pub fn settle(&mut self) {
        self.remains = Remains::Nothing;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.remains != Remains::Nothing {
            let id = std::mem::take(&mut self.id);
            self.discards.add(Waiting { space: self.space.clone(), id, remains: self.remains, tries: 0 });
        }
    }
}

/// Removes what there is and returns its room. What somebody holds a lock on is tried again, so
/// that connections of the host's own are never held for long.
async fn remove(one: &Waiting) -> Result<()> {
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $1 and id in \
         (select id from innkeeper.blobs where app = $1 and id = $2 and state < $3 for update skip locked) returning size"
    );
    let below = if one.remains == Remains::Parts { STAGED } else { KEPT };
    let params = [one.space.app().as_ref().into(), one.id.as_str().into(), Value::Integer(below)];
    // A connection that is dropped before its commit is rolled back.
    let mut connection = one.space.upkeep().await?;
    connection.control(Control::Begin(None)).await?;
    if sweep::run(&mut connection, one.space.app(), sql, &params).await? == 0 {
        let sql = host_sql!("select 1 from innkeeper.blobs where app = $1 and id = $2 and state < $3");
        if !connection.host(sql, &params).await?.rows.rows.is_empty() {
            return Err(Error::new(Code::Busy, "somebody else is changing it"));
        }
    }
    connection.control(Control::Commit).await
}
