//! The command line: one file per command. Flags and environment become a [`Config`] here, and nothing below reads either again.

mod apps;
mod apps_set;
mod blobs;
mod control;
mod deploy;
mod dev;
mod doctor;
mod inspect;
mod keys;
mod manifest;
mod migrate;
mod output;
mod progress;
mod project;
mod remote;
mod run;
mod serve;
mod sessions;
mod setup;
mod sources;
mod target;
mod tiers;
mod token;
mod transfer;
mod waiting;

use crate::config::{Config, DatabaseOptions, Environment, Secret};
use crate::guests::compiling;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Serves web apps compiled to WebAssembly components, with a database, files and sessions.
#[derive(Debug, Parser)]
#[command(name = "innkeeper", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What has no line of its own here has it, and more for `--help`, at its options.
#[derive(Debug, Subcommand)]
enum Command {
    /// Build a guest project, serve it on 127.0.0.1:8080, and swap it whenever it changes
    Dev(dev::Options),
    /// Serve the apps of the registry on 0.0.0.0:$PORT
    Serve(serve::Options),
    /// Bring the host's tables up to date; does nothing where they are
    Migrate(migrate::Options),
    /// Make a component the active version of an app
    Deploy(deploy::Options),
    /// List the apps, or say where one lives
    Apps(apps::AppsOptions),
    /// List the versions of an app
    Versions(apps::VersionsOptions),
    Blobs(blobs::Options),
    Export(transfer::ExportOptions),
    Import(transfer::ImportOptions),
    /// List the sessions of an app's visitors, end some, or sweep those that have ended
    Sessions(sessions::Options),
    /// Show what a component imports and exports, and whether this host can run it
    Inspect(inspect::Options),
    /// List or exchange the keys that sign URLs
    Keys(keys::Options),
    /// Make, list or revoke tokens of the admin API
    Token(token::Options),
    /// Show which database was found and why, and whether it answers
    Doctor(doctor::Options),
    /// Compile the component on standard input, for another process of this program
    #[command(hide = true)]
    Compile,
}

/// Where the database is. Without any of these: INNKEEPER_DATABASE_VAR, DATABASE_URL, then a single
/// HEROKU_POSTGRESQL_*_URL, then SQLite.
#[derive(Debug, Clone, Args)]
struct DatabaseArgs {
    /// The database: postgres://, postgresql:// or sqlite:DIRECTORY
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// The environment variable that holds the database's URL [env: INNKEEPER_DATABASE_VAR]
    #[arg(long, value_name = "NAME")]
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
struct HostArgs {
    /// The host's database: postgres://, postgresql:// or sqlite:DIRECTORY [env: INNKEEPER_DATABASE_VAR names its variable]
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// SQLite in this directory, whatever variables say [default without any: ./innkeeper-data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Allow SQLite on a dyno, whose disk is lost at each restart
    #[arg(long)]
    allow_ephemeral: bool,
}

impl HostArgs {
    /// Decides by flags and environment, and says which database it is before anything is done with
    /// it.
    fn load_aloud(&self) -> anyhow::Result<Config> {
        let Self { database_url, data, allow_ephemeral } = self.clone();
        DatabaseArgs { database_url, data, allow_ephemeral, database_var: None }.load_aloud()
    }
}

impl DatabaseArgs {
    /// Decides by flags and environment.
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.options(), &Environment::from_process())?)
    }

    /// The same, and says which database it is before anything is done with it: whoever is wrong
    /// about that finds out in time.
    fn load_aloud(&self) -> anyhow::Result<Config> {
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

impl Cli {
    /// Whether the command serves apps until it is stopped.
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_) | Command::Dev(_))
    }

    /// Runs the command. Only `serve` and `dev` take more than a moment.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Dev(options) => dev::run(options).await,
            Command::Serve(options) => serve::run(options).await,
            Command::Migrate(options) => Box::pin(migrate::run(&options)).await,
            Command::Deploy(options) => deploy::run(&options).await,
            Command::Apps(options) => apps::run(&options).await,
            Command::Versions(options) => apps::list_versions(&options).await,
            Command::Blobs(options) => Box::pin(blobs::run(&options)).await,
            Command::Export(options) => Box::pin(transfer::export(&options)).await,
            Command::Import(options) => Box::pin(transfer::import(&options)).await,
            Command::Sessions(options) => sessions::run(&options).await,
            Command::Inspect(options) => inspect::run(&options).await,
            Command::Compile => compiling::child::run().await,
            Command::Keys(options) => keys::run(&options).await,
            Command::Token(options) => Box::pin(token::run(&options)).await,
            Command::Doctor(options) => doctor::run(&options).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
