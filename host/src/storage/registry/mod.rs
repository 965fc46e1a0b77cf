//! The registry as rows: apps, their versions, the components themselves, and who made which
//! version active when.
//!
//! A version never changes. It is a component and the settings that it was deployed with. Making
//! one active is one row, so it can be done by anybody who reaches the database, and going back is
//! the same as going forward. Every change raises the generation, by which running hosts notice it;
//! on Postgres a notification tells them to look at once (`announcement`). Each module is a table.

mod activation;
pub mod active;
mod announcement;
mod app;
mod app_update;
mod audit;
mod compile_claims;
mod component;
mod component_upload;
mod deployment;
mod deployment_run;
mod ended_session;
mod hosts;
mod key;
pub mod native_code;
mod pruning;
mod removal;
mod token;
pub mod token_text;
mod transaction;
mod unused_space;
mod version;

pub use activation::{Activate, Activation, ActivationKind, before};
pub use app::{App, Canary, check_name};
pub use app_update::AppUpdate;
pub use audit::{AuditEntry, AuditEvent};
pub use component_upload::{ComponentUpload, NewComponentUpload, PieceOutcome};
pub use deployment::{Deployment, Release, Target};
pub use deployment_run::{DeploymentRun, GONE, NewDeploymentRun, RunState};
pub use hosts::{Host, HostReport};
pub use key::Key;
pub use pruning::{KEEP_VERSIONS, Pruned};
pub use token::Token;
pub use version::Version;

/// Who does something to the registry, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name of a token, a person at a machine, or the host itself.
    pub name: String,
    /// The address or machine that it comes from, where that is known.
    pub origin: Option<String>,
}

impl Actor {
    /// What the host does by itself.
    pub fn host() -> Self {
        Self { name: "innkeeper".to_owned(), origin: None }
    }
}
