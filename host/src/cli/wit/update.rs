//! From what a folder has to what this program has, file by file.

use crate::cli::written::{self, LIST, Written, hash};
use crate::guests::contract;
use crate::guests::packed::PackedFile;
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is to become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is as this program has it.
    Same,
    /// It is not there.
    Added,
    /// It is as it was written, and this program has something else.
    Changed,
    /// It is as it was written, and this program has it no more.
    Removed,
    /// It was changed by hand, and this program has what it had then: it stays.
    Kept,
    /// It was changed by hand, and this program has something else.
    Conflict,
}

impl Fate {
    /// The word for it in a list; `force` overwrites what was changed by hand.
    pub(super) fn word(self, force: bool) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Kept | Self::Conflict if force => "overwritten",
            Self::Kept | Self::Conflict => "changed by hand",
        }
    }

    /// The hashes of what is there, of what was written, and of what this program has.
    fn of(there: Option<&str>, written: Option<&str>, wanted: Option<&str>) -> Self {
        match (there, written, wanted) {
            (there, _, wanted) if there == wanted => Self::Same,
            (None, _, _) => Self::Added,
            (Some(there), Some(written), None) if there == written => Self::Removed,
            (Some(there), Some(written), Some(_)) if there == written => Self::Changed,
            (Some(_), Some(written), Some(wanted)) if written == wanted => Self::Kept,
            // It is the project's own now.
            (Some(_), _, None) => Self::Kept,
            _ => Self::Conflict,
        }
    }
}

/// What there is to do in a folder.
#[derive(Debug)]
pub(super) struct Update {
    folder: PathBuf,
    before: Option<Written>,
    after: Written,
    files: BTreeMap<String, PackedFile>,
    fates: BTreeMap<String, Fate>,
}

impl Update {
    /// Compares a folder with what was written into it and with what is to be there.
    pub(super) fn plan(
        folder: PathBuf,
        of: &str,
        before: Option<Written>,
        files: Vec<PackedFile>,
    ) -> anyhow::Result<Self> {
        let after = Written::of(of, &files);
        let files: BTreeMap<String, PackedFile> =
            files.into_iter().map(|file| (file.path.clone(), file)).collect();
        let written = |path: &str| before.as_ref()?.files.get(path).map(String::as_str);
        let known = before.iter().flat_map(|before| before.files.keys());
        let paths: BTreeSet<String> = files.keys().chain(known).cloned().collect();
        let mut fates = BTreeMap::new();
        for path in paths {
            let there = hash_of(&folder.join(&path))?;
            let wanted = after.files.get(&path).map(String::as_str);
            fates.insert(path.clone(), Fate::of(there.as_deref(), written(&path), wanted));
        }
        Ok(Self { folder, before, after, files, fates })
    }

    /// The folder that it is about.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every file that is not as this program has it.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&str, Fate)> {
        let fates = self.fates.iter().filter(|(_, fate)| **fate != Fate::Same);
        fates.map(|(path, fate)| (path.as_str(), *fate))
    }

    /// The files that have one fate.
    pub(super) fn paths(&self, fate: Fate) -> Vec<&str> {
        self.changes().filter(|(_, other)| *other == fate).map(|(path, _)| path).collect()
    }

    /// Whether each file is as this program has it.
    pub(super) fn is_current(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Whether files were changed by hand, which only `force` overwrites.
    pub(super) fn needs_force(&self) -> bool {
        self.changes().any(|(_, fate)| matches!(fate, Fate::Kept | Fate::Conflict))
    }

    /// Does it. With `force` also what changes by hand are lost by.
    pub(super) fn write(&self, force: bool) -> anyhow::Result<()> {
        let changes = || self.changes().filter(move |(_, fate)| force || *fate != Fate::Kept);
        changes().try_for_each(|(path, _)| refuse_links(&self.folder, path))?;
        for (path, fate) in changes() {
            let place = self.folder.join(path);
            let cannot = || format!("cannot write {}", place.display());
            match (fate, self.files.get(path)) {
                (Fate::Removed, _) => {
                    fs::remove_file(&place).with_context(|| format!("cannot remove {}", place.display()))?;
                }
                (_, Some(file)) => write(&place, &file.bytes, file.is_executable).with_context(cannot)?,
                (_, None) => {}
            }
        }
        let place = self.folder.join(LIST);
        let written = write(&place, self.after.to_string().as_bytes(), false);
        written.with_context(|| format!("cannot write {}", place.display()))
    }

    /// What becomes of the folder, in one line.
    pub(super) fn summary(&self, force: bool) -> String {
        let contract = contract::full_name();
        let was = self.before.as_ref().map(|before| before.contract.as_str());
        let version = match was {
            Some(was) if was != contract => format!("{contract} (was {was})"),
            _ => contract,
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::from([(Fate::Same.word(force), 0)]);
        self.fates.values().for_each(|fate| *counts.entry(fate.word(force)).or_default() += 1);
        let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        format!("{}: {version}: {}", self.folder.display(), counts.join(", "))
    }
}

/// An error where a link is on the way to a file: the list may come with somebody else's project,
/// and what a link leads to is not ours.
fn refuse_links(folder: &Path, path: &str) -> anyhow::Result<()> {
    let mut place = folder.to_owned();
    for part in Path::new(path).parent().into_iter().flatten() {
        place.push(part);
        if place.is_symlink() {
            bail!("{} is a link: nothing is written where it leads; put a folder in its place", place.display());
        }
    }
    Ok(())
}

/// Writes a file with the folders that lead to it, also over another one.
fn write(place: &Path, bytes: &[u8], is_executable: bool) -> std::io::Result<()> {
    written::make_way(place)?;
    written::replace(place, bytes, is_executable)
}

/// The hash of a file; none where there is no such file.
fn hash_of(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(hash(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> PackedFile {
        PackedFile { path: path.into(), bytes: text.into(), is_executable: false }
    }

    #[test]
    fn a_fate_follows_from_what_is_there_was_written_and_is_wanted() {
        for (there, written, wanted, fate) in [
            (Some("a"), Some("a"), Some("a"), Fate::Same),
            (Some("a"), None, Some("a"), Fate::Same),
            (Some("b"), Some("a"), Some("b"), Fate::Same),
            (None, Some("a"), None, Fate::Same),
            (None, Some("a"), Some("a"), Fate::Added),
            (None, None, Some("a"), Fate::Added),
            (Some("a"), Some("a"), Some("b"), Fate::Changed),
            (Some("a"), Some("a"), None, Fate::Removed),
            (Some("x"), Some("a"), Some("a"), Fate::Kept),
            (Some("x"), Some("a"), None, Fate::Kept),
            (Some("x"), Some("a"), Some("b"), Fate::Conflict),
            (Some("x"), None, Some("b"), Fate::Conflict),
        ] {
            assert_eq!(Fate::of(there, written, wanted), fate, "{there:?} {written:?} {wanted:?}");
        }
    }

    #[test]
    fn a_folder_comes_from_one_release_to_the_next_and_keeps_what_was_changed_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("sdk");
        let read = |name: &str| fs::read_to_string(place.join(name)).ok();
        let plan = |files: &[PackedFile]| {
            Update::plan(place.clone(), "rust", Written::read(&place).unwrap(), files.to_vec()).unwrap()
        };
        let first = [file("same", "1"), file("changes", "1"), file("goes", "1"), file("mine", "1")];
        plan(&first).write(false).unwrap();
        assert!(plan(&first).is_current());
        fs::write(place.join("mine"), "by hand").unwrap();
        fs::write(place.join("new"), "by hand, too").unwrap();
        assert!(!plan(&first).is_current());

        let second = [file("same", "1"), file("changes", "2"), file("mine", "1"), file("deep/new", "2")];
        let update = plan(&second);
        assert!(update.paths(Fate::Conflict).is_empty());
        assert!(update.summary(false).ends_with(": 1 added, 1 changed, 1 changed by hand, 1 removed, 1 same"));
        update.write(false).unwrap();
        for (name, text) in
            [("changes", Some("2")), ("goes", None), ("mine", Some("by hand")), ("deep/new", Some("2"))]
        {
            assert_eq!(read(name).as_deref(), text, "{name}");
        }

        let third = [file("same", "1"), file("changes", "2"), file("mine", "3"), file("new", "3")];
        let update = plan(&third);
        assert_eq!(update.paths(Fate::Conflict), ["mine", "new"]);
        update.write(true).unwrap();
        assert_eq!((read("mine").as_deref(), read("new").as_deref()), (Some("3"), Some("3")));
        assert!(plan(&third).is_current());
    }

    #[test]
    fn nothing_is_written_or_removed_where_a_link_leads() {
        let folder = tempfile::tempdir().unwrap();
        let [place, outside] = ["sdk", "outside"].map(|name| folder.path().join(name));
        for made in [&place, &outside] {
            fs::create_dir(made).unwrap();
        }
        fs::write(outside.join("theirs"), "1").unwrap();
        std::os::unix::fs::symlink(&outside, place.join("link")).unwrap();
        let list = Written::of("rust", &[file("link/theirs", "1")]);
        for files in [vec![], vec![file("link/theirs", "2")], vec![file("link/new", "2")]] {
            let update = Update::plan(place.clone(), "rust", Some(list.clone()), files).unwrap();
            let error = update.write(true).unwrap_err().to_string();
            assert!(error.contains("link is a link"), "{error}");
        }
        assert_eq!(fs::read_to_string(outside.join("theirs")).unwrap(), "1");
        assert!(!outside.join("new").exists());
    }
}
