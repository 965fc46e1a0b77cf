//! `innkeeper export` and `innkeeper import`: a whole app as one file, from either engine to
//! either.
//!
//! The file is a tar: `app.json`, `component.wasm`, `migrations.json`; for each table its portable
//! description, `tables/NAME.json`; for each its rows in parts of about a mebibyte,
//! `tables/NAME/000001.ndjson`; lists of kept blobs, `blobs/000001.ndjson`, each followed by the
//! blobs, `blobs/ID`; sessions, `sessions/000001.ndjson`; and `totals.json`, by which an import
//! knows that it has everything as it was.

mod app_part;
mod archive;
mod arrival;
mod check;
mod contents;
mod export;
mod import;
mod left_behind;
mod outgoing;
mod reading;

use super::DatabaseArgs;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

pub(super) use export::run as export;
pub(super) use import::run as import;

/// One statement of a move may take longer than one of a guest: it may look through a large table.
const STATEMENT_TIME: Duration = Duration::from_secs(600);

/// Write a whole app into one file: component, tables, files, sessions
///
/// Writes a whole app into one file, as it is at one moment: registry entry and active component,
/// tables, kept files, live sessions, and the account of its migrations. Guests go on meanwhile.
/// The file holds what visitors have left: keep it as you keep the database. A table that has no
/// portable description stops the export and is named; views, triggers, partial indexes and the
/// like stay behind: they are listed here, in the file, and again by the import.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper export shop.tar --app shop
  innkeeper export - --app shop | innkeeper import - --data ./elsewhere

JSON: {app, totals, left-behind, guards}, on standard error where standard output is the file")]
pub(in crate::cli) struct ExportOptions {
    /// The file; - for standard output
    file: PathBuf,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    /// Leave this table behind; may be given more than once
    #[arg(long, value_name = "TABLE")]
    skip_table: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Bring an app in from the file of an export, into either database
///
/// Brings an app in from the file of an export, into Postgres or SQLite, whichever it came from.
/// The app has to be new here, or to have no tables, files and sessions yet. Everything is written
/// in one transaction and read again before it is kept: after a failure nothing is there. Then the
/// component becomes active, and signed-in visitors stay signed in once requests arrive here. Links
/// that the old host has signed end with it. Where the export has left behind what guarded rows (a
/// unique index over an expression, a trigger), the import is refused until each is named with
/// --without.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper import shop.tar
  innkeeper import shop.tar --app shop-copy --route /copy

JSON: {app, version, totals, verified, compared-only, nan-to-null, over-quota, over-row-quota, left-behind}")]
pub(in crate::cli) struct ImportOptions {
    /// The file; - for standard input
    file: PathBuf,
    /// The app's name here [default: the one that it had]
    #[arg(short, long, value_name = "NAME")]
    app: Option<String>,
    /// Which requests it answers here: a path such as / or /blog, or a host name [default: the
    /// route that it had]
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    /// Do without this guard of the app's rows, such as a unique index, that the export has left
    /// behind; may be given more than once
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}
