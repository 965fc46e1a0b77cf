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
use crate::storage::Database;
use crate::storage::registry::{Actor, Deployment, Target};
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

/// See the module. Ends with [`Self::end`].
pub(super) struct Host {
    url: String,
    app: String,
    registry: Arc<Registry>,
    actor: Actor,
    stop: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Host {
    /// Deploys what the project has made, and ends once visitors get it.
    pub(super) async fn start(config: &Config, project: &Project, app: &str) -> anyhow::Result<Self> {
        let component = project.read()?;
        let database = setup::database(config).await?;
        refuse_used(&database, config, app).await?;
        let functions = functions_folder(&Environment::from_process());
        let compiler = setup::development_compiler(config, functions)?;
        let actor = control::actor(config);
        deploy(&database, &compiler, project, app, component, &actor).await?;
        let registry = setup::registry(config, database, compiler);
        let listener = run::bind(ANY_PORT).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let (registry, config) = (Arc::clone(&registry), config.clone());
            let signals = Signals::none(stop.clone());
            async move {
                let settings = setup::server_settings(&config);
                run::serve(listener, registry, &config, &settings, signals).await
            }
        });
        let host = Self { url, app: app.to_owned(), registry, actor, stop, serving };
        host.is_served().await?;
        Ok(host)
    }

    /// Where the app is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends when visitors get the app.
    async fn is_served(&self) -> anyhow::Result<()> {
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

    /// Deletes the app with its data where they would stay, and stops.
    pub(super) async fn end(self, deletes: bool) -> anyhow::Result<()> {
        let deleted = match deletes {
            true => Operations::new(self.registry).delete_app(&self.actor, &self.app, false).await.map(drop),
            false => Ok(()),
        };
        self.stop.cancel();
        self.serving.await??;
        let again = format!("{} is still in the database: innkeeper apps delete {}", self.app, self.app);
        deleted.context(again)
    }
}

/// Tests change and delete what they find.
async fn refuse_used(database: &Database, config: &Config, app: &str) -> anyhow::Result<()> {
    let place = config.database.target.place();
    if database.is_served().await? {
        bail!("another host serves {place}: tests need a database that nobody uses");
    }
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
