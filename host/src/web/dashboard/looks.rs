//! GET: asks for what a page shows, and shows it.

use super::Dashboard;
use super::page::{Act, Page, parameter};
use super::pages::{app, audit, confirm, deploy, limits, log, overview, trouble};
use super::response::{html, kept_up_to_date};
use super::visit::{Asked, Visit};
use crate::guests::routes::Room;
use crate::operations::{
    AppView, DeploymentState, ErrorKind, OperationError, Result, RollbackPlan, StateView, VersionView,
};
use crate::storage::registry::App;
use crate::telemetry::log_ring::{self, LinesWanted, LogExcerpt};
use crate::telemetry::recent;
use crate::web::admin as api;
use crate::web::body::Body;
use http::header::HOST;
use http::{Response, StatusCode};
use maud::Markup;

/// Lines of the log on a page.
const LINES: usize = 200;
/// Entries of the audit log on a page.
const ENTRIES: u32 = 100;

/// What was just done, as the address says and the registry confirms.
pub(super) enum News {
    /// It was done.
    Done(String),
    /// It goes on.
    GoesOn(String),
    /// It was not done.
    Failed(String),
}

impl Dashboard {
    pub(super) async fn look(&self, asked: &Asked<'_>, page: &Page<'_>) -> Response<Body> {
        let (visit, query) = (asked.visit, asked.head.uri.query());
        if let Some(refusal) = refusal(asked, page) {
            return refusal;
        }
        let shown = match page {
            Page::Overview => Ok(Box::pin(self.overview(query, visit)).await),
            Page::App(name) => Box::pin(self.app(name, asked)).await,
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
        let sees_all = visit.may(api::Act::Apps, None);
        let state = async || if sees_all { Some(operations.state().await) } else { None };
        let (apps, hosts, state): (_, _, Option<StateView>) =
            tokio::join!(operations.apps(), operations.hosts(), state());
        let (apps, outage) = match apps {
            Ok(apps) => (apps, None),
            Err(error) => (self.apps_in_memory(), Some(error)),
        };
        let is_shown = |name: &str| visit.may(api::Act::App, Some(name));
        let apps: Vec<AppView> = apps.into_iter().filter(|app| is_shown(&app.name)).collect();
        let traffic: Vec<_> = recent::of_all().into_iter().filter(|app| is_shown(&app.app)).collect();
        let not_served = |name: &str| operations.not_served(name);
        overview::page(
            visit,
            &overview::Overview {
                apps: &apps,
                outage: outage.as_ref(),
                hosts: sees_all.then_some(&hosts),
                state: state.as_ref(),
                traffic: &traffic,
                find: parameter(query, "find").as_deref(),
                news: self.deployment_of_new_app(query, visit).await.as_ref(),
                is_live: parameter(query, "live").is_some(),
                not_served: &not_served,
            },
        )
    }

    async fn app(&self, name: &str, asked: &Asked<'_>) -> Result<Markup> {
        let (operations, visit, query) = (&self.operations, asked.visit, asked.head.uri.query());
        let (found, outage) = match operations.app(name).await {
            Ok(found) => (found, None),
            Err(error) if error.kind != ErrorKind::Unavailable => return Err(error),
            Err(error) => match self.apps_in_memory().into_iter().find(|app| app.name == name) {
                Some(found) => (found, Some(error)),
                None => return Err(error),
            },
        };
        let ask = async {
            tokio::join!(
                operations.versions(name),
                operations.activations(name),
                operations.settings(name),
                operations.contents(name),
                operations.hosts()
            )
        };
        let kept = match &outage {
            None => Some(Box::pin(ask).await),
            Some(_) => None,
        };
        let (request_id, level) = (parameter(query, "request"), parameter(query, "level"));
        let filter = log::Filter { request_id: request_id.as_deref().map(str::trim), level: level.as_deref() };
        let log = lines(name, &filter);
        let stored = kept.as_ref().map(|(versions, activations, settings, contents, hosts)| app::Stored {
            versions,
            activations,
            settings,
            contents,
            hosts,
        });
        let dashboard_host = self.registry.config().web.dashboard_host.as_deref();
        let host = asked.head.headers.get(HOST).filter(|_| dashboard_host.is_none());
        Ok(app::page(
            visit,
            &app::AppPage {
                app: &found,
                stored: stored.as_ref(),
                outage: outage.as_ref(),
                traffic: &recent::of_app(name).unwrap_or_default(),
                log: &log,
                filter,
                news: self.news(&found, query).await.as_ref(),
                is_live: parameter(query, "live").is_some(),
                not_served: operations.not_served(name).as_deref(),
                host: host.and_then(|host| host.to_str().ok()).unwrap_or_default(),
                dashboard_host,
            },
        ))
    }

    /// The apps that this host serves, as it knows them without the database.
    fn apps_in_memory(&self) -> Vec<AppView> {
        let routes = self.registry.routes();
        let mut apps: Vec<AppView> = routes
            .rooms()
            .map(|room| {
                let (name, routes, active) = match room {
                    Room::Open(guest) => (guest.app.space.app().to_string(), &guest.routes, Some(guest.version)),
                    Room::Closed(closed) => (closed.app.clone(), &closed.routes, None),
                };
                AppView::from(App { routes: routes.clone(), active, ..App::unsaved(&name) })
            })
            .collect();
        apps.sort_by(|one, other| one.name.cmp(&other.name));
        apps
    }

    /// What was just done to an app, if what the address says is so.
    async fn news(&self, app: &AppView, query: Option<&str>) -> Option<News> {
        if let Some(id) = parameter(query, "deployment") {
            return self.deployment_news(&app.name, &id).await;
        }
        let done = parameter(query, "done")?;
        let (what, version) = done.split_once('-')?;
        let version: i64 = version.parse().ok()?;
        let is_canary = app.canary.as_ref().is_some_and(|canary| canary.version == version);
        let text = match what {
            "active" if app.active == Some(version) => format!("Version {version} is active."),
            "canary" if is_canary => format!("Version {version} answers a part of the visitors."),
            "aborted" if !is_canary && app.active != Some(version) => {
                format!("Version {version} answers nobody any more.")
            }
            _ => return None,
        };
        Some(News::Done(text))
    }

    async fn deployment_of_new_app(&self, query: Option<&str>, visit: &Visit) -> Option<News> {
        let (name, id) = (parameter(query, "new")?, parameter(query, "deployment")?);
        if !visit.may(api::Act::Deployment, Some(&name)) {
            return None;
        }
        self.deployment_news(&name, &id).await
    }

    async fn deployment_news(&self, app: &str, id: &str) -> Option<News> {
        let view = self.operations.deployment(app, id).await.ok()?;
        let is_canary = view.deployed.as_ref().is_some_and(|deployed| deployed.canary.is_some());
        let version = view.deployed.map(|deployed| deployed.version).unwrap_or_default();
        Some(match view.state {
            DeploymentState::Waiting | DeploymentState::Running => News::GoesOn(format!(
                "A version of {app} is still being compiled. Load this page again to see how far it is."
            )),
            DeploymentState::Done if is_canary => {
                News::Done(format!("Version {version} of {app} was deployed to a part of the visitors."))
            }
            DeploymentState::Done => News::Done(format!("Version {version} of {app} was deployed.")),
            DeploymentState::Failed => {
                let why = view.error.map(|error| error.message).unwrap_or_default();
                News::Failed(format!("Nothing was deployed to {app}: {why}"))
            }
        })
    }

    async fn confirmation(&self, name: &str, act: Act, query: Option<&str>, visit: &Visit) -> Result<Markup> {
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
        let versions: Vec<VersionView> = operations.versions(name).await?;
        let plan: Option<RollbackPlan> = match act {
            Act::Rollback => Some(operations.rollback_plan(name, version).await?),
            Act::Promote | Act::Abort => None,
        };
        if act != Act::Rollback && app.canary.is_none() {
            return Err(OperationError::conflict(format!("{name} has no canary any more")));
        }
        let activations = operations.activations(name).await?;
        let question = confirm::Question {
            app: &app,
            act,
            versions: &versions,
            activations: &activations,
            plan: plan.as_ref(),
            problem,
        };
        Ok(confirm::page(visit, &question))
    }

    async fn deploy_form(&self, app: Option<&str>, visit: &Visit) -> Result<Markup> {
        let app = match app {
            Some(name) => Some(self.operations.app(name).await?),
            None => None,
        };
        Ok(deploy::page(visit, app.as_ref(), None))
    }

    async fn audit(&self, query: Option<&str>, visit: &Visit) -> Result<Markup> {
        let app = parameter(query, "app");
        let before = parameter(query, "before").and_then(|id| id.parse().ok());
        let entries = self.operations.audit(app.as_deref().map(str::trim), before, ENTRIES).await?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|number| number >= ENTRIES);
        Ok(audit::page(visit, &entries, app.as_deref(), is_full))
    }
}

/// The answer to whoever may not see a page. A form is for those who may send it.
fn refusal(asked: &Asked<'_>, page: &Page<'_>) -> Option<Response<Body>> {
    let visit = asked.visit;
    match page {
        // It shows the apps that may be seen. Somebody who may see none is told so.
        Page::Overview if visit.sees_some_app() => None,
        Page::Overview => asked.refusal(api::Act::Apps, None),
        Page::App(name) => asked.refusal(api::Act::App, Some(name)),
        Page::Act(name, act) => asked.refusal(act.of_api(), Some(name)),
        Page::Deploy(app) => asked.deploy_refusal(*app),
        Page::Limits => asked.refusal(api::Act::Limits, None),
        Page::Audit => asked.refusal(api::Act::Audit, None),
        Page::SignIn | Page::SignOut | Page::Style(_) => None,
    }
}

/// The last lines of an app's log that a filter leaves.
fn lines(app: &str, filter: &log::Filter<'_>) -> LogExcerpt {
    let is_of_failures = filter.is_of_failures();
    let mut log = log_ring::read(&LinesWanted {
        app: Some(app),
        since: None,
        request_id: filter.request_id,
        level: filter.level(),
        most: if is_of_failures { usize::MAX } else { LINES },
    });
    if is_of_failures {
        log.lines.retain(log::is_failed_request);
        log.lines.drain(..log.lines.len().saturating_sub(LINES));
    }
    log
}
