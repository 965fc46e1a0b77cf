//! What the tests stand on: real databases, a real host process, and visitors that speak HTTP to
//! it.
//!
//! Nothing here looks inside the host. A test starts the binary that a person would start, says
//! what a browser would say, and reads what the database holds. Whatever a test starts ends with
//! it, and also when the test process is killed: see [`keeper`].
//!
//! Begin reading at [`host`], then [`client`]; [`database`] and [`postgres`] are below them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness fails by panicking: the test that called it is the one to report"
)]

pub mod bytes;
pub mod cgroup;
pub mod chromium;
pub mod client;
pub mod clients;
pub mod collector;
pub mod command;
pub mod database;
pub mod gate;
pub mod haproxy;
pub mod host;
pub mod jar;
pub mod keeper;
pub mod logs;
pub mod multipart;
pub mod node;
pub mod paths;
pub mod platform;
pub mod port;
pub mod postgres;
pub mod probe;
pub mod process;
pub mod random;
pub mod raw;
pub mod small_disk;

pub use client::{Answer, Visitor};
pub use database::{Engine, TestDatabase};
pub use host::TestHost;

use std::time::Duration;

/// How long a test waits for something that normally takes milliseconds.
///
/// Generous, because a loaded machine is no failure; it only bounds how long a hang goes unseen.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How long a test waits for a command that may have to compile a big guest.
pub const COMPILE_DEADLINE: Duration = Duration::from_secs(300);

/// The pause between two looks at something that gives no signal of its own.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long something takes usually: the middle one of three times. One may be late on a busy
/// machine.
pub async fn usually(mut work: impl AsyncFnMut()) -> Duration {
    let mut took = [Duration::ZERO; 3];
    for took in &mut took {
        let began = std::time::Instant::now();
        work().await;
        *took = began.elapsed();
    }
    took.sort_unstable();
    let [_, middle, _] = took;
    middle
}

/// Looks again and again until `look` returns something; panics with `what` after [`DEADLINE`].
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited {DEADLINE:?} in vain: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
