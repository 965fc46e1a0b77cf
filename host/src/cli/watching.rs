//! Notices changes in the folders of a project. Each folder is watched by itself, so that nothing
//! is watched that holds no sources: what tools install is tens of thousands of folders.

use super::sources::Sources;
use anyhow::Context;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// See the module.
#[derive(Debug)]
pub(super) struct Watching {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changes: mpsc::Receiver<()>,
    has_failed: bool,
}

impl Watching {
    /// Watches the folder of a project, and nothing below it yet.
    pub(super) fn new(sources: &Sources) -> anyhow::Result<Self> {
        let (changed, changes) = mpsc::channel(1);
        let counts = sources.filter();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if !event.kind.is_access() && event.paths.iter().any(|path| counts(path)) {
                // A word that is waiting already says the same.
                let _ = changed.try_send(());
            }
        })?;
        let root = sources.root();
        watcher
            .watch(root, RecursiveMode::NonRecursive)
            .with_context(|| format!("cannot watch {}", root.display()))?;
        Ok(Self { watcher, folders: [root.to_owned()].into(), changes, has_failed: false })
    }

    /// Watches these folders, and no others any more. True where one is new: what has changed in it
    /// before was not noticed.
    pub(super) fn follow(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        for gone in self.folders.difference(folders) {
            // It may be gone from the disk, too.
            let _ = self.watcher.unwatch(gone);
        }
        let before = std::mem::replace(&mut self.folders, folders.clone());
        let mut has_new = false;
        for folder in folders.difference(&before) {
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
