//! The tar, written part by part. The format is that of `ustar` (POSIX.1-2017, "pax"), which every
//! tar reads.

use super::reading::{SMALL, longest_line};
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::io::Write;

/// Bytes of a block of a tar.
const BLOCK: usize = 512;
/// Bytes of a part that is gathered in memory.
const PART: usize = 1 << 20;

/// See the module.
pub(super) struct ArchiveWriter {
    out: Box<dyn Write>,
    hasher: Sha256,
    /// Bytes that the part under way still lacks.
    left: u64,
    /// Bytes that fill its last block.
    padding: usize,
}

impl ArchiveWriter {
    pub(super) fn new(out: Box<dyn Write>) -> Self {
        Self { out, hasher: Sha256::new(), left: 0, padding: 0 }
    }

    /// Begins a part, of which all bytes have to follow.
    pub(super) fn begin(&mut self, path: &str, size: u64) -> anyhow::Result<()> {
        self.end()?;
        let mut header = tar::Header::new_ustar();
        header.set_path(path).with_context(|| format!("the name {path} does not fit into a tar"))?;
        header.set_size(size);
        header.set_mode(0o600);
        header.set_cksum();
        self.out.write_all(header.as_bytes())?;
        note(&mut self.hasher, path, size);
        self.left = size;
        self.padding = padding(size);
        Ok(())
    }

    /// Bytes of the part that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let left = self.left.checked_sub(u64::try_from(bytes.len())?);
        self.left = left.context("a part became larger while it was written")?;
        self.hasher.update(bytes);
        self.out.write_all(bytes)?;
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if self.left > 0 {
            bail!("a part has {} bytes less than it should", self.left);
        }
        self.out.write_all([0; BLOCK].get(..self.padding).unwrap_or_default())?;
        self.padding = 0;
        Ok(())
    }

    /// A whole part.
    pub(super) fn part(&mut self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.begin(path, u64::try_from(bytes.len())?)?;
        self.write(bytes)
    }

    /// A whole part of JSON. What an import would not take is not written.
    pub(super) fn json(&mut self, path: &str, content: &impl serde::Serialize) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec_pretty(content)?;
        if u64::try_from(bytes.len())? > SMALL {
            bail!("{path} has {} bytes, more than the {SMALL} that an import takes", bytes.len());
        }
        self.part(path, &bytes)
    }

    /// Of everything so far.
    pub(super) fn sha256(&self) -> String {
        crate::storage::hex(&self.hasher.clone().finalize())
    }

    /// Ends the tar.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.end()?;
        self.out.write_all(&[0; BLOCK * 2])?;
        self.out.flush()?;
        Ok(())
    }
}

/// Lines on their way into numbered parts.
pub(super) struct Lines {
    folder: String,
    number: u32,
    gathered: Vec<u8>,
}

impl Lines {
    pub(super) fn into(folder: &str) -> Self {
        Self { folder: folder.to_owned(), number: 0, gathered: Vec::new() }
    }

    /// One more. Returns whether a part was written.
    pub(super) fn add(&mut self, archive: &mut ArchiveWriter, line: &[u8]) -> anyhow::Result<bool> {
        let longest = longest_line(&self.folder);
        if u64::try_from(line.len())? > longest {
            bail!(
                "{}: a row has {} bytes as a line, more than the {longest} that an import takes",
                self.folder,
                line.len()
            );
        }
        self.gathered.extend_from_slice(line);
        if self.gathered.len() < PART {
            return Ok(false);
        }
        self.flush(archive)?;
        Ok(true)
    }

    /// Writes what has been gathered.
    pub(super) fn flush(&mut self, archive: &mut ArchiveWriter) -> anyhow::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.number += 1;
        archive.part(&super::contents::part_name(&self.folder, self.number), &self.gathered)?;
        self.gathered.clear();
        Ok(())
    }
}

/// What a part is counted by beside its bytes.
pub(super) fn note(hasher: &mut Sha256, path: &str, size: u64) {
    hasher.update(path.as_bytes());
    hasher.update([0]);
    hasher.update(size.to_le_bytes());
}

fn padding(size: u64) -> usize {
    let block = u64::try_from(BLOCK).unwrap_or(u64::MAX);
    usize::try_from((block - size % block) % block).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_their_blocks() {
        assert_eq!([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
    }
}
