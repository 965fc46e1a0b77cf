//! `innkeeper apps set --database-var`: in which database an app lives.

use crate::cli::{HostArgs, control, output, setup, target};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::belongings::Belongings;
use crate::storage::{AppSpace, Database};
use anyhow::{Context, bail};
use clap::Args;

/// Where an app is to live.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// The environment variable with the URL of a database, or of another credential, for this app
    #[arg(long, value_name = "VAR", group = "change", conflicts_with = "no_database_var")]
    database_var: Option<String>,
    /// Back to the host's database
    #[arg(long, group = "change")]
    no_database_var: bool,
    /// Go on although the app has data where it lives now, which stay behind there
    #[arg(long)]
    leave_data: bool,
}

impl Change {
    /// The variable that is asked for, or none for the host's database; none at all where the app
    /// stays where it is.
    pub(super) fn wanted(&self) -> Option<Option<&str>> {
        (self.database_var.is_some() || self.no_database_var).then_some(self.database_var.as_deref())
    }
}

/// What is needed to find an app's place.
struct Places {
    config: Config,
    host: Database,
    own: OwnDatabases,
}

/// Says where the app lives. Returns what to tell of that.
pub(super) async fn set(
    name: &str,
    wanted: Option<&str>,
    change: &Change,
    host: &HostArgs,
) -> anyhow::Result<String> {
    let config = host.database().load_aloud()?;
    if let Some(var) = wanted {
        config.new_app_database(var)?.url_notes.iter().for_each(output::note);
    }
    let (host, app) = target::registered(name, &config, setup::existing(&config).await?).await?;
    let now = app.database_var.as_deref();
    if now == wanted {
        return Ok(format!("{name}: lives in {} already", place(wanted)));
    }
    let places = Places { own: OwnDatabases::new(config.clone()), config, host };
    if !change.leave_data && !places.are_the_same(now, wanted) {
        places.refuse_data(name, now).await?;
    }
    places.space(name, wanted).await?;
    let actor = control::actor(&places.config);
    places.host.set_database_var(name, wanted, &actor).await?;
    places.own.close().await;
    places.host.close().await;
    Ok(format!("{name}: lives in {}", place(wanted)))
}

impl Places {
    async fn space(&self, app: &str, var: Option<&str>) -> anyhow::Result<AppSpace> {
        target::space(&self.host, &self.own, app, var).await
    }

    /// Whether two variables name the same database.
    fn are_the_same(&self, one: Option<&str>, other: Option<&str>) -> bool {
        let target = |var: Option<&str>| match var {
            Some(var) => self.config.app_database(var).ok().map(|decision| decision.target),
            None => Some(self.config.database.target.clone()),
        };
        matches!((target(one), target(other)), (Some(one), Some(other)) if one.is_same(&other))
    }

    /// An error where the app has something in its place, or where nobody can tell.
    async fn refuse_data(&self, app: &str, var: Option<&str>) -> anyhow::Result<()> {
        let looking = async { Ok::<_, anyhow::Error>(self.space(app, var).await?.belongings().await?) };
        let found = looking.await.with_context(|| {
            format!(
                "cannot tell whether {app} has data in {}; --leave-data goes on and leaves what there is",
                place(var)
            )
        })?;
        if found.is_empty() {
            return Ok(());
        }
        bail!(
            "{app} has data in {} ({}), and this command moves none: --leave-data goes on and leaves them there",
            place(var),
            listed(found)
        )
    }
}

fn place(var: Option<&str>) -> &str {
    var.unwrap_or("the host's database")
}

fn listed(found: Belongings) -> String {
    format!("tables: {}, files: {}, sessions: {}", found.tables, found.blobs, found.sessions)
}
