//! `innkeeper test`

mod command;
mod host;
mod interrupt;

use super::ended::Ended;
use super::output;
use super::project::Project;
use super::usage_error::UsageError;
use crate::config::{Config, DatabaseOptions, Environment, Secret, SqliteSynchronous, temporary_folder};
use crate::guests::compiling::Temporary;
use crate::telemetry;
use anyhow::Context;
use clap::Args;
use command::TestCommand;
use host::Host;
use interrupt::Interrupts;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where compiled code is kept from one run to the next, beside what `dev` keeps.
const CODE: &str = "innkeeper-data/code-cache";

/// Build a guest project, serve it with an empty database, and run its tests
///
/// Builds a guest project, serves it on a free port of this machine with a new and empty SQLite,
/// and runs the command that innkeeper.toml names as `test`, or the one behind `--`, in the
/// project's folder. The variable INNKEEPER_URL tells it where the app is. What the app logs goes
/// to standard error. The status is that of the command, and 1 where there was nothing to serve.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper test
  innkeeper test apps/shop
  innkeeper test . -- npx playwright test
  innkeeper test --database-url postgres://localhost/empty")]
pub(super) struct Options {
    /// The folder of a guest project, or a component
    #[arg(default_value = ".")]
    path: PathBuf,
    /// An empty database instead: postgres://, postgresql:// or sqlite:DIRECTORY. The app is
    /// deleted from it at the end
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// A command with its arguments, instead of the one in innkeeper.toml
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let project = Project::open(&options.path)?;
    let app = project.app_name(None)?;
    let command = TestCommand::find(&options.command, &project)?;
    let folder = Temporary::of_process();
    let folder = folder.with_context(|| format!("cannot make a folder in {}", temporary_folder().display()))?;
    let config = load(&options, &project, folder.path())?;
    let _log = telemetry::start_beside(config.web.log_format, config.log_filter.as_deref(), &config.limits)?;
    let mut interrupts = Interrupts::listen()?;
    // Whatever is under way ends with it, the build among it.
    tokio::select! {
        interrupt = interrupts.next() => return Err(interrupt.into()),
        made = project.build() => made?,
    }
    let host = tokio::select! {
        interrupt = interrupts.next() => return Err(interrupt.into()),
        host = Host::start(&config, &project, &app) => host?,
    };
    let result = test(&command, &host, &mut interrupts).await;
    let deleted = match options.database_url.is_some() {
        true => host.delete_app().await,
        false => Ok(()),
    };
    if let (Err(_), Err(error)) = (&result, &deleted) {
        // The status says why the test failed, and this is to be known, too.
        output::note(format!("innkeeper: {error:#}"));
    }
    // Whoever interrupts again does not want to wait for requests that are still under way.
    let stopped = tokio::select! {
        interrupt = interrupts.next() => Err(interrupt.into()),
        stopped = host.stop() => stopped,
    };
    result.and(deleted).and(stopped)
}

/// Runs the command once the app is served.
async fn test(command: &TestCommand, host: &Host, interrupts: &mut Interrupts) -> anyhow::Result<()> {
    tokio::select! {
        interrupt = interrupts.next() => return Err(interrupt.into()),
        served = host.until_served() => served?,
    }
    let mut running = command.start(host.url())?;
    let status = tokio::select! {
        interrupt = interrupts.next() => {
            running.stop().await;
            return Err(interrupt.into());
        }
        status = running.ended() => status?,
    };
    match status.success() {
        true => {
            output::note(format!("the test command `{}` has passed", command.line()));
            Ok(())
        }
        false => Err(Ended::with(format!("the test command `{}` failed", command.line()), status).into()),
    }
}

/// What is served goes into the temporary folder, unless another database is named.
fn load(options: &Options, project: &Project, folder: &Path) -> anyhow::Result<Config> {
    let url = options.database_url.as_ref().map(|url| url.expose().to_owned());
    let database = DatabaseOptions {
        data_dir: url.is_none().then(|| folder.to_owned()),
        database_url: url,
        allow_ephemeral: true,
        ..DatabaseOptions::default()
    };
    let mut config = Config::load(&database, &Environment::from_process())?;
    if config.code_cache.as_ref().is_none_or(|cache| cache.starts_with(folder)) {
        config.code_cache = Some(project.home().join(CODE));
    }
    // Nothing of it outlives this command.
    config.sqlite_synchronous = SqliteSynchronous::Normal;
    Ok(config)
}

/// What to say where there is no command.
fn no_command() -> UsageError {
    UsageError(
        "there is nothing to run: innkeeper.toml names no command as `test`, and none stands behind `--`"
            .to_owned(),
    )
}
