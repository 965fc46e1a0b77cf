//! What the router notes of each request.

use std::time::Duration;

use super::Code;

/// One line of the router's log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What went wrong; none where all went well.
    pub code: Option<Code>,
    /// The method and the path.
    pub asked: String,
    /// The name of the dyno, where one was chosen.
    pub dyno: String,
    /// The id under which the dyno knows the request.
    pub request_id: String,
    /// The status that the client was answered with.
    pub status: u16,
    /// How long the whole exchange took.
    pub service: Duration,
    /// Whether the connection to the dyno had been used before.
    pub is_reused: bool,
}

/// What the router counts beside its log.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Requests that came on a connection that had been used before.
    pub(super) reused: u64,
    /// Idle connections that a dyno closed before the router would have.
    pub(super) closed_early: u64,
    /// Connections on which a dyno sent something that nobody had asked for.
    pub(super) stray: u64,
    /// The most bytes of an answer that the router held.
    pub(super) most_held: usize,
}
