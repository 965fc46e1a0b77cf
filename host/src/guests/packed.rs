//! Files that are part of the program: the contract in `wit/`, and the templates of `innkeeper new`
//! with their SDKs. `build.rs` packs them.

use std::io::{self, Read};

/// A tar archive, compressed.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packed.tar.zst"));

/// The folder of the contract with guests.
pub const WIT: &str = "wit";

/// A file of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Below the folder that was asked for, with `/` between folders.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub is_executable: bool,
}

/// The files below a folder, in the order of their paths; none where there is no such folder.
pub fn files(folder: &str) -> io::Result<Vec<PackedFile>> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(PACKED)?);
    let mut files = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Ok(inside) = path.strip_prefix(folder) else { continue };
        let is_executable = entry.header().mode()? & 0o100 != 0;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.push(PackedFile { path: inside.to_string_lossy().into_owned(), bytes, is_executable });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
