//! `innkeeper export`

use super::archive::ArchiveWriter;
use super::contents::{AppPart, ComponentPart, FORMAT, Totals};
use super::outgoing::Outgoing;
use super::{ExportOptions, STATEMENT_TIME, left_behind};
use crate::cli::output;
use crate::cli::target::Target;
use crate::storage::schema::Table;
use crate::storage::transfer::Snapshot;
use crate::storage::transfer::leftovers::Leftover;
use crate::storage::{calendar, hex, now_micros};
use anyhow::{Context, bail};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

pub(in crate::cli) async fn run(options: &ExportOptions) -> anyhow::Result<()> {
    let mut config = options.database.load_aloud()?;
    config.limits.statement_time = config.limits.statement_time.max(STATEMENT_TIME);
    let target = Target::read_by(&options.app, config).await?;
    let part = part_of(&options.file);
    let result = write(options, &target, part.as_deref()).await;
    target.close().await;
    match (part, result) {
        (Some(part), Err(error)) => {
            // The error that led here is the one to report.
            let _ = std::fs::remove_file(part);
            Err(error)
        }
        (Some(part), Ok(summary)) => {
            settle(&part, &options.file)?;
            summary.report(options)
        }
        (None, result) => result?.report(options),
    }
}

/// Gives the file its name, once it is on the disk.
fn settle(part: &Path, file: &Path) -> anyhow::Result<()> {
    let settling = || File::open(part)?.sync_all().and_then(|()| std::fs::rename(part, file));
    settling().with_context(|| format!("cannot give the file the name {}", file.display()))
}

/// Where the file is written until it is whole; none for standard output.
fn part_of(file: &Path) -> Option<PathBuf> {
    if file == Path::new("-") {
        return None;
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    Some(part.into())
}

fn open(part: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = part else { return Ok(Box::new(BufWriter::with_capacity(BUFFER, output::Stdout))) };
    // As private as the database that it comes from.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(BUFFER, file)))
}

/// What was written.
struct Summary {
    totals: Totals,
    left_behind: Vec<Leftover>,
}

async fn write(options: &ExportOptions, target: &Target, part: Option<&Path>) -> anyhow::Result<Summary> {
    let (mut app, component) = app_part(target).await?;
    let mut snapshot = Snapshot::take(&target.space).await?;
    let tables = tables(&mut snapshot, options).await?;
    let mut left_behind = snapshot.leftovers().await?;
    // What guards rows that stay behind guards nothing of what goes along.
    left_behind.retain(|left| left.guards.is_none() || !options.skip_table.contains(&left.table));
    left_behind.extend(options.skip_table.iter().map(|name| Leftover::skipped(name)));
    app.left_behind = Some(left_behind.clone());
    let archive = ArchiveWriter::new(open(part)?);
    let mut export = Outgoing::new(snapshot, archive);
    export.app(&app, &component)?;
    export.migrations().await?;
    for table in &tables {
        export.description(table).await?;
    }
    for table in &tables {
        export.rows(table).await.with_context(|| format!("table {}", table.name))?;
    }
    export.blobs().await?;
    export.sessions().await?;
    let totals = export.finish().await?;
    Ok(Summary { totals, left_behind })
}

async fn app_part(target: &Target) -> anyhow::Result<(AppPart, Vec<u8>)> {
    let app = target.app.as_ref().context("the app is not registered")?;
    let version = match app.active {
        Some(active) => target.database.version(&app.name, active).await?,
        None => None,
    };
    let Some(version) = version else {
        bail!("app {} has no active version: deploy one first (innkeeper deploy)", app.name);
    };
    let component = target.database.component(&version).await?;
    let part = AppPart {
        format: FORMAT,
        app: app.name.clone(),
        route: app.routes.first().cloned().unwrap_or_default(),
        settings: app.settings.clone(),
        engine: format!("{:?}", target.space.engine()).to_lowercase(),
        innkeeper: env!("CARGO_PKG_VERSION").to_owned(),
        exported: calendar::print_instant(now_micros()),
        component: ComponentPart {
            version: version.number,
            size: u64::try_from(component.len())?,
            sha256: hex(&version.sha256),
        },
        left_behind: None,
    };
    Ok((part, component))
}

/// The descriptions of the tables that go along, or everything that stands in the way.
async fn tables(snapshot: &mut Snapshot, options: &ExportOptions) -> anyhow::Result<Vec<Table>> {
    let found = snapshot.tables().await?;
    if let Some(unknown) = options.skip_table.iter().find(|name| !found.iter().any(|(table, _)| table == *name)) {
        bail!("--skip-table {unknown}: the app has no such table");
    }
    let (mut tables, mut problems): (Vec<Table>, Vec<String>) = (Vec::new(), Vec::new());
    for (name, table) in found.iter().filter(|(name, _)| !options.skip_table.contains(name)) {
        match snapshot.describe(name, table).await {
            Ok(table) => tables.push(table),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for table in &tables {
        let references = table.columns.iter().filter_map(|column| column.references.as_ref());
        let missing = references.filter(|to| {
            !found.iter().any(|(name, _)| *name == to.table) || options.skip_table.contains(&to.table)
        });
        problems.extend(
            missing.map(|to| format!("table {} refers to {}, which is left behind", table.name, to.table)),
        );
    }
    if problems.is_empty() {
        return Ok(tables);
    }
    bail!(
        "tables that the other engine would not understand:\n  {}\nmake them as define-table would, or leave them behind with --skip-table NAME",
        problems.join("\n  ")
    )
}

impl Summary {
    /// On standard error where standard output is the file.
    fn report(&self, options: &ExportOptions) -> anyhow::Result<()> {
        let Totals { tables, blob_bytes, .. } = &self.totals;
        let (rows, blobs, sessions) = (self.totals.rows(), self.totals.blob_count(), self.totals.session_count());
        let summary = if options.json {
            let names: Vec<&str> = self.left_behind.iter().map(|left| left.what.as_str()).collect();
            let guards: Vec<&Leftover> = self.left_behind.iter().filter(|left| left.guards.is_some()).collect();
            let json =
                json!({ "app": options.app, "totals": self.totals, "left-behind": names, "guards": guards });
            serde_json::to_string_pretty(&json)?
        } else {
            let behind = self.left_behind.iter().map(|left| format!("\n{}", left_behind::line(left)));
            format!(
                "{}: {} tables with {rows} rows, {blobs} files ({blob_bytes} bytes), {sessions} sessions{}",
                options.app,
                tables.len(),
                behind.collect::<String>()
            )
        };
        match options.file == Path::new("-") {
            true => output::note(summary),
            false => output::line(summary),
        }
        Ok(())
    }
}
