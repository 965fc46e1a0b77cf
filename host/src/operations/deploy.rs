//! From a component to a version that answers.

use super::smoke::Smoked;
use super::{ErrorKind, OperationError, Operations, Result, SmokeReport, SmokeRequest, check_note};
use crate::guests::component::ComponentError;
use crate::guests::rehearsal::Prepared;
use crate::guests::settings::Settings;
use crate::guests::{language, routes};
use crate::storage::hex;
use crate::storage::registry::{self, Actor, App, Deployment, Target, check_name};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to deploy a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeployRequest {
    /// Which requests the app answers, the main route first; none: unchanged, and for a new app
    /// `/` if that is free, else `/<app>`. They are the app's and not the version's, so a canary
    /// has none.
    pub routes: Option<Vec<String>>,
    /// Settings that the version carries; none: those of the active version.
    pub settings: Option<Settings>,
    /// Why.
    pub note: Option<String>,
    /// Of a hundred visitors so many get it, 1 to 99; none: everybody.
    pub canary: Option<u8>,
    /// The request that it has to answer first.
    pub smoke: SmokeRequest,
}

/// A version was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deployed {
    /// The app.
    pub app: String,
    /// The number of the version.
    pub version: i64,
    /// The version that was active before.
    pub previous: Option<i64>,
    /// Of a hundred visitors so many get it; none: everybody.
    pub canary: Option<u8>,
    /// Of the component, in hexadecimal digits.
    pub sha256: String,
    /// Of the component, in bytes.
    pub size: u64,
    /// What the component takes up in the database, in bytes.
    pub stored_size: i64,
    /// The language and the toolchain, where the component says so.
    pub language: Option<String>,
    /// The generation from which hosts serve it.
    pub generation: i64,
    /// The request that it has answered first.
    pub smoke: Option<SmokeReport>,
    /// Why it was asked for nothing first.
    pub smoke_skipped: Option<String>,
    /// Why each host has to compile it for itself.
    pub code_not_shared: Option<String>,
    /// Whether the code was taken that the deployer's machine has compiled.
    #[serde(default)]
    pub native: bool,
    /// Why it was not, where it was brought.
    pub native_refused: Option<String>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The component is checked, and compiled unless that was done.
    Compiling,
    /// The version answers its first request, of which nothing is kept.
    Smoke,
    /// The version is written down and made active.
    Activating,
}

/// Who wants what of which app.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) actor: &'a Actor,
    pub(super) app: &'a str,
    pub(super) request: &'a DeployRequest,
    /// See [`Deployment::run`].
    pub(super) run: Option<&'a str>,
}

/// A version that has answered what it was asked, and of which nothing is written down yet.
pub(super) struct TriedVersion {
    component: Bytes,
    routes: Option<Vec<String>>,
    smoked: Smoked,
    code_not_shared: Option<String>,
    is_native: bool,
    native_refused: Option<String>,
}

impl Operations {
    /// Makes a component the next version of an app, and active or a canary. The version before
    /// answers until hosts have loaded it. Where anything is wrong nothing has changed. `code` is
    /// what the deployer's machine has compiled: whoever calls has checked that they may bring any.
    pub async fn deploy(
        &self,
        actor: &Actor,
        app: &str,
        component: Bytes,
        code: Option<Bytes>,
        request: &DeployRequest,
        progress: impl Fn(Stage),
    ) -> Result<Deployed> {
        let wanted = Wanted { actor, app, request, run: None };
        self.check_wanted(app, request)?;
        progress(Stage::Compiling);
        let prepared = self.prepare(app, component.clone(), code).await?;
        progress(Stage::Smoke);
        let tried = self.try_out(wanted, component, &prepared).await?;
        progress(Stage::Activating);
        self.make_live(wanted, tried).await
    }

    /// What [`DeployRequest::check`] says, and what only the host knows.
    pub(super) fn check_wanted(&self, app: &str, request: &DeployRequest) -> Result<Option<Vec<String>>> {
        let routes = request.check(app)?;
        self.refuse_dashboards_host(routes.as_deref())?;
        Ok(routes)
    }

    /// Compiles a component, unless that was done.
    pub(super) async fn prepare(&self, app: &str, component: Bytes, code: Option<Bytes>) -> Result<Prepared> {
        self.database().check_room(u64::try_from(component.len()).unwrap_or(u64::MAX))?;
        let prepared = self.registry.prepare(component, code).await?;
        if let Some(Err(why)) = prepared.brought() {
            tracing::warn!(app, "native code by the deployer is not taken, and the host has compiled: {why}");
        }
        Ok(prepared)
    }

    /// Lets a version answer its first request.
    pub(super) async fn try_out(
        &self,
        wanted: Wanted<'_>,
        component: Bytes,
        prepared: &Prepared,
    ) -> Result<TriedVersion> {
        let Wanted { actor, app, request, .. } = wanted;
        let routes = self.check_wanted(app, request)?;
        let candidate = self.candidate(app, request, routes.clone()).await?;
        let smoked = self.smoke(&candidate, prepared, &request.smoke).await?;
        // Before there is a version: hosts that follow find its code.
        let published = self.registry.publish(prepared, &actor.name).await;
        Ok(TriedVersion {
            component,
            routes,
            smoked,
            code_not_shared: published.err().map(|error| error.to_string()),
            is_native: prepared.brought().is_some_and(|brought| brought.is_ok()),
            native_refused: prepared.brought().and_then(|brought| brought.as_ref().err()).map(ToString::to_string),
        })
    }

    /// Writes a version down and makes it active, or a canary.
    pub(super) async fn make_live(&self, wanted: Wanted<'_>, tried: TriedVersion) -> Result<Deployed> {
        let Wanted { actor, app, request, run } = wanted;
        let settings = request.settings.as_ref().map(serde_json::to_string).transpose();
        let settings = settings.map_err(|error| OperationError::invalid(error.to_string()))?;
        let language = language::of(&tried.component);
        let size = u64::try_from(tried.component.len()).unwrap_or(u64::MAX);
        let release = self.database().deploy(Deployment {
            app,
            routes: tried.routes.as_deref(),
            settings: settings.as_deref(),
            component: tried.component,
            language: language.as_deref(),
            actor,
            note: request.note.as_deref(),
            target: request.canary.map_or(Target::Everybody, Target::Canary),
            run,
            is_hurried: false,
        });
        let registry::Release { version, previous, sha256, stored_size, generation } = release.await?;
        let (smoke, smoke_skipped) = match tried.smoked {
            Smoked::Answered(report) => (Some(report), None),
            Smoked::Skipped(why) => (None, Some(why)),
        };
        Ok(Deployed {
            app: app.to_owned(),
            version,
            previous,
            canary: request.canary,
            sha256: hex(&sha256),
            size,
            stored_size,
            language,
            generation,
            smoke,
            smoke_skipped,
            code_not_shared: tried.code_not_shared,
            native: tried.is_native,
            native_refused: tried.native_refused,
        })
    }

    /// The app as it would be with the new version active.
    async fn candidate(&self, app: &str, request: &DeployRequest, routes: Option<Vec<String>>) -> Result<App> {
        let mut candidate = match self.database().find_app(app).await? {
            Some(found) => found,
            None => App { routes: vec![self.database().free_route(app).await?], ..App::unsaved(app) },
        };
        if let Some(settings) = &request.settings {
            let text = serde_json::to_string(settings);
            candidate.settings = text.map_err(|error| OperationError::invalid(error.to_string()))?;
        }
        candidate.routes = routes.unwrap_or(candidate.routes);
        Ok(candidate)
    }
}

impl DeployRequest {
    /// An error where it says something that it cannot say. Returns the routes as they are stored.
    /// Needs no database, so that whoever deploys learns it before anything is built or sent.
    pub fn check(&self, app: &str) -> Result<Option<Vec<String>>> {
        check_name(app)?;
        if let Some(settings) = &self.settings {
            settings.check().map_err(OperationError::invalid)?;
        }
        check_note(self.note.as_deref())?;
        self.smoke.check()?;
        if self.canary.is_some_and(|percent| !(1..=99).contains(&percent)) {
            return Err(OperationError::invalid("canary: not a share from 1 to 99 percent"));
        }
        if self.canary.is_some() && self.routes.is_some() {
            return Err(OperationError::invalid(
                "routes: a canary has those of its app, and they would change for everybody at once; \
                 `innkeeper apps set --route` changes them",
            ));
        }
        let checked = |route: &String| routes::check(route).map_err(OperationError::invalid);
        self.routes.as_ref().map(|routes| routes.iter().map(checked).collect()).transpose()
    }
}

impl From<ComponentError> for OperationError {
    fn from(error: ComponentError) -> Self {
        let kind = match &error {
            ComponentError::TooLarge { .. } => ErrorKind::TooLarge,
            error if error.is_final() => ErrorKind::Unfit,
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}
