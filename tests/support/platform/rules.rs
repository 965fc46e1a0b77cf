//! The numbers of the platform.

use std::time::Duration;

/// What the router and the dyno manager go by. The default is what the platform documents.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// For a connection to a dyno.
    pub connect: Duration,
    /// How long a dyno is left alone that could not be reached.
    pub quarantine: Duration,
    /// Dynos that are tried for one request.
    pub tries: usize,
    /// How long a request waits for a dyno, all tries together.
    pub queue: Duration,
    /// From the end of the request to the first byte of the answer.
    pub first_byte: Duration,
    /// From one byte to the next, either way.
    pub idle: Duration,
    /// How long an unused connection to a dyno is kept.
    pub keep_alive: Duration,
    /// Requests under way for each dyno.
    pub requests_per_dyno: usize,
    /// Longest request line, header line of a request, and `Set-Cookie` of an answer.
    pub line_bytes: usize,
    /// Longest header line of an answer.
    pub answer_line_bytes: usize,
    /// Most headers of a request.
    pub headers: usize,
    /// What is held of an answer that the client does not take.
    pub answer_buffer: usize,
    /// How long a dyno has to bind its port.
    pub boot: Duration,
    /// How long a dyno has to exit after SIGTERM.
    pub exit: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(5),
            quarantine: seconds(5),
            tries: 10,
            queue: seconds(75),
            first_byte: seconds(30),
            idle: seconds(55),
            keep_alive: seconds(90),
            requests_per_dyno: 200,
            line_bytes: 8192,
            answer_line_bytes: 512 << 10,
            headers: 1000,
            answer_buffer: 1 << 20,
            boot: seconds(60),
            exit: seconds(30),
        }
    }
}

impl Rules {
    /// The router's times divided by `by`. The manager's stay: a dyno under test is not faster.
    pub fn scaled(by: u32) -> Self {
        let rules = Self::default();
        Self {
            connect: rules.connect / by,
            quarantine: rules.quarantine / by,
            queue: rules.queue / by,
            first_byte: rules.first_byte / by,
            idle: rules.idle / by,
            keep_alive: rules.keep_alive / by,
            ..rules
        }
    }
}
