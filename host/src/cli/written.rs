//! Folders that this program writes into a project and brings up to date later: `sdk/` and `wit/`.
//! A list beside the files says what was written, so that changes by hand are noticed.

use crate::guests::contract;
use crate::guests::packed::PackedFile;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};

/// The file with the list.
pub(super) const LIST: &str = ".innkeeper";
/// Where the SDK is in a project, and how paths in it begin.
pub(super) const SDK: &str = "sdk";
/// The same, with the slash.
pub(super) const SDK_PREFIX: &str = "sdk/";
const HEADER: &str = "\
# What innkeeper has written into this folder, with the SHA-256 of each file.
# `innkeeper wit --update` brings it up to date. Keep this file, and do not edit it.
";

/// What was written into a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The language of the SDK, or the folder of the contract.
    pub(super) of: String,
    /// The contract that it is for.
    pub(super) contract: String,
    /// The hash of each file, by its path.
    pub(super) files: BTreeMap<String, String>,
}

impl Written {
    /// A list of files of this program.
    pub(super) fn of(of: &str, files: &[PackedFile]) -> Self {
        let files = files.iter().map(|file| (file.path.clone(), hash(&file.bytes))).collect();
        Self { of: of.to_owned(), contract: contract::full_name(), files }
    }

    /// Reads the list in a folder; none where there is none.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(LIST);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map(Some).with_context(|| format!("{} cannot be read", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let (mut of, mut contract, mut files) = (None, None, BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(' ') {
                Some(("of", name)) => of = Some(name.to_owned()),
                Some(("contract", name)) => contract = Some(name.to_owned()),
                Some((hash, path)) if hash.len() == 64 && is_inside(path.trim_start()) => {
                    files.insert(path.trim_start().to_owned(), hash.to_owned());
                }
                _ => bail!("this line is no part of such a list: {line}"),
            }
        }
        let (Some(of), Some(contract)) = (of, contract) else { bail!("it does not say what is in the folder") };
        Ok(Self { of, contract, files })
    }
}

impl fmt::Display for Written {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{HEADER}of {}\ncontract {}\n", self.of, self.contract)?;
        self.files.iter().try_for_each(|(path, hash)| writeln!(out, "{hash}  {path}"))
    }
}

/// The files of a template's SDK, by their paths in it.
pub(super) fn below_sdk(files: &[PackedFile]) -> Vec<PackedFile> {
    let inside = |file: &PackedFile| {
        let path = file.path.strip_prefix(SDK_PREFIX)?.to_owned();
        Some(PackedFile { path, ..file.clone() })
    };
    files.iter().filter_map(inside).collect()
}

/// The SHA-256 of what is in a file.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a path stays below its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// An error where something is in the way of a new folder.
pub(super) fn refuse_occupied(path: &Path) -> anyhow::Result<()> {
    let place = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| place.to_string()),
        Ok(_) => {}
    }
    if !path.is_dir() {
        bail!("{place} is there already, and is no folder");
    }
    let mut entries = fs::read_dir(path).with_context(|| place.to_string())?;
    if entries.next().is_some() {
        bail!("{place} is there already and not empty: nothing in it is overwritten");
    }
    Ok(())
}

/// Writes files below a folder, none over another. Where it fails, what it has written goes again.
pub(super) fn write_new(folder: &Path, files: &[PackedFile]) -> anyhow::Result<()> {
    let was_there = folder.exists();
    let result = files.iter().try_for_each(|file| {
        let path = folder.join(&file.path);
        write_file(&path, file, true).with_context(|| format!("cannot write {}", path.display()))
    });
    if result.is_err() && !was_there {
        let _ = fs::remove_dir_all(folder);
    }
    result
}

/// Writes a file with the folders that lead to it.
pub(super) fn write_file(path: &Path, file: &PackedFile, is_new: bool) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mode = if file.is_executable { 0o777 } else { 0o666 };
    let mut options = OpenOptions::new();
    options.write(true).mode(mode).create(true).create_new(is_new).truncate(!is_new);
    options.open(path)?.write_all(&file.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let file = PackedFile { path: "src/lib.rs".into(), bytes: b"x".to_vec(), is_executable: false };
        let list = Written::of("rust", &[file]);
        assert!(list.contract.starts_with("innkeeper:storage@"), "{}", list.contract);
        assert_eq!(Written::parse(&list.to_string()).unwrap(), list);
    }

    #[test]
    fn a_list_names_nothing_outside_of_its_folder() {
        let hash = hash(b"");
        for path in ["../../etc/passwd", "/etc/passwd", "a/../../b", ""] {
            assert!(Written::parse(&format!("of rust\ncontract x\n{hash}  {path}\n")).is_err(), "{path}");
        }
        assert!(Written::parse("contract x\n").is_err());
    }
}
