//! Which files of a project `dev` builds again for, and what has become of them: they are compared
//! by what is in them.
//!
//! What Git ignores and what tools write by the names of their folders is none. A folder that is
//! linked to from the project, such as an SDK beside it, is.
//!
//! A build writes files too. One that is the same after the next build is no reason for another,
//! nor is a list of versions that a build tool locks. One that changes at every build is ignored
//! after a few, a log sooner: a person hardly saves the same file so often while it is being built.

mod names;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use snapshot::Snapshot;

use super::project::Project;
use anyhow::Context;
use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use names::{has_odd_name, is_lock};
use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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
        snapshot.add_folder(self.root.clone());
        if self.rules.is_none() {
            snapshot.look_at(&self.component, before);
            return snapshot;
        }
        for entry in self.walk().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                snapshot.add_folder(path.to_owned());
            } else if path.is_file() && self.counts(path) {
                snapshot.look_at(path, before);
                // A change of the file is none of the link.
                let target = entry.path_is_symlink().then(|| path.canonicalize().ok()).flatten();
                target
                    .as_deref()
                    .and_then(Path::parent)
                    .into_iter()
                    .for_each(|to| snapshot.add_folder(to.to_owned()));
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
            changed.iter().for_each(|path| self.count(path, weight(before, now, path, ended)));
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

fn rules(root: &Path, key: &str, patterns: &[String]) -> anyhow::Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root);
    for pattern in patterns {
        builder.add_line(None, pattern).with_context(|| format!("innkeeper.toml: `{key}`: {pattern:?}"))?;
    }
    builder.build().with_context(|| format!("innkeeper.toml: `{key}`"))
}

/// How much the change of a file counts, after a build that has `ended`.
fn weight(before: &Snapshot, now: &Snapshot, path: &Path, ended: SystemTime) -> u32 {
    let modified = || std::fs::metadata(path).and_then(|about| about.modified()).ok();
    match modified() {
        _ if now.is_longer_than(before, path) => ADDITION,
        Some(modified) if modified > ended => AFTERWARDS,
        _ => BY_BUILD,
    }
}
