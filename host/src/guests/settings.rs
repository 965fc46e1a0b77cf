//! Settings of an app: what `innkeeper.toml` says and the registry keeps as JSON.

use crate::storage::Transactions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is kept together.
    pub transactions: TransactionsSetting,
    /// What the guest reads through `wasi:config`. No place for secrets: whoever can list apps can read it.
    pub config: BTreeMap<String, String>,
}

/// The spelling of [`Transactions`] in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransactionsSetting {
    /// Everything that a request writes is kept together.
    #[default]
    Request,
    /// Every statement by itself.
    Statement,
}

impl From<TransactionsSetting> for Transactions {
    fn from(setting: TransactionsSetting) -> Self {
        match setting {
            TransactionsSetting::Request => Self::Request,
            TransactionsSetting::Statement => Self::Statement,
        }
    }
}
