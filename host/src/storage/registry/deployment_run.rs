//! Deployments that a host makes on behalf of somebody elsewhere: how far each is, and what came of
//! it. They are kept in the database, so that any host can be asked.

use super::super::connection::{Connection, cell};
use super::super::database::Database;
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Error, Result, now_micros};

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
    pub actor: String,
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
    pub actor: &'a super::Actor,
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

    /// Says that a deployment that goes on is at a stage, or still there.
    pub async fn beat_run(&self, id: &str, state: RunState, stage: Option<&str>) -> Result<()> {
        let sql = host_sql!(
            "update innkeeper.deployments set state = $2, stage = $3, seen_at = $4 where id = $1 and ended_at is null"
        );
        let params =
            [id.into(), state.name().into(), stage.map_or(Value::Null, Value::from), Value::Integer(now_micros())];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }

    /// Says what came of a deployment.
    pub async fn end_run(&self, id: &str, state: RunState, outcome: &str) -> Result<()> {
        let sql = host_sql!(
            "update innkeeper.deployments set state = $2, outcome = $3, seen_at = $4, ended_at = $4 where id = $1"
        );
        let params = [id.into(), state.name().into(), outcome.into(), Value::Integer(now_micros())];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }

    /// Says that a deployment has failed, if nobody has been at it since `before`.
    pub async fn fail_abandoned_run(&self, id: &str, before: i64, outcome: &str) -> Result<()> {
        let sql = host_sql!(
            "update innkeeper.deployments set state = $2, outcome = $3, ended_at = $4 \
             where id = $1 and ended_at is null and seen_at < $5"
        );
        let params = [
            id.into(),
            RunState::Failed.name().into(),
            outcome.into(),
            Value::Integer(now_micros()),
            Value::Integer(before),
        ];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }
}

async fn find(connection: &mut Connection, app: &str, id: &str) -> Result<Option<DeploymentRun>> {
    let sql = host_sql!(
        "select id, app, sha256, request_sha256, actor, state, stage, outcome, created_at, seen_at, ended_at \
         from innkeeper.deployments where id = $1 and app = $2"
    );
    let outcome = connection.host(sql, &[id.into(), app.into()]).await?;
    outcome.rows.rows.first().map(|row| run_from(row)).transpose()
}

fn run_from(row: &[Value]) -> Result<DeploymentRun> {
    let malformed = || Error::malformed("deployments");
    let optional = |at| Ok::<_, Error>(cell(row, at)?.as_text().map(str::to_owned));
    let text = |at| optional(at)?.ok_or_else(malformed);
    let bytes = |at| Ok::<_, Error>(cell(row, at)?.as_bytes().ok_or_else(malformed)?.to_vec());
    let time = |at| Ok::<_, Error>(cell(row, at)?.as_integer());
    let state = text(5)?;
    Ok(DeploymentRun {
        id: text(0)?,
        app: text(1)?,
        sha256: bytes(2)?,
        request_sha256: bytes(3)?,
        actor: text(4)?,
        state: RunState::ALL.into_iter().find(|known| known.name() == state).ok_or_else(malformed)?,
        stage: optional(6)?,
        outcome: optional(7)?,
        created_at: time(8)?.ok_or_else(malformed)?,
        seen_at: time(9)?.ok_or_else(malformed)?,
        ended_at: time(10)?,
    })
}
