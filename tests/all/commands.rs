//! The command line, as a deployer and an operator meet it.

use std::path::Path;

use serde_json::Value;
use support::command::{self, Finished};
use support::{DEADLINE, Engine, TestDatabase, TestHost, host, paths, until};

on_both_databases! {
    a_host_without_apps_says_how_to_deploy_one,
    what_was_deployed_is_listed,
    migrating_twice_changes_nothing,
    a_deploy_that_changes_nothing_makes_no_version,
    what_is_no_component_is_not_deployed,
    doctor_names_the_database_and_the_reason,
}

async fn a_host_without_apps_says_how_to_deploy_one(engine: Engine) {
    let host = TestHost::with(engine).start().await;
    let answer = host.visitor().get("/").await;
    assert!(answer.status == 404 && answer.text().contains("innkeeper deploy"), "{answer:?}");
    let deployed = host.deploy("hello", "hello").await.succeeded();
    assert_eq!(deployed.stdout.lines().count(), 1, "{deployed}");
    let mut visitor = host.visitor();
    let hello = async || (visitor.get("/").await.status == 200).then_some(());
    until("the deployed app answers", hello).await;
}

async fn what_was_deployed_is_listed(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for (app, guest, route) in [("hello", "hello", "/"), ("hello", "page", "/"), ("other", "hello", "/other")] {
        host::deploy(&database, app, guest, &["--route", route]).await.succeeded();
    }
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(names(&apps, "name"), ["hello", "other"], "{apps}");
    let versions = command::on(&database, &["versions", "--app", "hello", "--json"]).await.succeeded().json();
    assert_eq!(versions.as_array().map(Vec::len), Some(2), "{versions}");
    let people = command::on(&database, &["apps"]).await.succeeded();
    assert!(people.stdout.contains("hello") && people.stdout.contains("other"), "{people}");
    let unknown = command::on(&database, &["versions", "--app", "unknown"]).await.failed();
    assert!(unknown.stderr.contains("unknown"), "{unknown}");
}

async fn migrating_twice_changes_nothing(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    command::on(&database, &["migrate"]).await.succeeded();
    command::on(&database, &["migrate"]).await.succeeded();
    // Two dynos that start at the same time.
    let arguments: [&[&str]; 2] = [&["migrate"], &["migrate"]];
    let (one, other) = tokio::join!(command::on(&database, arguments[0]), command::on(&database, arguments[1]));
    one.succeeded();
    other.succeeded();
}

async fn a_deploy_that_changes_nothing_makes_no_version(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for (guest, versions) in [("hello", 1), ("hello", 1), ("page", 2), ("hello", 3)] {
        host::deploy(&database, "hello", guest, &[]).await.succeeded();
        let list = command::on(&database, &["versions", "--app", "hello", "--json"]).await.succeeded().json();
        assert_eq!(list.as_array().map(Vec::len), Some(versions), "{guest}: {list}");
        assert_eq!((&list[0]["number"], &list[0]["active"]), (&versions.into(), &true.into()), "{guest}: {list}");
    }
}

async fn what_is_no_component_is_not_deployed(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in no_components() {
        let file = directory.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let file = file.to_str().unwrap();
        complains(command::on(&database, &["deploy", file, "--app", "bad"]).await, name);
        complains(command::run(&["inspect", file]).await, name);
    }
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps.as_array().map(Vec::len), Some(0), "{apps}");
}

async fn doctor_names_the_database_and_the_reason(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let report = command::on(&database, &["doctor"]).await.succeeded();
    let (kind, reason) = match engine {
        Engine::Postgres => ("postgres", "--database-url"),
        Engine::Sqlite => ("sqlite", "no database variable is set"),
    };
    assert!(report.stdout.contains(kind) && report.stdout.contains(reason), "{report}");
    command::on(&database, &["doctor", "--json"]).await.succeeded().json();
}

#[tokio::test]
async fn doctor_prints_no_password() {
    for arguments in [&["doctor"][..], &["doctor", "--json"], &["serve", "--listen", "127.0.0.1:0"]] {
        let mut doctor = command::innkeeper(arguments);
        // Port 1 is nobody's: whatever is told about the failure is told here too.
        doctor.env("DATABASE_URL", "postgres://user:s3cr%65t-word@127.0.0.1:1/name?sslmode=nonsense");
        let said = command::finish(doctor, DEADLINE).await;
        let said = format!("{}{}", said.stdout, said.stderr);
        assert!(!said.contains("s3cr") && said.contains("DATABASE_URL"), "{said}");
    }
}

#[tokio::test]
async fn doctor_prints_the_limits() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let report = command::on(&database, &["doctor", "--limits"]).await.succeeded();
    for limit in ["INNKEEPER_RESULT_ROWS", "10000", "100MiB", "25s"] {
        assert!(report.stdout.contains(limit), "no {limit}: {report}");
    }
}

#[tokio::test]
async fn inspect_tells_what_a_component_needs() {
    let report = command::run(&["inspect", paths::guest("page").to_str().unwrap()]).await.succeeded();
    for interface in ["innkeeper:storage/db", "innkeeper:storage/session", "wasi:http/incoming-handler"] {
        assert!(report.stdout.contains(interface), "no {interface}: {report}");
    }
}

#[tokio::test]
async fn two_candidates_for_the_database_are_an_error_that_names_them() {
    let mut doctor = command::innkeeper(&["doctor"]);
    doctor.env("HEROKU_POSTGRESQL_PINK_URL", "postgres://127.0.0.1:1/pink");
    doctor.env("HEROKU_POSTGRESQL_TEAL_URL", "postgres://127.0.0.1:1/teal");
    let refused = command::finish(doctor, DEADLINE).await.failed();
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        said.contains("HEROKU_POSTGRESQL_PINK_URL") && said.contains("HEROKU_POSTGRESQL_TEAL_URL"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_named_variable_that_is_not_set_is_an_error_that_names_it() {
    let refused = command::run(&["doctor", "--database-var", "MY_DATABASE"]).await.failed();
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("MY_DATABASE"), "{refused}");
}

#[tokio::test]
async fn every_verb_explains_itself() {
    for verb in ["serve", "deploy", "migrate", "apps", "versions", "inspect", "doctor"] {
        let help = command::run(&[verb, "--help"]).await.succeeded();
        assert!(help.stdout.contains("Usage"), "{verb}: {help}");
    }
    command::run(&["no-such-verb"]).await.failed();
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|item| item[field].as_str().expect("a name").to_owned()).collect()
}

#[track_caller]
fn complains(refused: Finished, name: &str) {
    let refused = refused.failed();
    assert!(refused.stderr.contains(name), "it does not say which file: {refused}");
    assert!(!refused.stderr.contains("panicked"), "{refused}");
}

fn no_components() -> [(&'static str, Vec<u8>); 5] {
    let component = std::fs::read(paths::guest("hello")).unwrap();
    let program = std::fs::read(Path::new("/proc/self/exe")).unwrap();
    [
        ("empty.wasm", Vec::new()),
        ("text.wasm", b"(component)".to_vec()),
        ("module.wasm", b"\0asm\x01\0\0\0".to_vec()),
        ("cut.wasm", component[..component.len() / 2].to_vec()),
        ("program.wasm", program[..100_000].to_vec()),
    ]
}
