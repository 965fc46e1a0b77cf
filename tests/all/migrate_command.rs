//! `innkeeper migrate plan|apply|status|baseline`: the steps of an app from a folder.

use std::path::Path;

use serde_json::{Value, json};
use support::bytes::sha256;
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
    files_that_are_named_oddly_are_said_and_not_passed_over,
    a_step_that_comes_late_is_run_only_where_that_is_said,
    two_steps_of_one_number_are_said,
    a_step_whose_file_has_gone_is_said_until_that_is_accepted,
    a_changed_step_can_be_accepted_as_it_is,
    what_editors_and_checkouts_change_is_no_change,
    steps_of_earlier_releases_are_known_after_another_checkout,
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

async fn problems(host: &TestHost, folder: &Path) -> String {
    let status = migrate(host, "status", folder, &["--json"]).await.succeeded().json();
    let shown = migrate(host, "status", folder, &[]).await.succeeded();
    let problems: Vec<&str> = status["problems"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(problems.iter().all(|problem| shown.stdout.contains(problem)), "{shown}");
    problems.join("\n")
}

/// What plan and apply say when they refuse, which has to be what status says.
async fn refused(host: &TestHost, folder: &Path) -> String {
    let said = problems(host, folder).await;
    for verb in ["plan", "apply"] {
        let refused = migrate(host, verb, folder, &[]).await.failed();
        assert!(said.lines().all(|line| refused.stderr.contains(line)), "{said}: {refused}");
    }
    said
}

fn state(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

async fn files_that_are_named_oddly_are_said_and_not_passed_over(engine: Engine) {
    let host = host(engine).await;
    for name in [
        "0005-up.SQL",
        "0005-up.sqlite.SQL",
        "0005-up.SQLite.sql",
        "0005-up.postgres.sql",
        "0005_up.sql",
        "5-up.sql",
        "0005-up",
        "0005-up.sql.txt",
        "up.sql",
    ] {
        let steps = folder(&[("0001-notes.sql", &first()), (name, "alter table notes add column up text")]);
        let said = refused(&host, steps.path()).await;
        assert!(said.contains(name) && said.contains("rename it"), "{name}: {said}");
        assert_eq!(states(&host, steps.path()).await, [state("0001-notes", "missing")]);
        assert!(migrate(&host, "baseline", steps.path(), &[]).await.failed().stderr.contains(name));
    }
    let steps =
        folder(&[("0001-notes.sql", &first()), ("0001-notes.sql~", "x"), ("README.md", "x"), (".x.sql", "x")]);
    std::fs::create_dir(steps.path().join("old")).unwrap();
    let plan = migrate(&host, "plan", steps.path(), &[]).await.succeeded();
    assert!(
        plan.stderr.contains("0001-notes.sql~: taken for a copy") && !plan.stderr.contains("README"),
        "{plan}"
    );
    std::fs::create_dir(steps.path().join("0002-up")).unwrap();
    assert!(refused(&host, steps.path()).await.contains("0002-up"));
    assert_eq!(code(&count(&host).await), "syntax", "nothing was run");
}

async fn a_step_that_comes_late_is_run_only_where_that_is_said(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0003-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    std::fs::write(steps.path().join("0002-late.sql"), "create table late (a text)").unwrap();
    let said = refused(&host, steps.path()).await;
    assert!(said.contains("step 0002-late: it comes late: 0003-notes has been run"), "{said}");
    assert_eq!(states(&host, steps.path()).await, [state("0003-notes", "applied"), state("0002-late", "late")]);
    let only = ["--out-of-order", "0002-late"];
    migrate(&host, "apply", steps.path(), &["--out-of-order", "0003-notes"]).await.failed();
    let plan = migrate(&host, "plan", steps.path(), &only).await.succeeded();
    assert!(plan.stdout.contains("would run 0002-late"), "{plan}");
    migrate(&host, "apply", steps.path(), &only).await.succeeded();
    assert_eq!(problems(&host, steps.path()).await, "");
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
}

async fn two_steps_of_one_number_are_said(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first()), ("0001-other.sql", "create table other (a text)")]);
    let said = refused(&host, steps.path()).await;
    for text in ["step 0001-notes: 0001-other has its number", "step 0001-other: 0001-notes has its number"] {
        assert!(said.contains(text), "{said}");
    }
    std::fs::rename(steps.path().join("0001-other.sql"), steps.path().join("0002-other.sql")).unwrap();
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    // One that was run under another name is known by its text.
    std::fs::rename(steps.path().join("0002-other.sql"), steps.path().join("0002-renamed.sql")).unwrap();
    let said = refused(&host, steps.path()).await;
    assert!(said.contains("step 0002-renamed: it has the text of 0002-other"), "{said}");
    std::fs::rename(steps.path().join("0002-renamed.sql"), steps.path().join("0002-other.sql")).unwrap();
    std::fs::write(steps.path().join("0002-more.sql"), "create table more (a text)").unwrap();
    let said = refused(&host, steps.path()).await;
    assert!(said.contains("step 0002-more: 0002-other has its number"), "{said}");
    migrate(&host, "apply", steps.path(), &["--out-of-order", "0002-more"]).await.succeeded();
    assert_eq!(problems(&host, steps.path()).await, "", "both have been run");
}

async fn a_step_whose_file_has_gone_is_said_until_that_is_accepted(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first()), ("0002-more.sql", "create table more (a text)")]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    let second = steps.path().join("0002-more.sql");
    let text = std::fs::read_to_string(&second).unwrap();
    std::fs::remove_file(&second).unwrap();
    let said = problems(&host, steps.path()).await;
    assert!(said.contains("step 0002-more: it has been run, and its file is not here"), "{said}");
    assert_eq!(states(&host, steps.path()).await, [state("0001-notes", "applied"), state("0002-more", "gone")]);
    for verb in ["plan", "apply"] {
        let done = migrate(&host, verb, steps.path(), &[]).await.succeeded();
        assert!(done.stderr.contains(&said), "{done}");
    }
    migrate(&host, "accept", steps.path(), &["0002-more"]).await.succeeded();
    assert_eq!(problems(&host, steps.path()).await, "");
    // The step is still known: a guest that has it runs nothing, and its file may come back.
    let step = json!({ "name": "0002-more", "statements": ["create table more (a text)"] });
    let list = json!({ "op": "db.migrate", "migrations": [step] });
    assert_eq!(ok(&host.probe(json!([list])).await[0]), &json!([]));
    std::fs::write(&second, text).unwrap();
    assert_eq!(migrate(&host, "apply", steps.path(), &["--json"]).await.succeeded().json(), json!([]));
    assert!(
        migrate(&host, "accept", steps.path(), &["0009-x"]).await.failed().stderr.contains("has not been run")
    );
}

async fn a_changed_step_can_be_accepted_as_it_is(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", &first())]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    std::fs::write(steps.path().join("0001-notes.sql"), "create table notes (n text)").unwrap();
    let said = refused(&host, steps.path()).await;
    assert!(said.contains("migrate accept 0001-notes"), "{said}");
    let accepted = migrate(&host, "accept", steps.path(), &["0001-notes", "--json"]).await.succeeded().json();
    assert_eq!((accepted, integer(&count(&host).await)), (json!(["0001-notes"]), 1));
    assert_eq!(states(&host, steps.path()).await, [state("0001-notes", "applied")]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    let again = migrate(&host, "accept", steps.path(), &["0001-notes"]).await.succeeded();
    assert!(again.stdout.contains("nothing to do"), "{again}");
}

const LINES: &str = "create table notes (\n    n bigint not null,\n    text text\n);\n";

async fn what_editors_and_checkouts_change_is_no_change(engine: Engine) {
    let host = host(engine).await;
    let steps = folder(&[("0001-notes.sql", LINES)]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    for text in [
        LINES.replace('\n', "\r\n"),
        format!("\u{feff}{LINES}"),
        LINES.replace(",\n", ", \t\n"),
        LINES.trim().to_owned(),
        format!("\r\n{LINES}\r\n\r\n"),
    ] {
        std::fs::write(steps.path().join("0001-notes.sql"), &text).unwrap();
        let again = migrate(&host, "apply", steps.path(), &["--json"]).await.succeeded().json();
        assert_eq!(again, json!([]), "{text:?}");
    }
    std::fs::write(steps.path().join("0001-notes.sql"), b"create table \xe9 (a text)").unwrap();
    assert!(migrate(&host, "plan", steps.path(), &[]).await.failed().stderr.contains("not UTF-8"));
    let strings = folder(&[
        ("0001-notes.sql", LINES),
        ("0002-fill.sql", "insert into notes (n, text) values (1, 'a\r\nb')"),
    ]);
    migrate(&host, "apply", strings.path(), &[]).await.succeeded();
    let text = host.database().app_value("probe", "select text from notes").await;
    assert_eq!(text, "a\nb", "the line end of a checkout is no data");
}

async fn steps_of_earlier_releases_are_known_after_another_checkout(engine: Engine) {
    let host = host(engine).await;
    let windows = LINES.replace('\n', "\r\n");
    let steps = folder(&[("0001-notes.sql", &windows)]);
    migrate(&host, "apply", steps.path(), &[]).await.succeeded();
    // As a release noted it that took every text as it came.
    let statement = windows.trim().trim_end_matches(';');
    let mut bytes = statement.len().to_le_bytes().to_vec();
    bytes.extend_from_slice(statement.as_bytes());
    let (hash, table) = (sha256(&bytes), host.database().host_table("app_migrations"));
    let literal = if engine == Engine::Postgres { format!("'\\x{hash}'") } else { format!("x'{hash}'") };
    host.database().app_rows("probe", &format!("update {table} set sha256 = {literal} returning name")).await;
    for text in [windows.as_str(), LINES] {
        std::fs::write(steps.path().join("0001-notes.sql"), text).unwrap();
        let again = migrate(&host, "apply", steps.path(), &["--json"]).await.succeeded().json();
        assert_eq!(again, json!([]), "{text:?}");
    }
    assert_eq!(states(&host, steps.path()).await, [state("0001-notes", "applied")]);
}

#[tokio::test]
async fn plain_migrate_is_about_the_hosts_tables() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    command::on(&database, &["migrate"]).await.succeeded();
    for verb in ["plan", "apply", "status", "baseline", "accept"] {
        assert!(command::run(&["migrate", verb, "--help"]).await.succeeded().stdout.contains("--app"));
    }
}
