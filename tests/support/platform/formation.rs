//! An app of the platform: a tree as it was pushed, its environment, and its dynos.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::dyno::{Dyno, Ending};
use super::{Router, Rules};
use crate::command::{Finished, finish};
use crate::{COMPILE_DEADLINE, paths};

/// When the router hears that a dyno is being stopped. The platform promises no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Before the signal.
    AtOnce,
    /// So long after it.
    After(Duration),
    /// When the dyno has exited.
    AtExit,
}

/// See the module.
#[derive(Debug)]
pub struct Formation {
    tree: TempDir,
    environment: Vec<(String, String)>,
    /// The router in front of its web dynos.
    pub router: Arc<Router>,
    rules: Rules,
}

impl Formation {
    /// The repository's Procfile and the binary in a folder of their own, which is all that a dyno
    /// finds.
    pub async fn new(database_url: Option<&str>, rules: Rules) -> Self {
        let tree = tempfile::tempdir().expect("a temporary directory");
        let release = tree.path().join("target/release");
        std::fs::create_dir_all(&release).expect("a folder of our own");
        std::fs::copy(paths::repository().join("Procfile"), tree.path().join("Procfile")).expect("a Procfile");
        std::os::unix::fs::symlink(paths::binary(), release.join("innkeeper")).expect("a folder of our own");
        let router = Arc::new(Router::start(rules).await);
        let environment = database_url.map(|url| ("DATABASE_URL".to_owned(), url.to_owned()));
        Self { tree, environment: environment.into_iter().collect(), router, rules }
    }

    /// Sets a config var.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder in which dynos run.
    pub fn tree(&self) -> &Path {
        self.tree.path()
    }

    /// Every file and folder in the tree: what a dyno leaves there is lost.
    pub fn files(&self) -> Vec<PathBuf> {
        let (mut files, mut folders) = (Vec::new(), vec![self.tree.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path.clone());
                }
                files.push(path);
            }
        }
        files.sort();
        files
    }

    /// A line of the Procfile.
    fn line(&self, process_type: &str) -> String {
        let procfile = std::fs::read_to_string(self.tree.path().join("Procfile")).expect("the copied Procfile");
        let line = procfile.lines().find_map(|line| line.strip_prefix(process_type)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {process_type} in {procfile:?}")).trim().to_owned()
    }

    /// Runs the release phase.
    pub async fn release(&self) -> Finished {
        let mut command = Command::new("bash");
        command.arg("-c").arg(self.line("release")).current_dir(self.tree.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.tree.path());
        command.env("PORT", "1").env("DYNO", "release.1").kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        finish(command, COMPILE_DEADLINE).await
    }

    /// Starts a web dyno, and says so to the router. It need not be bound yet.
    pub fn start(&self, name: &str) -> Dyno {
        let id = self.router.announce(name);
        Dyno::start(self.tree.path(), &self.line("web"), name, &self.environment, id)
    }

    /// Starts a web dyno, and waits until it is bound and gets requests. Returns how long that
    /// took. Panics where the platform would have given it up.
    pub async fn boot(&self, name: &str) -> (Dyno, Duration) {
        let mut dyno = self.start(name);
        let took = dyno.boots(&self.rules).await;
        let Some(took) = took else {
            self.router.crashed(dyno.id);
            panic!("R10, boot timeout or crash: {}", dyno.logs().so_far());
        };
        self.router.bound(dyno.id, dyno.address());
        (dyno, took)
    }

    /// Stops a dyno with so many signals.
    pub async fn stop(&self, dyno: Dyno, times: u32, notice: Notice) -> Ending {
        let id = dyno.id;
        if notice == Notice::AtOnce {
            self.router.gone(id);
        }
        let told = async {
            if let Notice::After(time) = notice {
                tokio::time::sleep(time).await;
                self.router.gone(id);
            }
        };
        let (ending, ()) = tokio::join!(dyno.stop(times, &self.rules), told);
        self.router.gone(id);
        ending
    }

    /// Restarts a dyno without preboot: another of the same name is started as soon as this one is
    /// told to stop.
    pub async fn restart(&self, dyno: Dyno, name: &str, notice: Notice) -> (Dyno, Ending) {
        let ((next, _), ending) = tokio::join!(self.boot(name), self.stop(dyno, 2, notice));
        (next, ending)
    }
}
