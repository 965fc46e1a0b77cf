//! Deployments that a host makes on behalf of somebody elsewhere: how far each is, and what came of
//! it. They are kept in the database, so that any host can be asked.

use super::super::connection::Connection;
use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::Actor;
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;

/// What is said of a deployment that must not go on.
pub const GONE: &str =
    "the app was deleted meanwhile, or this host was taken for one that has ended: nothing was deployed";
/// Deployments are forgotten after a week.
const FORGOTTEN_MICROS: i64 = 7 * 86_400_000_000;

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Others come before it.
    Waiting,
    /// It is being made.
    Running,
    /// It was made.
    Done,
    /// It was not made, or nobody knows.
    Failed,
}

impl RunState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    /// How it is stored.
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Whether it goes on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRun {
    /// Names it.
    pub id: String,
    /// The app.
    pub app: String,
    /// Of the component.
    pub sha256: Vec<u8>,
    /// Of what was asked for: the same id may not ask for something else.
    pub request_sha256: Vec<u8>,
    /// Who deploys.
    pub actor: Actor,
    /// Where it stands.
    pub state: RunState,
    /// How far it is.
    pub stage: Option<String>,
    /// What came of it, as JSON.
    pub outcome: Option<String>,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// When its host has said last that it is at it.
    pub seen_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}

/// A deployment that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewDeploymentRun<'a> {
    /// Names it.
    pub id: &'a str,
    /// The app.
    pub app: &'a str,
    /// Of the component.
    pub sha256: &'a [u8],
    /// Of what is asked for.
    pub request_sha256: &'a [u8],
    /// Who deploys.
    pub actor: &'a Actor,
}

impl Database {
    /// Notes a deployment that waits. False where there is one of this id already. Forgets old
    /// ones.
    pub async fn add_run(&self, new: NewDeploymentRun<'_>) -> Result<bool> {
        let mut connection = self.registry().await?;
        let now = now_micros();
        let sql = host_sql!("delete from innkeeper.deployments where created_at < $1");
        connection.host(sql, &[Value::Integer(now.saturating_sub(FORGOTTEN_MICROS))]).await?;
        let sql = host_sql!(
            "insert into innkeeper.deployments \
             (id, app, sha256, request_sha256, actor, origin, state, created_at, seen_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing"
        );
        let params = [
            new.id.into(),
            new.app.into(),
            Value::Bytes(new.sha256.to_vec()),
            Value::Bytes(new.request_sha256.to_vec()),
            new.actor.name.as_str().into(),
            new.actor.origin.as_deref().map_or(Value::Null, Value::from),
            RunState::Waiting.name().into(),
            Value::Integer(now),
        ];
        Ok(connection.host(sql, &params).await?.affected > 0)
    }

    /// A deployment to an app, if there is one.
    pub async fn run(&self, app: &str, id: &str) -> Result<Option<DeploymentRun>> {
        find(&mut self.registry_reader().await?, app, id).await
    }

    /// Says that a deployment that goes on is at a stage, or still there. False where it has ended
    /// for everybody else, or is gone with its app.
    pub async fn beat_run(&self, id: &str, state: RunState, stage: Option<&str>) -> Result<bool> {
        let sql = host_sql!(
            "update innkeeper.deployments set state = $2, stage = $3, seen_at = $4 where id = $1 and ended_at is null"
        );
        let params =
            [id.into(), state.name().into(), stage.map_or(Value::Null, Value::from), Value::Integer(now_micros())];
        Ok(self.registry().await?.host(sql, &params).await?.affected > 0)
    }

    /// Says what came of a deployment.
    pub async fn end_run(&self, id: &str, state: RunState, outcome: &str) -> Result<()> {
        let sql = host_sql!(
            "update innkeeper.deployments set state = $2, outcome = $3, seen_at = $4, ended_at = $4 where id = $1"
        );
        let params = [id.into(), state.name().into(), outcome.into(), Value::Integer(now_micros())];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }

    /// Says that a deployment has failed, if nobody has been at it since `before`, and writes that
    /// down in the name of whoever has ordered it.
    pub async fn fail_abandoned_run(
        &self,
        run: &DeploymentRun,
        before: i64,
        outcome: &str,
        why: &str,
    ) -> Result<()> {
        let mut transaction = self.change_quietly().await?;
        let failed = fail_in(&mut transaction, run, before, outcome, why).await;
        transaction.finish(failed).await
    }
}

async fn fail_in(
    transaction: &mut RegistryTransaction,
    run: &DeploymentRun,
    before: i64,
    outcome: &str,
    why: &str,
) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.deployments set state = $2, outcome = $3, ended_at = $4 \
         where id = $1 and ended_at is null and seen_at < $5"
    );
    let params = [
        run.id.as_str().into(),
        RunState::Failed.name().into(),
        outcome.into(),
        Value::Integer(now_micros()),
        Value::Integer(before),
    ];
    if transaction.run(sql, &params).await?.affected == 0 {
        return Ok(());
    }
    let (app, sha256) = (Some(run.app.as_str()), Some(run.sha256.as_slice()));
    let event = AuditEvent { actor: &run.actor, action: "deploy", app, sha256, detail: "", result: why };
    audit::write(transaction.connection(), event).await
}

/// An error where a deployment has ended for everybody else, or is gone with its app.
pub(super) async fn check_open(connection: &mut Connection, id: &str) -> Result<()> {
    let sql = host_sql!("select 1 from innkeeper.deployments where id = $1 and ended_at is null");
    match connection.host(sql, &[id.into()]).await?.rows.rows.is_empty() {
        false => Ok(()),
        true => Err(Error::new(Code::Conflict, GONE)),
    }
}

async fn find(connection: &mut Connection, app: &str, id: &str) -> Result<Option<DeploymentRun>> {
    let sql = host_sql!(
        "select id, app, sha256, request_sha256, actor, origin, state, stage, outcome, created_at, seen_at, ended_at \
         from innkeeper.deployments where id = $1 and app = $2"
    );
    connection.host(sql, &[id.into(), app.into()]).await?.rows.read_first()
}

impl FromRow for DeploymentRun {
    const TABLE: &'static str = "deployments";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        let state = row.text("state")?;
        let state = RunState::ALL.into_iter().find(|known| known.name() == state);
        Ok(Self {
            id: row.text("id")?,
            app: row.text("app")?,
            sha256: row.bytes("sha256")?,
            request_sha256: row.bytes("request_sha256")?,
            actor: Actor { name: row.text("actor")?, origin: row.optional_text("origin")? },
            state: state.ok_or_else(|| row.malformed("state"))?,
            stage: row.optional_text("stage")?,
            outcome: row.optional_text("outcome")?,
            created_at: row.integer("created_at")?,
            seen_at: row.integer("seen_at")?,
            ended_at: row.optional_integer("ended_at")?,
        })
    }
}
