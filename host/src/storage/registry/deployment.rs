//! A component becomes a version of an app, and that version active or a canary.

use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::activation::{self, Activate, ActivationKind};
use super::audit::{self, AuditEvent};
use super::component::Packed;
use super::transaction::RegistryTransaction;
use super::{Actor, App, app, deployment_run, removal, version};
use bytes::Bytes;

/// The settings of an app that says none, as every release reads them.
const NO_SETTINGS: &str = r#"{"transactions":"request","config":{}}"#;

/// What to deploy.
#[derive(Debug, Clone)]
pub struct Deployment<'a> {
    /// The app; registered if it is new.
    pub app: &'a str,
    /// None: unchanged, and for a new app `/` if that is free, else `/<app>`.
    pub routes: Option<&'a [String]>,
    /// Settings as JSON; none: those of the active version.
    pub settings: Option<&'a str>,
    /// The component.
    pub component: Bytes,
    /// The language and the toolchain, where the component says so.
    pub language: Option<&'a str>,
    /// Who deploys it.
    pub actor: &'a Actor,
    /// Why.
    pub note: Option<&'a str>,
    /// Whom it answers.
    pub target: Target,
    /// The id of the order that is carried out, and that must not have ended; none: there is none.
    pub run: Option<&'a str>,
    /// Whether somebody waits for it who does not mind that it takes up more room.
    pub is_hurried: bool,
}

/// Whom a new version answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Everybody.
    Everybody,
    /// So many of a hundred visitors; the others keep the active version.
    Canary(u8),
}

/// What a deployment has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The number of the version.
    pub version: i64,
    /// The version that was active before.
    pub previous: Option<i64>,
    /// Of the component.
    pub sha256: Vec<u8>,
    /// Bytes that the component takes up in the database.
    pub stored_size: i64,
    /// The generation from which hosts serve it.
    pub generation: i64,
}

impl Database {
    /// Records a component as the next version of an app, and makes it active or a canary. Where
    /// the newest version is this very component with these settings, no other is made.
    pub async fn deploy(&self, deployment: Deployment<'_>) -> Result<Release> {
        app::check_name(deployment.app)?;
        let (component, is_hurried) = (deployment.component.clone(), deployment.is_hurried);
        let packing = tokio::task::spawn_blocking(move || Packed::new(&component, is_hurried));
        let packed = packing.await.map_err(|_| Error::closed("the host is stopping"))??;
        self.check_room(u64::try_from(packed.stored_size()).unwrap_or(u64::MAX))?;
        packed.store(self).await?;
        let mut transaction = self.change_registry().await?;
        let result = deploy_in(&mut transaction, &deployment, &packed).await;
        let release = transaction.finish(result).await?;
        // Not before: an app that is refused leaves nothing. One with a database of its own has its
        // room made by the host that serves it, which knows where that is.
        let app = deployment.app;
        if self.find_app(app).await?.is_none_or(|app| app.database_var.is_none())
            && let Err(error) = self.make_space(app).await
        {
            tracing::warn!(app, "its room is left to the hosts that serve it: {error}");
        }
        Ok(release)
    }

    /// The route that an app gets which asks for none.
    pub async fn free_route(&self, app: &str) -> Result<String> {
        free_route(&mut self.registry_reader().await?, app).await
    }
}

async fn deploy_in(
    transaction: &mut RegistryTransaction,
    deployment: &Deployment<'_>,
    packed: &Packed,
) -> Result<Release> {
    let before = app::find(transaction.connection(), deployment.app).await?;
    if before.as_ref().is_some_and(|app| app.deleted_at.is_some()) {
        return Err(removal::being_deleted(deployment.app));
    }
    if let Some(run) = deployment.run {
        deployment_run::check_open(transaction.connection(), run).await?;
    }
    let routes = put_app(transaction, deployment, before.as_ref()).await?;
    let version = put_version(transaction, deployment, before.as_ref(), packed).await?;
    match deployment.target {
        Target::Everybody => {
            let Deployment { app, actor, note, .. } = *deployment;
            let kind = ActivationKind::Deploy;
            let activate = Activate { app, version, kind, actor, note, instead_of: None, from_canary: false };
            activation::activate_in(transaction, &activate, &routes).await?;
        }
        Target::Canary(percent) => put_canary(transaction, deployment, before.as_ref(), version, percent).await?,
    }
    Ok(Release {
        version,
        previous: before.and_then(|app| app.active),
        sha256: packed.sha256.clone(),
        stored_size: i64::try_from(packed.stored_size()).unwrap_or(i64::MAX),
        generation: transaction.generation().await?,
    })
}

/// Registers an app that is new, and gives it its routes. Returns what it has changed of those, for
/// the audit log.
async fn put_app(
    transaction: &mut RegistryTransaction,
    deployment: &Deployment<'_>,
    before: Option<&App>,
) -> Result<String> {
    if let Some(before) = before {
        let Some(routes) = deployment.routes.filter(|routes| *routes != before.routes) else {
            return Ok(String::new());
        };
        app::put_routes(transaction, deployment.app, routes).await?;
        return Ok(format!(", routes {} instead of {}", routes.join(", "), before.routes.join(", ")));
    }
    let routes = match deployment.routes {
        Some(routes) => routes.to_vec(),
        None => vec![free_route(transaction.connection(), deployment.app).await?],
    };
    let Some(main) = routes.first() else {
        return Err(Error::new(Code::BadParameter, "an app has at least one route"));
    };
    app::refuse_taken(transaction.connection(), deployment.app, main).await?;
    let sql = host_sql!("insert into innkeeper.apps (name, route, settings, created_at) values ($1, $2, $3, $4)");
    let settings = deployment.settings.unwrap_or(NO_SETTINGS);
    let params = [deployment.app.into(), main.as_str().into(), settings.into(), Value::Integer(now_micros())];
    transaction.run(sql, &params).await?;
    app::put_routes(transaction, deployment.app, &routes).await?;
    Ok(format!(", routes {}", routes.join(", ")))
}

async fn free_route(connection: &mut Connection, app: &str) -> Result<String> {
    Ok(match app::holder(connection, "/").await? {
        None => "/".to_owned(),
        Some(_) => format!("/{app}"),
    })
}

/// The number of the version that this component with these settings is.
async fn put_version(
    transaction: &mut RegistryTransaction,
    deployment: &Deployment<'_>,
    before: Option<&App>,
    packed: &Packed,
) -> Result<i64> {
    packed.claim(transaction).await?;
    let settings = deployment.settings.or(before.map(|app| app.settings.as_str())).unwrap_or(NO_SETTINGS);
    let versions = version::all(transaction.connection(), deployment.app).await?;
    if let Some(newest) = versions.first()
        && newest.sha256 == packed.sha256
        && newest.settings.as_deref() == Some(settings)
    {
        return Ok(newest.number);
    }
    let last = host_sql!("select last_version from innkeeper.apps where name = $1");
    let outcome = transaction.run(last, &[deployment.app.into()]).await?;
    let last = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or_default();
    let number = last.max(versions.first().map_or(0, |version| version.number)).saturating_add(1);
    let sql = host_sql!(
        "insert into innkeeper.versions (app, number, sha256, size, created_at, settings, language, actor, origin, note) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let params = [
        deployment.app.into(),
        Value::Integer(number),
        Value::Bytes(packed.sha256.clone()),
        Value::Integer(i64::try_from(packed.size).unwrap_or(i64::MAX)),
        Value::Integer(now_micros()),
        settings.into(),
        text(deployment.language),
        deployment.actor.name.as_str().into(),
        text(deployment.actor.origin.as_deref()),
        text(deployment.note),
    ];
    transaction.run(sql, &params).await?;
    let sql = host_sql!("update innkeeper.apps set last_version = $2 where name = $1");
    transaction.run(sql, &[deployment.app.into(), Value::Integer(number)]).await?;
    Ok(number)
}

async fn put_canary(
    transaction: &mut RegistryTransaction,
    deployment: &Deployment<'_>,
    before: Option<&App>,
    version: i64,
    percent: u8,
) -> Result<()> {
    let Deployment { app, actor, note, .. } = *deployment;
    let before = before.ok_or_else(|| no_such_app(app))?;
    match before.active {
        None => {
            let text = format!(
                "app {app} has no active version beside which another could answer: deploy it without --canary"
            );
            return Err(Error::new(Code::Conflict, text));
        }
        Some(active) if active == version => {
            let text = format!(
                "version {version} of {app} is this very component with these settings, and active already"
            );
            return Err(Error::new(Code::Conflict, text));
        }
        Some(_) => {}
    }
    let sql =
        host_sql!("update innkeeper.apps set canary = $2, canary_percent = $3, canary_since = $4 where name = $1");
    let params =
        [app.into(), Value::Integer(version), Value::Integer(i64::from(percent)), Value::Integer(now_micros())];
    transaction.run(sql, &params).await?;
    if let Some(canary) = before.canary.filter(|canary| canary.version != version) {
        let why = format!("version {version} took its place");
        activation::note_end_of_canary(transaction, app, canary.version, actor, &why).await?;
    }
    let sha256 = version::find(transaction.connection(), app, version).await?.map(|version| version.sha256);
    let note = note.map(|note| format!(": {note}")).unwrap_or_default();
    let detail = format!("version {version} for {percent} %{note}");
    let sha256 = sha256.as_deref();
    let event = AuditEvent { actor, action: "canary", app: Some(app), sha256, detail: &detail, result: "ok" };
    audit::write(transaction.connection(), event).await
}
