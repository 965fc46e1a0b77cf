//! GET: asks for what a page shows, and shows it.

use super::access::Scope;
use super::page::{Act, Page, parameter};
use super::pages::{app, audit, confirm, deploy, limits, overview, trouble};
use super::response::{html, kept_up_to_date};
use super::{Dashboard, Visit};
use crate::operations::{OperationError, Result};
use crate::telemetry::log_ring::{self, Level, LinesWanted};
use crate::telemetry::recent;
use crate::web::body::Body;
use http::request::Parts;
use http::{Response, StatusCode};
use maud::Markup;

/// Lines of the log on a page.
const LINES: usize = 200;
/// Entries of the audit log on a page.
const ENTRIES: u32 = 100;

impl Dashboard {
    pub(super) async fn look(&self, head: &Parts, page: &Page<'_>, visit: &Visit) -> Response<Body> {
        if !visit.authority.allows(Scope::Read) {
            return trouble::not_yours(visit, "look at apps");
        }
        let query = head.uri.query();
        let shown = match page {
            Page::Overview => Ok(Box::pin(self.overview(query, visit)).await),
            Page::App(name) => Box::pin(self.app(name, query, visit)).await,
            Page::Act(name, act) => self.confirmation(name, *act, query, visit).await,
            Page::Deploy(app) => self.deploy_form(*app, visit).await,
            Page::Limits => Ok(limits::page(visit, &self.operations.limits())),
            Page::Audit => self.audit(query, visit).await,
            Page::SignIn | Page::SignOut | Page::Style(_) => return trouble::nothing_here(),
        };
        let response = match shown {
            Ok(markup) => html(StatusCode::OK, markup),
            Err(error) => return trouble::failed(visit, &error),
        };
        match parameter(query, "live") {
            Some(_) => kept_up_to_date(response),
            None => response,
        }
    }

    async fn overview(&self, query: Option<&str>, visit: &Visit) -> Markup {
        let operations = &self.operations;
        let (apps, hosts, state) = tokio::join!(operations.apps(), operations.hosts(), operations.state());
        let not_served = |name: &str| operations.not_served(name);
        overview::page(
            visit,
            &overview::Overview {
                apps: &apps,
                hosts: &hosts,
                state: &state,
                traffic: &recent::of_all(),
                find: parameter(query, "find").as_deref(),
                done: parameter(query, "done").as_deref(),
                is_live: parameter(query, "live").is_some(),
                not_served: &not_served,
            },
        )
    }

    async fn app(&self, name: &str, query: Option<&str>, visit: &Visit) -> Result<Markup> {
        let operations = &self.operations;
        let found = operations.app(name).await?;
        let (versions, activations, settings, contents, hosts) = tokio::join!(
            operations.versions(name),
            operations.activations(name),
            operations.settings(name),
            operations.contents(name),
            operations.hosts()
        );
        let request_id = parameter(query, "request");
        let level = parameter(query, "level");
        let log = log_ring::read(&LinesWanted {
            app: Some(name),
            since: None,
            request_id: request_id.as_deref().map(str::trim),
            level: level.as_deref().and_then(level_named),
            most: LINES,
        });
        Ok(app::page(
            visit,
            &app::AppPage {
                app: &found,
                versions: &versions,
                activations: &activations,
                settings: &settings,
                contents: &contents,
                hosts: &hosts,
                traffic: &recent::of_app(name).unwrap_or_default(),
                log: &log,
                request_id: request_id.as_deref(),
                level: level.as_deref(),
                done: parameter(query, "done").as_deref(),
                is_live: parameter(query, "live").is_some(),
                not_served: operations.not_served(name).as_deref(),
            },
        ))
    }

    pub(super) async fn confirmation(
        &self,
        name: &str,
        act: Act,
        query: Option<&str>,
        visit: &Visit,
    ) -> Result<Markup> {
        let version = parameter(query, "version").map(|text| text.parse::<i64>());
        let version = version.transpose().map_err(|_| OperationError::invalid("version: not a number"))?;
        self.confirm(name, act, version, None, visit).await
    }

    /// The page before an act, with why it was not done where that has been tried.
    pub(super) async fn confirm(
        &self,
        name: &str,
        act: Act,
        version: Option<i64>,
        problem: Option<&str>,
        visit: &Visit,
    ) -> Result<Markup> {
        let operations = &self.operations;
        let app = operations.app(name).await?;
        let versions = operations.versions(name).await?;
        let plan = match act {
            Act::Rollback => Some(operations.rollback_plan(name, version).await?),
            Act::Promote | Act::Abort => None,
        };
        if act != Act::Rollback && app.canary.is_none() {
            return Err(OperationError::conflict(format!("{name} has no canary any more")));
        }
        Ok(confirm::page(
            visit,
            &confirm::Question { app: &app, act, versions: &versions, plan: plan.as_ref(), problem },
        ))
    }

    async fn deploy_form(&self, app: Option<&str>, visit: &Visit) -> Result<Markup> {
        let app = match app {
            Some(name) => Some(self.operations.app(name).await?),
            None => None,
        };
        Ok(deploy::page(visit, app.as_ref(), None))
    }

    async fn audit(&self, query: Option<&str>, visit: &Visit) -> Result<Markup> {
        if !visit.authority.allows(Scope::Admin) {
            return Err(OperationError::not_found(
                "this token may not see the audit log: it needs the scope admin",
            ));
        }
        let app = parameter(query, "app");
        let before = parameter(query, "before").and_then(|id| id.parse().ok());
        let entries = self.operations.audit(app.as_deref().map(str::trim), before, ENTRIES).await?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|number| number >= ENTRIES);
        Ok(audit::page(visit, &entries, app.as_deref(), is_full))
    }
}

fn level_named(name: &str) -> Option<Level> {
    match name {
        "error" => Some(Level::Error),
        "warn" => Some(Level::Warn),
        _ => None,
    }
}
