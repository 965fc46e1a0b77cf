//! The tar, read part by part and in its order. Nothing is ever written to where a name of it
//! points.

use super::archive::note;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read};

/// Bytes of a part that is read as a whole: the largest is the description of a table with a
/// thousand checks.
pub(super) const SMALL: u64 = 16 << 20;
/// Bytes of one line of a table. A row has a few values of
/// [`crate::config::Limits::sql_value_bytes`] at most, and base64 makes them longer.
const LONGEST_ROW: u64 = 128 << 20;

/// Bytes of one line of the parts in this folder. Lines about files and sessions are much shorter
/// than rows may be.
pub(super) fn longest_line(path: &str) -> u64 {
    if path.starts_with("tables/") { LONGEST_ROW } else { SMALL }
}

/// A part of the file.
pub(super) struct Part<'p> {
    pub(super) path: String,
    pub(super) size: u64,
    entry: Box<dyn Read + 'p>,
    hasher: &'p mut Sha256,
    left: u64,
}

impl<'p> Part<'p> {
    /// The part that stands in the tar. `hasher` counts everything that is read.
    pub(super) fn of<'a: 'p, R: Read + 'a>(
        entry: tar::Entry<'a, R>,
        hasher: &'p mut Sha256,
    ) -> anyhow::Result<Self> {
        let path = entry.path().context(BROKEN)?.to_str().context(BROKEN)?.to_owned();
        let size = entry.header().entry_size().context(BROKEN)?;
        if !entry.header().entry_type().is_file() {
            bail!("{path} is no plain part: this is no file of an export");
        }
        note(hasher, &path, size);
        Ok(Self { path, size, entry: Box::new(entry), hasher, left: size })
    }

    /// Everything, of a part that is small.
    pub(super) fn whole(&mut self, most: Option<u64>) -> anyhow::Result<Vec<u8>> {
        if self.size > most.unwrap_or(SMALL) {
            bail!("{} has {} bytes, more than it may have", self.path, self.size);
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).with_context(|| self.path.clone())?;
        Ok(bytes)
    }

    /// Everything as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let bytes = self.whole(None)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{}: {BROKEN}", self.path))
    }

    /// Exactly so many bytes, or those up to the end.
    pub(super) fn piece(&mut self, count: usize) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count);
        let most = u64::try_from(count)?;
        self.by_ref().take(most).read_to_end(&mut bytes).with_context(|| self.path.clone())?;
        Ok(bytes)
    }

    /// The lines, without holding more than one piece of them.
    pub(super) fn into_lines(self) -> anyhow::Result<PartLines<'p>> {
        let longest = longest_line(&self.path);
        // It ends with the line that makes it a mebibyte.
        if self.size > longest + (1 << 20) {
            bail!("{BROKEN}: {} has {} bytes, more than an export writes into one", self.path, self.size);
        }
        Ok(PartLines { path: self.path.clone(), longest, reader: BufReader::new(self) })
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.entry.read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the file ends in the middle"));
        }
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.left = self.left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

/// The lines of a part.
pub(super) struct PartLines<'p> {
    path: String,
    longest: u64,
    reader: BufReader<Part<'p>>,
}

impl PartLines<'_> {
    /// The next line with its break; none at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(self.longest).read_until(b'\n', &mut line);
        match read.with_context(|| self.path.clone())? {
            0 => Ok(None),
            _ if line.last() == Some(&b'\n') => Ok(Some(line)),
            _ => bail!("{}: a line has no end, or more than {} bytes", self.path, self.longest),
        }
    }
}

/// What is said of a file that no export has written, or that was changed since.
pub(super) const BROKEN: &str = "this is no file of an export, or it is damaged";

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(path: &str, size: u64) -> bool {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).unwrap();
        header.set_size(size);
        header.set_cksum();
        let mut archive = tar::Archive::new(header.as_bytes().as_slice());
        let entry = archive.entries().unwrap().raw(true).next().unwrap().unwrap();
        Part::of(entry, &mut Sha256::new()).unwrap().into_lines().is_ok()
    }

    #[test]
    fn parts_that_no_export_writes_are_refused_by_their_size() {
        assert!(is_taken("tables/notes/000001.ndjson", LONGEST_ROW) && is_taken("sessions/000001.ndjson", SMALL));
        assert!(!is_taken("tables/notes/000001.ndjson", 2 * LONGEST_ROW));
        assert!(
            !is_taken("sessions/000001.ndjson", LONGEST_ROW) && !is_taken("blobs/000001.ndjson", u64::MAX >> 1)
        );
    }
}
