//! The engine of a host, for those who would compile for it.

use super::Operations;
use crate::guests::native::EngineId;
use crate::storage::hex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineView {
    /// Of its version, its settings and the kind of machine, in hexadecimal digits. Native code is
    /// for the engine with the same digest.
    pub digest: String,
    /// The kind of machine, such as `x86_64-linux`.
    pub target: String,
}

impl EngineView {
    /// For people and for comparison.
    pub fn of(id: &EngineId) -> Self {
        Self { digest: hex(id.digest()), target: id.target().to_owned() }
    }
}

impl Operations {
    /// The engine of this host.
    pub fn engine(&self) -> EngineView {
        EngineView::of(self.registry.engine_id())
    }
}
