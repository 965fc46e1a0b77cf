//! The map of an import: which file became which blob, a line for each.

use super::ImportOptions;
use super::manifest::PART;
use anyhow::{Context, bail};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Written under another name until the import has ended, so that the map of an earlier one is
/// there until then.
pub(super) struct Map {
    lines: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
}

impl Map {
    /// Begins it, where one is asked for and anything is to be done.
    pub(super) fn begin(options: &ImportOptions) -> anyhow::Result<Option<Self>> {
        let Some(path) = &options.map else { return Ok(None) };
        refuse_inside(path, &options.folder)?;
        if options.dry_run {
            return Ok(None);
        }
        let mut part = path.as_os_str().to_owned();
        part.push(PART);
        let part = PathBuf::from(part);
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        Ok(Some(Self { lines: BufWriter::new(file), part, path: path.clone() }))
    }

    /// One more line.
    pub(super) fn add(&mut self, line: &serde_json::Value) -> anyhow::Result<()> {
        writeln!(self.lines, "{line}").context("cannot write the map")
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.lines.flush().context("cannot write the map")?;
        std::fs::rename(&self.part, &self.path)
            .with_context(|| format!("cannot give the map the name {}", self.path.display()))
    }
}

/// There it would become a blob itself.
fn refuse_inside(map: &Path, folder: &Path) -> anyhow::Result<()> {
    let beside = map.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = |path: &Path| path.canonicalize().with_context(|| format!("cannot find {}", path.display()));
    if whole(beside)?.starts_with(whole(folder)?) {
        bail!("--map {} is inside the folder that is imported: choose a place outside of it", map.display());
    }
    Ok(())
}
