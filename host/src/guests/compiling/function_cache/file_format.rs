//! How functions stand in their file.
//!
//! The file has a head, and behind it any number of segments. Each segment has a head, the code of
//! its functions, and an index that says where each function is.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::AtomicBool;

const MAGIC: &[u8; 16] = b"innkeeper func 1";
/// The magic, how far the file is whole, and the sum of both.
pub(super) const HEAD_BYTES: usize = 16 + 8 + 8;
/// Where the first segment begins.
pub(super) const FIRST: u64 = HEAD_BYTES as u64;
/// Bytes of code, number of functions, and the sum of the index.
pub(super) const SEGMENT_HEAD_BYTES: usize = 8 + 8 + 8;
/// The key, the place, the length, and the sum of the code.
pub(super) const ENTRY_BYTES: usize = 32 + 8 + 4 + 8;
const BUFFER: usize = 1 << 20;

/// What the compiler calls a function: a digest of what is compiled, for which machine and how.
pub(super) type Key = [u8; 32];
/// The first bytes of a SHA-256: it finds damage, and proves nothing.
type Sum = [u8; 8];

/// A function in the file.
#[derive(Debug)]
pub(super) struct Known {
    at: u64,
    length: u32,
    sum: Sum,
    /// Whether the compiler has asked for it this time.
    pub(super) is_used: AtomicBool,
}

/// What is being added.
#[derive(Debug)]
pub(super) struct Segment {
    start: u64,
    end: u64,
    file: BufWriter<File>,
    pub(super) added: HashMap<Key, Known>,
}

impl Known {
    /// The code. An error where it is not what it was.
    pub(super) fn read(&self, file: &File) -> io::Result<Vec<u8>> {
        let mut code = vec![0; usize::try_from(self.length).map_err(|_| broken())?];
        file.read_exact_at(&mut code, self.at)?;
        if sum(&code) == self.sum { Ok(code) } else { Err(broken()) }
    }

    fn write(&self, key: &Key, mut into: impl Write) -> io::Result<()> {
        into.write_all(key)?;
        into.write_all(&self.at.to_le_bytes())?;
        into.write_all(&self.length.to_le_bytes())?;
        into.write_all(&self.sum)
    }
}

impl Segment {
    /// A segment that begins at the end of what is whole.
    pub(super) fn new(file: &File, start: u64) -> io::Result<Self> {
        let mut file = file.try_clone()?;
        file.set_len(start)?;
        let end = start + SEGMENT_HEAD_BYTES as u64;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self { start, end, file: BufWriter::with_capacity(BUFFER, file), added: HashMap::new() })
    }

    /// Adds a function, unless it is there.
    pub(super) fn add(&mut self, key: Key, code: &[u8]) -> io::Result<()> {
        if self.added.contains_key(&key) {
            return Ok(());
        }
        let length = u32::try_from(code.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.file.write_all(code)?;
        let known = Known { at: self.end, length, sum: sum(code), is_used: AtomicBool::new(true) };
        self.end += u64::from(length);
        self.added.insert(key, known);
        Ok(())
    }

    /// Writes the index, and says in the head that the file is whole as far as that.
    pub(super) fn finish(mut self, file: &File) -> io::Result<HashMap<Key, Known>> {
        let mut index = Vec::with_capacity(self.added.len() * ENTRY_BYTES);
        for (key, known) in &self.added {
            known.write(key, &mut index)?;
        }
        self.file.write_all(&index)?;
        self.file.flush()?;
        let bytes = self.end - self.start - SEGMENT_HEAD_BYTES as u64;
        let count = self.added.len() as u64;
        let head = [bytes.to_le_bytes(), count.to_le_bytes(), sum(&index)].concat();
        file.write_all_at(&head, self.start)?;
        write_head(file, self.end + index.len() as u64)?;
        Ok(self.added)
    }
}

/// Says how far the file is whole.
pub(super) fn write_head(file: &File, end: u64) -> io::Result<()> {
    let said = [&MAGIC[..], &end.to_le_bytes()].concat();
    file.write_all_at(&[&said[..], &sum(&said)].concat(), 0)
}

/// How far the file is whole.
pub(super) fn read_head(file: &File) -> io::Result<u64> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact_at(&mut head, 0).map_err(|_| broken())?;
    let (said, proof) = head.split_at(MAGIC.len() + size_of::<u64>());
    let (magic, end) = said.split_at(MAGIC.len());
    let end = u64::from_le_bytes(end.try_into().map_err(|_| broken())?);
    let is_whole = magic == MAGIC && proof == sum(said) && file.metadata()?.len() >= end;
    if is_whole { Ok(end) } else { Err(broken()) }
}

/// All functions up to `end`. One that was compiled again is in a later segment.
pub(super) fn read_segments(file: &File, end: u64) -> io::Result<HashMap<Key, Known>> {
    let mut known = HashMap::new();
    let mut start = FIRST;
    while start < end {
        let mut head = [0; SEGMENT_HEAD_BYTES];
        file.read_exact_at(&mut head, start).map_err(|_| broken())?;
        let mut rest = &head[..];
        let (bytes, count): (u64, u64) = (number(&mut rest)?, number(&mut rest)?);
        let at = start
            .checked_add(SEGMENT_HEAD_BYTES as u64)
            .and_then(|at| at.checked_add(bytes))
            .ok_or_else(broken)?;
        let length = count.checked_mul(ENTRY_BYTES as u64).ok_or_else(broken)?;
        let next = at.checked_add(length).filter(|next| *next <= end).ok_or_else(broken)?;
        let mut index = vec![0; usize::try_from(length).map_err(|_| broken())?];
        file.read_exact_at(&mut index, at).map_err(|_| broken())?;
        if sum(&index) != rest {
            return Err(broken());
        }
        for entry in index.chunks_exact(ENTRY_BYTES) {
            let (key, entry) = read_entry(entry)?;
            known.insert(key, entry);
        }
        start = next;
    }
    Ok(known)
}

fn read_entry(mut entry: &[u8]) -> io::Result<(Key, Known)> {
    let (mut key, mut length, mut sum) = ([0; 32], [0; 4], [0; 8]);
    entry.read_exact(&mut key)?;
    let at = number(&mut entry)?;
    entry.read_exact(&mut length)?;
    entry.read_exact(&mut sum)?;
    Ok((key, Known { at, length: u32::from_le_bytes(length), sum, is_used: AtomicBool::new(false) }))
}

fn number(bytes: &mut &[u8]) -> io::Result<u64> {
    let mut number = [0; 8];
    bytes.read_exact(&mut number)?;
    Ok(u64::from_le_bytes(number))
}

fn sum(bytes: &[u8]) -> Sum {
    let mut sum = Sum::default();
    sum.iter_mut().zip(Sha256::digest(bytes)).for_each(|(sum, byte)| *sum = byte);
    sum
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file is broken")
}
