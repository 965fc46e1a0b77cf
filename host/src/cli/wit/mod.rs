//! `innkeeper wit`

mod text;
mod update;

use super::output;
use super::usage_error::UsageError;
use super::written::{SDK, Written};
use crate::guests::{contract, packed};
use anyhow::{Context, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use update::{Fate, Update};

/// Print the contract with guests, or bring a project's copy of it up to date
///
/// Prints the contract with guests (WIT) that this program has, as one text that people and
/// generators of bindings can read. With --update it brings a guest project to the same state: its
/// SDK in `sdk/` where `innkeeper new` has written one, else the files of the contract in `wit/`.
/// What was changed there by hand is not overwritten without --force.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper wit > innkeeper.wit
  innkeeper wit --interface db
  innkeeper wit --update
  innkeeper wit --check apps/shop")]
pub(super) struct Options {
    /// The folder of a guest project [default: the present one]
    #[arg(value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Write what this program has into the project
    #[arg(long)]
    update: bool,
    /// Fail where the project has something else than this program, and write nothing
    #[arg(long, conflicts_with_all = ["update", "force"])]
    check: bool,
    /// Overwrite what was changed by hand
    #[arg(long, requires = "update")]
    force: bool,
    /// Print one interface alone: db, blob-upload or session
    #[arg(long, value_name = "NAME", conflicts_with_all = ["update", "check", "path"])]
    interface: Option<String>,
}

/// The folder of the contract, where a project has no SDK.
const WIT: &str = "wit";

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(name) = &options.interface {
        output::write_bytes(text::interface(&contract::files()?, name)?.as_bytes());
        return Ok(());
    }
    let project = options.path.as_deref().unwrap_or(Path::new("."));
    match (options.update, options.check) {
        (false, false) if options.path.is_some() => {
            Err(UsageError("what is to be done there? --update or --check".to_owned()).into())
        }
        (false, false) => {
            output::write_bytes(text::whole(&contract::files()?)?.as_bytes());
            Ok(())
        }
        (true, _) => update(project, options.force),
        (false, true) => check(project),
    }
}

/// What there is to do in a project: to its SDK, else to its copy of the contract.
fn plan(project: &Path) -> anyhow::Result<Update> {
    if !project.is_dir() {
        bail!("{}: no such folder", project.display());
    }
    let sdk = project.join(SDK);
    if !sdk.exists() {
        let folder = project.join(WIT);
        let before = Written::read(&folder)?;
        return Update::plan(folder, WIT, before, contract::files()?);
    }
    let Some(before) = Written::read(&sdk)? else {
        bail!(
            "{} was not written by `innkeeper new`, or its file .innkeeper is gone: nobody knows what was changed in it. \
             `innkeeper new` writes a whole one elsewhere",
            sdk.display()
        );
    };
    let template = packed::files(&before.of).context("the templates in this program cannot be read")?;
    let files = super::written::below_sdk(&template);
    if files.is_empty() {
        bail!("{}: this program has no SDK for {}", sdk.display(), before.of);
    }
    let of = before.of.clone();
    Update::plan(sdk, &of, Some(before), files)
}

fn update(project: &Path, force: bool) -> anyhow::Result<()> {
    let update = plan(project)?;
    let lost = update.paths(Fate::Conflict);
    if !lost.is_empty() && !force {
        bail!(
            "{} changed by hand, and this program has something else: {}. Nothing was written; --force overwrites",
            if lost.len() == 1 { "a file was" } else { "files were" },
            lost.join(", ")
        );
    }
    tell(&update, force);
    update.write(force)?;
    output::line(update.summary(force));
    Ok(())
}

fn check(project: &Path) -> anyhow::Result<()> {
    let update = plan(project)?;
    if update.is_current() {
        output::line(update.summary(false));
        return Ok(());
    }
    tell(&update, false);
    let force = if update.needs_force() { ", and with --force what was changed by hand" } else { "" };
    bail!(
        "{} is not what this program has ({}): `innkeeper wit --update` brings it up to date{force}",
        update.folder().display(),
        contract::full_name()
    )
}

/// Says what becomes of each file that is not as this program has it.
fn tell(update: &Update, force: bool) {
    for (path, fate) in update.changes() {
        output::line(format!("{:<15}  {}", fate.word(force), update.folder().join(path).display()));
    }
}
