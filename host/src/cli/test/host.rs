//! A host in this process that serves one app for as long as its tests take.

use crate::cli::project::Project;
use crate::cli::run::{self, Signals};
use crate::cli::{control, output, setup};
use crate::config::{Config, Environment, functions_folder};
use crate::guests::component::Compiler;
use crate::guests::registry::Why;
use crate::guests::routes::Room;
use crate::guests::{Registry, language};
use crate::operations::Operations;
use crate::storage::registry::{Actor, Deployment, Target};
use crate::storage::{Database, Presence};
use anyhow::{Context, bail};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// A free port of this machine, for nobody elsewhere.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long an app that has been compiled may take to be there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves the app from [`Self::start`] to [`Self::stop`].
pub(super) struct Host {
    url: String,
    app: String,
    registry: Arc<Registry>,
    actor: Actor,
    stop: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
    /// Others that would serve or test there are told.
    _presence: Presence,
}

impl Host {
    /// Deploys what the project has made, and begins to serve it.
    pub(super) async fn start(config: &Config, project: &Project, app: &str) -> anyhow::Result<Self> {
        let component = project.read()?;
        let database = Database::open(config)?;
        refuse_used(&database, config, app).await?;
        let presence = database.announce();
        let functions = functions_folder(&Environment::from_process());
        let compiler = setup::development_compiler(config, functions)?;
        let actor = control::actor(config);
        let listener = run::bind(ANY_PORT).await?;
        let url = format!("http://{}", listener.local_addr()?);
        // Last of all that may fail: what fails after it leaves the app in the database.
        deploy(&database, &compiler, project, app, component, &actor).await?;
        let registry = setup::registry(config, database, compiler);
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let (registry, config) = (Arc::clone(&registry), config.clone());
            let signals = Signals::none(stop.clone());
            async move {
                let settings = setup::server_settings(&config);
                run::serve(listener, registry, &config, &settings, signals).await
            }
        });
        Ok(Self { url, app: app.to_owned(), registry, actor, stop, serving, _presence: presence })
    }

    /// Where the app is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends when visitors get the app.
    pub(super) async fn until_served(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut change = pin!(self.registry.changed());
            // Before the look: what changes after it is not missed.
            change.as_mut().enable();
            match self.registry.routes().room_of(&self.app) {
                Some(Room::Open(_)) => return Ok(()),
                Some(Room::Closed(closed)) if closed.why != Why::Starting => {
                    bail!("{} cannot be served: {}", self.app, closed.reason)
                }
                _ => {}
            }
            if timeout_at(deadline, change).await.is_err() {
                bail!("{} is not served after {} seconds", self.app, PATIENCE.as_secs());
            }
        }
    }

    /// Deletes the app with its data.
    pub(super) async fn delete_app(&self) -> anyhow::Result<()> {
        let operations = Operations::new(Arc::clone(&self.registry));
        let deleted = operations.delete_app(&self.actor, &self.app, false).await.map(drop);
        let again = || format!("{} is still in the database: innkeeper apps delete {}", self.app, self.app);
        deleted.with_context(again)
    }

    /// Stops once requests under way are answered.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.serving.await?
    }
}

/// Tests change and delete what they find. Where nobody serves, the host's tables are brought up to
/// date.
async fn refuse_used(database: &Database, config: &Config, app: &str) -> anyhow::Result<()> {
    let place = config.database.target.place();
    let unreachable = || setup::unreachable(config);
    // Before the tables are touched: they may be those of a host that serves.
    if database.is_served().await.with_context(unreachable)? {
        bail!("another host serves {place}: tests need a database that nobody uses");
    }
    database.migrate().await.with_context(unreachable)?;
    if database.find_app(app).await?.is_some() {
        bail!("{app} is in {place} already: tests need a database without it (innkeeper apps delete {app})");
    }
    Ok(())
}

/// Makes the component the active version of the app.
async fn deploy(
    database: &Database,
    compiler: &Compiler,
    project: &Project,
    app: &str,
    component: Vec<u8>,
    actor: &Actor,
) -> anyhow::Result<()> {
    output::progress("checking and compiling");
    let compiled = compiler.compile(component.clone().into()).await;
    compiled.with_context(|| project.component.display().to_string())?;
    let (settings, language) = (project.settings_json()?, language::of(&component));
    let deployment = Deployment {
        app,
        routes: None,
        settings: settings.as_deref(),
        component: component.into(),
        language: language.as_deref(),
        actor,
        note: Some("innkeeper test"),
        target: Target::Everybody,
        run: None,
        is_hurried: true,
    };
    database.deploy(deployment).await?;
    Ok(())
}
