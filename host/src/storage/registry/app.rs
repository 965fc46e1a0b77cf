//! Apps: a name with its routes, its settings and its active version.

use super::super::connection::{Connection, cell};
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::transaction::RegistryTransaction;

const LONGEST_NAME: usize = 40;

/// An app as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its name, see [`check_name`].
    pub name: String,
    /// Which requests it answers, the main one first: path prefixes beginning with `/`, and host
    /// names. Never empty.
    pub routes: Vec<String>,
    /// The settings of the active version, as JSON.
    pub settings: String,
    /// What holds for every version and goes before its settings, as JSON.
    pub overrides: String,
    /// The version that answers, if any.
    pub active: Option<i64>,
    /// When it was made active, in microseconds since 1970; none where an earlier release did.
    pub activated_at: Option<i64>,
    /// Whether the host made it active by itself, because the version after it failed.
    pub went_back_by_itself: bool,
    /// The version that answers a part of the visitors.
    pub canary: Option<Canary>,
    /// The environment variable that holds the URL of the app's own database; none: it lives in the
    /// host's.
    pub database_var: Option<String>,
    /// How many activations back a version is kept; none: as usual.
    pub keep_versions: Option<u32>,
    /// When it was registered, in microseconds since 1970.
    pub created_at: i64,
}

impl App {
    /// An app that is not registered yet, with nothing but a name and the route `/`.
    pub fn unsaved(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            routes: vec!["/".to_owned()],
            settings: "{}".to_owned(),
            overrides: "{}".to_owned(),
            active: None,
            activated_at: None,
            went_back_by_itself: false,
            canary: None,
            database_var: None,
            keep_versions: None,
            created_at: now_micros(),
        }
    }
}

/// A version that answers a part of the visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// Its number.
    pub version: i64,
    /// Of a hundred visitors so many get it.
    pub percent: u8,
    /// Since when, in microseconds since 1970.
    pub since: i64,
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
    /// The number that every change of the registry raises. For a host that serves: see `presence`.
    pub async fn generation(&self) -> Result<i64> {
        let mut connection = self.registry_reader().await?;
        let sql = match self {
            Self::Postgres(_) => {
                host_sql!("select number, pg_try_advisory_lock_shared(7211, 1) from innkeeper.generation")
            }
            Self::Sqlite(_) => host_sql!("select number from innkeeper.generation"),
        };
        let outcome = connection.host(sql, &[]).await?;
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
        let sql = host_sql!(
            "select name, route, settings, overrides, active, activated_at, went_back_by_itself, canary, canary_percent, \
             canary_since, database_var, keep_versions, created_at from innkeeper.apps order by name"
        );
        let outcome = connection.host(sql, &[]).await?;
        let mut apps: Vec<App> = outcome.rows.rows.iter().map(|row| app_from(row)).collect::<Result<_>>()?;
        let sql = host_sql!("select app, route from innkeeper.further_routes order by app, route");
        let further = connection.host(sql, &[]).await?;
        for row in further.rows.rows {
            let [Value::Text(name), Value::Text(route)] = row.as_slice() else { continue };
            if let Ok(at) = apps.binary_search_by(|app| app.name.as_str().cmp(name))
                && let Some(app) = apps.get_mut(at)
            {
                app.routes.push(route.clone());
            }
        }
        Ok(apps)
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

    /// Says where an app lives from now on: in the database whose URL is in the environment
    /// variable `var`, or in the host's. Moves nothing.
    pub async fn set_database_var(&self, app: &str, var: Option<&str>) -> Result<()> {
        let mut transaction = self.change_registry().await?;
        let sql = host_sql!("update innkeeper.apps set database_var = $2 where name = $1");
        let changed = change(&mut transaction, sql, app, var.map_or(Value::Null, Value::from)).await;
        transaction.finish(changed).await
    }
}

async fn change(
    transaction: &mut RegistryTransaction,
    sql: &super::super::HostSql,
    app: &str,
    value: Value,
) -> Result<()> {
    match transaction.run(sql, &[app.into(), value]).await?.affected {
        0 => Err(no_such_app(app)),
        _ => Ok(()),
    }
}

/// Gives an app that is registered other routes. Refuses one that another app has.
pub(super) async fn put_routes(transaction: &mut RegistryTransaction, app: &str, routes: &[String]) -> Result<()> {
    let Some((main, further)) = routes.split_first() else {
        return Err(Error::new(Code::BadParameter, "an app has at least one route"));
    };
    for route in routes {
        refuse_taken(transaction.connection(), app, route).await?;
    }
    let sql = host_sql!("delete from innkeeper.further_routes where app = $1");
    transaction.run(sql, &[app.into()]).await?;
    let sql = host_sql!("update innkeeper.apps set route = $2 where name = $1");
    change(transaction, sql, app, main.as_str().into()).await?;
    let sql =
        host_sql!("insert into innkeeper.further_routes (route, app) values ($1, $2) on conflict do nothing");
    for route in further.iter().filter(|route| *route != main) {
        transaction.run(sql, &[route.as_str().into(), app.into()]).await?;
    }
    Ok(())
}

/// An error where another app has a route.
pub(super) async fn refuse_taken(connection: &mut Connection, app: &str, route: &str) -> Result<()> {
    match holder(connection, route).await? {
        Some(other) if other != app => Err(Error::new(
            Code::Conflict,
            format!("route {route} belongs to app {other}: choose another with --route"),
        )),
        _ => Ok(()),
    }
}

pub(super) async fn find(connection: &mut Connection, name: &str) -> Result<Option<App>> {
    let sql = host_sql!(
        "select name, route, settings, overrides, active, activated_at, went_back_by_itself, canary, canary_percent, \
         canary_since, database_var, keep_versions, created_at from innkeeper.apps where name = $1"
    );
    let outcome = connection.host(sql, &[name.into()]).await?;
    let Some(row) = outcome.rows.rows.first() else { return Ok(None) };
    let mut app = app_from(row)?;
    let sql = host_sql!("select route from innkeeper.further_routes where app = $1 order by route");
    let further = connection.host(sql, &[name.into()]).await?;
    app.routes.extend(further.rows.rows.into_iter().filter_map(|row| row.into_iter().next()?.into_text()));
    Ok(Some(app))
}

pub(super) async fn holder(connection: &mut Connection, route: &str) -> Result<Option<String>> {
    let sql = host_sql!(
        "select name from innkeeper.apps where route = $1 \
         union all select app from innkeeper.further_routes where route = $1 limit 1"
    );
    let outcome = connection.host(sql, &[route.into()]).await?;
    Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_text()))
}

fn app_from(row: &[Value]) -> Result<App> {
    let malformed = || Error::malformed("apps");
    let optional = |at| Ok::<_, Error>(cell(row, at)?.as_text().map(str::to_owned));
    let text = |at| optional(at)?.ok_or_else(malformed);
    let integer = |at| Ok::<_, Error>(cell(row, at)?.as_integer());
    let canary = match (integer(7)?, integer(8)?, integer(9)?) {
        (Some(version), Some(percent), Some(since)) => {
            Some(Canary { version, percent: u8::try_from(percent).map_err(|_| malformed())?, since })
        }
        _ => None,
    };
    Ok(App {
        name: text(0)?,
        routes: vec![text(1)?],
        settings: text(2)?,
        overrides: text(3)?,
        active: integer(4)?,
        activated_at: integer(5)?,
        went_back_by_itself: integer(6)?.is_some_and(|itself| itself != 0),
        canary,
        database_var: optional(10)?,
        keep_versions: integer(11)?.and_then(|keep| u32::try_from(keep).ok()),
        created_at: integer(12)?.ok_or_else(malformed)?,
    })
}
