//! Notices changes in the folders of a project. Each folder is watched by itself, so that nothing
//! is watched that holds no sources: what tools install is tens of thousands of folders.

use super::sources::Sources;
use anyhow::Context;
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Watches folders, and says when to look at them.
#[derive(Debug)]
pub(super) struct Watching {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changes: mpsc::Receiver<()>,
    /// What was removed or renamed. A folder among it is watched no more, although another one may
    /// have its name by now.
    gone: mpsc::UnboundedReceiver<PathBuf>,
    has_failed: bool,
}

impl Watching {
    /// Watches the folder of a project, and nothing below it yet.
    pub(super) fn new(sources: &Sources) -> anyhow::Result<Self> {
        let (changed, changes) = mpsc::channel(1);
        let (went, gone) = mpsc::unbounded_channel();
        let counts = sources.filter();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let mut paths = event.paths.iter().filter(|path| counts(path)).peekable();
            // Where there were more events than the system keeps, nobody knows which were lost.
            if event.kind.is_access() || (paths.peek().is_none() && !event.need_rescan()) {
                return;
            }
            if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
                for path in paths {
                    // It fails only where nobody looks any more.
                    let _ = went.send(path.clone());
                }
            }
            // A word that is waiting already says the same.
            let _ = changed.try_send(());
        })?;
        let root = sources.root();
        watcher
            .watch(root, RecursiveMode::NonRecursive)
            .with_context(|| format!("cannot watch {}", root.display()))?;
        Ok(Self { watcher, folders: [root.to_owned()].into(), changes, gone, has_failed: false })
    }

    /// Watches these folders, and no others any more. True where one is new: what has changed in it
    /// before was not noticed.
    pub(super) fn follow(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let gone: Vec<PathBuf> = std::iter::from_fn(|| self.gone.try_recv().ok()).collect();
        let stays =
            |folder: &PathBuf| folders.contains(folder) && !gone.iter().any(|gone| folder.starts_with(gone));
        let before = std::mem::replace(&mut self.folders, folders.clone());
        let (watched, left): (BTreeSet<PathBuf>, BTreeSet<PathBuf>) = before.into_iter().partition(stays);
        for folder in &left {
            // It may be gone from the disk, too.
            let _ = self.watcher.unwatch(folder);
        }
        let mut has_new = false;
        for folder in folders.difference(&watched) {
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => has_new = true,
                Err(error) if !self.has_failed => {
                    self.has_failed = true;
                    tracing::warn!(
                        "changes in {} and perhaps elsewhere are not noticed: {error}",
                        folder.display()
                    );
                }
                Err(_) => {}
            }
        }
        has_new
    }

    /// Resolves when something has changed that is worth a look.
    pub(super) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // Nothing is watched any more.
            std::future::pending::<()>().await;
        }
    }

    /// What has changed until now is known.
    pub(super) fn forget(&mut self) {
        while self.changes.try_recv().is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::project::Project;
    use super::super::sources::Snapshot;
    use super::*;
    use std::fs;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const LONG: Duration = Duration::from_secs(20);

    /// As Git does it, on the way from one branch to another and back.
    #[tokio::test]
    async fn a_folder_that_is_replaced_at_once_is_watched_again() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("src");
        let make = |text: &str| {
            fs::create_dir_all(&inside).unwrap();
            fs::write(inside.join("main.rs"), text).unwrap();
        };
        fs::write(folder.path().join("innkeeper.toml"), "component = \"app.wasm\"\n").unwrap();
        make("one");
        let project = Project::open(folder.path()).unwrap();
        let sources = Sources::new(&project, &folder.path().join("data")).unwrap();
        let mut watching = Watching::new(&sources).unwrap();
        let folders = sources.snapshot(&Snapshot::default()).folders().clone();
        assert!(watching.follow(&folders) && !watching.follow(&folders));
        fs::remove_dir_all(&inside).unwrap();
        make("two");
        let again = async {
            while !watching.follow(&folders) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, again).await.unwrap();
        // Until all that was said of the old folder has come.
        sleep(Duration::from_millis(300)).await;
        watching.follow(&folders);
        watching.forget();
        make("three");
        timeout(LONG, watching.changed()).await.unwrap();
    }
}
