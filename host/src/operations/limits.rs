//! A limit as the API has it.

use super::Operations;
use crate::config::LimitRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitView {
    /// Its name.
    pub name: String,
    /// The variable that sets it.
    pub variable: String,
    /// What is in force.
    pub value: String,
    /// What is in force where the variable is not set.
    pub default: String,
    /// What it measures: `bytes`, `count` or `duration`.
    pub unit: String,
    /// What it bounds.
    pub meaning: String,
}

impl Operations {
    /// All limits in force on this host.
    pub fn limits(&self) -> Vec<LimitView> {
        self.registry.config().limit_rows().into_iter().map(LimitView::from).collect()
    }
}

impl From<LimitRow> for LimitView {
    fn from(row: LimitRow) -> Self {
        Self {
            name: row.name.to_owned(),
            variable: row.variable.to_owned(),
            value: row.value,
            default: row.default,
            unit: row.unit.to_owned(),
            meaning: row.meaning.to_owned(),
        }
    }
}
