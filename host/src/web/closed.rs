//! What is answered where an app would be and is not for now: what is the matter, and only what is.

use super::pages::Problem;
use crate::guests::{Absence, Closed, Registry, Why};
use http::StatusCode;

const STARTING: &str = "This app is starting. Please try again in a moment.";
const DATABASE: &str = "The database cannot be reached right now.";

/// For a request to an app that cannot be served.
pub(super) fn closed(closed: &Closed) -> Problem {
    let Closed { app, reason, .. } = closed;
    match closed.why {
        Why::Starting => Problem::unavailable(STARTING, 1, format!("app {app} is starting: {reason}")),
        Why::DatabaseAway => {
            let text = "The database of this app cannot be reached right now.";
            Problem::unavailable(text, 2, format!("app {app} is closed: {reason}"))
        }
        Why::Broken => {
            let text = "This app cannot be started. Its operator finds the reason in the log.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text, format!("app {app} cannot be started: {reason}"))
        }
    }
}

/// For a request that no app answers yet.
pub(super) fn absent(absence: &Absence) -> Problem {
    match absence {
        Absence::Starting => Problem::unavailable(STARTING, 1, "the registry has not been read yet"),
        Absence::DatabaseAway(reason) => {
            Problem::unavailable(DATABASE, 2, format!("the registry cannot be read: {reason}"))
        }
        Absence::Building => {
            Problem::unavailable("This app is being built for the first time.", 2, "the first build is under way")
        }
        Absence::BuildFailed => {
            let text =
                "This app could not be built. innkeeper dev says why, and builds it again when a file changes.";
            Problem::unavailable(text, 2, "the first build has failed")
        }
    }
}

/// What a host waits for before it can serve; none where it can.
pub(super) fn waiting_for(registry: &Registry) -> Option<String> {
    if !registry.is_loaded() {
        return Some(match registry.outage() {
            Some(_) => "waiting for the database: the registry cannot be read".to_owned(),
            None => "starting: the registry has not been read yet".to_owned(),
        });
    }
    if registry.has_settled() {
        return None;
    }
    let routes = registry.routes();
    let names: Vec<&str> = routes.closed(Why::Starting).map(|closed| closed.app.as_str()).collect();
    (!names.is_empty()).then(|| format!("starting: waiting for {}", listed(&names)))
}

fn listed(names: &[&str]) -> String {
    const MOST: usize = 5;
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
