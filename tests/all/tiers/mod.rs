//! Apps with a database or a credential of their own: what lives where, what keeps apps apart, and
//! what happens when it is away.

mod doctor;
mod moving;
mod places;
mod roles;
mod starving;
mod trouble;

use http_body_util::Full;
use serde_json::{Value, json};
use support::command::{self, Finished};
use support::probe::{all_ok, execute, ok};
use support::{Answer, DEADLINE, Engine, TestDatabase, TestHost, Visitor, host};

/// The variable that the app `probe` names.
const VAR: &str = "LEDGER_URL";
/// The arguments that name it.
const NAMED: [&str; 2] = ["--database-var", VAR];

/// Runs a command on the host's database with a variable more.
async fn with_variable(database: &TestDatabase, arguments: &[&str], var: &str, url: &str) -> Finished {
    let arguments = [arguments, &database.arguments()].concat();
    let mut command = command::innkeeper(&arguments);
    command.env(var, url);
    command::finish(command, DEADLINE).await
}

/// `innkeeper apps set probe ...` with [`VAR`] set to `url`.
async fn set(database: &TestDatabase, arguments: &[&str], url: &str) -> Finished {
    with_variable(database, &[&["apps", "set", "probe"], arguments].concat(), VAR, url).await
}

/// A database with the app `probe` at `/` and the app `other` at `/other`.
async fn two_apps(engine: Engine) -> TestDatabase {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    host::deploy(&database, "other", "probe", &["--route", "/other"]).await.succeeded();
    database
}

/// Serves both apps; `probe` lives where `url` leads.
async fn split(database: TestDatabase, url: &str) -> TestHost {
    set(&database, &NAMED, url).await.succeeded();
    TestHost::with(Engine::Postgres).database(database).env(VAR, url).start().await
}

/// Steps in the app `other`, as the same browser.
async fn in_other(visitor: &mut Visitor, steps: &Value) -> Answer {
    visitor.send(Visitor::with_steps("/other/steps", steps), Full::<bytes::Bytes>::default()).await
}

fn create() -> Value {
    let migration = json!({ "name": "1", "statements": ["create table notes (a text)"] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}

/// Leaves a row, a file and a session. Returns the file's id.
async fn leave_something(visitor: &mut Visitor) -> Value {
    let results = visitor.probe(something()).await;
    all_ok(&results);
    ok(&results[4])["id"].clone()
}

fn something() -> Value {
    json!([
        create(),
        execute("insert into notes (a) values ('kept')", json!([])),
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "kept" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$4.ok.id" },
        { "op": "session.set", "key": "k", "value": "kept" },
    ])
}

/// Tables named `notes`, files, sessions and migrations that the app has in a database, by looking
/// into it.
async fn found(database: &TestDatabase, app: &str) -> [u32; 4] {
    let tables = match database.directory() {
        Some(_) => "select count(*) from sqlite_master where name = 'notes'".to_owned(),
        None => {
            format!("select count(*) from pg_tables where schemaname = 'app_{app}' and tablename = 'notes'")
        }
    };
    let tables = database.app_value(app, &tables).await.parse().expect("a count is a number");
    let mut found = [tables, 0, 0, 0];
    for (count, table) in found[1..].iter_mut().zip(["blobs", "sessions", "app_migrations"]) {
        let prefix = if database.directory().is_some() { "innkeeper_" } else { "innkeeper." };
        let sql = format!("select count(*) from {prefix}{table} where app = '{app}'");
        *count = database.app_value(app, &sql).await.parse().expect("a count is a number");
    }
    found
}

fn said(finished: &Finished) -> String {
    format!("{}{}", finished.stdout, finished.stderr)
}
