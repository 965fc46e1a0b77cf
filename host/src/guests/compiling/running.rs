//! The child that compiles at the moment, for whoever counts the memory that is left beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Nobody's id.
const NONE: u32 = 0;

/// See the module. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<AtomicU32>);

/// As long as it lives the child is counted.
#[derive(Debug)]
pub(super) struct Noted<'a>(&'a Running);

impl Running {
    /// The process id of the child; none while nothing is compiled.
    pub fn pid(&self) -> Option<u32> {
        Some(self.0.load(Ordering::Relaxed)).filter(|pid| *pid != NONE)
    }

    pub(super) fn note(&self, pid: Option<u32>) -> Noted<'_> {
        self.0.store(pid.unwrap_or(NONE), Ordering::Relaxed);
        Noted(self)
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.0.store(NONE, Ordering::Relaxed);
    }
}
