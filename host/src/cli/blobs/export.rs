//! `innkeeper blobs export`

use super::manifest::{self, Entry, PART};
use super::{ExportOptions, files};
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::cli::target::Target;
use crate::storage::blobs::{self, Blob, CHUNK_BYTES};
use crate::storage::hex;
use anyhow::{Context, bail};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Blobs that are listed at once.
const PAGE: u32 = 500;
/// Bytes of the longest name of a file that common file systems take.
const LONGEST_NAME: usize = 255;

#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct Counts {
    written: u64,
    already_there: u64,
    bytes: u64,
    failed: Vec<String>,
}

pub(super) async fn run(options: &ExportOptions, target: &Target) -> anyhow::Result<()> {
    let folder = &options.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let manifest_part = folder.join(format!("{}{PART}", manifest::NAME));
    let file =
        File::create(&manifest_part).with_context(|| format!("cannot write {}", manifest_part.display()))?;
    let mut lines = BufWriter::new(file);
    let (mut unit, mut counts, mut after) = (target.unit(), Counts::default(), String::new());
    let mut progress = Progress::bytes("exporting", None);
    loop {
        let page = blobs::list(&mut unit, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id.clone();
        for blob in &page {
            let entry = entry(blob);
            match one(folder, target, blob, &entry.file, &mut progress).await {
                Ok(true) => counts.written += 1,
                Ok(false) => counts.already_there += 1,
                Err(error) => {
                    let error = format!("{}: {error:#}", entry.file);
                    progress.say(format!("failed: {error}"));
                    counts.failed.push(error);
                    continue;
                }
            }
            counts.bytes += blob.size;
            writeln!(lines, "{}", serde_json::to_string(&entry)?).context("cannot write the manifest")?;
        }
    }
    lines.flush().context("cannot write the manifest")?;
    std::fs::rename(&manifest_part, folder.join(manifest::NAME)).context("cannot write the manifest")?;
    drop(progress);
    report(options, &counts)
}

fn report(options: &ExportOptions, counts: &Counts) -> anyhow::Result<()> {
    if options.json {
        output::json(&json!(counts))?;
    } else {
        let Counts { written, already_there, bytes, failed } = counts;
        output::line(format!(
            "written {written}, already there {already_there}, failed {} ({bytes} bytes)",
            failed.len()
        ));
    }
    match counts.failed.len() {
        0 => Ok(()),
        failed => bail!("{failed} blobs have not been written; the reasons are above"),
    }
}

fn entry(blob: &Blob) -> Entry {
    Entry {
        id: blob.id.clone(),
        file: file_name(blob),
        size: blob.size,
        sha256: hex(&blob.sha256),
        content_type: blob.content_type.clone(),
        name: blob.name.clone(),
        created: blob.created_at,
    }
}

/// The id and the name. Names are cleaned once more: they come from visitors, and rows may be older
/// than the rule.
fn file_name(blob: &Blob) -> String {
    let Some(name) = blob.name.as_deref().and_then(crate::interfaces::blob_upload::clean_file_name) else {
        return blob.id.clone();
    };
    let whole = format!("{}-{name}", blob.id);
    let most = LONGEST_NAME - PART.len();
    if whole.len() <= most {
        return whole;
    }
    // The ending stays, since it says what to open the file with.
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| format!(".{ending}"))
        .filter(|ending| ending.len() <= 16)
        .unwrap_or_default();
    let mut end = most - ending.len();
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", whole.get(..end).unwrap_or(&blob.id))
}

/// Writes a blob, unless it is there whole. Returns whether it was written.
async fn one(
    folder: &Path,
    target: &Target,
    blob: &Blob,
    file: &str,
    progress: &mut Progress,
) -> anyhow::Result<bool> {
    let path = folder.join(file);
    let is_there = path.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() == blob.size);
    if is_there && files::measure(&path)?.1 == blob.sha256 {
        progress.advance(usize::try_from(blob.size)?);
        return Ok(false);
    }
    let part = folder.join(format!("{file}{PART}"));
    let written = write(&part, target, blob, progress).await;
    if written.is_err() {
        // The error that led here is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    std::fs::rename(&part, &path).context("cannot give the file its name")?;
    Ok(true)
}

async fn write(part: &Path, target: &Target, blob: &Blob, progress: &mut Progress) -> anyhow::Result<()> {
    let mut file = File::create(part).with_context(|| format!("cannot write {}", part.display()))?;
    let (mut hasher, mut seq) = (Sha256::new(), 0);
    let chunks = i64::try_from(blob.size.div_ceil(u64::try_from(CHUNK_BYTES)?))?;
    while seq < chunks {
        for chunk in blobs::read_committed(&target.space, &blob.id, seq..=chunks - 1).await? {
            hasher.update(&chunk);
            file.write_all(&chunk).with_context(|| format!("cannot write {}", part.display()))?;
            progress.advance(chunk.len());
            seq += 1;
        }
    }
    if hasher.finalize().as_slice() != blob.sha256.as_slice() {
        bail!("what the database has is not what was uploaded: its SHA-256 differs");
    }
    file.sync_all().with_context(|| format!("cannot write {}", part.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: Option<&str>) -> String {
        file_name(&Blob {
            id: "0".repeat(32),
            size: 0,
            sha256: Vec::new(),
            content_type: String::new(),
            name: name.map(str::to_owned),
            created_at: 0,
            kept: true,
        })
    }

    #[test]
    fn names_stay_in_the_folder_and_within_what_file_systems_take() {
        let id = "0".repeat(32);
        assert_eq!(named(None), id);
        assert_eq!(named(Some("../../etc/passwd")), format!("{id}-passwd"));
        assert_eq!(named(Some("a/b\0.png")), format!("{id}-b.png"));
        let long = named(Some(&format!("{}.jpeg", "ü".repeat(125))));
        assert!(long.len() + PART.len() <= LONGEST_NAME && long.ends_with("ü.jpeg"), "{long}");
    }
}
