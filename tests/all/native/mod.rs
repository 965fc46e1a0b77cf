//! Compiled code: compiled once, found by all who need it, and never run where anything about it is
//! not as it was signed.

mod hosts;
mod many;
pub(crate) mod rows;
mod tampering;

use std::path::Path;

use support::command::{self, Finished};
use support::host::Builder;
use support::{COMPILE_DEADLINE, Engine, TestDatabase, TestHost, paths};
use tempfile::TempDir;

const KEY: &str = "INNKEEPER_CODE_KEY";
/// On SQLite nobody has to set one.
const A_KEY: &str = "the key of all hosts of this database";
/// How a host says that it had something compiled.
const COMPILED: &str = "fetching: compiled app=";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A host of an engine whose folder of compiled code is at this place.
fn host_of(engine: Engine, database: TestDatabase, code: &Path) -> Builder {
    let host = TestHost::with(engine).database(database).env("INNKEEPER_CODE_CACHE", text(code));
    match engine {
        Engine::Postgres => host.env(KEY, A_KEY),
        Engine::Sqlite => host,
    }
}

/// Deploys a file as somebody does whose machine has compiled nothing yet.
async fn deploy_file(engine: Engine, database: &TestDatabase, app: &str, file: &Path, more: &[&str]) -> Finished {
    let code = folder();
    let arguments = [&["deploy", text(file), "--app", app][..], more, &database.arguments()].concat();
    let mut deploy = command::innkeeper(&arguments);
    deploy.env("INNKEEPER_CODE_CACHE", code.path());
    if engine == Engine::Postgres {
        deploy.env(KEY, A_KEY);
    }
    command::finish(deploy, COMPILE_DEADLINE).await
}

async fn deploy(engine: Engine, database: &TestDatabase, app: &str, guest: &str) {
    let route = format!("/{app}");
    deploy_file(engine, database, app, &paths::guest(guest), &["--route", &route]).await.succeeded();
}

/// How often a host had something compiled until it served an app: the log comes a little later
/// than answers do.
async fn compiled(host: &TestHost, app: &str) -> usize {
    host.wait_for_log(&format!("serving app=\"{app}\"")).await;
    host.logs().matches(COMPILED).count()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
