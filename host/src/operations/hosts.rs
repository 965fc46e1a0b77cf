//! The hosts that serve from this database, and how far each has followed.

use super::{Operations, Result, time};
use crate::guests::heartbeat::HostState;
use crate::storage::registry::Host;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostView {
    /// Made at its start.
    pub id: String,
    /// The dyno's or machine's name.
    pub name: String,
    /// The release of Innkeeper.
    pub release: String,
    /// Whether it has said something lately.
    pub live: bool,
    /// When it started (RFC 3339).
    pub started_at: String,
    /// When it said something last (RFC 3339).
    pub seen_at: String,
    /// The generation of the registry that it has read.
    pub generation: i64,
    /// Apps whose active version it is loading.
    pub loading: Vec<String>,
    /// Apps that it cannot serve as the registry says.
    pub problems: Vec<HostProblem>,
    /// Apps that are gone, and of which it still answers requests.
    pub ending: Vec<String>,
}

/// An app that a host cannot serve as the registry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostProblem {
    /// The app; empty where it is about the host as a whole.
    pub app: String,
    /// Why.
    pub reason: String,
}

/// A live host that does not serve what an activation asks for yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lagging {
    /// The host's name and id.
    pub host: String,
    /// What it does or lacks.
    pub reason: String,
    /// Whether it will not come by itself: it cannot load the version.
    pub is_final: bool,
}

impl Operations {
    /// The hosts that have said something in the last hour, those that were seen last first.
    pub async fn hosts(&self) -> Result<Vec<HostView>> {
        Ok(self.database().hosts().await?.into_iter().map(HostView::of).collect())
    }

    /// The live hosts that do not serve an app as it is from `generation` on.
    pub async fn lagging(&self, app: &str, generation: i64) -> Result<Vec<Lagging>> {
        let hosts = self.hosts().await?;
        Ok(hosts.iter().filter(|host| host.live).filter_map(|host| lagging(host, app, generation)).collect())
    }
}

fn lagging(host: &HostView, app: &str, generation: i64) -> Option<Lagging> {
    let name = format!("{} ({})", host.name, host.id);
    let problem = host.problems.iter().find(|problem| problem.app == app);
    let (reason, is_final) = if host.generation < generation {
        ("it has not read the change yet".to_owned(), false)
    } else if host.loading.iter().any(|loading| loading == app) {
        // A problem may be that of the version before.
        ("it is loading the version".to_owned(), false)
    } else if let Some(problem) = problem {
        (problem.reason.clone(), true)
    } else {
        return None;
    };
    Some(Lagging { host: name, reason, is_final })
}

impl HostView {
    /// What a host has said.
    pub fn of(host: Host) -> Self {
        let live = host.is_live();
        let state: HostState = serde_json::from_str(&host.report.state).unwrap_or_default();
        let problem = |(app, reason)| HostProblem { app, reason };
        Self {
            live,
            id: host.report.id,
            name: host.report.name,
            release: host.report.release,
            started_at: time(host.report.started_at),
            seen_at: time(host.seen_at),
            generation: host.report.generation,
            loading: state.loading,
            problems: state.problems.into_iter().map(problem).collect(),
            ending: state.ending,
        }
    }
}
