//! `innkeeper migrate plan|apply|status|baseline`: the steps of an app from a folder.

use std::path::Path;

use serde_json::{Value, json};
use support::command::{self, Finished};
use support::probe::{all_ok, code, execute, integer, ok, query};
use support::{Engine, TestDatabase, TestHost};
use tempfile::TempDir;

on_both_databases! {
    a_plan_shows_what_would_be_run_and_changes_nothing,
    steps_are_applied_once_and_shown,
    the_command_and_the_guest_run_the_same_steps,
    what_would_be_destroyed_is_asked_for_twice,
    a_step_that_fails_keeps_nothing,
    a_changed_step_is_refused_and_shown,
    a_baseline_runs_nothing,
    the_text_for_sqlite_is_run_there_only,
    mistakes_are_told,
}

const CREATE: &str = "create table notes (n bigint not null, text text)";
const FILL: &str = "insert into notes (n, text) values (1, 'a;b')";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn first() -> String {
    format!("-- The beginning; of it all.\n{CREATE};\n\n{FILL}; -- done\n")
}

async fn migrate(host: &TestHost, verb: &str, folder: &Path, more: &[&str]) -> Finished {
    let folder = folder.to_str().unwrap();
    command::on(host.database(), &[&["migrate", verb, "--app", "probe", "--from", folder], more].concat()).await
}

async fn host(engine: Engine) -> TestHost {
    TestHost::of(engine, "probe", "probe").await
}

async fn count(host: &TestHost) -> Value {
    host.probe(json!([query("select count(*) from notes", json!([]))])).await.remove(0)
}

async fn states(host: &TestHost, folder: &Path) -> Vec<(String, String)> {
    let status = migrate(host, "status", folder, &["--json"]).await.succeeded().json();
    let text = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    status["steps"].as_array().unwrap().iter().map(|step| (text(step, "name"), text(step, "state"))).collect()
}

async fn a_plan_shows_what_would_be_run_and_changes_nothing(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first())]);
    let plan = migrate(&host, "plan", steps.path(), &[]).await.succeeded();
    assert!(plan.stdout.contains("would run 0001-notes") && plan.stdout.contains(FILL), "{plan}");
    let plan = migrate(&host, "plan", steps.path(), &["--json"]).await.succeeded().json();
    assert_eq!(plan, json!([{ "name": "0001-notes", "statements": [CREATE, FILL], "destroys": [] }]));
    assert_eq!(code(&count(&host).await), "syntax");
    assert_eq!(states(&host, steps.path()).await, [("0001-notes".to_owned(), "missing".to_owned())]);
}

async fn steps_are_applied_once_and_shown(engine: Engine) {
    let host = host(engine).await;
    let steps =
        folder(&[("0001-notes.sql", &first()), ("0002-more.sql", "alter table notes add column more date;")]);
    let applied = migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    assert!(applied.stdout.contains("0001-notes") && applied.stdout.contains("0002-more"), "{applied}");
    let again = migrate(&host, "apply", steps.path(), &["--json"]).await.succeeded().json();
    assert_eq!((again, integer(&count(&host).await)), (json!([]), 1));
    let status = migrate(&host, "status", steps.path(), &["--json"]).await.succeeded().json();
    let table = &status["tables"][0];
    assert_eq!((&table["name"], &table["columns"][2]["name"]), (&json!("notes"), &json!("more")));
    let shown = migrate(&host, "status", steps.path(), &[]).await.succeeded();
    assert!(["0001-notes", "applied", "notes", "more"].iter().all(|text| shown.stdout.contains(text)), "{shown}");
}

async fn the_command_and_the_guest_run_the_same_steps(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    let step = |name: &str, statements: &[&str]| json!({ "name": name, "statements": statements });
    let second = step("0002-more", &["alter table notes add column more date"]);
    let list = json!({ "op": "db.migrate", "migrations": [step("0001-notes", &[CREATE, FILL]), second] });
    assert_eq!(ok(&host.probe(json!([list])).await[0]), &json!(["0002-more"]));
    std::fs::write(steps.path().join("0002-more.sql"), "/* more */ alter table notes add column more date")
        .unwrap();
    assert_eq!(migrate(&host, "plan", steps.path(), &["--json"]).await.succeeded().json(), json!([]));
}

async fn what_would_be_destroyed_is_asked_for_twice(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    let drop = steps.path().join("0002-drop.sql");
    std::fs::write(&drop, "alter table notes drop column text").unwrap();
    let refused = migrate(&host, "apply", steps.path(), &["--yes"]).await.failed();
    assert!(refused.stderr.contains("add notes.text to its `destroys`"), "{refused}");
    migrate(&host, "plan", steps.path(), &[]).await.failed();
    std::fs::write(&drop, "-- destroys: notes.text\nalter table notes drop column text").unwrap();
    let plan = migrate(&host, "plan", steps.path(), &[]).await.succeeded();
    assert!(plan.stdout.contains("which destroys notes.text"), "{plan}");
    let refused = migrate(&host, "apply", steps.path(), &[]).await.failed();
    assert!(refused.stderr.contains("notes.text") && refused.stderr.contains("--yes"), "{refused}");
    all_ok(&host.probe(json!([query("select text from notes", json!([]))])).await);
    migrate(&host, "apply", steps.path(), &["--yes"]).await.succeeded();
    assert_eq!(code(&host.probe(json!([query("select text from notes", json!([]))])).await[0]), "syntax");
}

async fn a_step_that_fails_keeps_nothing(engine: Engine) {
    let host = host(engine).await;
    let steps =
        folder(&[("0001-notes.sql", &first()), ("0002-wrong.sql", "alter table nowhere add column a text")]);
    for verb in ["plan", "apply"] {
        let failed = migrate(&host, verb, steps.path(), &[]).await.failed();
        assert!(failed.stderr.contains("migration 0002-wrong") && failed.stderr.contains("nowhere"), "{failed}");
        assert_eq!(code(&count(&host).await), "syntax");
    }
}

async fn a_changed_step_is_refused_and_shown(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    std::fs::write(steps.path().join("0001-notes.sql"), "create table notes (n text)").unwrap();
    for verb in ["plan", "apply", "baseline"] {
        let refused = migrate(&host, verb, steps.path(), &[]).await.failed();
        assert!(refused.stderr.contains("0001-notes") && refused.stderr.contains("differs"), "{refused}");
    }
    assert_eq!(states(&host, steps.path()).await, [("0001-notes".to_owned(), "changed".to_owned())]);
}

async fn a_baseline_runs_nothing(engine: Engine) {
    let host = host(engine).await;
    all_ok(&host.probe(json!([execute(CREATE, json!([]))])).await);
    let steps = folder(&[("0001-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.failed();
    let noted = migrate(&host, "baseline", steps.path(), &["--json"]).await.succeeded().json();
    assert_eq!((noted, integer(&count(&host).await)), (json!(["0001-notes"]), 0));
    assert_eq!(states(&host, steps.path()).await, [("0001-notes".to_owned(), "applied".to_owned())]);
    assert_eq!(migrate(&host, "apply", steps.path(), &["--json"]).await.succeeded().json(), json!([]));
}

async fn the_text_for_sqlite_is_run_there_only(engine: Engine) {
    let host = host(engine).await;
    let here = if engine == Engine::Sqlite { "sqlite" } else { "both" };
    let fill = |text: &str| format!("create table notes (t text); insert into notes (t) values ('{text}')");
    let steps = folder(&[("0001-notes.sql", &fill("both")), ("0001-notes.sqlite.sql", &fill("sqlite"))]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    assert_eq!(host.database().app_value("probe", "select t from notes").await, here);
}

async fn mistakes_are_told(engine: Engine) {
    let host = host(engine).await;
    let nowhere = Path::new("/nowhere/at/all");
    assert!(migrate(&host, "plan", nowhere, &[]).await.failed().stderr.contains("--from"));
    let empty = folder(&[]);
    assert!(migrate(&host, "apply", empty.path(), &[]).await.failed().stderr.contains("0001-entries.sql"));
    for (file, text, said) in [
        ("entries.sql", "", "named like 0001-entries.sql"),
        ("0001-a.sqlite.sql", "select 1", "but not 0001-a.sql"),
        ("0001-a.sql", "select 'a", "0001-a.sql"),
        ("0001-a.sql", "drop schema innkeeper cascade", "migration 0001-a"),
        ("0001-a.sql", "insert into t values ($1)", "parameters"),
    ] {
        let steps = folder(&[(file, text)]);
        let refused = migrate(&host, "apply", steps.path(), &[]).await.failed();
        assert!(refused.stderr.contains(said), "{file}: no {said:?}: {refused}");
    }
    let steps = folder(&[("0001-notes.sql", &first())]);
    let folder = steps.path().to_str().unwrap();
    let unknown = ["migrate", "apply", "--app", "nobody", "--from", folder];
    assert!(command::on(host.database(), &unknown).await.failed().stderr.contains("no app nobody"));
}

#[tokio::test]
async fn plain_migrate_is_about_the_hosts_tables() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    command::on(&database, &["migrate"]).await.succeeded();
    for verb in ["plan", "apply", "status", "baseline"] {
        assert!(command::run(&["migrate", verb, "--help"]).await.succeeded().stdout.contains("--app"));
    }
}
