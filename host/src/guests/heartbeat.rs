//! Says in the database that this host lives and how far it has followed the registry, so that
//! whoever deploys learns when every host serves the new version, and which one does not.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a host says of itself, beside the generation that it has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// Apps whose active version is being loaded.
    pub loading: Vec<String>,
    /// Apps whose active version cannot be served, and why.
    pub problems: BTreeMap<String, String>,
}
