//! One request before a version answers visitors. Nothing that it writes is kept.

use super::{ErrorKind, OperationError, Operations, Result};
use crate::guests::rehearsal::{Prepared, RehearsalError, Rehearsed, Script};
use crate::storage::registry::App;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which request a version has to answer before it goes live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmokeRequest {
    /// The path of a GET request that has to be answered with a status below 400. None: the path
    /// of the app's main route, which has to be answered with one below 500.
    pub path: Option<String>,
    /// Make no request.
    pub skip: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SmokeReport {
    /// The path that was asked for.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Migrations that the version has run in it, and that were undone: the first visitor's
    /// request runs them for good.
    pub migrations: Vec<String>,
}

impl Operations {
    /// Makes the request. An error where the version does not answer as it has to.
    pub(super) async fn smoke(&self, app: &App, prepared: &Prepared, request: &SmokeRequest) -> Result<Smoked> {
        if request.skip {
            return Ok(Smoked::Skipped("none was wanted".to_owned()));
        }
        if let Some(var) = &app.database_var
            && let Err(error) = self.registry.config().app_database(var)
        {
            // A deployer need not have what the hosts have.
            return Ok(Smoked::Skipped(format!("the app's own database is not known here: {error}")));
        }
        let path = path(app, request);
        let script = Script { path: path.clone(), host: host(app) };
        let rehearsed = self.registry.rehearse(app, prepared, script).await.map_err(|error| match error {
            // Not the version's fault.
            RehearsalError::Storage(error) if error.is_outage() || error.takes_no_writes() => error.into(),
            RehearsalError::NoRoom => {
                let text = format!(
                    "the version was not made active: {error}; deploy it again when there is less to do, or with \
                     --no-smoke"
                );
                OperationError::new(ErrorKind::Unavailable, text)
            }
            error => failed(&path, &error),
        })?;
        let Rehearsed { status, duration, migrations } = rehearsed;
        let most = if request.path.is_some() { 400 } else { 500 };
        if status >= most {
            return Err(failed(&path, &format!("it answers with {status}")));
        }
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Ok(Smoked::Answered(SmokeReport { path, status, duration_ms, migrations }))
    }
}

/// Whether the request was made.
pub(super) enum Smoked {
    /// It was, and answered as it has to be.
    Answered(SmokeReport),
    /// It was not, and why.
    Skipped(String),
}

fn failed(path: &str, reason: &impl std::fmt::Display) -> OperationError {
    let text = format!(
        "the version fails its first request, GET {path}, and was not made active: {reason}; --smoke PATH asks for \
         another page, --no-smoke for none"
    );
    OperationError::new(ErrorKind::Unfit, text)
}

impl SmokeRequest {
    /// An error where its path is none.
    pub(super) fn check(&self) -> Result<()> {
        let is_path = |path: &String| path.starts_with('/') && path.parse::<http::uri::PathAndQuery>().is_ok();
        match self.path.as_ref().filter(|path| !is_path(path)) {
            None => Ok(()),
            Some(path) => Err(OperationError::invalid(format!("smoke {path:?}: not a path such as /healthz"))),
        }
    }
}

fn path(app: &App, request: &SmokeRequest) -> String {
    let main = || app.routes.iter().find(|route| route.starts_with('/')).cloned();
    request.path.clone().or_else(main).unwrap_or_else(|| "/".to_owned())
}

fn host(app: &App) -> String {
    let named = app.routes.iter().find(|route| !route.starts_with('/'));
    named.cloned().unwrap_or_else(|| "localhost".to_owned())
}
