//! Connections that were given up with a statement under way.
//!
//! The server process behind one may compute on for minutes: some functions look for no interrupt.
//! So its place in the pool is held until the process is free or gone, and the process is asked
//! for, cancelled and ended again and again, ever more rarely. Whatever a guest does, the server
//! has no more connections of this process than the pools promise.

use super::conn::Conn;
use super::pool::PostgresPool;
use super::share::{Hanging, Place};
use sqlx::Connection as _;
use std::time::{Duration, Instant};

/// A statement that is cancelled has ended within this; what goes on hangs.
const END_TIME: Duration = Duration::from_millis(500);
/// Between two attempts to end a process, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How soon a process whose connection is lost is asked for again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// For what makes a connection fit for its next use.
const RESET_TIME: Duration = Duration::from_secs(2);

impl PostgresPool {
    /// Takes care of a connection whose statement nobody waits for any more; `lost` if nothing can
    /// be said over it.
    pub(super) fn retire(&self, conn: Conn, place: Option<Place>, lost: bool) {
        let pool = self.clone();
        self.clean_up(async move {
            pool.see_off(conn, place.as_ref(), lost).await;
            drop(place);
        });
    }

    async fn see_off(&self, mut conn: Conn, place: Option<&Place>, mut lost: bool) {
        // Through a pooler it is not known which process that would be. The pooler ends it together
        // with the connection.
        let Some(backend) = conn.backend else { return };
        let began = Instant::now();
        let mut hanging: Option<Hanging> = None;
        let mut pause = if lost { SHORTEST_PAUSE } else { END_TIME };
        loop {
            let found = self.stop(backend, hanging.is_some()).await;
            if found == Some(false) || (lost && found.is_none()) {
                return;
            }
            if lost {
                tokio::time::sleep(pause).await;
            } else {
                match tokio::time::timeout(pause, conn.quiet()).await {
                    Ok(true) => return self.take_back(conn).await,
                    Ok(false) => {
                        lost = true;
                        pause = SHORTEST_PAUSE;
                        continue;
                    }
                    Err(_) => {}
                }
            }
            // A server that does not answer is another matter.
            if let Some(hanging) = &mut hanging {
                hanging.say();
            } else if found.is_some() && began.elapsed() >= END_TIME {
                hanging = place.and_then(|place| place.tenant.as_ref()).map(Hanging::begin);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Ends the transaction of a connection whose server process is free, and takes it back.
    async fn take_back(&self, mut conn: Conn) {
        if let Ok(Ok(())) = tokio::time::timeout(RESET_TIME, conn.reset()).await {
            self.give_back(conn);
        }
    }
}

impl Conn {
    /// Reads what the server still has to say about the statement that was given up. False if the
    /// connection is lost.
    async fn quiet(&mut self) -> bool {
        loop {
            match self.relay.carry(self.link.ping()).await {
                Ok(()) => return true,
                // The error of the statement itself. More may follow.
                Err(error) if !error.sqlstate.is_empty() && !is_last(&error.sqlstate) => {}
                Err(_) => return false,
            }
        }
    }
}

/// Whether a server process says with this code that it ends (PostgreSQL documentation, "PostgreSQL
/// Error Codes": class 57, without the one for a cancelled query; timeouts of transactions; class
/// 08).
fn is_last(code: &str) -> bool {
    (code.starts_with("57") && code != "57014")
        || code.starts_with("25P0") && code != "25P02"
        || code.starts_with("08")
}
