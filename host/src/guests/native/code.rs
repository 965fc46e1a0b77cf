//! Code that may be run: the only place that makes runnable code of bytes.

use super::engine_id::Purpose;
use super::folder::COMING;
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Once;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Code that a component of any size that is allowed may have.
const MOST_BYTES: u64 = 1 << 30;
/// Native code shrinks to a fifth. Higher levels take seconds longer and save little.
const LEVEL: i32 = 6;
/// It shrinks to a quarter, in a third of the time.
const FAST_LEVEL: i32 = 1;
/// Code from this size on is loaded from a file, of which only what runs takes memory.
const LARGE: u64 = 1 << 20;
/// How the system calls the files that this process has open.
const OPEN_FILES: &str = "/proc/self/fd";

/// Compressed code of a component that this process trusts: its own child has compiled it, its
/// signature was right, or somebody has brought it who may.
#[derive(Clone)]
pub struct Packed {
    size: u64,
    bytes: Bytes,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Packed {
    /// Vouches for code: whoever calls it knows where the bytes come from.
    pub(in crate::guests) fn trusted(size: u64, bytes: Bytes) -> Self {
        Self { size, bytes }
    }

    /// Bytes of the code before it was compressed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The code, compressed.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Makes it runnable. An engine refuses code that was made for another one or for a processor
    /// that can do more than this one. Large code goes through a file in `folder`, or through
    /// memory where no file can be made or run there.
    pub fn load(self, engine: &Engine, folder: &Path) -> wasmtime::Result<Component> {
        let mut no_file = None;
        if self.size >= LARGE {
            match self.load_from_file(engine, folder) {
                Ok(component) => return Ok(component),
                Err(error) => no_file = Some(error),
            }
        }
        let mut code = Vec::with_capacity(self.capacity()?);
        unpack(&self.bytes, self.size, &mut code)?;
        drop(self.bytes);
        let component = deserialize(engine, &code)?;
        // Code that is wrong has not come so far.
        if let Some(error) = no_file {
            tell_once(folder, &error);
        }
        Ok(component)
    }

    /// The file has no name, so nobody else writes into it. What is never run is never read back
    /// from it, and what is no longer run the system may take out of memory.
    fn load_from_file(&self, engine: &Engine, folder: &Path) -> wasmtime::Result<Component> {
        self.capacity()?;
        let file = nameless(folder)?;
        unpack(&self.bytes, self.size, &file)?;
        deserialize_file(engine, &file)
    }

    fn capacity(&self) -> io::Result<usize> {
        usize::try_from(self.size).ok().filter(|_| self.size <= MOST_BYTES).ok_or_else(wrong_size)
    }
}

/// Says why large code takes more memory than it has to.
fn tell_once(folder: &Path, error: &wasmtime::Error) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        let folder = folder.display();
        tracing::warn!(
            "compiled code is kept in memory, since no file with it can be made and run in {folder} (INNKEEPER_CODE_CACHE): {error:#}"
        );
    });
}

/// Compresses code into a writer.
pub(in crate::guests) fn pack(code: &[u8], into: impl io::Write, purpose: Purpose) -> io::Result<()> {
    let level = match purpose {
        Purpose::Serving => LEVEL,
        Purpose::Development => FAST_LEVEL,
    };
    zstd::stream::copy_encode(code, into, level)
}

/// However many bytes there could be, no more than `size` are made, and one that shows that there
/// are more.
fn unpack(packed: &[u8], size: u64, mut into: impl io::Write) -> io::Result<()> {
    let mut code = zstd::stream::read::Decoder::with_buffer(packed)?.take(size.saturating_add(1));
    if io::copy(&mut code, &mut into)? == size { Ok(()) } else { Err(wrong_size()) }
}

fn wrong_size() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the code does not have the size that it should have")
}

/// A new file that is gone from its folder already.
fn nameless(folder: &Path) -> io::Result<File> {
    let number = getrandom::u64().map_err(io::Error::other)?;
    let path = folder.join(format!("{number:016x}.{COMING}"));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[expect(unsafe_code, reason = "wasmtime cannot check that code is what its compiler has made")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are those of a `Packed`. Wasmtime's compiler has made them, in a child of
    // this process or of one that has the key, and nobody else has changed them since; or they come
    // from a deployer to whom an operator has given the power of the host.
    unsafe { Component::deserialize(engine, code) }
}

#[expect(unsafe_code, reason = "wasmtime cannot check that code is what its compiler has made")]
fn deserialize_file(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    // SAFETY: as above, for what the file holds; it has no name and is no other user's to open, so
    // nobody changes it while it is mapped.
    unsafe { Component::deserialize_file(engine, format!("{OPEN_FILES}/{}", file.as_raw_fd())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(code: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        pack(code, &mut packed, Purpose::Serving).unwrap();
        packed
    }

    #[test]
    fn what_is_unpacked_has_the_size_that_it_should_have_and_never_more() {
        let code: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let size = u64::try_from(code.len()).unwrap();
        let unpacked = |packed: &[u8], size| {
            let mut code = Vec::new();
            unpack(packed, size, &mut code).map(|()| code)
        };
        assert_eq!(unpacked(&packed(&code), size).unwrap(), code);
        for wrong in [0, 1, size - 1, size + 1, MOST_BYTES + 1, u64::MAX] {
            assert!(unpacked(&packed(&code), wrong).is_err(), "{wrong}");
        }
        assert!(unpacked(&packed(&[]), 0).unwrap().is_empty());
        assert!(Packed::trusted(MOST_BYTES + 1, Bytes::new()).capacity().is_err());
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_its_size() {
        // 64 MiB of nothing are some kilobytes.
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 64 << 10);
        let mut made = Vec::new();
        assert!(unpack(&bomb, 1 << 20, &mut made).is_err());
        assert_eq!(made.len(), (1 << 20) + 1);
    }

    #[test]
    fn a_file_for_code_has_no_name_and_is_read_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let file = nameless(folder.path()).unwrap();
        unpack(&packed(b"code"), 4, &file).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let opened = fs::read(format!("{OPEN_FILES}/{}", file.as_raw_fd())).unwrap();
        assert_eq!(opened, b"code");
    }
}
