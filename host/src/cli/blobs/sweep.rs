//! `innkeeper blobs sweep`

use super::SweepOptions;
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::cli::target::Target;
use crate::guests::sweep;
use crate::storage::blobs::usage::{self, Recount};
use crate::storage::sweeping::{self, What};
use crate::storage::transfer::mentions::Unmentioned;
use crate::storage::transfer::overdue::{self, Deadlines, Leaving};
use crate::storage::{UnitOfWork, calendar, now_micros};
use serde_json::{Value, json};
use std::time::Duration;

/// A blob that was kept so lately may get its row yet.
const YOUNG: Duration = Duration::from_secs(60 * 60);

/// What was found, and how much of it went.
struct Swept {
    overdue: Vec<Leaving>,
    unmentioned: Vec<Leaving>,
    deleted: u64,
    usage: Recount,
}

pub(super) async fn run(options: &SweepOptions, target: &Target) -> anyhow::Result<()> {
    let mut unit = target.unit();
    let (staged, receiving) = sweep::deadlines(&target.config.limits);
    let overdue = overdue::list(&mut unit, Deadlines { staged, receiving }).await?;
    let unmentioned = unmentioned(&mut unit, options).await?;
    let mut deleted = 0;
    if !options.dry_run {
        deleted += sweeping::sweep(&target.space, What::Blobs { staged, receiving }).await?;
        if options.unreferenced {
            deleted += overdue::delete_kept(&mut unit, unmentioned.iter().map(|blob| blob.id.as_str())).await?;
        }
    }
    let usage = usage::recount(&mut unit, !options.dry_run).await?;
    report(options, &Swept { overdue, unmentioned, deleted, usage })
}

async fn unmentioned(unit: &mut UnitOfWork, options: &SweepOptions) -> anyhow::Result<Vec<Leaving>> {
    let before = now_micros().saturating_sub(i64::try_from(YOUNG.as_micros()).unwrap_or(i64::MAX));
    // All are listed; only those that are old enough go.
    let oldest = if options.unreferenced { before } else { i64::MAX };
    let mut progress = Progress::bytes("searching", None);
    let mut left = Unmentioned::of(unit, oldest).await?;
    left.search(unit, &mut |bytes| progress.advance(bytes)).await?;
    let list = left.into_list(unit).await?;
    if !options.unreferenced || options.dry_run || list.is_empty() {
        return Ok(list);
    }
    // A row may have been written while the tables before it were searched: what is to go is looked
    // for once more.
    let mut left = Unmentioned::among(list.iter().map(|blob| blob.id.clone()));
    left.search(unit, &mut |bytes| progress.advance(bytes)).await?;
    Ok(left.into_list(unit).await?)
}

fn report(options: &SweepOptions, swept: &Swept) -> anyhow::Result<()> {
    let Swept { overdue, unmentioned, deleted, usage } = swept;
    let off = usage.noted != usage.counted;
    if options.json {
        let lists: Vec<Value> = overdue.iter().map(|blob| line(blob, why(blob))).collect();
        let more: Vec<Value> = unmentioned.iter().map(|blob| line(blob, UNMENTIONED)).collect();
        return output::json(&json!({
            "overdue": lists,
            "unreferenced": more,
            "deleted": deleted,
            "usage": { "noted": usage.noted, "counted": usage.counted, "mended": off && !options.dry_run },
        }));
    }
    let all =
        overdue.iter().map(|blob| (blob, why(blob))).chain(unmentioned.iter().map(|blob| (blob, UNMENTIONED)));
    let rows: Vec<[String; 5]> = all.map(|(blob, why)| row(blob, why)).collect();
    if !rows.is_empty() {
        let columns = [
            output::text("BLOB"),
            output::number("SIZE"),
            output::text("CREATED"),
            output::flexible("NAME"),
            output::text("WHY"),
        ];
        output::table(columns, &rows);
    }
    let bytes = |list: &[Leaving]| list.iter().map(|blob| blob.size).sum::<i64>();
    output::line(format!("never kept, time over: {} ({} bytes)", overdue.len(), bytes(overdue)));
    output::line(format!("kept and mentioned nowhere: {} ({} bytes)", unmentioned.len(), bytes(unmentioned)));
    output::line(match (options.dry_run, options.unreferenced, unmentioned.len()) {
        (true, ..) => "deleted: none, as asked".to_owned(),
        (false, false, 1..) => format!("deleted: {deleted}; --unreferenced deletes the kept ones too"),
        _ => format!("deleted: {deleted}"),
    });
    if off {
        let done = if options.dry_run { "would be put right" } else { "put right" };
        output::line(format!(
            "the app's files were counted as {} bytes and are {}: {done}",
            usage.noted, usage.counted
        ));
    }
    Ok(())
}

const UNMENTIONED: &str = "kept, but no row and no session mentions it";

fn why(blob: &Leaving) -> &'static str {
    if blob.complete { "uploaded, never kept" } else { "upload that did not end" }
}

fn row(blob: &Leaving, why: &str) -> [String; 5] {
    let name = blob.name.clone().unwrap_or_else(|| "-".to_owned());
    [
        blob.id.clone(),
        output::bytes(u64::try_from(blob.size).unwrap_or_default()),
        output::time(blob.created_at),
        name,
        why.to_owned(),
    ]
}

fn line(blob: &Leaving, why: &str) -> Value {
    json!({
        "id": blob.id,
        "name": blob.name,
        "size": blob.size,
        "created": calendar::print_instant(blob.created_at),
        "why": why,
    })
}
