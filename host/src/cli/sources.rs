//! Which files of a project `dev` builds again for, and what has become of them: they are compared
//! by what is in them.
//!
//! What Git ignores and what tools write by the names of their folders is none. A folder that is
//! linked to from the project, such as an SDK beside it, is.
//!
//! A build writes files too. One that is the same after the next build is no reason for another,
//! nor is a list of versions that a build tool locks. One that changes at every build is ignored
//! after a few, a log sooner: a person hardly saves the same file so often while it is being built.

use super::project::Project;
use anyhow::Context;
use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Folders that builds write into.
const NOT_SOURCES: [&str; 9] =
    ["target", "node_modules", ".venv", "venv", "__pycache__", ".git", "dist", "zig-out", "innkeeper-data"];
/// What editors write for a moment beside a file that is being saved: Vim, JetBrains.
const OF_EDITORS: [&str; 3] = ["4913", "___jb_tmp___", "___jb_old___"];
const OF_EDITORS_ENDINGS: [&str; 4] = ["swp", "swo", "swx", "tmp"];
/// What build tools write when they have chosen versions.
const LOCKS: [&str; 9] = [
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "go.sum",
];
/// Of a larger file only the size and the time count.
const MOST_BYTES: u64 = 16 << 20;
/// How long after a build a change may still come from it.
const SETTLES: Duration = Duration::from_secs(3);
/// A file changes with every build once its changes in a row have so much weight.
const MOST_WEIGHT: u32 = 20;
/// The weight of a change that the build has made.
const BY_BUILD: u32 = 4;
/// The weight of one that only adds to the end, as to a log.
const ADDITION: u32 = 8;
/// The weight of one after the end of the build: it may come from what the build has left running,
/// or from a person who saves a file as soon as the page is there.
const AFTERWARDS: u32 = 1;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    /// Device, file, size and times: while these are the same, so is what is in it.
    about: [i64; 7],
    size: u64,
    hash: [u8; 32],
}

/// The files of a project as they are at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
    folders: BTreeSet<PathBuf>,
}

/// The files that count.
#[derive(Debug)]
pub(super) struct Sources {
    root: PathBuf,
    /// None where the project is a bare component.
    rules: Option<Rules>,
    component: PathBuf,
    /// Where data is kept.
    data: PathBuf,
    /// Device and file of our own output, where it goes into a file.
    output: Vec<(u64, u64)>,
    /// The weight of the changes of each file with builds in a row.
    streaks: HashMap<PathBuf, u32>,
    /// Files that change with every build.
    ignored: HashSet<PathBuf>,
}

#[derive(Debug)]
struct Rules {
    watch: Option<Gitignore>,
    ignore: Gitignore,
}

impl Sources {
    /// The sources of a project whose data is kept in `data`.
    pub(super) fn new(project: &Project, data: &Path) -> anyhow::Result<Self> {
        let root = std::path::absolute(project.home())?;
        let outputs = ["/dev/stdout", "/dev/stderr"].into_iter().filter_map(|path| std::fs::metadata(path).ok());
        let mut sources = Self {
            root,
            rules: None,
            component: PathBuf::new(),
            data: std::path::absolute(data)?,
            output: outputs.filter(Metadata::is_file).map(|about| (about.dev(), about.ino())).collect(),
            streaks: HashMap::new(),
            ignored: HashSet::new(),
        };
        sources.follow(project)?;
        Ok(sources)
    }

    /// Takes over what the project says now.
    pub(super) fn follow(&mut self, project: &Project) -> anyhow::Result<()> {
        self.component = std::path::absolute(&project.component)?;
        if project.folder.is_some() {
            let watch = (!project.watch.is_empty()).then(|| rules(&self.root, "watch", &project.watch));
            let (watch, ignore) = (watch.transpose()?, rules(&self.root, "ignore", &project.ignore)?);
            self.rules = Some(Rules { watch, ignore });
        }
        Ok(())
    }

    /// The folder of the project, or that of the component.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a change of a path is worth a look. Says yes too often rather than too seldom.
    pub(super) fn filter(&self) -> impl Fn(&Path) -> bool + Send + 'static {
        let (component, root, is_project) = (self.component.clone(), self.root.clone(), self.rules.is_some());
        move |path| match is_project {
            false => path.file_name() == component.file_name(),
            true => {
                // What a link leads to may lie anywhere.
                let inside = path.strip_prefix(&root).ok().or_else(|| path.file_name().map(Path::new));
                path != component && !has_odd_name(inside.unwrap_or(path))
            }
        }
    }

    /// Looks at every file. What is as it was `before` by its size and times is not read again.
    pub(super) fn snapshot(&self, before: &Snapshot) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.folders.insert(self.root.clone());
        if self.rules.is_none() {
            snapshot.look_at(&self.component, before);
            return snapshot;
        }
        for entry in self.walk().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                snapshot.folders.insert(path.to_owned());
            } else if path.is_file() && self.counts(path) {
                snapshot.look_at(path, before);
                // A change of the file is none of the link.
                let target = entry.path_is_symlink().then(|| path.canonicalize().ok()).flatten();
                snapshot.folders.extend(target.as_deref().and_then(Path::parent).map(Path::to_owned));
            }
        }
        snapshot
    }

    /// All below the folder that could be a source, and what links lead to outside of it.
    fn walk(&self) -> ignore::Walk {
        let (data, root) = (self.data.clone(), self.root.canonicalize().unwrap_or_else(|_| self.root.clone()));
        WalkBuilder::new(&self.root)
            .require_git(false)
            .follow_links(true)
            .filter_entry(move |entry| {
                let is_visited_anyway = || {
                    let target = entry.path().canonicalize();
                    target.is_ok_and(|target| target.starts_with(&root) || root.starts_with(&target))
                };
                let is_link = entry.path_is_symlink() && entry.path().is_dir();
                let has_odd_name = || has_odd_name(Path::new(entry.file_name()));
                entry.depth() == 0 || !(has_odd_name() || entry.path() == data || (is_link && is_visited_anyway()))
            })
            .build()
    }

    fn counts(&self, path: &Path) -> bool {
        let Some(rules) = &self.rules else { return true };
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let is_in = |list: &Gitignore| list.matched_path_or_any_parents(inside, false).is_ignore();
        path != self.component
            && rules.watch.as_ref().is_none_or(is_in)
            && !is_in(&rules.ignore)
            && !self.is_output(path)
    }

    fn is_output(&self, path: &Path) -> bool {
        let about =
            || std::fs::metadata(path).is_ok_and(|about| self.output.contains(&(about.dev(), about.ino())));
        !self.output.is_empty() && about()
    }

    /// The files for which to build again: those that differ between two moments, of which the
    /// second was looked at `since` the end of the last build. Logs which files it ignores from now
    /// on.
    pub(super) fn reasons(&mut self, before: &Snapshot, now: &Snapshot, since: Duration) -> Vec<PathBuf> {
        let mut changed = before.differences(now);
        if since <= SETTLES {
            changed.retain(|path| !is_lock(path));
        }
        if changed.is_empty() {
            return Vec::new();
        }
        if since > SETTLES {
            self.streaks.clear();
            // A person has changed it: it is no log, to which is added, and nobody was building.
            self.ignored.retain(|path| !changed.contains(path) || now.is_longer_than(before, path));
        } else {
            let ended = SystemTime::now().checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH);
            changed.iter().for_each(|path| self.count(path, now.weight_of(before, path, ended)));
        }
        changed.into_iter().filter(|path| !self.ignored.contains(path)).collect()
    }

    fn count(&mut self, path: &Path, weight: u32) {
        let streak = self.streaks.entry(path.to_owned()).or_default();
        *streak += weight;
        if *streak >= MOST_WEIGHT && self.ignored.insert(path.to_owned()) {
            let shown = path.strip_prefix(&self.root).unwrap_or(path).display();
            tracing::warn!(
                "{shown} changes with every build: it is no reason for another one from now on; name it under `ignore` in innkeeper.toml"
            );
        }
    }
}

impl Snapshot {
    /// The folders in which sources are.
    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    fn look_at(&mut self, path: &Path, before: &Self) {
        if let Some(stamp) = stamp(path, before) {
            self.files.insert(path.to_owned(), stamp);
        }
    }

    /// Files that are not the same in both, or in one only.
    fn differences(&self, other: &Self) -> BTreeSet<PathBuf> {
        let hash = |snapshot: &Self, path: &PathBuf| snapshot.files.get(path).map(|stamp| stamp.hash);
        let paths: BTreeSet<&PathBuf> = self.files.keys().chain(other.files.keys()).collect();
        paths.into_iter().filter(|path| hash(self, path) != hash(other, path)).cloned().collect()
    }

    /// How much the change of a file counts, after a build that has `ended`.
    fn weight_of(&self, before: &Self, path: &Path, ended: SystemTime) -> u32 {
        let modified = || std::fs::metadata(path).and_then(|about| about.modified()).ok();
        match modified() {
            _ if self.is_longer_than(before, path) => ADDITION,
            Some(modified) if modified > ended => AFTERWARDS,
            _ => BY_BUILD,
        }
    }

    /// Whether a file begins as it was before, and goes on.
    fn is_longer_than(&self, before: &Self, path: &Path) -> bool {
        let (Some(old), Some(new)) = (before.files.get(path), self.files.get(path)) else { return false };
        let start = || hash(File::open(path).ok()?.take(old.size)).ok();
        new.size > old.size && (old.size > MOST_BYTES || start() == Some(old.hash))
    }
}

fn rules(root: &Path, key: &str, patterns: &[String]) -> anyhow::Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root);
    for pattern in patterns {
        builder.add_line(None, pattern).with_context(|| format!("innkeeper.toml: `{key}`: {pattern:?}"))?;
    }
    builder.build().with_context(|| format!("innkeeper.toml: `{key}`"))
}

fn has_odd_name(inside: &Path) -> bool {
    let built = |name: &OsStr| NOT_SOURCES.iter().any(|folder| name == *folder);
    let hidden = |name: &OsStr| {
        name.to_str().is_some_and(|name| (name.starts_with('.') && name != ".") || name.ends_with('~'))
    };
    let is_wasm = inside.extension().is_some_and(|extension| extension == "wasm");
    is_wasm || is_of_editor(inside) || inside.iter().any(|name| built(name) || hidden(name))
}

/// Whether an editor has written it, and not its user.
fn is_of_editor(path: &Path) -> bool {
    let has = |ending: &OsStr| OF_EDITORS_ENDINGS.iter().any(|it| ending == *it);
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    path.extension().is_some_and(has)
        || name.starts_with('#') && name.ends_with('#')
        || OF_EDITORS.iter().any(|it| name == *it || (it.starts_with('_') && name.ends_with(it)))
}

fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LOCKS.iter().any(|lock| name == *lock))
}

/// None where there is no such file any more.
fn stamp(path: &Path, before: &Snapshot) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    let (device, number) = (about.dev().cast_signed(), about.ino().cast_signed());
    let times = [about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()];
    let [modified, nanos, changed, changed_nanos] = times;
    let size = about.len();
    let marks = [device, number, size.cast_signed(), modified, nanos, changed, changed_nanos];
    if let Some(known) = before.files.get(path).filter(|known| known.about == marks) {
        return Some(known.clone());
    }
    let hash = if size <= MOST_BYTES {
        hash(File::open(path).ok()?).ok()?
    } else {
        Sha256::digest(marks.map(i64::to_be_bytes).concat()).into()
    };
    Some(Stamp { about: marks, size, hash })
}

fn hash(mut file: impl Read) -> std::io::Result<[u8; 32]> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What has changed by then was changed by the build.
    const BY_THE_BUILD: Duration = Duration::ZERO;
    const AT_ONCE: Duration = Duration::from_millis(200);
    const LATER: Duration = Duration::from_secs(60);

    /// A project with a source, looked at once.
    struct Project {
        folder: tempfile::TempDir,
        sources: Sources,
        seen: Snapshot,
    }

    impl Project {
        fn with(more: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("innkeeper.toml"), format!("component = \"out/app.wasm\"\n{more}"))
                .unwrap();
            for (name, text) in
                [("src/main.rs", "one"), (".gitignore", "*.tmp\n"), ("out/app.wasm", "1"), ("target/x/y", "1")]
            {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let project = super::super::project::Project::open(folder.path()).unwrap();
            let sources = Sources::new(&project, &folder.path().join("data")).unwrap();
            let seen = sources.snapshot(&Snapshot::default());
            Self { folder, sources, seen }
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn reasons(&mut self, since: Duration) -> Vec<String> {
            let now = self.sources.snapshot(&self.seen);
            let reasons = self.sources.reasons(&self.seen, &now, since);
            self.seen = now;
            let root = std::path::absolute(self.folder.path()).unwrap();
            reasons.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
        }
    }

    #[test]
    fn only_what_is_in_a_source_counts() {
        let mut project = Project::with("ignore = [\"notes/\", \"*.txt\"]");
        assert_eq!(project.seen.files.len(), 2, "{:?}", project.seen);
        for (name, text) in [
            ("src/main.rs", "one"),
            ("out/app.wasm", "2"),
            ("other.wasm", "2"),
            ("target/x/y", "2"),
            ("node_modules/a/b.js", "2"),
            ("innkeeper-data/innkeeper.sqlite", "2"),
            ("data/innkeeper.sqlite", "2"),
            (".hidden", "2"),
            ("src/main.rs~", "2"),
            ("src/#main.rs#", "2"),
            ("src/main.rs.swp", "2"),
            ("src/main.rs___jb_tmp___", "2"),
            ("src/4913", "2"),
            ("a.tmp", "2"),
            ("notes/a.rs", "2"),
            ("deep/a.txt", "2"),
        ] {
            project.write(name, text);
            assert_eq!(project.reasons(LATER), [""; 0], "{name}");
        }
        project.write("src/main.rs", "two");
        project.write("src/new.rs", "two");
        assert_eq!(project.reasons(LATER), ["src/main.rs", "src/new.rs"]);
        fs::remove_file(project.folder.path().join("src/new.rs")).unwrap();
        assert_eq!(project.reasons(LATER), ["src/new.rs"]);
        assert_eq!(project.reasons(LATER), [""; 0]);
    }

    #[test]
    fn what_git_ignores_counts_nowhere() {
        let outer = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = outer.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(".git/HEAD", "ref: refs/heads/main\n");
        write(".git/info/exclude", "*.excluded\n");
        write(".gitignore", "*.above\n/app/generated/\n");
        write("app/.gitignore", "*.here\n");
        write("app/deep/.gitignore", "*.deep\n!kept.deep\n");
        write("app/innkeeper.toml", "component = \"app.wasm\"\n");
        let counted = ["app/a.txt", "app/deep/kept.deep", "app/a.deep"];
        let ignored = [
            "app/a.excluded",
            "app/a.above",
            "app/generated/a",
            "app/deep/a.here",
            "app/deep/a.deep",
            "app/deep/b.above",
        ];
        counted.iter().chain(&ignored).for_each(|name| write(name, "x"));
        let project = super::super::project::Project::open(&outer.path().join("app")).unwrap();
        let snapshot = Sources::new(&project, &outer.path().join("data")).unwrap().snapshot(&Snapshot::default());
        let mut expected: Vec<PathBuf> = counted.iter().map(|name| outer.path().join(name)).collect();
        expected.push(outer.path().join("app/innkeeper.toml"));
        expected.sort();
        assert_eq!(snapshot.files.keys().cloned().collect::<Vec<_>>(), expected);
        let folders: Vec<PathBuf> = ["app", "app/deep"].iter().map(|name| outer.path().join(name)).collect();
        assert_eq!(snapshot.folders.iter().cloned().collect::<Vec<_>>(), folders);
    }

    #[test]
    fn what_links_lead_to_outside_of_the_project_counts() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        for name in ["sdk/src/lib.rs", "sdk/target/x", "shared/style.css"] {
            fs::create_dir_all(outside.path().join(name).parent().unwrap()).unwrap();
            fs::write(outside.path().join(name), "one").unwrap();
        }
        let mut project = Project::with("");
        let link = |target: &Path, name: &str| symlink(target, project.folder.path().join(name)).unwrap();
        link(&outside.path().join("sdk"), "sdk");
        link(&outside.path().join("shared/style.css"), "style.css");
        link(&project.folder.path().join("src"), "again");
        link(project.folder.path().parent().unwrap(), "up");
        link(Path::new("nowhere"), "broken");
        assert_eq!(project.reasons(LATER), ["sdk/src/lib.rs", "style.css"]);
        assert!(project.seen.folders.contains(&outside.path().join("shared").canonicalize().unwrap()));
        let root = std::path::absolute(project.folder.path()).unwrap();
        assert!(project.seen.folders.contains(&root.join("sdk/src")));
        fs::write(outside.path().join("sdk/src/lib.rs"), "two").unwrap();
        fs::write(outside.path().join("sdk/target/x"), "two").unwrap();
        assert_eq!(project.reasons(LATER), ["sdk/src/lib.rs"]);
        fs::write(outside.path().join("shared/style.css"), "two").unwrap();
        assert_eq!(project.reasons(LATER), ["style.css"]);
    }

    #[test]
    fn versions_that_a_build_has_chosen_are_no_reason() {
        let mut project = Project::with("");
        project.write("Cargo.lock", "one");
        assert_eq!(project.reasons(AT_ONCE), [""; 0]);
        project.write("Cargo.lock", "two");
        project.write("src/main.rs", "two");
        assert_eq!(project.reasons(AT_ONCE), ["src/main.rs"]);
        project.write("Cargo.lock", "by hand");
        assert_eq!(project.reasons(LATER), ["Cargo.lock"]);
    }

    #[test]
    fn a_project_may_say_what_counts() {
        let mut project = Project::with("watch = [\"src\", \"innkeeper.toml\"]\nignore = [\"*.md\"]");
        for name in ["other/a.rs", "src/a.md"] {
            project.write(name, "x");
        }
        assert_eq!(project.reasons(LATER), [""; 0]);
        project.write("src/deep/a.rs", "x");
        assert_eq!(project.reasons(LATER), ["src/deep/a.rs"]);
    }

    #[test]
    fn what_changes_with_every_build_is_ignored_after_a_few() {
        let mut project = Project::with("");
        for number in 1..MOST_WEIGHT / BY_BUILD {
            project.write("stamp", &format!("{number}"));
            assert_eq!(project.reasons(BY_THE_BUILD), ["stamp"], "{number}");
        }
        for number in 0..3 {
            project.write("stamp", &format!("again {number}"));
            assert_eq!(project.reasons(BY_THE_BUILD), [""; 0]);
        }
        project.write("src/main.rs", "two");
        assert_eq!(project.reasons(BY_THE_BUILD), ["src/main.rs"]);
        project.write("stamp", "by hand");
        assert_eq!(project.reasons(LATER), ["stamp"], "a person has changed it in peace");
    }

    #[test]
    fn who_saves_a_file_as_soon_as_its_page_is_there_is_not_ignored() {
        let mut project = Project::with("");
        for number in 0..15 {
            project.write("src/main.rs", &number.to_string());
            assert_eq!(project.reasons(AT_ONCE), ["src/main.rs"], "{number}");
        }
    }

    #[test]
    fn a_log_is_ignored_sooner_and_stays_so() {
        let mut project = Project::with("");
        project.write("build.log", "one\n");
        assert_eq!(project.reasons(BY_THE_BUILD), ["build.log"]);
        project.write("build.log", "one\ntwo\n");
        assert_eq!(project.reasons(BY_THE_BUILD), ["build.log"]);
        project.write("build.log", "one\ntwo\nthree\n");
        assert_eq!(project.reasons(BY_THE_BUILD), [""; 0]);
        project.write("build.log", "one\ntwo\nthree\nfour\n");
        assert_eq!(project.reasons(LATER), [""; 0]);
    }

    #[test]
    fn two_files_that_take_turns_do_not_go_on_for_ever() {
        let mut project = Project::with("");
        let mut builds = 0;
        for number in 0..40 {
            project.write(if number % 2 == 0 { "a" } else { "b" }, &number.to_string());
            builds += u32::from(!project.reasons(BY_THE_BUILD).is_empty());
        }
        assert_eq!(builds, 2 * (MOST_WEIGHT / BY_BUILD - 1));
    }

    #[test]
    fn who_saves_the_same_file_now_and_then_is_never_ignored() {
        let mut project = Project::with("");
        for number in 0..20 {
            project.write("src/main.rs", &number.to_string());
            let since = if number % 3 == 0 { LATER } else { AT_ONCE };
            assert_eq!(project.reasons(since), ["src/main.rs"], "{number}");
        }
    }

    #[test]
    fn a_bare_component_is_its_only_source() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.wasm");
        fs::write(&file, "1").unwrap();
        let project = super::super::project::Project::open(&file).unwrap();
        assert_eq!(project.home(), folder.path());
        let mut sources = Sources::new(&project, &folder.path().join("innkeeper-data")).unwrap();
        let one = sources.snapshot(&Snapshot::default());
        fs::write(folder.path().join("other"), "1").unwrap();
        let two = sources.snapshot(&one);
        assert!(sources.reasons(&one, &two, LATER).is_empty());
        fs::write(&file, "2").unwrap();
        let three = sources.snapshot(&two);
        assert_eq!(sources.reasons(&two, &three, LATER), [file]);
    }
}
