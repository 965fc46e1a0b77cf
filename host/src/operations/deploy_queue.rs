//! Deployments that this host makes on behalf of somebody elsewhere, one after the other. A router
//! ends a request after half a minute, and compiling may take longer: so the request only leaves
//! the order, and the database says how far it is.
//!
//! The host that has taken the order carries it out, and says every second that it is at it. One
//! that has ended says nothing, and the order has failed then. Where it can still say so, because
//! it is told to end, it says so at once: what it has not begun to activate fails.

use super::deploy::Wanted;
use super::shares::{Crowded, Share, Shares};
use super::uploads::{code_not_brought, not_brought, parse_sha256, random_id};
use super::{
    DeployRequest, Deployed, ErrorKind, OperationError, Operations, Result, Scope, Scopes, Stage, TokenState, time,
};
use crate::config::allocator;
use crate::guests::rehearsal::Prepared;
use crate::storage::registry::{Actor, AuditEvent, DeploymentRun, GONE, NewDeploymentRun, RunState};
use crate::storage::{self, hex, now_micros};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

/// Deployments that wait or go on at once.
const MOST: usize = 16;
/// Of one token.
const MOST_OF_ONE: usize = 3;
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// A host that has given no sign for so long has ended.
const ENDED_MICROS: i64 = 15_000_000;
/// How often the outcome is tried to be written down, and by a host that is told to end.
const WRITES: u32 = 20;
const LAST_WRITES: u32 = 2;
/// Characters of a key that a client chooses.
const LONGEST_KEY: usize = 200;

/// A deployment that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentRequest {
    /// Of a component that was uploaded for the app, or that is stored; in hexadecimal digits.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub sha256: String,
    /// Of native code of the component that was uploaded for the app; none: the host compiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub native: Option<String>,
    /// How to deploy it.
    #[serde(default)]
    pub deploy: DeployRequest,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentView {
    /// Names it.
    pub id: String,
    /// The app.
    pub app: String,
    /// Of the component, in hexadecimal digits.
    pub sha256: String,
    /// Where it stands.
    pub state: DeploymentState,
    /// How far it is, while it goes on.
    pub stage: Option<Stage>,
    /// What it has made, where it was done.
    pub deployed: Option<Deployed>,
    /// Why it was not done.
    pub error: Option<OperationError>,
    /// Who deploys.
    pub by: String,
    /// When it was asked for (RFC 3339).
    pub created_at: String,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
}

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentState {
    /// Others come before it.
    Waiting,
    /// It is being made.
    Running,
    /// It was made.
    Done,
    /// It was not made. Nothing has changed, unless the host ended at the last moment.
    Failed,
}

/// The deployments that wait or go on here. Clones share them.
#[derive(Debug, Clone)]
pub struct DeployQueue {
    operations: Operations,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// One for each that waits or goes on.
    room: Arc<Shares>,
    /// One at a time.
    turn: Arc<Semaphore>,
}

/// Who orders a deployment.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who it is.
    pub actor: Actor,
    /// The id of the token by which it is ordered; none: one that is not of the registry.
    pub token: Option<String>,
    /// See [`super::Uploader::sees_all`].
    pub sees_all: bool,
    /// The same key twice means the same deployment.
    pub key: Option<String>,
}

impl DeployQueue {
    /// `tasks` waits for what goes on; once `stop` is cancelled nothing new begins.
    pub fn new(operations: Operations, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let (room, turn) = (Arc::new(Shares::new(MOST, MOST_OF_ONE)), Arc::new(Semaphore::new(1)));
        Self { operations, tasks, stop, room, turn }
    }

    /// Takes an order, unless it can be told at once that it cannot be carried out.
    pub async fn submit(&self, order: Order, app: &str, request: DeploymentRequest) -> Result<DeploymentView> {
        let sha256 = parse_sha256(&request.sha256)?;
        let native = request.native.as_deref().map(parse_sha256).transpose()?;
        self.operations.check_wanted(app, &request.deploy)?;
        let id = id_of(&order, app)?;
        let text = serde_json::to_vec(&request).map_err(|error| OperationError::invalid(error.to_string()))?;
        let request_sha256 = Sha256::digest(&text).to_vec();
        let database = self.operations.database();
        if let Some(run) = database.run(app, &id).await? {
            return same(run, &request_sha256);
        }
        if !self.operations.has_component(order.sees_all, app, &sha256).await? {
            return Err(not_brought());
        }
        if let Some(native) = &native
            && !self.operations.has_upload(app, native).await?
        {
            return Err(code_not_brought());
        }
        if self.stop.is_cancelled() {
            return Err(stopping());
        }
        let room = self.room.try_take(&order.actor.name).map_err(crowded)?;
        let new = NewDeploymentRun {
            id: &id,
            app,
            sha256: &sha256,
            request_sha256: &request_sha256,
            actor: &order.actor,
        };
        let is_new = database.add_run(new).await?;
        let run = database.run(app, &id).await?.ok_or_else(|| no_such_deployment(&id))?;
        if !is_new {
            return same(run, &request_sha256);
        }
        let work = Work {
            queue: self.clone(),
            id,
            app: app.to_owned(),
            sha256,
            native,
            order,
            request: request.deploy,
            progress: Arc::default(),
            _room: room,
        };
        let turn = self.line_up().await;
        self.tasks.spawn(work.carry_out(turn));
        Ok(run.into())
    }
}

impl DeployQueue {
    /// A place in the line. It is taken before the order is answered, so that what one client
    /// orders is carried out in the same order.
    async fn line_up(&self) -> Turn {
        let mut turn: Turn = Box::pin(Arc::clone(&self.turn).acquire_owned());
        match poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await {
            Poll::Ready(permit) => Box::pin(ready(permit)),
            Poll::Pending => turn,
        }
    }
}

impl Operations {
    /// A deployment, as any host knows it.
    pub async fn deployment(&self, app: &str, id: &str) -> Result<DeploymentView> {
        let find = async || self.database().run(app, id).await?.ok_or_else(|| no_such_deployment(id));
        let run = find().await?;
        let before = now_micros().saturating_sub(ENDED_MICROS);
        if !run.state.is_open() || run.seen_at >= before {
            return Ok(run.into());
        }
        let error = OperationError::unavailable(
            "the host ended before the deployment was done: look at the versions, and deploy again",
        );
        let outcome = serde_json::to_string(&error).unwrap_or_default();
        self.database().fail_abandoned_run(&run, before, &outcome, &error.message).await?;
        find().await.map(DeploymentView::from)
    }
}

/// Ends when the deployments before have ended.
type Turn = Pin<Box<dyn Future<Output = std::result::Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A deployment that is being carried out.
struct Work {
    queue: DeployQueue,
    id: String,
    app: String,
    sha256: Vec<u8>,
    /// Of code that the deployer's machine has compiled.
    native: Option<Vec<u8>>,
    order: Order,
    request: DeployRequest,
    progress: Arc<Mutex<Option<Stage>>>,
    _room: Share,
}

impl Work {
    async fn carry_out(self, turn: Turn) {
        let result = tokio::select! {
            result = self.deploy(turn) => result,
            error = self.interrupted() => Err(error),
        };
        let operations = &self.queue.operations;
        let (state, outcome) = match &result {
            Ok(deployed) => (RunState::Done, serde_json::to_string(deployed)),
            Err(error) => (RunState::Failed, serde_json::to_string(error)),
        };
        let outcome = outcome.unwrap_or_default();
        let writes = if self.queue.stop.is_cancelled() { LAST_WRITES } else { WRITES };
        for _ in 0..writes {
            match operations.database().end_run(&self.id, state, &outcome).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(app = self.app, "cannot write down how a deployment ended: {error}");
                    tokio::time::sleep(BEAT).await;
                }
            }
        }
        // It was taken, or is worth nothing. What fails for a moment is ordered again.
        let may_come_again = result.as_ref().is_err_and(|error| error.kind == ErrorKind::Unavailable);
        if let Some(native) = self.native.as_ref().filter(|_| !may_come_again) {
            drop(operations.forget_upload(&self.app, native).await);
        }
        match result {
            // What is left of it is swept after a while.
            Ok(_) => drop(operations.forget_upload(&self.app, &self.sha256).await),
            Err(error) => self.note_failure(&error).await,
        }
        drop(self);
        // Pieces of the component lay between smaller things that are still there.
        drop(tokio::task::spawn_blocking(allocator::give_back));
    }

    async fn deploy(&self, turn: Turn) -> Result<Deployed> {
        let _turn = turn.await.map_err(|_| stopping())?;
        let operations = &self.queue.operations;
        let (actor, app, request) = (&self.order.actor, self.app.as_str(), &self.request);
        let wanted = Wanted { actor, app, request, run: Some(&self.id) };
        self.check_token().await?;
        self.set_stage(Stage::Compiling);
        let component = operations.brought_component(self.order.sees_all, &self.app, &self.sha256).await?;
        let code = self.brought_code().await?;
        let is_brought = code.is_some();
        let prepared = operations.prepare(&self.app, component.clone(), code).await?;
        if is_brought {
            self.note_code(&prepared).await?;
        }
        self.set_stage(Stage::Smoke);
        let tried = operations.try_out(wanted, component, &prepared).await?;
        // Compiling may have taken minutes.
        self.check_token().await?;
        self.set_stage(Stage::Activating);
        operations.make_live(wanted, tried).await
    }

    /// Code of the deployer's machine can do what the host can do, so it is written down before it
    /// is looked at.
    async fn brought_code(&self) -> Result<Option<Bytes>> {
        let Some(native) = &self.native else { return Ok(None) };
        let operations = &self.queue.operations;
        let code = operations.brought(&self.app, native).await?;
        if code.is_none() && operations.has_upload(&self.app, native).await? {
            return Err(code_not_brought());
        }
        // An order before this one may have used it up. Then the host has code of its own.
        let result = if code.is_some() { "brought" } else { "no longer here, and not looked at" };
        self.note_of_code(native, result).await?;
        Ok(code)
    }

    /// Writes down what became of it.
    async fn note_code(&self, prepared: &Prepared) -> Result<()> {
        let Some(native) = &self.native else { return Ok(()) };
        match prepared.brought() {
            Some(Ok(())) => self.note_of_code(native, "taken").await,
            Some(Err(why)) => self.note_of_code(native, &format!("refused: {why}")).await,
            None => self.note_of_code(native, "not needed: the host had code of its own").await,
        }
    }

    async fn note_of_code(&self, native: &[u8], result: &str) -> Result<()> {
        let detail = format!("native code by the deployer, sha256 {}", hex(native));
        Ok(self.queue.operations.database().audit(self.event("deploy-native", &detail, result)).await?)
    }

    fn event<'a>(&'a self, action: &'a str, detail: &'a str, result: &'a str) -> AuditEvent<'a> {
        let (actor, app, sha256) = (&self.order.actor, Some(self.app.as_str()), Some(self.sha256.as_slice()));
        AuditEvent { actor, action, app, sha256, detail, result }
    }

    /// What was ordered by a token that was revoked while the order waited is not carried out, and
    /// code only by one that may bring it.
    async fn check_token(&self) -> Result<()> {
        let Some(id) = &self.order.token else { return Ok(()) };
        let token = self.queue.operations.token(id).await?;
        let wanted = Scope::DeployNative(self.app.clone());
        let is_allowed = self.native.is_none() || Scopes::restore(&token.scopes.join(" ")).allows(&wanted);
        match token.state {
            TokenState::Active if is_allowed => Ok(()),
            TokenState::Active => {
                Err(OperationError::conflict(format!("the token lacks the scope {wanted}: nothing was deployed")))
            }
            TokenState::Expired | TokenState::Revoked => Err(OperationError::conflict(
                "the token by which this was ordered opens nothing any more: nothing was deployed",
            )),
        }
    }

    fn set_stage(&self, stage: Stage) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
    }

    fn stage(&self) -> Option<Stage> {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says every second that the host is at it. Returns why the deployment must not go on: the
    /// host is told to end, or the app is gone. What is being activated goes on, since a
    /// transaction decides whether that is done.
    async fn interrupted(&self) -> OperationError {
        loop {
            let is_stopped = tokio::time::timeout(BEAT, self.queue.stop.cancelled()).await.is_ok();
            let is_activating = self.stage() == Some(Stage::Activating);
            if is_stopped && !is_activating {
                return stopping();
            }
            if is_stopped {
                tokio::time::sleep(BEAT).await;
            }
            match self.beat().await {
                Ok(false) if self.stage() != Some(Stage::Activating) => return OperationError::conflict(GONE),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(app = self.app, "cannot write down how far a deployment is: {error}");
                }
            }
        }
    }

    /// False where nobody waits for the deployment any more.
    async fn beat(&self) -> storage::Result<bool> {
        let stage = self.stage();
        let state = if stage.is_some() { RunState::Running } else { RunState::Waiting };
        let name = stage.and_then(|stage| serde_json::to_string(&stage).ok());
        self.queue.operations.database().beat_run(&self.id, state, name.as_deref()).await
    }

    async fn note_failure(&self, error: &OperationError) {
        let event = self.event("deploy", "", &error.message);
        if let Err(error) = self.queue.operations.database().audit(event).await {
            tracing::warn!(app = self.app, "cannot write down that a deployment failed: {error}");
        }
    }
}

/// The id of an order. The key of one token is none of another's, nor of another app's.
fn id_of(order: &Order, app: &str) -> Result<String> {
    let Some(key) = &order.key else { return random_id() };
    let is_key = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_key {
        return Err(OperationError::invalid(format!(
            "Idempotency-Key: 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID"
        )));
    }
    let whole = format!("{}\n{app}\n{key}", order.actor.name);
    Ok(hex(&Sha256::digest(whole)).chars().take(32).collect())
}

/// The deployment that there is already, if it is this very one.
fn same(run: DeploymentRun, request_sha256: &[u8]) -> Result<DeploymentView> {
    match run.request_sha256 == request_sha256 {
        true => Ok(run.into()),
        false => Err(OperationError::conflict("this Idempotency-Key stands for another deployment already")),
    }
}

fn no_such_deployment(id: &str) -> OperationError {
    let id: String = id.chars().take(40).collect();
    OperationError::not_found(format!(
        "there is no deployment {id:?}: they are forgotten after a week, and with their app"
    ))
}

fn stopping() -> OperationError {
    OperationError::unavailable("the host is being restarted, and nothing was deployed: deploy again in a moment")
}

fn crowded(why: Crowded) -> OperationError {
    let text = match why {
        Crowded::Own => format!("{MOST_OF_ONE} deployments of this token wait on this host already"),
        Crowded::Others => format!("{MOST} deployments wait on this host already"),
    };
    OperationError::new(ErrorKind::TooMany, format!("{text}: try again in a minute"))
}

impl From<DeploymentRun> for DeploymentView {
    fn from(run: DeploymentRun) -> Self {
        let outcome = run.outcome.as_deref().unwrap_or("null");
        let (state, deployed, error) = match run.state {
            RunState::Waiting => (DeploymentState::Waiting, None, None),
            RunState::Running => (DeploymentState::Running, None, None),
            RunState::Done => (DeploymentState::Done, serde_json::from_str(outcome).ok(), None),
            RunState::Failed => (DeploymentState::Failed, None, serde_json::from_str(outcome).ok()),
        };
        let stage = run.stage.filter(|_| run.state.is_open());
        Self {
            id: run.id,
            app: run.app,
            sha256: hex(&run.sha256),
            state,
            stage: stage.and_then(|stage| serde_json::from_str(&stage).ok()),
            deployed,
            error,
            by: run.actor.name,
            created_at: time(run.created_at),
            ended_at: run.ended_at.map(time),
        }
    }
}
