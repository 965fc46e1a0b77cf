//! `innkeeper inspect`

use super::{output, setup};
use crate::config::{Config, DEFAULT_DATA_DIRECTORY, DatabaseOptions, Environment};
use crate::guests::inspect;
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;

/// Shows what a component imports and exports. Fails where this host cannot run it, and says why.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    // No database is needed, so none has to be found.
    let nowhere = DatabaseOptions {
        database_url: Some(format!("sqlite:{DEFAULT_DATA_DIRECTORY}")),
        allow_ephemeral: true,
        ..DatabaseOptions::default()
    };
    let mut config = Config::load(&nowhere, &Environment::from_process())?;
    config.code_cache = None;
    let bytes = std::fs::read(&options.file).with_context(|| options.file.display().to_string())?;
    let compiler = setup::compiler(&config)?;
    let report =
        inspect::inspect(&compiler, bytes.into()).await.with_context(|| options.file.display().to_string())?;
    if options.json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    match report.problem {
        Some(problem) => bail!("this host cannot run it: {problem}"),
        None => Ok(()),
    }
}

fn print(report: &inspect::Report) {
    output::line(format!("{} bytes", report.size));
    for (title, names) in [("imports", &report.imports), ("exports", &report.exports)] {
        output::line(format!("{title}:"));
        for name in names {
            output::line(format!("  {name}"));
        }
    }
    if report.problem.is_none() {
        output::line("this host can run it");
    }
}
