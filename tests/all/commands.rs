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
    a_component_that_wants_what_is_not_there_is_told_what_to_do,
    doctor_names_the_database_and_the_reason,
    every_command_says_which_database_it_acts_on,
    what_only_reads_makes_nothing,
    what_only_reads_leaves_tables_of_an_earlier_release_alone,
    the_command_line_goes_before_the_environment,
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

async fn a_component_that_wants_what_is_not_there_is_told_what_to_do(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes, remedies) in wanting() {
        let file = directory.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let file = file.to_str().unwrap();
        let refused = command::on(&database, &["deploy", file, "--app", "bad"]).await;
        for remedy in remedies {
            assert!(refused.stderr.contains(remedy), "{name} does not say {remedy:?}: {refused}");
        }
        complains(refused, name);
    }
}

async fn doctor_names_the_database_and_the_reason(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let report = command::on(&database, &["doctor"]).await.succeeded();
    let (kind, reason) = match engine {
        Engine::Postgres => ("postgres", "--database-url"),
        Engine::Sqlite => ("sqlite", "--data was given"),
    };
    assert!(report.stdout.contains(kind) && report.stdout.contains(reason), "{report}");
    command::on(&database, &["doctor", "--json"]).await.succeeded().json();
}

/// The line, and what it must not say.
#[track_caller]
fn announces(said: &Finished, database: &TestDatabase, by: &str) {
    let line = said.stderr.lines().next().unwrap_or_default();
    let place = match database.directory() {
        Some(directory) => format!("SQLite in {}", directory.display()),
        None => "Postgres ".to_owned(),
    };
    assert!(line.starts_with(&format!("database: {place}")) && line.ends_with(by), "{said}");
    assert_eq!(said.stderr.matches("database: ").count(), 1, "{said}");
    let name = database.url();
    let name = name.rsplit('/').next().expect("a name");
    assert!(line.contains(name) && !said.stderr.contains("postgres://"), "{said}");
}

async fn every_command_says_which_database_it_acts_on(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let [option, _] = database.arguments();
    let by = format!("; from {option}");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, files) = (path("app.tar"), path("files"));
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    std::fs::write(folder.path().join("migrations/0001-a.sql"), "create table a (b text)").unwrap();
    let steps = path("migrations");
    let guest = paths::guest("page");
    let commands: [&[&str]; 17] = [
        &["deploy", guest.to_str().unwrap(), "--app", "one"],
        &["apps"],
        &["apps", "--json"],
        &["versions", "--app", "one", "--json"],
        &["migrate"],
        &["migrate", "plan", "--app", "one", "--from", &steps, "--json"],
        &["migrate", "apply", "--app", "one", "--from", &steps],
        &["migrate", "status", "--app", "one", "--from", &steps, "--json"],
        &["migrate", "baseline", "--app", "one", "--from", &steps],
        &["sessions", "list", "--app", "one", "--json"],
        &["sessions", "end", "--app", "one", "--all"],
        &["sessions", "sweep"],
        &["keys", "rotate"],
        &["keys", "list", "--json"],
        &["blobs", "export", &files, "--app", "one"],
        &["export", &file, "--app", "one", "--skip-table", "a", "--json"],
        &["import", &file, "--app", "two", "--route", "/two", "--json"],
    ];
    for arguments in commands {
        let said = command::on(&database, arguments).await.succeeded();
        announces(&said, &database, &by);
        if arguments.contains(&"--json") {
            said.json();
        }
    }
    let mut by_variable = command::innkeeper(&["apps", "set", "one", "--no-database-var"]);
    by_variable.env("DATABASE_URL", database.url());
    announces(&command::finish(by_variable, DEADLINE).await.succeeded(), &database, "; from DATABASE_URL");
}

async fn what_only_reads_makes_nothing(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    // On SQLite not even the folder is there.
    let place = database.directory().map(|directory| directory.join("none").to_str().unwrap().to_owned());
    let place = place.unwrap_or_else(|| database.url());
    let option = if database.directory().is_some() { "--data" } else { "--database-url" };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, files, steps) = (path("app.tar"), path("files"), path("."));
    let nothing: [(&[&str], &str); 6] = [
        (&["apps"], "nothing is there yet"),
        (&["apps", "--json"], "[]"),
        (&["doctor"], "nothing is there yet"),
        (&["doctor", "--json"], "nothing is there yet"),
        (&["keys", "list"], "no keys yet"),
        (&["sessions", "sweep"], "nothing is there yet"),
    ];
    for (arguments, text) in nothing {
        let said = run_at(arguments, option, &place, folder.path()).await.succeeded();
        assert!(said.stdout.contains(text), "{arguments:?}: {said}");
        is_empty(&database, arguments).await;
    }
    let refused: [&[&str]; 11] = [
        &["versions", "--app", "one"],
        &["apps", "set", "one", "--database-var", "SOME_URL", "--leave-data"],
        &["sessions", "list", "--app", "one"],
        &["sessions", "end", "--app", "one", "--all"],
        &["migrate", "plan", "--app", "one", "--from", &steps],
        &["migrate", "status", "--app", "one", "--from", &steps],
        &["blobs", "export", &files, "--app", "one"],
        &["blobs", "sweep", "--app", "one"],
        &["blobs", "sweep", "--app", "one", "--dry-run"],
        &["blobs", "import", &steps, "--app", "one"],
        &["export", &file, "--app", "one"],
    ];
    for arguments in refused {
        let said = run_at(arguments, option, &place, folder.path()).await.failed();
        assert!(said.stderr.contains("there is no app one"), "{arguments:?}: {said}");
        is_empty(&database, arguments).await;
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file and no folder");
}

/// Runs a command in `folder`, with a variable that only one of them wants.
async fn run_at(arguments: &[&str], option: &str, place: &str, folder: &Path) -> Finished {
    let mut command = command::innkeeper(&[arguments, &[option, place]].concat());
    command.env("SOME_URL", format!("sqlite:{}", folder.join("own").display())).current_dir(folder);
    command::finish(command, DEADLINE).await
}

async fn is_empty(database: &TestDatabase, after: &[&str]) {
    let found = match database.directory() {
        Some(directory) => std::fs::read_dir(directory).unwrap().count(),
        None => {
            let mut direct = support::database::Direct::to(database).await;
            let sql = "select 1 from pg_namespace where nspname::text ~ '^(innkeeper|app_)'";
            direct.rows(sql).await.unwrap().len()
        }
    };
    assert_eq!(found, 0, "{after:?} has made something");
}

async fn what_only_reads_leaves_tables_of_an_earlier_release_alone(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "one", "hello", &[]).await.succeeded();
    let migrations = if engine == Engine::Postgres { "migrations" } else { "innkeeper_migrations" };
    let keys = if engine == Engine::Postgres { "keys" } else { "innkeeper_keys" };
    database.host_rows(&format!("delete from {migrations} where name = 'registry/0003_keys'")).await;
    database.host_rows(&format!("drop table {keys}")).await;
    for arguments in
        [&["apps"][..], &["versions", "--app", "one"], &["keys", "list"], &["sessions", "list", "--app", "one"]]
    {
        let said = command::on(&database, arguments).await.failed();
        assert!(said.stderr.contains("earlier release") && said.stderr.contains("innkeeper migrate"), "{said}");
    }
    let noted =
        database.host_rows(&format!("select name from {migrations} where name = 'registry/0003_keys'")).await;
    assert!(noted.is_empty(), "{noted:?}");
    command::on(&database, &["migrate"]).await.succeeded();
    command::on(&database, &["apps"]).await.succeeded();
}

async fn the_command_line_goes_before_the_environment(engine: Engine) {
    let production = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    let guest = paths::guest("hello");
    let data = folder.path().to_str().unwrap();
    let mut deploy = command::innkeeper(&["deploy", guest.to_str().unwrap(), "--app", "one", "--data", data]);
    deploy.env("DATABASE_URL", production.url());
    command::finish(deploy, DEADLINE).await.succeeded();
    is_empty(&production, &["deploy", "--data"]).await;
    assert!(folder.path().join("innkeeper.sqlite").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_into_a_new_folder_that_nobody_serves_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let deploy = async || {
        let guest = paths::guest("hello");
        let mut deploy = command::innkeeper(&["deploy", guest.to_str().unwrap(), "--app", "one"]);
        deploy.current_dir(folder.path());
        command::finish(deploy, DEADLINE).await.succeeded()
    };
    let first = deploy().await;
    let whole = folder.path().join("innkeeper-data");
    let line = format!("database: SQLite in {}; no database variable is set", whole.display());
    assert_eq!(first.stderr.lines().next(), Some(line.as_str()), "{first}");
    assert!(first.stderr.contains("nothing is in ./innkeeper-data yet, and no host serves it"), "{first}");
    let second = deploy().await;
    assert!(!second.stderr.contains("no host serves it"), "{second}");
    // A host that is there and has no app yet is what the folder is for.
    let host = TestHost::with(Engine::Sqlite).start().await;
    let deployed = host.deploy("one", "hello").await.succeeded();
    assert!(!deployed.stderr.contains("no host serves it"), "{deployed}");
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
async fn a_variable_that_is_mistyped_is_told_with_the_nearest() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let mut doctor = command::innkeeper(&[&["doctor"][..], &database.arguments()].concat());
    doctor.env("INNKEEPER_POOLSIZE", "9");
    let report = command::finish(doctor, DEADLINE).await.succeeded();
    assert!(
        report.stdout.contains("INNKEEPER_POOLSIZE") && report.stdout.contains("INNKEEPER_POOL_SIZE"),
        "{report}"
    );
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

/// Components that want what no guest has, and what they are told.
fn wanting() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let of_module = |sections: &[u8]| {
        let module = [b"\0asm\x01\0\0\0", sections].concat();
        let size = u8::try_from(module.len()).unwrap();
        [b"\0asm\x0d\0\x01\0\x01", &[size][..], &module].concat()
    };
    // An instance with one function.
    let importing = |interface: &str| {
        let kind = b"\x07\x0e\x01\x42\x02\x01\x40\x00\x01\x00\x04\x00\x01x\x01\x00";
        let size = |length: usize| u8::try_from(length).unwrap();
        let import = [&[1, 0, size(interface.len())], interface.as_bytes(), &[5, 0]].concat();
        [b"\0asm\x0d\0\x01\0", &kind[..], &[10, size(import.len())], &import].concat()
    };
    vec![
        ("threads.wasm", of_module(b"\x05\x04\x01\x03\x01\x02"), &["without -pthread"]),
        ("gc.wasm", of_module(b"\x01\x03\x01\x5f\x00"), &["garbage collector", "Kotlin/Wasm"]),
        ("exceptions.wasm", of_module(b"\x01\x04\x01\x60\x00\x00\x0d\x03\x01\x00\x00"), &["-fno-exceptions"]),
        (
            "draft.wasm",
            importing("wasi:http/outgoing-handler@0.2.0-rc-2023-12-05"),
            &[
                "`wasi:http/outgoing-handler@0.2.0-rc-2023-12-05`",
                "this host has 0.2: build it for the released WASI 0.2",
            ],
        ),
        (
            "later.wasm",
            importing("wasi:http/outgoing-handler@0.3.0"),
            &["built for WASI 0.3", "this host runs WASI 0.2"],
        ),
        ("foreign.wasm", importing("wasi:keyvalue/store@0.2.0-draft"), &["there is no wasi:keyvalue here"]),
    ]
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
