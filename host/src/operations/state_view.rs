//! How the host that is asked is doing, and what an app has.

use super::{OperationError, Operations, Result};
use crate::guests::routes::Room;
use crate::storage::AppSpace;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use utoipa::ToSchema;

/// How long a database may take to say what is in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the host that is asked is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StateView {
    /// Where the database is. Without secrets.
    pub database: String,
    /// How long it took to answer, in milliseconds; none where it did not.
    pub database_ms: Option<f64>,
    /// Connections to it that are in use, and how many there may be; none on SQLite.
    pub connections: Option<[u64; 2]>,
    /// How the disk of SQLite's files is; none on Postgres.
    pub disk: Option<DiskView>,
    /// Bytes of memory that guests take, and how many they may take.
    pub guest_memory: [u64; 2],
    /// Guests at work, and how many there may be.
    pub guests: [u64; 2],
    /// Requests that wait for room in memory.
    pub waiting: u64,
}

/// How the disk of SQLite's files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskView {
    /// Whether rows can be added.
    pub takes_writes: bool,
    /// Bytes that it has left, without the reserve.
    pub free: u64,
}

/// What an app has in its database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContentsView {
    /// Sessions of visitors that have not ended; an estimate from 5000 on.
    pub sessions: i64,
    /// Files that are kept.
    pub files: i64,
    /// Bytes of these files.
    pub file_bytes: i64,
    /// Bytes of the rows as last measured; none where they have not been yet.
    pub row_bytes: Option<u64>,
    /// Whether the app may add no rows, because they take up all their room.
    pub rows_full: bool,
}

impl Operations {
    /// How this host is doing.
    pub async fn state(&self) -> StateView {
        let database = self.database();
        let asked = Instant::now();
        let answers = timeout(PATIENCE, database.ping()).await.is_ok_and(|answer| answer.is_ok());
        let took = asked.elapsed().as_secs_f64() * 1000.0;
        let pools = database.pools();
        let connections = pools.first().map(|_| {
            let sum = |of: fn(&crate::telemetry::figures::PoolFigures) -> u64| pools.iter().map(of).sum();
            [sum(|pool| pool.in_use), sum(|pool| pool.size)]
        });
        let memory = self.registry.memory().figures();
        StateView {
            database: self.registry.config().database.target.place(),
            database_ms: answers.then_some(took),
            connections,
            disk: database
                .disk_figures()
                .map(|disk| DiskView { takes_writes: disk.takes_writes, free: disk.free }),
            guest_memory: [memory.used, memory.total],
            guests: [memory.instances, u64::from(self.registry.instances())],
            waiting: memory.waiting,
        }
    }

    /// Why this host does not serve an app for now; none where it does.
    pub fn not_served(&self, app: &str) -> Option<String> {
        match self.registry.routes().room_of(app) {
            Some(Room::Closed(closed)) => Some(closed.reason.clone()),
            Some(Room::Open(_)) => None,
            None => Some("this host has not loaded it yet".to_owned()),
        }
    }

    /// What an app has in its database.
    pub async fn contents(&self, app: &str) -> Result<ContentsView> {
        let unavailable = || OperationError::unavailable("the app's database does not answer in time");
        let space = self.space_to_look_at(app).await?;
        let found = timeout(PATIENCE, space.figures()).await.map_err(|_| unavailable())??;
        let kept = found.blobs.iter().find(|(state, ..)| *state == "kept");
        let (files, file_bytes) = kept.map_or((0, 0), |(_, number, bytes)| (*number, *bytes));
        let (sessions, row_bytes, rows_full) = (found.sessions, found.row_bytes, found.rows_full);
        Ok(ContentsView { sessions, files, file_bytes, row_bytes, rows_full })
    }

    /// Where an app's things are; the place that is in use already where it is served here.
    async fn space_to_look_at(&self, app: &str) -> Result<AppSpace> {
        if let Some(guest) = self.registry.routes().guest_of(app) {
            return Ok(guest.app.space.clone());
        }
        Ok(self.registry.space_of(&self.find_app(app).await?).await?)
    }
}
