//! Code that was found and must not be run is something that an operator has to know of.

use crate::storage::Database;
use crate::storage::registry::{Actor, AuditEvent};

/// Whose code it is, and where that is written down.
#[derive(Debug, Clone, Copy)]
pub struct Finder<'a> {
    /// The app that needs it.
    pub app: &'a str,
    /// The registry.
    pub database: &'a Database,
}

/// Notes that something is not what it should be: in the log, and in the account of what was done.
/// A database that takes no writes leaves it at the log.
pub(super) async fn note(kind: &str, sha256: &[u8], finder: Option<Finder<'_>>, detail: &str) {
    let app = finder.map(|finder| finder.app);
    tracing::error!(target: "audit", kind, app, "{detail}");
    let Some(Finder { app, database }) = finder else { return };
    let actor = Actor::host();
    let event = AuditEvent {
        actor: &actor,
        action: kind,
        app: Some(app),
        sha256: Some(sha256),
        detail,
        result: "refused",
    };
    if let Err(error) = database.audit(event).await {
        tracing::warn!("this cannot be written down: {error}");
    }
}
