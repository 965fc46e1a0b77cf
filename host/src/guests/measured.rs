//! What guests and pools are doing at this moment, and who waits for what.

use super::admission::AppShare;
use super::registry::{Guest, Registry};
use crate::storage::Follower;
use crate::telemetry::figures::{AppMemoryFigures, AppWaits, GuestMemoryFigures, Measured};

impl Registry {
    /// The figures of this moment, without what a database would have to be asked for.
    pub fn measured(&self) -> Measured {
        let room = self.memory().figures();
        Measured {
            guests_in_flight: room.instances,
            guests_most: u64::from(self.instances()),
            guest_memory: GuestMemoryFigures {
                bytes: room.used,
                bytes_most: room.total,
                waiting: room.waiting,
                refused: room.refused,
            },
            memory_by_app: self.memory().by_app().into_iter().map(of_app).collect(),
            waits: self.routes().guests().map(|guest| waits_of(guest)).collect(),
            pools: self.database().pools(),
            followers: self.followers().iter().map(Follower::figures).collect(),
            ..Measured::default()
        }
    }
}

fn of_app(share: AppShare) -> AppMemoryFigures {
    AppMemoryFigures { app: share.app.to_string(), bytes: share.used, waiting: share.waiting }
}

fn waits_of(guest: &Guest) -> AppWaits {
    AppWaits {
        app: guest.app.space.app().to_string(),
        connections: guest.app.space.connections_waited_for(),
        turns: guest.accounts.computing.waiting(),
    }
}
