//! `innkeeper apps set`

use super::{HostArgs, OneApp, output, setup, target};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::belongings::Belongings;
use crate::storage::{AppSpace, Database};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

/// Say in which database an app lives
///
/// Says in which database an app lives: its tables, files and sessions. Moves no data. Hosts notice within a second or two; until then
/// requests still go to the old place. Each host that serves the app needs the variable.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("place").required(true), after_long_help = "\
Examples:
  innkeeper apps set blog --database-var BLOG_DB_URL
  innkeeper apps set blog --no-database-var

JSON: {name, database_var, changed}")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// The environment variable with the URL of a database, or of another credential, for this app
    #[arg(long, value_name = "VAR", group = "place")]
    database_var: Option<String>,
    /// Back to the host's database
    #[arg(long, group = "place")]
    no_database_var: bool,
    /// Go on although the app has data where it lives now, which stay behind there
    #[arg(long)]
    leave_data: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: HostArgs,
}

/// What is needed to find an app's place.
struct Places {
    config: Config,
    host: Database,
    own: OwnDatabases,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.host.load_aloud()?;
    let wanted = options.database_var.as_deref();
    if let Some(var) = wanted {
        config.new_app_database(var)?.url_notes.iter().for_each(output::note);
    }
    let (host, app) = target::registered(&options.app.name, &config, setup::existing(&config).await?).await?;
    let now = app.database_var.as_deref();
    if now == wanted {
        return report(options, false);
    }
    let places = Places { own: OwnDatabases::new(config.clone()), config, host };
    if !options.leave_data && !places.are_the_same(now, wanted) {
        places.refuse_data(&app.name, now).await?;
    }
    places.space(&app.name, wanted).await?;
    places.host.set_database_var(&app.name, wanted).await?;
    places.own.close().await;
    places.host.close().await;
    report(options, true)
}

fn report(options: &Options, changed: bool) -> anyhow::Result<()> {
    let (name, var) = (&options.app.name, options.database_var.as_deref());
    if options.json {
        return output::json(&json!({ "name": name, "database_var": var, "changed": changed }));
    }
    output::line(match changed {
        true => format!("{name}: lives in {}", place(var)),
        false => format!("{name}: unchanged"),
    });
    Ok(())
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
