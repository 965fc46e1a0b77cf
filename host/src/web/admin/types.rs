//! What only the API asks for or answers with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoteRequest {
    /// For those who look at the versions later.
    pub note: Option<String>,
}

/// Which old versions to remove.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PruneRequest {
    /// How many activations back a version is kept; none: as the app says.
    pub keep: Option<u32>,
}

/// How to exchange the keys that sign URLs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRotation {
    /// Forget all other keys: every URL that was given out is good no more.
    pub revoke: bool,
}

/// The token by which this was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CurrentToken {
    /// Its id; `root` for the one of the host's environment.
    pub id: String,
    /// How it is called in the audit log.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
}
