//! What was done, by whom and with what result.

use super::{Operations, Result, time};
use crate::storage::hex;
use crate::storage::registry::{Actor, AuditEntry, AuditEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Entries at once at most.
const MOST: u32 = 1_000;

/// Something that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Grows from entry to entry.
    pub id: i64,
    /// When (RFC 3339).
    pub at: String,
    /// Who did it: a token, a person at a machine, or `innkeeper` itself.
    pub by: String,
    /// From where.
    pub from: Option<String>,
    /// What was done.
    pub action: String,
    /// The app that it is about.
    pub app: Option<String>,
    /// The component that it is about, in hexadecimal digits.
    pub sha256: Option<String>,
    /// What else there is to know.
    pub detail: String,
    /// `ok`, or why it was refused.
    pub result: String,
}

impl Operations {
    /// What was written down last, the newest first, of one app or of all. `before` is the id of
    /// the oldest entry that is known already.
    pub async fn audit(&self, app: Option<&str>, before: Option<i64>, most: u32) -> Result<Vec<AuditView>> {
        let entries = self.database().audit_entries(app, before, most.min(MOST)).await?;
        Ok(entries.into_iter().map(AuditView::from).collect())
    }

    /// Writes down an act that is not written down with its own change, or that was refused.
    pub async fn note(
        &self,
        actor: &Actor,
        action: &str,
        app: Option<&str>,
        detail: &str,
        result: &str,
    ) -> Result<()> {
        Ok(self.database().audit(AuditEvent { actor, action, app, sha256: None, detail, result }).await?)
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: time(entry.at),
            by: entry.actor,
            from: entry.origin,
            action: entry.action,
            app: entry.app,
            sha256: entry.sha256.map(|sha256| hex(&sha256)),
            detail: entry.detail,
            result: entry.result,
        }
    }
}
