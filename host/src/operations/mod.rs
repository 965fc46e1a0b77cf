//! What an operator does to apps: deploy, go back, change settings, look.
//!
//! The command line calls this on the database, and the admin API and the dashboard in the process
//! that serves. All three say the same, because the types that go in and come out are the schema of
//! the API and what `--json` prints. Whoever calls has checked that the actor may do it.

mod app_view;
mod audit_view;
pub mod budget;
mod canary;
mod change;
mod delete;
mod deploy;
mod deploy_queue;
mod engine_view;
mod error;
mod hosts;
mod keys;
mod limits;
mod log_view;
mod prune;
mod rollback;
mod scopes;
mod settings;
pub mod shares;
mod smoke;
mod state_view;
pub mod tokens;
mod uploads;
mod version_view;

pub use app_view::{AppView, CanaryView};
pub use audit_view::AuditView;
pub use change::{AppChanges, ConfigChanges};
pub use delete::{Deleted, DeletionPlan};
pub use deploy::{DeployRequest, Deployed, Stage};
pub use deploy_queue::{DeployQueue, DeploymentRequest, DeploymentState, DeploymentView, Order};
pub use engine_view::EngineView;
pub use error::{ErrorKind, OperationError};
pub use hosts::{HostProblem, HostView, Lagging};
pub use keys::KeyView;
pub use limits::LimitView;
pub use log_view::{LogLineView, LogView};
pub use prune::PrunedView;
pub use rollback::{RollbackPlan, RollbackRequest, RolledBack, UnknownMigration};
pub use scopes::{Scope, Scopes};
pub use settings::{ConfigEntry, ConfigSource, SettingsView};
pub use smoke::{SmokeReport, SmokeRequest};
pub use state_view::{ContentsView, DiskView, StateView};
pub use tokens::{NewToken, TokenRequest, TokenState, TokenView};
pub use uploads::{PIECE_BYTES, UploadRequest, UploadView, Uploader};
pub use version_view::{ActivationView, VersionView};

pub use crate::storage::registry::token_text;

use crate::guests::Registry;
use crate::storage::Database;
use crate::storage::calendar::print_instant;
use std::sync::Arc;

/// What an operation returns.
pub type Result<T> = std::result::Result<T, OperationError>;

/// The operations on the apps of one registry. Clones share everything.
#[derive(Debug, Clone)]
pub struct Operations {
    registry: Arc<Registry>,
}

impl Operations {
    /// Over the registry of a host that serves, or over one that serves nothing, for a command.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        self.registry.close().await;
    }

    fn database(&self) -> &Database {
        self.registry.database()
    }
}

impl Operations {
    /// An error where a route is the host name that is the dashboard's alone.
    fn refuse_dashboards_host(&self, routes: Option<&[String]>) -> Result<()> {
        let host = self.registry.config().web.dashboard_host.as_ref();
        match host.filter(|host| routes.unwrap_or_default().contains(host)) {
            Some(host) => Err(OperationError::conflict(format!(
                "route {host:?}: this host name is the dashboard's alone (INNKEEPER_DASHBOARD_HOST), and no app answers there"
            ))),
            None => Ok(()),
        }
    }
}

/// Characters of a note.
const LONGEST_NOTE: usize = 1_000;

/// Notes have lines and tabs.
fn is_control(c: char) -> bool {
    c.is_control() && !['\n', '\r', '\t'].contains(&c)
}

/// Notes are kept for good.
fn check_note(note: Option<&str>) -> Result<()> {
    let problem = match note {
        Some(note) if note.chars().count() > LONGEST_NOTE => format!("more than {LONGEST_NOTE} characters"),
        Some(note) if note.contains(is_control) => "it contains control characters".to_owned(),
        _ => return Ok(()),
    };
    Err(OperationError::invalid(format!("note: {problem}")))
}

/// A time as the types of this module have it (RFC 3339).
fn time(micros: i64) -> String {
    print_instant(micros)
}
