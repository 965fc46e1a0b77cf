//! Code that was found and must not be run is something that an operator has to know of.

/// Notes that something is not what it should be.
pub(super) fn audit_event(kind: &str, app: Option<&str>, detail: &str) {
    tracing::error!(target: "audit", kind, app, "{detail}");
}
