//! `/_innkeeper/metrics`: all figures as OpenMetrics text, for the operator.
//!
//! What has to be counted in a database is asked for when somebody looks, one app after the other
//! over a connection that guests cannot use up, not for long, and not again for a while: whoever
//! looks often costs no more than whoever looks now and then.

use super::body::{Body, full};
use super::pages;
use crate::guests::{Registry, Why};
use crate::storage::{AppSpace, Database};
use crate::telemetry::figures::{self, AppFigures, Measured};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an answer of the databases is good for at least.
const FRESH: Duration = Duration::from_secs(10);
/// One that took long is good for so many times as long: where there are very many apps, counting
/// must not become the host's main work.
const REST: u32 = 20;
/// How long one app's database may take.
const APP_TIME: Duration = Duration::from_secs(1);
/// How long all of them together may take.
const ALL_TIME: Duration = Duration::from_secs(5);

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What was asked for last.
#[derive(Debug, Default)]
pub(super) struct Figures {
    last: Mutex<Option<Asked>>,
}

/// An answer, and until when it is good.
#[derive(Debug, Clone)]
struct Asked {
    until: Instant,
    apps: Vec<AppFigures>,
}

impl Figures {
    /// The figures of this moment.
    pub(super) async fn answer(&self, method: &Method, registry: &Registry) -> Response<Body> {
        if ![Method::GET, Method::HEAD].contains(method) {
            let mut refused = pages::plain(StatusCode::METHOD_NOT_ALLOWED, "figures are there to be read\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let text = figures::text(&Measured {
            apps: self.apps(registry).await,
            disks: registry.databases().iter().filter_map(Database::disk_figures).collect(),
            ..registry.measured()
        });
        let mut response = Response::new(full(text));
        response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    async fn apps(&self, registry: &Registry) -> Vec<AppFigures> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(asked) = last.filter(|asked| Instant::now() < asked.until) {
            return asked.apps;
        }
        let began = Instant::now();
        let apps = ask(registry).await;
        // A database that is away is asked again soon.
        let all = apps.iter().all(|app| app.found.is_some());
        let rest = if all { FRESH.max(began.elapsed() * REST) } else { FRESH };
        let until = Instant::now() + rest;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Asked { until, apps: apps.clone() });
        apps
    }
}

async fn ask(registry: &Registry) -> Vec<AppFigures> {
    let deadline = Instant::now() + ALL_TIME;
    let routes = registry.routes();
    let closed =
        routes.closed(Why::DatabaseAway).map(|closed| AppFigures { app: closed.app.clone(), found: None });
    let mut apps: Vec<AppFigures> = closed.collect();
    let spaces: Vec<AppSpace> = routes.guests().map(|guest| guest.app.space.clone()).collect();
    drop(routes);
    for space in spaces {
        let until = deadline.min(Instant::now() + APP_TIME);
        let found = timeout_at(until, space.figures()).await.ok().and_then(Result::ok);
        apps.push(AppFigures { app: space.app().to_string(), found });
    }
    apps
}
