//! The command line: one file per command. Flags and environment become a
//! [`Config`](crate::config::Config) here, and nothing below reads either again.

mod app_arg;
mod app_config;
mod apps;
mod audit;
mod blobs;
mod build_process;
mod canary;
mod command_line;
mod completions;
mod control;
mod database_args;
mod deploy;
mod dev;
mod doctor;
mod dyno_sizes;
mod ended;
mod followed;
mod follower_report;
mod hosts;
mod inspect;
mod keys;
mod logs;
mod manifest;
mod migrate;
mod new;
mod output;
mod printed;
mod progress;
mod project;
mod project_shell;
mod remote;
mod rollback;
mod run;
mod seeding;
mod serve;
mod sessions;
mod setup;
mod sources;
mod target;
mod telling;
mod test;
mod tiers;
mod token;
mod transfer;
mod usage_error;
mod versions;
mod waiting;
mod watching;
mod wit;
mod wrap;
mod written;

use crate::config;
use crate::guests::compiling;
use app_arg::{MaybeApp, OneApp};
use clap::{Parser, Subcommand};
use database_args::{DatabaseArgs, HostArgs};
use ended::Ended;
use std::pin::Pin;
use std::process::ExitCode;
use usage_error::UsageError;

/// Serves web apps compiled to WebAssembly components, with a database, files and sessions.
#[derive(Debug, Parser)]
#[command(name = "innkeeper", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What was meant, should the command fail.
    #[arg(skip)]
    tip: Option<String>,
}

/// Each has its help at its options: a line for the overview, and more for `--help`.
#[derive(Debug, Subcommand)]
enum Command {
    New(new::Options),
    Dev(dev::Options),
    Serve(serve::Options),
    Migrate(migrate::Options),
    Deploy(deploy::Options),
    Apps(apps::Options),
    Versions(versions::Options),
    Rollback(rollback::Options),
    Promote(canary::PromoteOptions),
    Abort(canary::AbortOptions),
    Config(app_config::Options),
    Logs(logs::Options),
    Audit(audit::Options),
    Hosts(hosts::Options),
    Blobs(blobs::Options),
    Export(transfer::ExportOptions),
    Import(transfer::ImportOptions),
    Sessions(sessions::Options),
    Inspect(inspect::Options),
    Test(test::Options),
    Wit(wit::Options),
    Wrap(wrap::Options),
    Keys(keys::Options),
    Token(token::Options),
    Doctor(doctor::Options),
    Completions(completions::Options),
    /// Compile the component on standard input, for another process of this program
    #[command(hide = true)]
    Compile,
}

impl Cli {
    /// The command that was typed. Where there is none, help or an error is printed, and the status
    /// of the process is left.
    pub fn parse_or_explain() -> Result<Self, ExitCode> {
        command_line::parse(&config::arguments())
    }

    /// What was most likely meant, should the command fail.
    pub fn tip(&self) -> Option<String> {
        self.tip.clone()
    }

    /// Whether the command serves apps until it is stopped.
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_) | Command::Dev(_))
    }

    /// Runs the command. Only `serve`, `dev` and `test` take more than a moment. Its code is part
    /// of the library: the program would compile all of it once more.
    pub fn run(self) -> Pin<Box<dyn Future<Output = anyhow::Result<()>>>> {
        Box::pin(self.command.run())
    }
}

impl Command {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::New(options) => new::run(&options),
            Self::Dev(options) => dev::run(options).await,
            Self::Serve(options) => serve::run(options).await,
            Self::Migrate(options) => Box::pin(migrate::run(&options)).await,
            Self::Deploy(options) => deploy::run(&options).await,
            Self::Apps(options) => Box::pin(apps::run(&options)).await,
            Self::Versions(options) => versions::run(&options).await,
            Self::Rollback(options) => rollback::run(&options).await,
            Self::Promote(options) => canary::promote(&options).await,
            Self::Abort(options) => canary::abort(&options).await,
            Self::Config(options) => app_config::run(&options).await,
            Self::Logs(options) => logs::run(&options).await,
            Self::Audit(options) => audit::run(&options).await,
            Self::Hosts(options) => hosts::run(&options).await,
            Self::Blobs(options) => Box::pin(blobs::run(&options)).await,
            Self::Export(options) => Box::pin(transfer::export(&options)).await,
            Self::Import(options) => Box::pin(transfer::import(&options)).await,
            Self::Sessions(options) => sessions::run(&options).await,
            Self::Inspect(options) => inspect::run(&options).await,
            Self::Test(options) => Box::pin(test::run(options)).await,
            Self::Wit(options) => wit::run(&options),
            Self::Wrap(options) => wrap::run(&options),
            Self::Compile => compiling::child::run().await,
            Self::Keys(options) => keys::run(&options).await,
            Self::Token(options) => Box::pin(token::run(&options)).await,
            Self::Doctor(options) => doctor::run(&options).await,
            Self::Completions(options) => {
                completions::run(&options);
                Ok(())
            }
        }
    }
}

/// The status of the process for what became of a command. Says what went wrong.
pub fn conclude(result: &anyhow::Result<()>, tip: Option<String>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let tip = tip.map(|tip| format!("\n\n  tip: {tip}")).unwrap_or_default();
    output::note(format!("innkeeper: {error:#}{tip}"));
    match error.downcast_ref::<Ended>() {
        Some(ended) => ExitCode::from(ended.code()),
        None if error.is::<UsageError>() => ExitCode::from(UsageError::STATUS),
        None => ExitCode::FAILURE,
    }
}
