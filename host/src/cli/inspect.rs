//! `innkeeper inspect`

use super::project::Project;
use super::{output, setup};
use crate::config::{Config, Environment};
use crate::guests::inspect;
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;

/// Show what a component imports and exports, and whether this host can run it
///
/// Shows what a component imports and exports. Fails where this host cannot run it, and says why. Of a guest project it
/// takes the component that innkeeper.toml names, as it was built last.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper inspect shop.wasm
  innkeeper inspect . --build

JSON: {size, imports, exports, problem}")]
pub(super) struct Options {
    /// A component, or the folder of a guest project
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Build the project first
    #[arg(long)]
    build: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut config = Config::without_database(&Environment::from_process())?;
    config.code_cache = None;
    let project = Project::open(&options.path)?;
    if options.build {
        project.build().await?;
    }
    let bytes = project.read()?;
    let compiler = setup::compiler(&config)?;
    let report = inspect::inspect(&compiler, bytes.into())
        .await
        .with_context(|| project.component.display().to_string())?;
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
    output::line(output::bytes(u64::try_from(report.size).unwrap_or(u64::MAX)));
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
