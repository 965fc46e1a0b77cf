//! What the child says.

use serde::{Deserialize, Serialize};

/// Whether this host can run a component.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Why this host cannot run it; none if it can, and then its code is in the child's folder.
    pub problem: Option<String>,
}

/// Each is a line of the child's standard output.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It is compiled, and will be started now.
    Compiled,
    /// Everything is done. The second is how many bytes its code has; none where it has a problem.
    Seen(Seen, Option<u64>),
    /// The file is no guest, or cannot be compiled.
    Invalid(String),
    /// There is not enough memory.
    NoMemory,
    /// The code cannot be kept.
    NotKept(String),
}
