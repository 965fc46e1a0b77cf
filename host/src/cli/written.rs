//! Folders that this program writes into a project and brings up to date later: `sdk/` and `wit/`.
//! A list beside the files says what was written, so that changes by hand are noticed.

use crate::guests::contract;
use crate::guests::packed::PackedFile;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

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

/// Writes files below a folder, none over another. Where it fails, a folder that it has made goes
/// again.
pub(super) fn write_new(folder: &Path, files: &[PackedFile]) -> anyhow::Result<()> {
    // Without a last part `.`, which cannot be made.
    let folder: PathBuf = folder.components().collect();
    let is_made = make_folder(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let result = files.iter().try_for_each(|file| {
        let path = folder.join(&file.path);
        make_way(&path)
            .and_then(|()| write_one(&path, &file.bytes, file.is_executable))
            .with_context(|| format!("cannot write {}", path.display()))
    });
    if result.is_err() && is_made {
        // The error that led here is the one to report.
        let _ = fs::remove_dir_all(&folder);
    }
    result
}

/// Makes a folder, and those that lead to it. False where it is there already.
fn make_folder(folder: &Path) -> io::Result<bool> {
    make_way(folder)?;
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the folders that lead to a file.
pub(super) fn make_way(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Writes a file in one step: whoever reads it meanwhile finds the old one or the new one, whole.
pub(super) fn replace(path: &Path, bytes: &[u8], is_executable: bool) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_one(&part, bytes, is_executable).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // The error that led here is the one to report.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Writes a file where there is none.
fn write_one(path: &Path, bytes: &[u8], is_executable: bool) -> io::Result<()> {
    let mode = if is_executable { 0o777 } else { 0o666 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(bytes)
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

    #[test]
    fn what_fails_removes_only_a_folder_that_it_has_made() {
        let place = tempfile::tempdir().unwrap();
        let file = |path: &str| PackedFile { path: path.into(), bytes: b"x".to_vec(), is_executable: false };
        let impossible = [file("a"), file("a/b")];
        let [new, old] = ["deep/new", "old"].map(|name| place.path().join(name));
        fs::create_dir(&old).unwrap();
        fs::write(old.join("mine"), "mine").unwrap();
        assert!(write_new(&new, &impossible).is_err() && !new.exists());
        assert!(write_new(&old, &impossible).is_err() && old.join("mine").exists());
        write_new(&new.join("."), &[file("a"), file("b/c")]).unwrap();
        assert!(new.join("b/c").is_file());
    }
}
