//! One round of one contender: all visitors ask, each again as soon as he is answered, until the
//! time is over.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::visitor::Visitor;

/// How long an answer may be late before the contender counts as dead.
const GRACE: Duration = Duration::from_secs(30);

/// What came of a round.
#[derive(Debug, Default)]
pub struct Load {
    /// How long each right answer took, in microseconds, sorted.
    pub latencies: Vec<u32>,
    /// Wrong answers and broken connections.
    pub errors: Vec<String>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

/// A visitor, how long his answers took, and what went wrong.
type Asked = (Visitor, Vec<u32>, Option<anyhow::Error>);

/// Runs a round. Every visitor has a connection, which is open before the time begins to count.
pub async fn run(address: SocketAddr, visitors: &mut Vec<Visitor>, time: Duration) -> anyhow::Result<Load> {
    let mut connections = Vec::new();
    for visitor in std::mem::take(visitors) {
        connections.push((visitor, Connection::open(address).await?));
    }
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for (visitor, connection) in connections {
        asking.spawn(ask(visitor, connection, begun + time));
    }
    let mut load = Load::default();
    let finished = tokio::time::timeout(time + GRACE, async {
        while let Some(finished) = asking.join_next().await {
            let (visitor, mut latencies, error) = finished?;
            visitors.push(visitor);
            load.latencies.append(&mut latencies);
            load.errors.extend(error.map(|error| format!("{error:#}")));
        }
        anyhow::Ok(())
    });
    finished.await.context("the contender does not answer any more")??;
    load.elapsed = begun.elapsed();
    load.latencies.sort_unstable();
    Ok(load)
}

/// A visitor whom something went wrong for asks no more in this round.
async fn ask(mut visitor: Visitor, mut connection: Connection, end: Instant) -> Asked {
    let (mut latencies, mut body) = (Vec::new(), Vec::new());
    let mut asked = Instant::now();
    while asked < end {
        if let Err(error) = visitor.visit(&mut connection, &mut body).await {
            return (visitor, latencies, Some(error));
        }
        let answered = Instant::now();
        latencies.push(u32::try_from((answered - asked).as_micros()).unwrap_or(u32::MAX));
        asked = answered;
    }
    (visitor, latencies, None)
}
