//! Which version was made active when, by whom, and what it replaced.

use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use super::{Actor, app, pruning, removal, version};

/// Activations of an app that are kept; the audit log has the older ones.
const MOST_ACTIVATIONS: i64 = 1_000;

/// How a version came to be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationKind {
    /// It was deployed.
    Deploy,
    /// Somebody went back to it, or forward again.
    Rollback,
    /// It had answered a part of the visitors before.
    Promote,
    /// The host went back to it, because the version after it failed.
    Automatic,
}

impl ActivationKind {
    const ALL: [Self; 4] = [Self::Deploy, Self::Rollback, Self::Promote, Self::Automatic];

    /// How it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Promote => "promote",
            Self::Automatic => "automatic rollback",
        }
    }
}

/// One activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Counted from 1 in each app.
    pub number: i64,
    /// The version that became active.
    pub version: i64,
    /// The one that was active before.
    pub previous: Option<i64>,
    /// How it came to it.
    pub kind: ActivationKind,
    /// Who did it.
    pub actor: String,
    /// From where.
    pub origin: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
}

/// What is to become active.
#[derive(Debug, Clone, Copy)]
pub struct Activate<'a> {
    /// The app.
    pub app: &'a str,
    /// The number of the version.
    pub version: i64,
    /// How it comes to it.
    pub kind: ActivationKind,
    /// Who does it.
    pub actor: &'a Actor,
    /// Why.
    pub note: Option<&'a str>,
    /// Only if this version is active at that time; none: whichever is.
    pub instead_of: Option<i64>,
    /// Only if it is the canary at that time.
    pub from_canary: bool,
}

impl Database {
    /// What was active when, the newest first.
    pub async fn activations(&self, app: &str) -> Result<Vec<Activation>> {
        all(&mut self.registry_reader().await?, app).await
    }

    /// Makes a version active. Returns the generation from which hosts serve it, and none where
    /// another version than `instead_of` is active, or the version is not the canary that it should
    /// be.
    pub async fn activate(&self, activate: Activate<'_>) -> Result<Option<i64>> {
        let mut transaction = self.change_registry().await?;
        let result = async {
            let found = app::find(transaction.connection(), activate.app).await?;
            let found = found.ok_or_else(|| no_such_app(activate.app))?;
            let canary = found.canary.map(|canary| canary.version);
            let is_overtaken = activate.instead_of.is_some_and(|version| found.active != Some(version))
                || (activate.from_canary && canary != Some(activate.version));
            if is_overtaken {
                return Ok(None);
            }
            activate_in(&mut transaction, &activate, "").await?;
            transaction.generation().await.map(Some)
        };
        let result = result.await;
        transaction.finish(result).await
    }

    /// Takes a version away from the visitors that it answers, who get the active one again. False
    /// where it is no canary. `has_failed` marks it as one that the host has found to fail.
    pub async fn abort_canary(
        &self,
        app: &str,
        version: i64,
        actor: &Actor,
        why: &str,
        has_failed: bool,
    ) -> Result<bool> {
        let mut transaction = self.change_registry().await?;
        let result = async {
            let sql = host_sql!(
                "update innkeeper.apps set canary = null, canary_percent = null, canary_since = null where name = $1 and canary = $2"
            );
            if transaction.run(sql, &[app.into(), Value::Integer(version)]).await?.affected == 0 {
                return Ok(false);
            }
            if has_failed {
                mark_failed(&mut transaction, app, version).await?;
            }
            note_end_of_canary(&mut transaction, app, version, actor, why).await.map(|()| true)
        };
        let result = result.await;
        transaction.finish(result).await
    }
}

/// Writes down that a version is a canary no more.
pub(super) async fn note_end_of_canary(
    transaction: &mut RegistryTransaction,
    app: &str,
    version: i64,
    actor: &Actor,
    why: &str,
) -> Result<()> {
    let detail = format!("version {version}: {why}");
    let (action, app) = ("canary abort", Some(app));
    let event = AuditEvent { actor, action, app, sha256: None, detail: &detail, result: "ok" };
    audit::write(transaction.connection(), event).await
}

async fn mark_failed(transaction: &mut RegistryTransaction, app: &str, version: i64) -> Result<()> {
    let sql = host_sql!("update innkeeper.versions set failed_at = $3 where app = $1 and number = $2");
    let params = [app.into(), Value::Integer(version), Value::Integer(now_micros())];
    transaction.run(sql, &params).await.map(|_| ())
}

/// Makes a version active as part of a change, ends a canary, writes it down, and removes versions
/// that nobody is likely to go back to. `more` is what else the change does, for the audit log.
pub(super) async fn activate_in(
    transaction: &mut RegistryTransaction,
    activate: &Activate<'_>,
    more: &str,
) -> Result<()> {
    let Activate { app, version, kind, actor, note, .. } = *activate;
    let found = version::find(transaction.connection(), app, version).await?;
    let found = found.ok_or_else(|| {
        Error::new(
            Code::NotFound,
            format!("app {app} has no version {version}: innkeeper versions {app} lists them"),
        )
    })?;
    let before = app::find(transaction.connection(), app).await?.ok_or_else(|| no_such_app(app))?;
    if before.deleted_at.is_some() {
        return Err(removal::being_deleted(app));
    }
    let now = now_micros();
    let sql = host_sql!(
        "update innkeeper.apps set active = $2, activated_at = $3, went_back_by_itself = $4, settings = $5, \
         canary = null, canary_percent = null, canary_since = null where name = $1"
    );
    let settings = found.settings.unwrap_or(before.settings);
    let params = [
        app.into(),
        Value::Integer(version),
        Value::Integer(now),
        Value::Integer(i64::from(kind == ActivationKind::Automatic)),
        settings.as_str().into(),
    ];
    transaction.run(sql, &params).await?;
    if let Some(failed) = before.active.filter(|_| kind == ActivationKind::Automatic) {
        mark_failed(transaction, app, failed).await?;
    }
    if let Some(canary) = before.canary.filter(|canary| canary.version != version) {
        let why = format!("version {version} was made active");
        note_end_of_canary(transaction, app, canary.version, actor, &why).await?;
    }
    note_activation(transaction, activate, before.active, now).await?;
    let detail = format!("version {version}{more}{}", note.map(|note| format!(": {note}")).unwrap_or_default());
    let event = AuditEvent {
        actor,
        action: kind.name(),
        app: Some(app),
        sha256: Some(&found.sha256),
        detail: &detail,
        result: "ok",
    };
    audit::write(transaction.connection(), event).await?;
    pruning::prune_in(transaction, app, before.keep_versions).await.map(drop)
}

async fn note_activation(
    transaction: &mut RegistryTransaction,
    activate: &Activate<'_>,
    previous: Option<i64>,
    now: i64,
) -> Result<()> {
    let sql = host_sql!("select max(number) from innkeeper.activations where app = $1");
    let outcome = transaction.run(sql, &[activate.app.into()]).await?;
    let last = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or_default();
    let sql = host_sql!(
        "insert into innkeeper.activations (app, number, version, previous, kind, actor, origin, note, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let params = [
        activate.app.into(),
        Value::Integer(last + 1),
        Value::Integer(activate.version),
        previous.map_or(Value::Null, Value::Integer),
        activate.kind.name().into(),
        activate.actor.name.as_str().into(),
        text(activate.actor.origin.as_deref()),
        text(activate.note),
        Value::Integer(now),
    ];
    transaction.run(sql, &params).await?;
    let sql = host_sql!("delete from innkeeper.activations where app = $1 and number <= $2");
    let params = [activate.app.into(), Value::Integer(last + 1 - MOST_ACTIVATIONS)];
    transaction.run(sql, &params).await.map(|_| ())
}

pub(super) async fn all(connection: &mut Connection, app: &str) -> Result<Vec<Activation>> {
    let sql = host_sql!(
        "select number, version, previous, kind, actor, origin, note, at from innkeeper.activations \
         where app = $1 order by number desc"
    );
    connection.host(sql, &[app.into()]).await?.rows.read()
}

/// The version to go back to from `active`: the one that was active when it was first made active
/// by being deployed or promoted, so that going back twice goes back two versions.
pub fn before(activations: &[Activation], active: i64) -> Option<i64> {
    let came = |activation: &&Activation| {
        activation.version == active
            && matches!(activation.kind, ActivationKind::Deploy | ActivationKind::Promote)
            && activation.previous != Some(active)
    };
    activations.iter().find(came)?.previous
}

impl FromRow for Activation {
    const TABLE: &'static str = "activations";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        let kind = row.text("kind")?;
        let kind = ActivationKind::ALL.into_iter().find(|known| known.name() == kind);
        Ok(Self {
            number: row.integer("number")?,
            version: row.integer("version")?,
            previous: row.optional_integer("previous")?,
            kind: kind.ok_or_else(|| row.malformed("kind"))?,
            actor: row.text("actor")?,
            origin: row.optional_text("origin")?,
            note: row.optional_text("note")?,
            at: row.integer("at")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activation(number: i64, version: i64, previous: Option<i64>, kind: ActivationKind) -> Activation {
        let (actor, origin, note) = ("a".to_owned(), None, None);
        Activation { number, version, previous, kind, actor, origin, note, at: number }
    }

    #[test]
    fn going_back_twice_goes_back_two_versions() {
        use ActivationKind::{Automatic, Deploy, Rollback};
        let mut list = vec![
            activation(3, 3, Some(2), Deploy),
            activation(2, 2, Some(1), Deploy),
            activation(1, 1, None, Deploy),
        ];
        assert_eq!(before(&list, 3), Some(2));
        list.insert(0, activation(4, 2, Some(3), Rollback));
        assert_eq!(before(&list, 2), Some(1));
        list.insert(0, activation(5, 1, Some(2), Automatic));
        assert_eq!(before(&list, 1), None);
    }

    #[test]
    fn a_version_that_was_deployed_again_goes_back_to_what_it_replaced() {
        use ActivationKind::Deploy;
        let list = [activation(3, 2, Some(2), Deploy), activation(2, 2, Some(1), Deploy)];
        assert_eq!(before(&list, 2), Some(1));
    }
}
