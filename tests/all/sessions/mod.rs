//! The interface `session`: what belongs to one visitor.

mod abuse;
mod command;
mod cookie;
mod counters;
mod expiry;
mod junk;
mod life;
mod origins;
mod parallel;
mod statements;
mod sweep;
mod values;

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::probe::all_ok;
use support::{Engine, TestDatabase, TestHost, Visitor, paths};

async fn probe(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let visitor = host.visitor();
    (host, visitor)
}

/// A host with a probe of these settings.
pub(crate) async fn with_settings(engine: Engine, settings: &str) -> (TestHost, Visitor) {
    let database = TestDatabase::fresh(engine).await;
    deploy(&database, settings).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    (host, visitor)
}

/// Deploys a probe with these settings.
pub(crate) async fn deploy(database: &TestDatabase, settings: &str) -> support::command::Finished {
    let folder = tempfile::tempdir().unwrap();
    let component = paths::guest("probe");
    let file = format!("name = \"probe\"\ncomponent = \"{}\"\n{settings}\n", component.display());
    std::fs::write(folder.path().join("innkeeper.toml"), file).unwrap();
    support::command::on(database, &["deploy", folder.path().to_str().unwrap(), "--route", "/"]).await
}

fn get(key: &str) -> Value {
    json!({ "op": "session.get", "key": key })
}

fn set(key: &str, value: &str) -> Value {
    json!({ "op": "session.set", "key": key, "value": value })
}

fn renew(user: Option<&str>) -> Value {
    json!({ "op": "session.renew", "user": user })
}

fn empty() -> Full<Bytes> {
    Full::default()
}

/// The host's table of this name, as the app's database knows it.
pub(crate) fn table(host: &TestHost, name: &str) -> String {
    let prefix = if host.database().directory().is_some() { "innkeeper_" } else { "innkeeper." };
    format!("{prefix}{name}")
}

/// A number from the only session that there is.
async fn column(host: &TestHost, name: &str) -> i64 {
    let sql = format!("select {name} from {}", table(host, "sessions"));
    host.database().app_value("probe", &sql).await.parse().expect("a number")
}

/// Makes the times of all sessions lie so many microseconds further back.
async fn move_back(host: &TestHost, columns: &[&str], micros: i64) {
    let set: Vec<String> = columns.iter().map(|name| format!("{name} = {name} - {micros}")).collect();
    host.database().app_rows("probe", &format!("update {} set {}", table(host, "sessions"), set.join(", "))).await;
}

/// How many values belong to no session.
async fn orphans(host: &TestHost) -> String {
    let (values, sessions) = (table(host, "session_values"), table(host, "sessions"));
    let sql = format!(
        "select count(*) from {values} v where not exists \
         (select 1 from {sessions} s where s.app = v.app and s.id_hash = v.id_hash)"
    );
    host.database().app_value("probe", &sql).await
}

/// Empties the table of sessions.
async fn forget_all(host: &TestHost) {
    for name in ["session_values", "sessions"] {
        host.database().app_rows("probe", &format!("delete from {}", table(host, name))).await;
    }
}
