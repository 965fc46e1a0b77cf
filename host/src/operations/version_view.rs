//! Versions and activations as an operator sees them.

use super::{OperationError, Operations, Result, time};
use crate::storage::hex;
use crate::storage::registry::{Activation, App, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A version of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// Counted from 1 in each app.
    pub number: i64,
    /// Whether it answers.
    pub active: bool,
    /// Whether it answers a part of the visitors.
    pub canary: bool,
    /// Whether the host went back from it by itself, because it failed.
    pub failed: bool,
    /// Of the component, in hexadecimal digits.
    pub sha256: String,
    /// Of the component, in bytes.
    pub size: i64,
    /// What the component takes up in the database, in bytes; none where an earlier release has
    /// stored it.
    pub stored_size: Option<i64>,
    /// The language and the toolchain, where the component says so.
    pub language: Option<String>,
    /// When it was deployed (RFC 3339).
    pub deployed_at: String,
    /// Who deployed it: a token, or a person at a machine.
    pub deployed_by: Option<String>,
    /// The address or machine from which it was deployed.
    pub deployed_from: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// A version became active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivationView {
    /// Counted from 1 in each app.
    pub number: i64,
    /// The version that became active.
    pub version: i64,
    /// The one that was active before.
    pub previous: Option<i64>,
    /// `deploy`, `rollback`, `promote` or `automatic rollback`.
    pub kind: String,
    /// Who did it.
    pub by: String,
    /// From where.
    pub from: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// When (RFC 3339).
    pub at: String,
}

impl Operations {
    /// The versions of an app, the newest first.
    pub async fn versions(&self, app: &str) -> Result<Vec<VersionView>> {
        let found = self.find_app(app).await?;
        let versions = self.database().versions(app).await?;
        Ok(versions.into_iter().map(|version| view(version, &found)).collect())
    }

    /// What was active when, the newest first.
    pub async fn activations(&self, app: &str) -> Result<Vec<ActivationView>> {
        self.find_app(app).await?;
        Ok(self.database().activations(app).await?.into_iter().map(ActivationView::from).collect())
    }

    /// The component of a version; none: of the active one. Returns the number with it.
    pub async fn component(&self, app: &str, number: Option<i64>) -> Result<(i64, Vec<u8>)> {
        let active = self.find_app(app).await?.active;
        let number = number
            .or(active)
            .ok_or_else(|| OperationError::not_found(format!("app {app} has no active version: say which one")))?;
        let version = self.find_version(app, number).await?;
        Ok((number, self.database().component(&version).await?))
    }

    pub(super) async fn find_version(&self, app: &str, number: i64) -> Result<Version> {
        let found = self.database().version(app, number).await?;
        found.ok_or_else(|| {
            let text = format!("app {app} has no version {number}: innkeeper versions {app} lists them");
            OperationError::not_found(text)
        })
    }
}

fn view(version: Version, app: &App) -> VersionView {
    let number = version.number;
    VersionView {
        number,
        active: app.active == Some(number),
        canary: app.canary.is_some_and(|canary| canary.version == number),
        failed: version.failed_at.is_some(),
        sha256: hex(&version.sha256),
        size: version.size,
        stored_size: version.stored_size,
        language: version.language,
        deployed_at: time(version.created_at),
        deployed_by: version.actor,
        deployed_from: version.origin,
        note: version.note,
    }
}

impl From<Activation> for ActivationView {
    fn from(activation: Activation) -> Self {
        Self {
            number: activation.number,
            version: activation.version,
            previous: activation.previous,
            kind: activation.kind.name().to_owned(),
            by: activation.actor,
            from: activation.origin,
            note: activation.note,
            at: time(activation.at),
        }
    }
}
