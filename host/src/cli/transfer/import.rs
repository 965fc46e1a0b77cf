//! `innkeeper import`

use super::app_part::{self, Destination};
use super::arrival::Arrival;
use super::contents::{AppPart, TOTALS, Totals};
use super::reading::{BROKEN, Part};
use super::{ImportOptions, STATEMENT_TIME, left_behind};
use crate::cli::progress::Progress;
use crate::cli::{control, output, setup};
use crate::config::Config;
use crate::guests::language;
use crate::storage::registry::{Deployment, Target};
use crate::storage::row_size::{self, RowSize};
use crate::storage::{Code, blobs};
use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;

pub(in crate::cli) async fn run(options: &ImportOptions) -> anyhow::Result<()> {
    let mut config = options.database.load_aloud()?;
    config.limits.statement_time = config.limits.statement_time.max(STATEMENT_TIME);
    let (reader, size) = open(&options.file)?;
    let mut archive = tar::Archive::new(reader);
    // Raw: names are those in the headers of the parts, and nothing else in the file is a name.
    let mut parts = archive.entries().context(BROKEN)?.raw(true);
    let mut hasher = Sha256::new();
    let app = app_part::app(&mut next(&mut parts, &mut hasher)?)?;
    left_behind::check(&app, &options.without)?;
    let component = app_part::component(&mut next(&mut parts, &mut hasher)?, &app, &config)?;
    let (compiler, compiled) = app_part::check_component(&component, &config).await?;
    let destination = Box::pin(app_part::destination(options, &app, config.clone())).await?;
    let brought = bring(&destination, &mut parts, &mut hasher, size).await;
    let ended = match brought {
        Ok(brought) => {
            setup::publish(&compiler, &destination.target.database, &compiled, "import").await;
            activate(&destination, &app, &component).await.map(|version| (brought, version))
        }
        Err(error) => Err(error),
    };
    let Destination { target, name, .. } = destination;
    target.close().await;
    let (brought, version) = ended?;
    report(options, &app, &name, version, &brought, &config)
}

/// The file, and how large it is if that can be known.
fn open(file: &Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(BufReader::with_capacity(BUFFER, std::io::stdin())), None));
    }
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let size = opened.metadata().ok().map(|about| about.len());
    Ok((Box::new(BufReader::with_capacity(BUFFER, opened)), size))
}

type Parts<'a> = tar::Entries<'a, Box<dyn Read>>;

/// The next part.
fn next<'p, 'a: 'p>(parts: &mut Parts<'a>, hasher: &'p mut Sha256) -> anyhow::Result<Part<'p>> {
    let entry = parts.next().with_context(|| format!("{BROKEN}: it ends in the middle"))?;
    Part::of(entry.context(BROKEN)?, hasher)
}

/// What has been brought in.
struct Brought {
    totals: Totals,
    /// Values that are kept otherwise than they came.
    changed: u64,
    compared: bool,
    /// What its files take up here now, with their rows.
    taken: u64,
    /// What its rows take up here now, and whether that is too much.
    rows: RowSize,
}

async fn bring(
    destination: &Destination,
    parts: &mut Parts<'_>,
    hasher: &mut Sha256,
    size: Option<u64>,
) -> anyhow::Result<Brought> {
    let progress = Progress::bytes(if destination.only_compares { "comparing" } else { "importing" }, size);
    if destination.only_compares {
        progress.say(format!(
            "{}: there are data here, but no such app: comparing them with the file, as after an import that could not end",
            destination.name
        ));
    }
    let mut arrival = Arrival::begin(&destination.target.space, destination.only_compares, progress).await?;
    match take_all(&mut arrival, parts, hasher).await {
        Ok(totals) => {
            let changed = arrival.changed();
            arrival.commit().await.map_err(|error| {
                let text = match error.code {
                    Code::CommitUnknown => {
                        "it is not certain that what was imported was kept: import it again to compare"
                    }
                    _ => "cannot keep what was imported: nothing is there",
                };
                anyhow::Error::from(error).context(text)
            })?;
            let taken = blobs::used(&mut destination.target.unit()).await?;
            let (space, quota) = (&destination.target.space, destination.target.config.limits.app_row_bytes);
            let rows = row_size::measure(space, quota, &mut row_size::Measured::default()).await?;
            Ok(Brought { totals, changed, compared: destination.only_compares, taken, rows })
        }
        Err(error) => {
            arrival.give_up().await;
            Err(error.context("nothing has been imported"))
        }
    }
}

async fn take_all(arrival: &mut Arrival, parts: &mut Parts<'_>, hasher: &mut Sha256) -> anyhow::Result<Totals> {
    loop {
        let before = crate::storage::hex(&hasher.clone().finalize());
        let mut part = next(parts, hasher)?;
        if part.path != TOTALS {
            arrival.take(part).await?;
            continue;
        }
        let totals: Totals = part.json()?;
        if totals.sha256 != before {
            bail!("{BROKEN}: the SHA-256 of all its parts is another one");
        }
        arrival.check(&totals).await?;
        return Ok(totals);
    }
}

async fn activate(destination: &Destination, app: &AppPart, component: &[u8]) -> anyhow::Result<i64> {
    let routes: Option<Vec<String>> = destination.route.clone().map(|route| vec![route]);
    let language = language::of(component);
    let deployment = Deployment {
        app: &destination.name,
        routes: routes.as_deref(),
        settings: Some(&app.settings),
        component: Bytes::copy_from_slice(component),
        language: language.as_deref(),
        actor: &control::actor(&destination.target.config),
        note: Some("innkeeper import"),
        target: Target::Everybody,
        run: None,
        is_hurried: false,
    };
    let deployed = destination.target.database.deploy(deployment).await;
    deployed.map(|release| release.version).with_context(|| {
        format!(
            "everything of {} is in place, but its component could not be made active: run the same import again, which then only compares",
            destination.name
        )
    })
}

fn report(
    options: &ImportOptions,
    app: &AppPart,
    name: &str,
    version: i64,
    brought: &Brought,
    config: &Config,
) -> anyhow::Result<()> {
    let Brought { totals, changed, compared, taken, rows } = brought;
    let most = config.limits.app_bytes;
    let over_quota = *taken > most;
    if options.json {
        return output::json(&json!({
            "app": name,
            "version": version,
            "totals": totals,
            "verified": true,
            "compared-only": compared,
            "nan-to-null": changed,
            "over-quota": over_quota,
            "over-row-quota": rows.is_over,
            "left-behind": app.left_behind,
        }));
    }
    output::line(format!(
        "{name}: version {version} is active, with {} tables of {} rows, {} files ({} bytes), {} sessions",
        totals.tables.len(),
        totals.rows(),
        totals.blob_count(),
        totals.blob_bytes,
        totals.session_count()
    ));
    output::line("verified: rows, files, sessions and migrations were read again and are as the file has them");
    left_behind::notes(app).iter().for_each(output::line);
    if *changed > 0 {
        output::line(format!("{changed} floats that are no numbers became NULL: SQLite keeps no NaN"));
    }
    if over_quota {
        output::line(format!(
            "its files take up {taken} bytes, more than {most} (INNKEEPER_APP_BYTES): it takes no new ones until that is raised"
        ));
    }
    if rows.is_over {
        output::line(format!(
            "its rows take up {} bytes, more than {} (INNKEEPER_APP_ROW_BYTES): it takes no new ones until that is raised",
            rows.bytes, config.limits.app_row_bytes
        ));
    }
    Ok(())
}
