//! Apps: a name with its routes, its settings and its active version.

use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::Actor;
use super::audit::{self, AuditEvent};
use super::transaction::RegistryTransaction;
use std::collections::HashMap;

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
    /// Since when it is being deleted, in microseconds since 1970. It is served no more, and its
    /// name is taken until that is done.
    pub deleted_at: Option<i64>,
    /// What in its row cannot be read, and counts as nothing.
    pub problem: Option<String>,
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
            deleted_at: None,
            problem: None,
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
            // Behind a pooler the lock would stay with a connection that works for others.
            Self::Postgres(_) if !self.is_behind_pooler() => {
                host_sql!("select number, pg_try_advisory_lock_shared(7211, 1) from innkeeper.generation")
            }
            _ => host_sql!("select number from innkeeper.generation"),
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
             canary_since, database_var, keep_versions, created_at, deleted_at from innkeeper.apps order by name"
        );
        let outcome = connection.host(sql, &[]).await?;
        let mut apps: Vec<App> = outcome.rows.read()?;
        let sql = host_sql!("select app, route from innkeeper.further_routes order by app, route");
        let further = connection.host(sql, &[]).await?;
        let mut routes: HashMap<String, Vec<String>> = HashMap::new();
        for row in further.rows.iter("further_routes") {
            routes.entry(row.text("app")?).or_default().push(row.text("route")?);
        }
        for app in &mut apps {
            app.routes.extend(routes.remove(&app.name).unwrap_or_default());
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
    pub async fn set_database_var(&self, app: &str, var: Option<&str>, actor: &Actor) -> Result<()> {
        let mut transaction = self.change_registry().await?;
        let changed = async {
            let sql = host_sql!("update innkeeper.apps set database_var = $2 where name = $1");
            change(&mut transaction, sql, app, var.map_or(Value::Null, Value::from)).await?;
            let detail = var.map_or_else(|| "no database-var".to_owned(), |var| format!("database-var {var}"));
            let (action, app) = ("apps set", Some(app));
            let event = AuditEvent { actor, action, app, sha256: None, detail: &detail, result: "ok" };
            audit::write(transaction.connection(), event).await
        };
        let changed = changed.await;
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
         canary_since, database_var, keep_versions, created_at, deleted_at from innkeeper.apps where name = $1"
    );
    let outcome = connection.host(sql, &[name.into()]).await?;
    let Some(mut app) = outcome.rows.read_first::<App>()? else { return Ok(None) };
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

/// Only a row without a name is an error. What else cannot be read counts as nothing, and the app
/// says so: it is the app's trouble and no other's.
impl FromRow for App {
    const TABLE: &'static str = "apps";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        let mut lenient = LenientRow { row, unreadable: Vec::new() };
        let mut app = Self {
            name: row.text("name")?,
            routes: lenient.text("route").into_iter().collect(),
            settings: lenient.text("settings").unwrap_or_default(),
            overrides: lenient.text("overrides").unwrap_or_default(),
            active: lenient.integer("active"),
            activated_at: lenient.integer("activated_at"),
            went_back_by_itself: lenient.integer("went_back_by_itself").is_some_and(|itself| itself != 0),
            canary: lenient.canary(),
            database_var: lenient.text("database_var"),
            keep_versions: lenient.integer("keep_versions").and_then(|keep| u32::try_from(keep).ok()),
            created_at: lenient.integer("created_at").unwrap_or_default(),
            deleted_at: lenient.integer("deleted_at"),
            problem: None,
        };
        app.problem = lenient.problem();
        Ok(app)
    }
}

/// A row of which what cannot be read counts as nothing.
struct LenientRow<'a> {
    row: &'a HostRow<'a>,
    unreadable: Vec<&'static str>,
}

impl LenientRow<'_> {
    fn text(&mut self, column: &'static str) -> Option<String> {
        let read = self.row.optional_text(column);
        self.readable(column, read)
    }

    fn integer(&mut self, column: &'static str) -> Option<i64> {
        let read = self.row.optional_integer(column);
        self.readable(column, read)
    }

    fn canary(&mut self) -> Option<Canary> {
        let (version, percent, since) =
            (self.integer("canary")?, self.integer("canary_percent")?, self.integer("canary_since")?);
        match u8::try_from(percent) {
            Ok(percent @ 1..=99) => Some(Canary { version, percent, since }),
            _ => {
                self.unreadable.push("canary_percent");
                None
            }
        }
    }

    fn problem(self) -> Option<String> {
        let columns = self.unreadable.join(", ");
        (!columns.is_empty()).then(|| format!("its row in the registry has no good {columns}"))
    }

    fn readable<T>(&mut self, column: &'static str, read: Result<Option<T>>) -> Option<T> {
        read.unwrap_or_else(|_| {
            self.unreadable.push(column);
            None
        })
    }
}
