//! The end of an app.

use super::{HostView, OperationError, Operations, Result};
use crate::storage::registry::Actor;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long to wait until no host serves the app any more: longer than one that was killed counts
/// as alive, and shorter than routers wait for an answer.
const PATIENCE: Duration = Duration::from_secs(25);
/// Between two looks at the hosts.
const PAUSE: Duration = Duration::from_millis(100);

/// What goes with an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletionPlan {
    /// The app.
    pub app: String,
    /// How many versions it has.
    pub versions: usize,
    /// How many tables and views it has; none where that cannot be told.
    pub tables: Option<i64>,
    /// How many files are kept; none where that cannot be told.
    pub files: Option<i64>,
    /// How many visitors have a session; none where that cannot be told.
    pub sessions: Option<i64>,
    /// The variable that names the app's own database; none: its data are in the host's.
    pub database_var: Option<String>,
    /// Why its data cannot be looked at. They cannot be deleted then.
    pub not_known: Option<String>,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// What there was.
    pub plan: DeletionPlan,
    /// Whether tables, files and sessions are still there. An app of the same name finds them
    /// again.
    pub data_kept: bool,
}

impl Operations {
    /// What goes with an app. Changes nothing.
    pub async fn deletion_plan(&self, app: &str) -> Result<DeletionPlan> {
        let found = self.find_app(app).await?;
        let versions = self.database().versions(app).await?.len();
        let looked = async { self.registry.space_of(&found).await?.belongings().await };
        let (there, not_known) = match looked.await {
            Ok(there) => (Some(there), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Ok(DeletionPlan {
            app: found.name,
            versions,
            tables: there.map(|there| there.tables),
            files: there.map(|there| there.blobs),
            sessions: there.map(|there| there.sessions),
            database_var: found.database_var,
            not_known,
        })
    }

    /// Deletes an app with its versions, and with its tables, files and sessions unless
    /// `keep_data`. Where it fails, or is broken off, nobody is served any more, the name stays
    /// taken, and doing it again goes on.
    pub async fn delete_app(&self, actor: &Actor, app: &str, keep_data: bool) -> Result<Deleted> {
        let plan = self.deletion_plan(app).await?;
        if let Some(why) = plan.not_known.as_ref().filter(|_| !keep_data) {
            return Err(OperationError::unavailable(format!(
                "the data of {app} cannot be deleted ({why}); --keep-data deletes the app and leaves them"
            )));
        }
        if let Err(error) = self.end_data(&plan, keep_data).await {
            let text = &error.message;
            self.note(actor, "apps delete", Some(app), "not yet deleted", text).await?;
            let text = format!("{text}; {app} is served no more, and deleting it again goes on");
            return Err(OperationError::new(error.kind, text));
        }
        self.database().remove_app(app, actor, &detail(&plan, keep_data)).await?;
        Ok(Deleted { plan, data_kept: keep_data })
    }

    /// Takes the app away from its visitors, then deletes its data, or leaves them for the next app
    /// of its name.
    async fn end_data(&self, plan: &DeletionPlan, keep_data: bool) -> Result<()> {
        let found = self.find_app(&plan.app).await?;
        self.stop_serving(&plan.app).await?;
        if keep_data && plan.not_known.is_some() {
            return Ok(());
        }
        let space = self.registry.space_of(&found).await?;
        match keep_data {
            true => space.forget_versions().await?,
            false => space.delete_everything().await?,
        }
        Ok(())
    }

    /// Ends when no live host serves the app any more. What one still wrote afterwards would be
    /// there for the next app of its name.
    async fn stop_serving(&self, app: &str) -> Result<()> {
        let generation = self.database().begin_deletion(app).await?;
        let answers =
            |host: &HostView| host.generation < generation || host.ending.iter().any(|ending| ending == app);
        let end = Instant::now() + PATIENCE;
        loop {
            let hosts = self.hosts().await?;
            let late = hosts.iter().find(|host| host.live && answers(host));
            match late {
                None => return Ok(()),
                Some(host) if Instant::now() >= end => {
                    return Err(OperationError::unavailable(format!(
                        "host {} ({}) still serves {app} after {} seconds",
                        host.name,
                        host.id,
                        PATIENCE.as_secs()
                    )));
                }
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

fn detail(plan: &DeletionPlan, keep_data: bool) -> String {
    let count = |count: Option<i64>| count.map_or_else(|| "not known".to_owned(), |count| count.to_string());
    format!(
        "versions: {}, tables: {}, files: {}, sessions: {}; data {}",
        plan.versions,
        count(plan.tables),
        count(plan.files),
        count(plan.sessions),
        if keep_data { "kept" } else { "deleted" }
    )
}
