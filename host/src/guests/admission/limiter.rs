//! What one instance may take: no more than its own limits, and no more than there is room for.

use super::Place;
use wasmtime::{ResourceLimiter, StoreLimits};

/// See the module.
#[derive(Debug)]
pub struct Limiter {
    own: StoreLimits,
    place: Place,
    /// Bytes that the instance begins with: they are part of what is usual.
    declared_left: u64,
    /// Whether it wanted more while it was within its own limits, and there was none.
    refused: bool,
}

impl Limiter {
    /// Limits of an instance, and its room.
    pub fn new(own: StoreLimits, place: Place) -> Self {
        let declared_left = place.usual.declared();
        Self { own, place, declared_left, refused: false }
    }

    /// Whether there was too little room for what the instance was allowed.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// Whether the process is too large, and this instance has to end.
    pub fn has_to_end(&mut self) -> bool {
        let ends = self.place.has_to_end();
        self.refused |= ends;
        ends
    }

    fn take(&mut self, current: usize, desired: usize, unit: usize) -> bool {
        let bytes = desired.saturating_sub(current).saturating_mul(unit);
        let mut bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if current == 0 {
            let declared = bytes.min(self.declared_left);
            self.declared_left -= declared;
            bytes -= declared;
        }
        let grown = bytes == 0 || self.place.grow(bytes);
        self.refused |= !grown;
        grown
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if !self.own.memory_growing(current, desired, maximum)? || maximum.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        Ok(self.take(current, desired, 1))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if !self.own.table_growing(current, desired, maximum)? {
            return Ok(false);
        }
        Ok(self.take(current, desired, size_of::<usize>()))
    }

    fn instances(&self) -> usize {
        self.own.instances()
    }

    fn tables(&self) -> usize {
        self.own.tables()
    }

    fn memories(&self) -> usize {
        self.own.memories()
    }
}
