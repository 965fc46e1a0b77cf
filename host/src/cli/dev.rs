//! `innkeeper dev`

use super::project::Project;
use super::{DatabaseArgs, run, setup};
use crate::guests::component::Compiler;
use crate::storage::Database;
use crate::storage::apps::Deployment;
use crate::telemetry;
use anyhow::Context;
use clap::Args;
use notify::{RecursiveMode, Watcher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Editors write several files in a row: building waits until they are done.
const QUIET: Duration = Duration::from_millis(200);
/// Folders that builds write into.
const NOT_SOURCES: [&str; 8] =
    ["target", "node_modules", ".venv", "venv", "__pycache__", ".git", "dist", "innkeeper-data"];

/// Builds and serves a guest project, and builds and swaps it again whenever a file of it changes. A build that fails
/// leaves the last good one serving.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder of a guest project, or a component
    path: PathBuf,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The app [default: the name in innkeeper.toml, else the file's]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    let _log = telemetry::start(config.web.log_format, config.log_filter.as_deref())?;
    let project = Project::open(&options.path)?;
    let app = project.app_name(options.app.as_deref())?;
    crate::storage::apps::check_name(&app)?;
    tracing::info!("database: {}; {}", config.database.target.describe(), config.database.reason);
    let database = setup::database(&config).await?;
    let compiler = setup::compiler(&config)?;
    // What the workshop compiles, the registry only has to load.
    let registry = setup::registry(&config, database.clone(), compiler.clone());
    let workshop = Workshop { project, app, database, compiler };
    workshop.make().await?;
    let listener = run::bind(options.listen.unwrap_or(config.web.dev_address)).await?;
    let stop = CancellationToken::new();
    let (changed, changes) = mpsc::channel(1);
    let _watcher = watch(&workshop.project, changed)?;
    let making = tokio::spawn(workshop.make_on(changes, stop.clone()));
    run::serve(listener, registry, &config, stop).await?;
    Ok(making.await?)
}

/// Builds, checks and deploys one project.
struct Workshop {
    project: Project,
    app: String,
    database: Database,
    compiler: Compiler,
}

impl Workshop {
    async fn make(&self) -> anyhow::Result<()> {
        self.project.build().await?;
        let component = self.project.read()?;
        let compiled = self.compiler.compile(component.clone().into()).await;
        compiled.with_context(|| self.project.component.display().to_string())?;
        let settings = self.project.settings_json()?;
        let deployment = Deployment { app: &self.app, route: None, settings: &settings, component: &component };
        let version = self.database.deploy(deployment).await?;
        tracing::info!(app = self.app, version, "built");
        Ok(())
    }

    /// Builds again after each change until `stop`.
    async fn make_on(self, mut changes: mpsc::Receiver<()>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                change = changes.recv() => if change.is_none() { return },
            }
            tokio::time::sleep(QUIET).await;
            while changes.try_recv().is_ok() {}
            // The build's own command line may have changed with the rest.
            let again = self.project.folder.as_deref().map(Project::open).transpose();
            let result = match again {
                Ok(Some(project)) => Self { project, ..self.share() }.make().await,
                Ok(None) => self.make().await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                tracing::error!("not swapped: {error:#}");
            }
        }
    }

    fn share(&self) -> Self {
        Self {
            project: self.project.clone(),
            app: self.app.clone(),
            database: self.database.clone(),
            compiler: self.compiler.clone(),
        }
    }
}

/// Sends a word for every change of a source file.
fn watch(project: &Project, changed: mpsc::Sender<()>) -> anyhow::Result<notify::RecommendedWatcher> {
    let root = project.folder.clone().unwrap_or_else(|| project.component.clone());
    let component = project.component.clone();
    let is_project = project.folder.is_some();
    let base = root.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let counts = |path: &PathBuf| !is_project || (is_source(path, &base) && *path != component);
        if !event.kind.is_access() && event.paths.iter().any(counts) {
            // A word that is waiting already says the same.
            let _ = changed.try_send(());
        }
    })?;
    watcher.watch(&root, RecursiveMode::Recursive).with_context(|| format!("cannot watch {}", root.display()))?;
    Ok(watcher)
}

fn is_source(path: &Path, base: &Path) -> bool {
    let inside = path.strip_prefix(base).unwrap_or(path);
    let built = |name: &std::ffi::OsStr| NOT_SOURCES.iter().any(|folder| name == *folder);
    let hidden =
        |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with('.') || name.ends_with('~'));
    let is_wasm = path.extension().is_some_and(|extension| extension == "wasm");
    !is_wasm && !inside.iter().any(|name| built(name) || hidden(name))
}
