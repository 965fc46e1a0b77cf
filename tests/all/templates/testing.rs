//! `innkeeper test`: what it serves, what it runs, and how it ends.

use std::path::PathBuf;

use support::command::{self, Finished};
use support::process::{self, Serving};
use support::{Engine, TestDatabase, paths, until};
use tempfile::TempDir;
use tokio::process::Command;

use super::PATIENCE;

on_both_databases! {
    an_empty_database_is_left_as_it_was,
    a_database_that_is_used_is_refused,
}

/// A project whose build copies a guest.
struct Project {
    folder: TempDir,
    /// Where the command keeps what is temporary.
    temporary: TempDir,
}

impl Project {
    fn new(guest: &str, test: &str) -> Self {
        let [folder, temporary] = [(), ()].map(|()| TempDir::new().unwrap());
        let component = paths::guest(guest);
        let file = format!(
            "name = \"tested\"\nbuild = \"cp {} app.wasm\"\ncomponent = \"app.wasm\"\n{test}",
            component.to_str().unwrap()
        );
        std::fs::write(folder.path().join("innkeeper.toml"), file).unwrap();
        Self { folder, temporary }
    }

    fn command(&self, more: &[&str]) -> Command {
        let folder = self.folder.path().to_str().unwrap();
        let mut command = command::innkeeper(&[&["test", folder], more].concat());
        command.env("TMPDIR", self.temporary.path());
        command
    }

    async fn test(&self, more: &[&str]) -> Finished {
        let ended = command::finish(self.command(more), PATIENCE).await;
        assert!(self.left().is_empty(), "{:?}: {ended}", self.left());
        ended
    }

    /// What is left of what was temporary.
    fn left(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_served_while_its_command_runs() {
    let line = "curl --silent --fail $INNKEEPER_URL/; echo; pwd; innkeeper --version; cat";
    let project = Project::new("hello", &format!("test = \"{line}\""));
    let tested = project.test(&[]).await.succeeded();
    let lines: Vec<&str> = tested.stdout.lines().collect();
    let folder = project.folder.path().canonicalize().unwrap();
    assert_eq!(lines[..2], ["Hello, world!", folder.to_str().unwrap()], "{tested}");
    assert!(lines.len() == 3 && lines[2].starts_with("innkeeper "), "{tested}");
    assert!(tested.stderr.contains("has passed"), "{tested}");
    // Each run has a database of its own, and nothing of it stays beside the project.
    let visit = ["--", "sh", "-c", "curl --silent --fail $INNKEEPER_URL/"];
    let project = Project::new("page", "");
    for _ in 0..2 {
        assert!(project.test(&visit).await.succeeded().stdout.starts_with("visits=1 rows=1"));
    }
    assert!(!project.folder.path().join("innkeeper-data/innkeeper.sqlite").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_that_of_the_command() {
    let project = Project::new("hello", "test = \"exit 7\"");
    let failed = project.test(&[]).await;
    assert_eq!(failed.status.code(), Some(7), "{failed}");
    assert!(failed.stderr.contains("the test command `exit 7` failed"), "{failed}");
    for (typed, status) in [(&["false"][..], 1), (&["sh", "-c", "kill -9 $$"], 137), (&["true"], 0)] {
        let ended = project.test(&[&["--"], typed].concat()).await;
        assert_eq!(ended.status.code(), Some(status), "{typed:?}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tested_is_told_and_no_command_runs() {
    let none = Project::new("hello", "").test(&[]).await.failed();
    assert!(none.status.code() == Some(2) && none.stderr.contains("names no command as `test`"), "{none}");
    let project = Project::new("hello", "test = \"echo was run\"");
    for (build, said) in [
        ("echo this is why >&2; false", "this is why"),
        ("echo text > app.wasm", "not a WebAssembly component"),
        ("true", "is not there"),
    ] {
        let _was_not_made = std::fs::remove_file(project.folder.path().join("app.wasm"));
        let file =
            format!("name = \"tested\"\nbuild = \"{build}\"\ncomponent = \"app.wasm\"\ntest = \"echo was run\"");
        std::fs::write(project.folder.path().join("innkeeper.toml"), file).unwrap();
        let failed = project.test(&[]).await;
        assert!(failed.status.code() == Some(1) && failed.stderr.contains(said), "{build}: {failed}");
        assert!(failed.stdout.is_empty(), "{build}: {failed}");
    }
}

/// What the app logs is beside what its tests print.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_app_logs_goes_to_standard_error() {
    let line = "curl --silent $INNKEEPER_URL/trap --output /dev/null; echo printed";
    let tested = Project::new("hostile", &format!("test = \"{line}\"")).test(&[]).await.succeeded();
    assert_eq!(tested.stdout, "printed\n", "{tested}");
    assert!(tested.stderr.contains("trap"), "{tested}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_ends_everything() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let line = "test = \"sleep 987 & echo child $! && wait\"";
        let project = Project::new("hello", line);
        let running = Serving::start(project.command(&[]));
        let said = running.logs().wait_for("child ").await;
        let child = said.split_whitespace().last().unwrap().parse().unwrap();
        assert!(process::is_running(child), "{said}");
        running.signal(signal);
        assert_eq!(running.ended().await.code(), Some(status));
        until("the child is gone", async || (!process::is_running(child)).then_some(())).await;
        assert!(project.left().is_empty(), "{:?}", project.left());
    }
}

async fn an_empty_database_is_left_as_it_was(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let project = Project::new("page", "test = \"curl --silent --fail $INNKEEPER_URL/\"");
    for _ in 0..2 {
        let tested = project.test(&["--database-url", &database.url()]).await.succeeded();
        assert!(tested.stdout.starts_with("visits=1 rows=1"), "{tested}");
        database.left_by(&database.connected().await).await;
        let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
        assert_eq!(apps, serde_json::json!([]));
    }
}

async fn a_database_that_is_used_is_refused(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    support::host::deploy(&database, "tested", "hello", &[]).await.succeeded();
    let project = Project::new("page", "test = \"echo was run\"");
    let refused = project.test(&["--database-url", &database.url()]).await.failed();
    assert!(refused.stderr.contains("tested is in ") && refused.stdout.is_empty(), "{refused}");
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps[0]["name"], "tested", "{apps}");
}
