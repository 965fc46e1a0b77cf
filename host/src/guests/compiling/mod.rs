//! Compiling, in a process of its own.
//!
//! What a component makes its reader and the compiler do is bounded by nothing in it. So each one
//! is read and compiled by `innkeeper compile`, a child with a limit of computing time and memory,
//! which also starts the component once. It leaves the code, compressed, in a folder that it was
//! given; who wants the code takes it from there and keeps it (`guests::native`). The child knows
//! no key and no environment. The process that serves has an engine without a compiler: it loads,
//! and never compiles.

mod answer;
mod bounds;
pub mod child;
mod function_cache;
mod parent;
mod running;
mod smoke;
mod temporary;

pub use answer::Seen;
pub use parent::{CompileError, Made, Workshop, WorkshopSettings};
pub use running::Running;
pub use temporary::Temporary;

use super::native::Purpose;
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
    /// For what it is compiled.
    purpose: Purpose,
    /// The folder with functions that were compiled before; none: all of them are compiled.
    functions: Option<PathBuf>,
    /// The child's own folder, removed afterwards.
    work: PathBuf,
}

/// The file in the child's folder that has the code, compressed.
const CODE: &str = "code";
