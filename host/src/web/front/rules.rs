//! What the front allows: sizes and times, with defaults that fit Heroku's router.

use std::time::Duration;

/// The limits of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Longest request head, from its first byte to its empty line.
    pub head_bytes: usize,
    /// Most field lines in one head.
    pub headers: usize,
    /// Longest request target.
    pub uri_bytes: usize,
    /// How long a connection may wait for the first byte of a head before it is closed.
    pub idle: Duration,
    /// How long a head may take from its first byte.
    pub head: Duration,
    /// How long a body may pause while the service wants more of it.
    pub body_gap: Duration,
    /// Bytes of a body that have to come in each second, on average over what the client keeps us
    /// waiting; it may wait for `body_gap` before that counts.
    pub body_rate: u64,
    /// Bytes of a response that the client has to take in each second, on average; it may wait for
    /// `write_stall` before that counts.
    pub answer_rate: u64,
    /// How long the client may refuse to take the bytes of a response.
    pub write_stall: Duration,
    /// How long a connection that ends in the middle of a request goes on discarding, so that the
    /// answer arrives.
    pub linger: Duration,
}

impl Default for Rules {
    /// Heroku's router keeps an idle connection for 90 s: closing it before the router does loses a
    /// request (H13).
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            headers: 100,
            uri_bytes: 8 * 1024,
            idle: Duration::from_secs(95),
            head: Duration::from_secs(10),
            body_gap: Duration::from_secs(10),
            body_rate: 500,
            answer_rate: 500,
            write_stall: Duration::from_secs(30),
            linger: Duration::from_secs(5),
        }
    }
}
