//! The registry as rows: apps, their versions, and the components themselves.
//!
//! A component is stored once under its hash, in chunks. Activating a version is one row; every change raises the generation, by
//! which running hosts notice it.

use super::connection::{Connection, Control, cell};
use super::database::{Database, no_such_app};
use super::host_sql::host_sql;
use super::value::Value;
use super::{Code, Error, Outcome, Result, now_micros};
use sha2::{Digest, Sha256};

/// Bytes of a component in one row.
const CHUNK_BYTES: usize = 1 << 20;
const LONGEST_NAME: usize = 40;

/// An app as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its name, see [`check_name`].
    pub name: String,
    /// Which requests it answers: a path prefix beginning with `/`, or a host name.
    pub route: String,
    /// Settings from `innkeeper.toml`, as JSON.
    pub settings: String,
    /// The version that answers, if any.
    pub active: Option<i64>,
    /// The environment variable that holds the URL of the app's own database; none: it lives in the host's.
    pub database_var: Option<String>,
}

/// A component as deployed to an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1 in each app.
    pub number: i64,
    /// Of the component.
    pub sha256: Vec<u8>,
    /// Of the component, in bytes.
    pub size: i64,
    /// Microseconds since 1970.
    pub created_at: i64,
}

/// What to deploy.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The app; registered if it is new.
    pub app: &'a str,
    /// None: unchanged, and for a new app `/` if that is free, else `/<app>`.
    pub route: Option<&'a str>,
    /// Settings as JSON.
    pub settings: &'a str,
    /// The component.
    pub component: &'a [u8],
}

/// Checks the name of an app: it becomes the name of a schema and of a file.
pub fn check_name(name: &str) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        return Ok(());
    }
    let rule = "a name has 1 to 40 lower-case letters, digits and hyphens and begins with a letter";
    Err(Error::new(Code::BadParameter, format!("app name {name:?}: {rule}")))
}

impl Database {
    /// The number that every change of the registry raises.
    pub async fn generation(&self) -> Result<i64> {
        let mut connection = self.registry_reader().await?;
        let outcome = connection.host(host_sql!("select number from innkeeper.generation"), &[]).await?;
        outcome
            .rows
            .rows
            .first()
            .and_then(|row| row.first()?.as_integer())
            .ok_or_else(|| Error::malformed("generation"))
    }

    /// All apps, by name.
    pub async fn apps(&self) -> Result<Vec<App>> {
        let mut connection = self.registry_reader().await?;
        let sql =
            host_sql!("select name, route, settings, active, database_var from innkeeper.apps order by name");
        let outcome = connection.host(sql, &[]).await?;
        outcome.rows.rows.iter().map(|row| app_from(row)).collect()
    }

    /// The versions of an app, the newest first.
    pub async fn versions(&self, app: &str) -> Result<Vec<Version>> {
        let mut connection = self.registry_reader().await?;
        let sql = host_sql!(
            "select number, sha256, size, created_at from innkeeper.versions where app = $1 order by number desc"
        );
        let outcome = connection.host(sql, &[app.into()]).await?;
        if outcome.rows.rows.is_empty() {
            return Err(no_such_app(app));
        }
        outcome.rows.rows.iter().map(|row| version_from(row)).collect()
    }

    /// One version of an app, if it has it.
    pub async fn version(&self, app: &str, number: i64) -> Result<Option<Version>> {
        let mut connection = self.registry_reader().await?;
        let sql = host_sql!(
            "select number, sha256, size, created_at from innkeeper.versions where app = $1 and number = $2"
        );
        let outcome = connection.host(sql, &[app.into(), Value::Integer(number)]).await?;
        outcome.rows.rows.first().map(|row| version_from(row)).transpose()
    }

    /// The bytes of a version's component, checked against its hash.
    pub async fn component(&self, version: &Version) -> Result<Vec<u8>> {
        let mut connection = self.registry_reader().await?;
        let sql = host_sql!("select data from innkeeper.component_chunks where sha256 = $1 and seq = $2");
        let mut component = Vec::with_capacity(usize::try_from(version.size).unwrap_or_default());
        for seq in 0.. {
            let outcome =
                connection.host(sql, &[Value::Bytes(version.sha256.clone()), Value::Integer(seq)]).await?;
            let Some(row) = outcome.rows.rows.into_iter().next() else { break };
            component.extend_from_slice(cell(&row, 0)?.as_bytes().unwrap_or_default());
        }
        if Sha256::digest(&component).as_slice() != version.sha256.as_slice() {
            return Err(Error::new(Code::Other, "the stored component does not have its hash: deploy it again"));
        }
        Ok(component)
    }

    /// Records a component as the next version of an app and makes it the active one. Where the newest version is this very
    /// component, only route and settings change. Returns the number of the version.
    pub async fn deploy(&self, deployment: Deployment<'_>) -> Result<i64> {
        check_name(deployment.app)?;
        let mut connection = self.registry().await?;
        // An app with a database of its own has its room made by the host that serves it, which knows where that is.
        if find(&mut connection, deployment.app).await?.is_none_or(|app| app.database_var.is_none()) {
            drop(connection);
            self.make_space(deployment.app).await?;
            connection = self.registry().await?;
        }
        connection.control(Control::Begin(None)).await?;
        match deploy_in(&mut connection, &deployment).await {
            Ok(number) => connection.control(Control::Commit).await.map(|()| number),
            Err(error) => {
                // The first error is the one to report.
                let _ = connection.control(Control::Rollback).await;
                Err(error)
            }
        }
    }

    /// The app of this name.
    pub async fn app(&self, name: &str) -> Result<App> {
        self.find_app(name).await?.ok_or_else(|| no_such_app(name))
    }

    /// The app of this name, if there is one.
    pub async fn find_app(&self, name: &str) -> Result<Option<App>> {
        find(&mut self.registry_reader().await?, name).await
    }

    /// The name of the app that has a route, if there is one.
    pub async fn holder_of(&self, route: &str) -> Result<Option<String>> {
        holder(&mut self.registry_reader().await?, route).await
    }

    /// Says where an app lives from now on: in the database whose URL is in the environment variable `var`, or in the host's. Moves nothing.
    pub async fn set_database_var(&self, app: &str, var: Option<&str>) -> Result<()> {
        let mut connection = self.registry().await?;
        connection.control(Control::Begin(None)).await?;
        match set_in(&mut connection, app, var).await {
            Ok(()) => connection.control(Control::Commit).await,
            Err(error) => {
                // The first error is the one to report.
                let _ = connection.control(Control::Rollback).await;
                Err(error)
            }
        }
    }
}

async fn set_in(connection: &mut Connection, app: &str, var: Option<&str>) -> Result<()> {
    connection.host(host_sql!("update innkeeper.generation set number = number + 1"), &[]).await?;
    let sql = host_sql!("update innkeeper.apps set database_var = $2 where name = $1");
    let var = var.map_or(Value::Null, Value::from);
    match connection.host(sql, &[app.into(), var]).await?.affected {
        0 => Err(no_such_app(app)),
        _ => Ok(()),
    }
}

async fn deploy_in(connection: &mut Connection, deployment: &Deployment<'_>) -> Result<i64> {
    // The first statement takes the row's lock, so that two deployments number their versions one after the other.
    connection.host(host_sql!("update innkeeper.generation set number = number + 1"), &[]).await?;
    let before = find(connection, deployment.app).await?;
    let route = choose_route(connection, deployment, before.as_ref()).await?;
    upsert_app(connection, deployment, &route).await?;
    let sha256 = Sha256::digest(deployment.component).to_vec();
    let newest = newest(connection, deployment.app).await?;
    let number = match &newest {
        Some(version) if version.sha256 == sha256 => version.number,
        _ => {
            store_component(connection, deployment.component, &sha256).await?;
            let number = newest.map_or(1, |version| version.number + 1);
            insert_version(connection, deployment, number, &sha256).await?;
            number
        }
    };
    let activate = host_sql!("update innkeeper.apps set active = $2 where name = $1");
    connection.host(activate, &[deployment.app.into(), Value::Integer(number)]).await?;
    Ok(number)
}

async fn find(connection: &mut Connection, name: &str) -> Result<Option<App>> {
    let sql = host_sql!("select name, route, settings, active, database_var from innkeeper.apps where name = $1");
    let outcome = connection.host(sql, &[name.into()]).await?;
    outcome.rows.rows.first().map(|row| app_from(row)).transpose()
}

/// Refuses a route that another app has; finds a free one where none is asked for.
async fn choose_route(
    connection: &mut Connection,
    deployment: &Deployment<'_>,
    before: Option<&App>,
) -> Result<String> {
    let wanted = match (deployment.route, before) {
        (Some(route), _) => route.to_owned(),
        (None, Some(app)) => return Ok(app.route.clone()),
        (None, None) if holder(connection, "/").await?.is_none() => return Ok("/".to_owned()),
        (None, None) => format!("/{}", deployment.app),
    };
    match holder(connection, &wanted).await? {
        Some(other) if other != deployment.app => Err(Error::new(
            Code::Conflict,
            format!("route {wanted} belongs to app {other}: choose another with --route"),
        )),
        _ => Ok(wanted),
    }
}

async fn holder(connection: &mut Connection, route: &str) -> Result<Option<String>> {
    let outcome =
        connection.host(host_sql!("select name from innkeeper.apps where route = $1"), &[route.into()]).await?;
    Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_text()))
}

async fn upsert_app(connection: &mut Connection, deployment: &Deployment<'_>, route: &str) -> Result<Outcome> {
    let sql = host_sql!(
        "insert into innkeeper.apps (name, route, settings, created_at) values ($1, $2, $3, $4) \
         on conflict (name) do update set route = excluded.route, settings = excluded.settings"
    );
    let now = Value::Integer(now_micros());
    connection.host(sql, &[deployment.app.into(), route.into(), deployment.settings.into(), now]).await
}

async fn newest(connection: &mut Connection, app: &str) -> Result<Option<Version>> {
    let sql = host_sql!(
        "select number, sha256, size, created_at from innkeeper.versions where app = $1 order by number desc limit 1"
    );
    let outcome = connection.host(sql, &[app.into()]).await?;
    outcome.rows.rows.first().map(|row| version_from(row)).transpose()
}

async fn store_component(connection: &mut Connection, component: &[u8], sha256: &[u8]) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.component_chunks (sha256, seq, data) values ($1, $2, $3) \
         on conflict (sha256, seq) do nothing"
    );
    for (seq, chunk) in (0..).zip(component.chunks(CHUNK_BYTES)) {
        let params = [Value::Bytes(sha256.to_vec()), Value::Integer(seq), Value::Bytes(chunk.to_vec())];
        connection.host(sql, &params).await?;
    }
    Ok(())
}

async fn insert_version(
    connection: &mut Connection,
    deployment: &Deployment<'_>,
    number: i64,
    sha256: &[u8],
) -> Result<Outcome> {
    let sql = host_sql!(
        "insert into innkeeper.versions (app, number, sha256, size, created_at) values ($1, $2, $3, $4, $5)"
    );
    let size = i64::try_from(deployment.component.len()).unwrap_or(i64::MAX);
    let params = [
        deployment.app.into(),
        Value::Integer(number),
        Value::Bytes(sha256.to_vec()),
        Value::Integer(size),
        Value::Integer(now_micros()),
    ];
    connection.host(sql, &params).await
}

fn app_from(row: &[Value]) -> Result<App> {
    let text = |at| Ok::<_, Error>(cell(row, at)?.as_text().ok_or_else(|| Error::malformed("apps"))?.to_owned());
    Ok(App {
        name: text(0)?,
        route: text(1)?,
        settings: text(2)?,
        active: cell(row, 3)?.as_integer(),
        database_var: cell(row, 4)?.as_text().map(str::to_owned),
    })
}

fn version_from(row: &[Value]) -> Result<Version> {
    let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("versions"));
    let sha256 = cell(row, 1)?.as_bytes().ok_or_else(|| Error::malformed("versions.sha256"))?.to_vec();
    Ok(Version { number: number(0)?, sha256, size: number(2)?, created_at: number(3)? })
}
