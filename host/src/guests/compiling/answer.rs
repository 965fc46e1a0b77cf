//! What the child says.

use serde::{Deserialize, Serialize};

/// The outside of a component, and whether this host can run it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Names of imported interfaces.
    pub imports: Vec<String>,
    /// Names of exported interfaces.
    pub exports: Vec<String>,
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
    /// The file is no component that can be compiled.
    Invalid(String),
    /// There is not enough memory.
    NoMemory,
    /// The code cannot be kept.
    NotKept(String),
}
