//! `manifest.ndjson`: what is known of the blobs of an export, a line for each.

use super::counts::Fate;
use super::files::Found;
use super::import::Import;
use crate::storage::transfer::host_rows::unhex;
use crate::storage::transfer::imports;
use crate::storage::transfer::incoming::Label;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

/// The file's name.
pub(super) const NAME: &str = "manifest.ndjson";

/// Behind the name of a file that is being written.
pub(super) const PART: &str = ".part";

/// A line of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Entry {
    pub(super) id: String,
    /// In the same folder.
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) content_type: String,
    pub(super) name: Option<String>,
    /// Microseconds since 1970.
    pub(super) created: i64,
}

/// The manifest of a folder, if it has one.
pub(super) fn open(folder: &Path) -> anyhow::Result<Option<BufReader<File>>> {
    let path = folder.join(NAME);
    match File::open(&path) {
        Ok(file) => Ok(Some(BufReader::new(file))),
        Err(error) if error.kind() == ErrorKind::NotFound => refuse_unfinished(folder).map(|()| None),
        Err(error) => Err(error).with_context(|| format!("cannot open {}", path.display())),
    }
}

/// The files of an export without its manifest would become other blobs, with other ids.
fn refuse_unfinished(folder: &Path) -> anyhow::Result<()> {
    let part = folder.join(format!("{NAME}{PART}"));
    if part.symlink_metadata().is_err() {
        return Ok(());
    }
    bail!(
        "{} is there and {NAME} is not: an export into this folder has not ended; run it again, or delete that file to import the others as they are",
        part.display()
    )
}

/// Brings in what the manifest lists, with its ids.
pub(super) async fn import(import: &mut Import<'_>, manifest: BufReader<File>) -> anyhow::Result<()> {
    for (number, line) in (1..).zip(manifest.lines()) {
        let line = line.with_context(|| format!("cannot read {NAME}"))?;
        let result = match serde_json::from_str::<Entry>(&line) {
            Ok(entry) => one(import, &entry).await.with_context(|| entry.file.clone()),
            Err(error) => Err(error).with_context(|| format!("{NAME}, line {number}")),
        };
        if let Err(error) = result {
            import.fail(&error);
        }
    }
    Ok(())
}

async fn one(import: &mut Import<'_>, entry: &Entry) -> anyhow::Result<()> {
    let sha256 = check(entry)?;
    let path = import.options.folder.join(&entry.file);
    let about = path.symlink_metadata().with_context(|| format!("cannot find {}", path.display()))?;
    if !about.is_file() || about.len() != entry.size {
        bail!("not a file of {} bytes, as the manifest has it", entry.size);
    }
    let found = Found { path, source: entry.file.clone(), size: entry.size };
    let fate = match imports::kept(&mut import.unit, &entry.id).await? {
        Some(there) if there == sha256 => {
            import.progress.advance(usize::try_from(entry.size)?);
            Fate::There
        }
        Some(_) => bail!("another blob has the id {}", entry.id),
        None => Fate::New,
    };
    if matches!(fate, Fate::New) && !import.options.dry_run {
        let label = Label {
            content_type: entry.content_type.clone(),
            name: entry.name.clone(),
            created_at: entry.created,
        };
        import.receive(&found, &entry.id, label, None, None, Some(&sha256)).await?;
    }
    import.count(&fate, &found);
    import.note(&found, &entry.id, entry.name.as_deref(), &sha256, None)
}

/// Refuses what no export writes. Returns the hash.
fn check(entry: &Entry) -> anyhow::Result<Vec<u8>> {
    if !is_id(&entry.id) {
        bail!("the id has not 32 hexadecimal digits");
    }
    let is_plain = !entry.file.is_empty() && !entry.file.contains(['/', '\\', '\0']) && entry.file != "..";
    if !is_plain {
        bail!("not the name of a file in this folder");
    }
    if !is_clean(entry.name.as_deref(), &entry.content_type) {
        bail!("name or type are not as an export writes them");
    }
    unhex(&entry.sha256).filter(|hash| hash.len() == 32).context("the SHA-256 has not 64 hexadecimal digits")
}

/// Whether name and media type are such as hosts keep: they go into heads of responses.
pub(in crate::cli) fn is_clean(name: Option<&str>, content_type: &str) -> bool {
    let name_fits = |name: &str| {
        !name.is_empty()
            && name.len() <= 255
            && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '"'))
    };
    let graphic = !content_type.is_empty() && content_type.bytes().all(|b| b.is_ascii_graphic());
    name.is_none_or(name_fits) && graphic && content_type.len() <= 127
}

/// Whether a text can be the id of a blob.
pub(in crate::cli) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
