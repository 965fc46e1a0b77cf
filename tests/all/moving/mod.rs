//! Commands that carry files and whole apps: `blobs import`, `export` and `sweep`, `export`,
//! `import`.

mod apps;
mod damage;
mod files_in;
mod files_out;
mod foreign;
mod guards;
mod large;
mod refusals;
mod stored_names;
mod sweeping;
mod tables;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::command::{self, Finished};
use support::probe::ok;
use support::{DEADLINE, Engine, TestDatabase, TestHost, Visitor};

/// What a blob counts for beside its bytes.
const ROW_BYTES: u64 = 1024;

fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Postgres => Engine::Sqlite,
        Engine::Sqlite => Engine::Postgres,
    }
}

/// Writes files below a new folder: names may have folders in them.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        put(folder.path(), name, bytes);
    }
    folder
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// `innkeeper blobs VERB FOLDER --app probe --json ...`
async fn blobs(database: &TestDatabase, verb: &str, folder: &Path, more: &[&str]) -> Finished {
    let arguments = ["blobs", verb, folder.to_str().unwrap(), "--app", "probe", "--json"];
    command::on(database, &[&arguments, more].concat()).await
}

/// `innkeeper blobs sweep --app probe --json ...`
async fn sweep(database: &TestDatabase, more: &[&str]) -> Value {
    command::on(database, &[&["blobs", "sweep", "--app", "probe", "--json"], more].concat())
        .await
        .succeeded()
        .json()
}

/// Runs a verb with variables more.
async fn with_variables(database: &TestDatabase, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let arguments = [arguments, &database.arguments()].concat();
    let mut command = command::innkeeper(&arguments);
    command.envs(variables.iter().copied());
    command::finish(command, DEADLINE).await
}

/// The kept blobs, as the app sees them.
async fn listed(visitor: &mut Visitor) -> Vec<Value> {
    let result = visitor.probe_one(json!({ "op": "blob.list", "limit": 1000 })).await;
    ok(&result).as_array().unwrap().clone()
}

/// The bytes of a blob, as the app sends them.
async fn sent(visitor: &mut Visitor, id: &Value) -> Vec<u8> {
    let steps = json!([{ "op": "blob.send", "id": id }]);
    let request = http::Request::get("/photo").header("probe-steps", steps.to_string());
    visitor.send(request, http_body_util::Full::<bytes::Bytes>::default()).await.expect(200).body.to_vec()
}

/// A file of an export, which goes with its folder.
struct Carried {
    folder: tempfile::TempDir,
}

impl Carried {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.tar")
    }

    async fn export(&self, database: &TestDatabase, app: &str, more: &[&str]) -> Finished {
        let path = self.path();
        let arguments = ["export", path.to_str().unwrap(), "--app", app, "--json"];
        command::on(database, &[&arguments, more].concat()).await
    }

    async fn import(&self, database: &TestDatabase, more: &[&str]) -> Finished {
        let path = self.path();
        command::on(database, &[&["import", path.to_str().unwrap(), "--json"], more].concat()).await
    }
}

/// Takes an app from a host's database to a fresh one of an engine, and serves it there.
async fn moved(host: &TestHost, app: &str, engine: Engine) -> TestHost {
    let carried = Carried::new();
    carried.export(host.database(), app, &[]).await.succeeded();
    let database = TestDatabase::fresh(engine).await;
    let said = carried.import(&database, &[]).await.succeeded().json();
    assert_eq!(said["verified"], true, "{said}");
    TestHost::with(engine).database(database).start().await
}

/// As if the host had gone away between the last two steps of an import: the data are there, and no
/// app.
async fn forget_apps(database: &TestDatabase) {
    for (table, column) in [("versions", "app"), ("apps", "name")] {
        database.host_rows(&format!("delete from {} returning {column}", database.host_table(table))).await;
    }
}

/// A visitor of the same browser, at another host.
fn same_browser(visitor: &Visitor, host: &TestHost) -> Visitor {
    let mut other = host.visitor();
    other.jar = visitor.jar.clone();
    other
}
