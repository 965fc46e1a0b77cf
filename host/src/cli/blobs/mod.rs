//! `innkeeper blobs`: an app's files in and out of the database, and what is in the way.

mod counts;
mod export;
mod files;
mod import;
mod links;
mod manifest;
mod map;
mod sweep;
mod web2py;

pub(super) use manifest::{is_clean, is_id};

use super::target::Target;
use super::{DatabaseArgs, OneApp};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Carry an app's files in and out, and clear away what nothing refers to
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper blobs import photos --app shop
  innkeeper blobs sweep shop --dry-run")]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Import(ImportOptions),
    Export(ExportOptions),
    Sweep(SweepOptions),
}

/// Make a kept blob of every file below a folder; what was imported before is left as it is
///
/// Makes a kept blob of every file below a folder, and reads each back to compare it. Run again, it
/// takes only what is new or has changed; a crash in the middle leaves nothing half. Files that
/// web2py has stored (table.field.<16 hexadecimal digits>.<name>.<ext>) get their original names
/// back. A folder with the manifest of an export keeps ids, names, types and times.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper blobs import photos --app shop
  innkeeper blobs import uploads --app shop --link --map ids.ndjson --dry-run

JSON: {imported, already-there, changed, undecodable, rows-linked, bytes, failed}")]
struct ImportOptions {
    /// The folder
    folder: PathBuf,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    /// Write a line of JSON for each file here: file, id, name, size, sha256, and of web2py's files
    /// table, field, the name under which each was stored, and whether its original name is lost
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Put the ids of web2py's files into the rows that have the stored names, where the app has
    /// such a table and column of text
    #[arg(long)]
    link: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Write every kept blob into a folder, with a manifest; what is there already is left as it is
///
/// Writes every kept blob as a file named by its id and name, and manifest.ndjson with all that is
/// known of them. Each is compared with its SHA-256 on the way. Run again, it writes only what is
/// missing or damaged.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper blobs export backup --app shop

JSON: {written, already-there, bytes, failed}")]
struct ExportOptions {
    /// The folder; made if need be
    folder: PathBuf,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Delete uploads that nothing has kept, and list kept blobs that nothing mentions
///
/// Deletes uploads whose time is over, as a serving host does by itself, and counts anew how many
/// bytes the app's blobs take up. Lists kept blobs whose ids stand in no row of the app's tables
/// and in no session; these are deleted only with --unreferenced, and never within an hour of their
/// making. An id that is written down elsewhere, encoded, or put into a row while the command runs
/// is not seen: look at the list first.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper blobs sweep shop --dry-run
  innkeeper blobs sweep shop --unreferenced

JSON: {overdue, unreferenced, deleted, usage}; the first two are lists of {id, name, size, created, why}, usage is
{noted, counted, mended}")]
struct SweepOptions {
    #[command(flatten)]
    app: OneApp,
    /// Delete kept blobs that nothing mentions, too
    #[arg(long)]
    unreferenced: bool,
    /// List what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let (database, app, only_reads) = match &options.verb {
        Verb::Import(options) => (&options.database, &options.app, options.dry_run),
        Verb::Export(options) => (&options.database, &options.app, true),
        Verb::Sweep(options) => (&options.database, &options.app.name, options.dry_run),
    };
    let target = match only_reads {
        true => Target::read(app, database).await?,
        false => Target::find(app, database).await?,
    };
    // Boxed: what they hold is much, and all of them would take up room in every command.
    let result = match &options.verb {
        Verb::Import(options) => Box::pin(import::run(options, &target)).await,
        Verb::Export(options) => Box::pin(export::run(options, &target)).await,
        Verb::Sweep(options) => Box::pin(sweep::run(options, &target)).await,
    };
    target.close().await;
    result
}
