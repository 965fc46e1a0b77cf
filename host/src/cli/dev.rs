//! `innkeeper dev`

use super::printed::Printed;
use super::project::Project;
use super::sources::{Snapshot, Sources};
use super::watching::Watching;
use super::{control, output, run, setup};
use crate::config::{Config, DatabaseOptions, DatabaseTarget, Environment, Secret, functions_folder};
use crate::guests::component::Compiler;
use crate::guests::{FirstBuild, Registry, language};
use crate::storage::registry::{Actor, Deployment, Target};
use crate::storage::{Database, statement};
use crate::telemetry;
use crate::web::ServerSettings;
use crate::web::development::{BuildFailure, Development};
use anyhow::{Context, bail};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Editors write several files in a row: building waits until they are done.
const QUIET: Duration = Duration::from_millis(100);
/// How long a version that is deployed may take until it answers.
const GOES_LIVE: Duration = Duration::from_secs(10);
/// The folder of the data, beside `innkeeper.toml` or the component.
const DATA: &str = "innkeeper-data";

/// Build a guest project, serve it on 127.0.0.1:8080, and swap it whenever it changes
///
/// Builds and serves a guest project, and builds and swaps it again whenever a file of it changes.
/// A build that fails leaves the last good one serving; pages say why it failed, and what a request
/// printed that failed. Data are kept with SQLite in the project's own folder, whatever
/// DATABASE_URL and other variables say: another database is used only if the command line names
/// it. Functions that were compiled before are kept for all projects in ~/.cache/innkeeper, or
/// below INNKEEPER_CODE_CACHE.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper dev
  innkeeper dev --reload
  innkeeper dev guest-examples/rust/guestbook --listen 127.0.0.1:3000")]
pub(super) struct Options {
    /// The folder of a guest project, or a component
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The app [default: the name in innkeeper.toml, else the file's]
    #[arg(short, long, value_name = "NAME")]
    app: Option<String>,
    /// The database: postgres://, postgresql:// or sqlite:DIRECTORY
    #[arg(long, value_name = "URL", conflicts_with_all = ["database_var", "data"])]
    database_url: Option<Secret>,
    /// The environment variable that holds the database's URL
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    database_var: Option<String>,
    /// SQLite in this directory [default: innkeeper-data in the project's folder]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Load pages again in the browser once there is another version
    #[arg(long)]
    reload: bool,
    /// Allow SQLite on a dyno, whose disk is lost at each restart
    #[arg(long)]
    allow_ephemeral: bool,
    /// Go on although another host serves the database that is named: what is built is live there
    /// at every save
    #[arg(long)]
    yes: bool,
}

impl Options {
    /// Decides by the command line alone which database it is.
    fn load(&self, project: &Project) -> anyhow::Result<Config> {
        let options = DatabaseOptions {
            database_url: self.database_url.as_ref().map(|url| url.expose().to_owned()),
            database_var: self.database_var.clone(),
            data_dir: self.data.clone(),
            project_dir: Some(project.home().join(DATA)),
            allow_ephemeral: self.allow_ephemeral,
        };
        Ok(Config::load(&options, &Environment::from_process())?)
    }

    fn names_a_database(&self) -> bool {
        self.database_url.is_some() || self.database_var.is_some() || self.data.is_some()
    }
}

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let project = Project::open(&options.path)?;
    let config = options.load(&project)?;
    let _log = telemetry::start(config.web.log_format, config.log_filter.as_deref(), &config.limits)?;
    statement::watch_differences();
    let app = project.app_name(options.app.as_deref())?;
    crate::storage::registry::check_name(&app)?;
    let data = match &config.database.target {
        DatabaseTarget::Sqlite(folder) => folder.clone(),
        DatabaseTarget::Postgres(_) => project.home().join(DATA),
    };
    let sources = Sources::new(&project, &data)?;
    // Before the build: a port that is taken is no reason to wait for one.
    let listener = run::bind(options.listen.unwrap_or(config.web.dev_address)).await?;
    tell(&config);
    ask_for_consent(&options, &config, &app).await?;
    let database = setup::database(&config).await?;
    let _presence = database.announce();
    let functions = functions_folder(&Environment::from_process());
    let compiler = setup::development_compiler(&config, functions)?;
    // What the workshop compiles, the registry only has to load.
    let registry = setup::registry(&config, database.clone(), compiler.clone());
    registry.note_first_build(Some(FirstBuild::Running));
    let watching = Watching::new(&sources)?;
    let path = options.path.clone();
    let (actor, registry_too) = (control::actor(&config), Arc::clone(&registry));
    let development = Arc::new(Development::new(app.clone(), options.reload));
    let settings =
        ServerSettings { development: Some(Arc::clone(&development)), ..setup::server_settings(&config) };
    let workshop = Workshop { path, project, app, database, compiler, registry: registry_too, development, actor };
    let signals = run::Signals::listen()?;
    let making = tokio::spawn(workshop.make_on(sources, watching, signals.stop.clone()));
    run::serve(listener, registry, &config, &settings, signals).await?;
    Ok(making.await?)
}

fn tell(config: &Config) {
    tracing::info!("{}", config.database.announcement());
    let unused = config.database.passed_over.join(", ");
    if !unused.is_empty() {
        tracing::info!("set and not used, because dev uses what its command line names: {unused}");
    }
}

/// What is built here is live at once wherever the same database is served.
async fn ask_for_consent(options: &Options, config: &Config, app: &str) -> anyhow::Result<()> {
    if options.yes || !options.names_a_database() {
        return Ok(());
    }
    let database = Database::open(config)?;
    let unreachable = || setup::unreachable(config);
    let is_served = database.is_served().await.with_context(unreachable)?;
    database.close().await;
    if !is_served {
        return Ok(());
    }
    let place = config.database.target.place();
    let question = format!("Another host serves {place}. Every build of {app} is live there at once. Go on?");
    let answer = tokio::task::spawn_blocking(move || output::ask(&question)).await?;
    match answer {
        Some(true) => Ok(()),
        Some(false) => {
            bail!("nothing was done: without --database-url, --database-var and --data dev keeps to itself")
        }
        None => bail!(
            "another host serves {place}, and every build of {app} would be live there at once: --yes goes on; without \
             --database-url, --database-var and --data dev keeps to itself"
        ),
    }
}

/// Builds, checks and deploys one project.
struct Workshop {
    path: PathBuf,
    project: Project,
    app: String,
    database: Database,
    compiler: Compiler,
    registry: Arc<Registry>,
    development: Arc<Development>,
    actor: Actor,
}

/// A version that answers, and how long each step to it took.
struct Made {
    version: i64,
    built: Duration,
    compiled: Duration,
    is_live: bool,
}

impl Workshop {
    /// Builds and deploys the project; none where `stop` came before that was done.
    async fn make(&self, printed: &mut Printed, stop: &CancellationToken) -> Option<anyhow::Result<Made>> {
        let began = Instant::now();
        // The build is given `stop` itself, since it may have to tidy up.
        let built = self.project.build_overheard(printed, stop).await.map(|()| began.elapsed());
        stop.run_until_cancelled(async { self.deploy(built?).await }).await
    }

    /// Deploys what was built, and waits until it answers. `built` is how long the build took.
    async fn deploy(&self, built: Duration) -> anyhow::Result<Made> {
        let component = self.project.read()?;
        let began = Instant::now();
        let compiled = self.compiler.compile(component.clone().into()).await;
        // Held until its version answers, so that it is not loaded once more.
        let _compiled = compiled.with_context(|| self.project.component.display().to_string())?;
        let compiled = began.elapsed();
        let settings = self.project.settings_json()?;
        let language = language::of(&component);
        let deployment = Deployment {
            app: &self.app,
            routes: None,
            settings: settings.as_deref(),
            component: component.into(),
            language: language.as_deref(),
            actor: &self.actor,
            note: Some("innkeeper dev"),
            target: Target::Everybody,
            run: None,
            is_hurried: true,
        };
        let version = self.database.deploy(deployment).await?.version;
        Ok(Made { version, built, compiled, is_live: self.goes_live(version).await })
    }

    /// Waits until this host serves a version.
    async fn goes_live(&self, version: i64) -> bool {
        let waiting = async {
            loop {
                let mut changed = pin!(self.registry.changed());
                // Before the look: what changes after it is not missed.
                changed.as_mut().enable();
                if self.registry.serves(&self.app, version) {
                    return;
                }
                self.registry.look_now();
                changed.await;
            }
        };
        tokio::time::timeout(GOES_LIVE, waiting).await.is_ok()
    }

    /// Builds, and builds again after each change until `stop`. After a failure, also of the first
    /// build, it waits for a change.
    async fn make_on(mut self, mut sources: Sources, mut watching: Watching, stop: CancellationToken) {
        let mut seen = look(&sources, &mut watching, &Snapshot::default());
        let (mut has_made, mut noticed) = (false, Instant::now());
        loop {
            let mut printed = Printed::default();
            let Some(made) = self.make(&mut printed, &stop).await else { return };
            let ended = Instant::now();
            has_made |= made.is_ok();
            self.tell(made, &printed, noticed);
            self.registry.note_first_build((!has_made).then_some(FirstBuild::Failed));
            loop {
                let now = look(&sources, &mut watching, &seen);
                let reasons = sources.reasons(&seen, &now, ended.elapsed());
                seen = now;
                if !reasons.is_empty() && self.take_over(&mut sources) {
                    tracing::info!("building again: {} changed", listed(&reasons));
                    break;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = watching.changed() => {}
                }
                noticed = Instant::now();
                tokio::time::sleep(QUIET).await;
                watching.forget();
            }
            self.registry.note_first_build((!has_made).then_some(FirstBuild::Running));
        }
    }

    /// Says what has come of a build, in the log and to whoever looks at a page.
    fn tell(&self, made: anyhow::Result<Made>, printed: &Printed, noticed: Instant) {
        match made {
            Ok(made) => {
                let Made { version, built, compiled, is_live } = made;
                let all = noticed.elapsed();
                let live = if is_live { "live" } else { "deployed, and not live yet," };
                tracing::info!(
                    app = self.app,
                    version,
                    "built in {built:.1?}, compiled in {compiled:.1?}, {live} after {all:.1?}"
                );
                self.development.note_live(version);
            }
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!("not built; waiting for a change: {reason}");
                self.development.note_failure(BuildFailure { reason, output: printed.text() });
            }
        }
    }

    /// The build's own command line may have changed with the rest. False where it cannot be read:
    /// that takes another change.
    fn take_over(&mut self, sources: &mut Sources) -> bool {
        let read = Project::open(&self.path).and_then(|project| sources.follow(&project).map(|()| project));
        match read {
            Ok(project) => self.project = project,
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!("not built; waiting for a change: {reason}");
                self.development.note_failure(BuildFailure { reason, output: String::new() });
                return false;
            }
        }
        true
    }
}

/// Looks at the sources, and again where some lie in folders that were not watched before.
fn look(sources: &Sources, watching: &mut Watching, before: &Snapshot) -> Snapshot {
    let mut now = sources.snapshot(before);
    while watching.follow(now.folders()) {
        now = sources.snapshot(&now);
    }
    now
}

/// The names of a few files.
fn listed(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<String> = paths.iter().take(3).filter_map(name).collect();
    match paths.len().saturating_sub(names.len()) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
