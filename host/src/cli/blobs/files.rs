//! Files of a folder: found one by one, named by their paths below it, read piece by piece.

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// The files below a folder, in the order of their paths. Links are not followed.
pub(super) struct Walk {
    root: PathBuf,
    /// What is left of each folder on the way down.
    stack: Vec<std::vec::IntoIter<PathBuf>>,
}

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The path below the folder, with `/` between its parts.
    pub(super) source: String,
    /// In bytes.
    pub(super) size: u64,
}

impl Walk {
    pub(super) fn of(root: &Path) -> anyhow::Result<Self> {
        Ok(Self { root: root.to_owned(), stack: vec![entries(root)?] })
    }

    fn found(&self, path: PathBuf, size: u64) -> anyhow::Result<Found> {
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let Some(parts) = parts else { bail!("{}: the name is not UTF-8: rename it", path.display()) };
        Ok(Found { source: parts.join("/"), path, size })
    }
}

impl Iterator for Walk {
    type Item = anyhow::Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(path) = self.stack.last_mut()?.next() else {
                self.stack.pop();
                continue;
            };
            match path.symlink_metadata().with_context(|| path.display().to_string()) {
                Err(error) => return Some(Err(error)),
                Ok(about) if about.is_dir() => match entries(&path) {
                    Ok(entries) => self.stack.push(entries),
                    Err(error) => return Some(Err(error)),
                },
                Ok(about) if about.is_file() => return Some(self.found(path, about.len())),
                Ok(_) => {
                    let text = format!("{}: neither a file nor a folder; links are not followed", path.display());
                    return Some(Err(anyhow::Error::msg(text)));
                }
            }
        }
    }
}

fn entries(folder: &Path) -> anyhow::Result<std::vec::IntoIter<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> { std::fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect() };
    let mut paths = read().with_context(|| format!("cannot read the folder {}", folder.display()))?;
    paths.sort_unstable();
    Ok(paths.into_iter())
}

/// The pieces of a file.
pub(super) struct Pieces {
    file: File,
    buffer: Vec<u8>,
}

impl Pieces {
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file, buffer: vec![0; PIECE] })
    }

    /// The next piece; empty at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<&[u8]> {
        let mut filled = 0;
        while let Some(room) = self.buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read(room)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(self.buffer.get(..filled).unwrap_or_default())
    }
}

/// Size and SHA-256 of a file.
pub(super) fn measure(path: &Path) -> anyhow::Result<(u64, Vec<u8>)> {
    let (mut pieces, mut hasher, mut size) = (Pieces::of(path)?, Sha256::new(), 0_u64);
    loop {
        let piece = pieces.next()?;
        if piece.is_empty() {
            return Ok((size, hasher.finalize().to_vec()));
        }
        hasher.update(piece);
        size = size.saturating_add(u64::try_from(piece.len())?);
    }
}

/// The media type that the ending of a name declares, for kinds that bytes do not show.
pub(super) fn declared_type(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "txt" | "text" | "log" => "text/plain",
        "csv" => "text/csv",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "js" => "text/javascript",
        "json" => "application/json",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_declare_what_bytes_do_not_show() {
        assert_eq!(declared_type("notes.TXT"), Some("text/plain"));
        assert_eq!(declared_type("a.b.csv"), Some("text/csv"));
        assert_eq!(declared_type("photo.png"), None);
        assert_eq!(declared_type("README"), None);
    }
}
