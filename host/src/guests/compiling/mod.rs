//! Compiling, in a process of its own.
//!
//! What a component makes the compiler do is bounded by nothing in the component. So each one is
//! compiled by `innkeeper compile`, a child with a limit of computing time and memory, which also
//! starts the component once. It puts the code into the folder of compiled code, under the name by
//! which an engine without a compiler looks for it (`entry`). The process that serves has only such
//! an engine: it loads, and never compiles.

mod answer;
mod bounds;
pub mod child;
mod entry;
mod folder;
mod parent;
mod smoke;

pub use answer::Seen;
pub use folder::CodeFolder;
pub use parent::{CompileError, Workshop, WorkshopSettings};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What an instance may have while it starts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Allowance {
    /// Bytes of its memory.
    pub memory: u64,
    /// Computing time.
    pub computing: Duration,
    /// Wall clock.
    pub wall: Duration,
}

/// What the child is told, in the first line of its standard input. The component follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    /// Bytes of the component.
    size: usize,
    /// Computing time of the compiler.
    seconds: u64,
    /// Memory of the whole child.
    memory: u64,
    /// Bytes of an instance's memory at most: the code depends on it.
    instance_memory: u64,
    /// What an instance may have; none where it is no guest, and is not started.
    allowance: Option<Allowance>,
    /// The child's own folder, removed afterwards.
    work: PathBuf,
    /// Where code is kept.
    code: PathBuf,
}
