//! Flags that say where the database is.

use super::output;
use crate::config::{Config, DatabaseOptions, Environment, Secret};
use clap::Args;
use std::path::PathBuf;

/// Where the database is. Without any of these: INNKEEPER_DATABASE_VAR, DATABASE_URL, then a single
/// HEROKU_POSTGRESQL_*_URL, then SQLite.
#[derive(Debug, Clone, Args)]
pub(super) struct DatabaseArgs {
    /// The database: postgres://, postgresql:// or sqlite:DIRECTORY
    #[arg(long, value_name = "URL", conflicts_with_all = ["database_var", "data"])]
    database_url: Option<Secret>,
    /// The environment variable that holds the database's URL [env: INNKEEPER_DATABASE_VAR]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    database_var: Option<String>,
    /// SQLite in this directory, whatever variables say [default without any: ./innkeeper-data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Allow SQLite on a dyno, whose disk is lost at each restart
    #[arg(long)]
    allow_ephemeral: bool,
}

/// The same without the variable's name, for commands that have another use for it.
#[derive(Debug, Clone, Args)]
pub(super) struct HostArgs {
    /// The host's database: postgres://, postgresql:// or sqlite:DIRECTORY [env:
    /// INNKEEPER_DATABASE_VAR names its variable]
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    database_url: Option<Secret>,
    /// SQLite in this directory, whatever variables say [default without any: ./innkeeper-data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Allow SQLite on a dyno, whose disk is lost at each restart
    #[arg(long)]
    allow_ephemeral: bool,
}

impl HostArgs {
    /// The same, as other commands have it.
    pub(super) fn database(&self) -> DatabaseArgs {
        let Self { database_url, data, allow_ephemeral } = self.clone();
        DatabaseArgs { database_url, data, allow_ephemeral, database_var: None }
    }
}

impl DatabaseArgs {
    /// Decides by flags and environment.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.options(), &Environment::from_process())?)
    }

    /// The same, and says which database it is before anything is done with it: whoever is wrong
    /// about that finds out in time.
    pub(super) fn load_aloud(&self) -> anyhow::Result<Config> {
        let config = self.load()?;
        output::note(config.database.announcement());
        config.database.url_notes.iter().for_each(output::note);
        Ok(config)
    }

    fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            database_url: self.database_url.as_ref().map(|url| url.expose().to_owned()),
            database_var: self.database_var.clone(),
            data_dir: self.data.clone(),
            project_dir: None,
            allow_ephemeral: self.allow_ephemeral,
        }
    }
}
