//! `innkeeper dev`: a project that is built, served and built again, and what it keeps its hands
//! off.

mod building;
mod failures;
mod reload;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::command::{self, Finished};
use support::probe::query;
use support::process::Serving;
use support::{COMPILE_DEADLINE, Engine, TestDatabase, TestHost, Visitor, paths, until};
use tempfile::TempDir;
use tokio::process::Command;

on_both_databases! {
    the_environment_does_not_decide_where_a_project_keeps_its_data,
    a_database_that_another_host_serves_is_asked_for_first,
}

/// Says that something else is deployed where it should not be.
const URL: &str = "DATABASE_URL";
/// Its build writes a line for each time it runs, then makes the component that the file `which`
/// names.
const BUILD: &str = "echo built >> $BUILDS; cp $(cat which) app.wasm";

/// A guest project in a folder of its own.
struct Project {
    folder: TempDir,
    /// Where its build counts, outside of the project.
    builds: TempDir,
}

impl Project {
    /// A project that makes this guest, with more lines in its file, by this command.
    fn new(guest: &str, build: &str, more: &str) -> Self {
        let [folder, builds] = [(), ()].map(|()| tempfile::tempdir().expect("a folder"));
        let project = Self { folder, builds };
        let file = format!("name = \"live\"\nbuild = \"{build}\"\ncomponent = \"app.wasm\"\n{more}");
        project.write("innkeeper.toml", &file);
        project.write("which", paths::guest(guest).to_str().expect("a UTF-8 path"));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        self.put(&self.path(name), text);
    }

    /// Writes a file in one step: nobody sees it empty.
    fn put(&self, path: &Path, text: &str) {
        let new = self.builds.path().join("new");
        std::fs::write(&new, text).expect("a file can be written");
        std::fs::rename(new, path).expect("a file can be moved");
    }

    /// How often it has been built.
    fn builds(&self) -> usize {
        std::fs::read_to_string(self.builds.path().join("builds")).map_or(0, |text| text.lines().count())
    }

    /// `innkeeper dev` for it, with more arguments.
    fn dev(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.path().to_str().expect("a UTF-8 path");
        let listen: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let command = command::innkeeper(&[&["dev", folder], listen, arguments].concat());
        self.counting(command)
    }

    /// `innkeeper test` for it.
    fn test(&self) -> Command {
        self.counting(command::innkeeper(&["test", self.folder.path().to_str().expect("a UTF-8 path")]))
    }

    /// A command whose builds count.
    fn counting(&self, mut command: Command) -> Command {
        command.env("BUILDS", self.builds.path().join("builds"));
        command
    }
}

/// The author reads it in the log, and a statement that is run again adds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn sql_that_is_not_portable_is_said_once() {
    let project = Project::new("probe", BUILD, "");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    let steps = || {
        json!([
            query("select id from (select 1 as id) t where id = 1", json!([])),
            query("select cast(2.7 as integer) as n", json!([])),
            query("select cast(3.7 as integer) as m", json!([])),
        ])
    };
    let runs = async || (visitor.probe_answer(steps()).await.status == 200).then_some(());
    until("the project answers", runs).await;
    visitor.probe(steps()).await;
    for difference in ["a cast to integer rounds on Postgres", "a number with a point is an exact decimal"] {
        serving.logs().wait_for(difference).await;
    }
    let log = serving.logs().so_far();
    assert_eq!(log.matches("a cast to integer rounds on Postgres").count(), 1, "{log}");
    assert_eq!(
        log.matches("not the same on Postgres and SQLite").count(),
        2,
        "the point in 2.7 is one more: {log}"
    );
}

async fn start(command: Command) -> (Serving, Visitor) {
    let serving = Serving::start(command);
    let address = serving.address().await;
    (serving, Visitor::of(Arc::new(Mutex::new(address))))
}

async fn answers(visitor: &mut Visitor, text: &str) {
    let answered = async || {
        let answer = visitor.get("/").await;
        (answer.status == 200 && answer.text().starts_with(text)).then_some(())
    };
    until("the project answers", answered).await;
}

/// Whether nothing at all is in a database.
async fn is_untouched(database: &TestDatabase) -> bool {
    match database.directory() {
        Some(directory) => std::fs::read_dir(directory).expect("a folder").next().is_none(),
        None => {
            let mut direct = support::database::Direct::to(database).await;
            let sql = "select nspname::text from pg_namespace where nspname::text ~ '^(innkeeper|app_)'";
            direct.rows(sql).await.expect("schemas").is_empty()
        }
    }
}

async fn the_environment_does_not_decide_where_a_project_keeps_its_data(engine: Engine) {
    let production = TestDatabase::fresh(engine).await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    for variables in [&[URL][..], &["HEROKU_POSTGRESQL_ROSE_URL"], &["OTHER_URL", "INNKEEPER_DATABASE_VAR"]] {
        let project = Project::new("hello", BUILD, "");
        let mut dev = project.dev(&[]);
        dev.current_dir(elsewhere.path());
        for name in variables {
            let value = if *name == "INNKEEPER_DATABASE_VAR" { "OTHER_URL".to_owned() } else { production.url() };
            dev.env(name, value);
        }
        let (serving, mut visitor) = start(dev).await;
        answers(&mut visitor, "Hello").await;
        assert!(project.path("innkeeper-data/innkeeper.sqlite").is_file(), "data lie with the project");
        let said = serving.logs().wait_for("set and not used").await;
        let named = variables.last().expect("a name");
        assert!(said.contains(named) && !said.contains(&production.url()), "{said}");
        assert!(is_untouched(&production).await, "{variables:?}");
    }
    assert!(
        std::fs::read_dir(elsewhere.path()).expect("a folder").next().is_none(),
        "nothing lies where it was started"
    );
    // A bare component has its data beside it.
    let bare = tempfile::tempdir().expect("a folder");
    std::fs::copy(paths::guest("hello"), bare.path().join("bare.wasm")).expect("a copy");
    let file = bare.path().join("bare.wasm");
    let mut dev = command::innkeeper(&["dev", file.to_str().expect("a UTF-8 path"), "--listen", "127.0.0.1:0"]);
    dev.env(URL, production.url()).current_dir(elsewhere.path());
    let (_serving, mut visitor) = start(dev).await;
    answers(&mut visitor, "Hello").await;
    assert!(bare.path().join("innkeeper-data/innkeeper.sqlite").is_file());
    assert!(is_untouched(&production).await);
}

async fn a_database_that_another_host_serves_is_asked_for_first(engine: Engine) {
    let mut host = TestHost::of(engine, "live", "hello").await;
    let project = Project::new("page", BUILD, "");
    let refused = finish(project.dev(&host.database().arguments())).await.failed();
    assert!(refused.stderr.contains("another host serves") && refused.stderr.contains("--yes"), "{refused}");
    let mut by_variable = project.dev(&["--database-var", "LIVE_URL"]);
    by_variable.env("LIVE_URL", host.database().url());
    let refused = finish(by_variable).await.failed();
    assert!(refused.stderr.contains("another host serves"), "{refused}");
    assert_eq!((project.builds(), host.database().host_rows(versions(engine)).await.len()), (0, 1));
    assert_eq!(host.visitor().get("/").await.expect(200).text(), "Hello, world!");
    let (serving, mut visitor) =
        start(project.dev(&[&host.database().arguments()[..], &["--yes"]].concat())).await;
    answers(&mut visitor, "visits=").await;
    let mut elsewhere = host.visitor();
    answers(&mut elsewhere, "visits=").await;
    // This one serves there too now, and crashes leave nothing behind.
    host.kill9().await;
    let refused = finish(project.dev(&host.database().arguments())).await.failed();
    assert!(refused.stderr.contains("another host serves"), "{refused}");
    serving.kill9().await;
    host.database().left_by(&host.database().connected().await).await;
    let (_serving, mut visitor) = start(project.dev(&host.database().arguments())).await;
    answers(&mut visitor, "visits=").await;
}

fn versions(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "select number from versions",
        Engine::Sqlite => "select number from innkeeper_versions",
    }
}

async fn finish(command: Command) -> Finished {
    command::finish(command, COMPILE_DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_noticed_before_the_build() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let project = Project::new("hello", BUILD, "");
    let failed = finish(project.dev(&["--listen", &address])).await.failed();
    assert!(failed.stderr.contains(&format!("cannot listen on {address}")), "{failed}");
    assert_eq!(project.builds(), 0);
    assert!(!project.path("innkeeper-data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_build_that_fails_waits_for_a_change() {
    let project = Project::new("hello", "test -f ready && cp $(cat which) app.wasm", "");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    serving.logs().wait_for("not built").await;
    let told = async || {
        let answer = visitor.get("/").await.expect(503);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        answer.text().contains("could not be built").then_some(())
    };
    until("the page says that the build has failed", told).await;
    visitor.get("/_innkeeper/live").await.expect(200);
    project.write("ready", "");
    answers(&mut visitor, "Hello").await;
    // A component that is none is no end either, and the last good one goes on.
    project.write("which", "/dev/null");
    serving.logs().wait_for("not a WebAssembly component").await;
    assert!(visitor.get("/").await.expect(200).text().starts_with("Hello"));
    project.write("innkeeper.toml", "compnent = \"app.wasm\"");
    serving.logs().wait_for("did you mean `component`?").await;
    project.write(
        "innkeeper.toml",
        "name = \"live\"\nbuild = \"cp $(cat which) app.wasm\"\ncomponent = \"app.wasm\"",
    );
    project.write("which", paths::guest("page").to_str().expect("a UTF-8 path"));
    answers(&mut visitor, "visits=").await;
    serving.signal("TERM");
    assert!(serving.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_project_is_built_for_the_first_time_that_is_said() {
    let project = Project::new("hello", "until test -f ready; do sleep 0.1; done; cp $(cat which) app.wasm", "");
    let (_serving, mut visitor) = start(project.dev(&[])).await;
    let told = async || {
        let answer = visitor.get("/").await.expect(503);
        answer.text().contains("being built for the first time").then_some(())
    };
    until("the page says that it is being built", told).await;
    project.write("ready", "");
    answers(&mut visitor, "Hello").await;
}

/// Waits until there have been as many builds, and looks whether there is another one.
async fn has_built(project: &Project, serving: &Serving, builds: usize) {
    let built = async || {
        let told = serving.logs().so_far().matches("version=").count()
            + serving.logs().so_far().matches("version:").count();
        (project.builds() >= builds && told > 0).then_some(())
    };
    until("it is built", built).await;
    assert_eq!(project.builds(), builds, "{}", serving.logs().so_far());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_build_writes_is_no_reason_for_another_one_for_ever() {
    let build = "echo built | tee -a build.log >> $BUILDS; date +%s%N > stamp; echo same > generated; cp $(cat which) app.wasm";
    let project = Project::new("hello", build, "");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    serving.logs().wait_for("stamp changes with every build").await;
    serving.logs().wait_for("build.log changes with every build").await;
    answers(&mut visitor, "Hello").await;
    let builds = project.builds();
    assert!(builds <= 6, "{builds} builds");
    // One change of a source is one more build: those that came with it are over.
    project.write("which", paths::guest("page").to_str().expect("a UTF-8 path"));
    answers(&mut visitor, "visits=").await;
    project.write("which", paths::guest("hello").to_str().expect("a UTF-8 path"));
    answers(&mut visitor, "Hello").await;
    assert_eq!(project.builds(), builds + 2, "{}", serving.logs().so_far());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_source_or_has_not_changed_is_not_built_for() {
    let project = Project::new("hello", BUILD, "ignore = [\"notes/\", \"*.txt\"]");
    project.write(".gitignore", "*.out\n");
    std::fs::create_dir(project.path("notes")).expect("a folder");
    project.write("source", "one");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    answers(&mut visitor, "Hello").await;
    has_built(&project, &serving, 1).await;
    for (name, text) in
        [("source", "one"), ("a.txt", "1"), ("notes/a", "1"), ("b.out", "1"), (".swp", "1"), ("source~", "1")]
    {
        project.write(name, text);
    }
    // What is built for comes after them: had they counted, there would be two more.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    project.write("which", paths::guest("page").to_str().expect("a UTF-8 path"));
    answers(&mut visitor, "visits=").await;
    has_built(&project, &serving, 2).await;
}

/// Whoever sends the output into a file of the project gets no build for every line of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_own_log_in_the_project_is_no_source() {
    let project = Project::new("hello", BUILD, "");
    let log = project.path("dev.log");
    let file = || Stdio::from(std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("a file"));
    let mut dev = project.dev(&[]);
    let mut child = dev.stdout(file()).stderr(file()).spawn().expect("it starts");
    let read = || std::fs::read_to_string(&log).unwrap_or_default();
    let address = until("it listens", async || address_in(&read())).await;
    let mut visitor = Visitor::of(Arc::new(Mutex::new(address)));
    answers(&mut visitor, "Hello").await;
    for _ in 0..20 {
        visitor.get("/").await.expect(200);
    }
    project.write("which", paths::guest("page").to_str().expect("a UTF-8 path"));
    answers(&mut visitor, "visits=").await;
    assert_eq!(project.builds(), 2, "{}", read());
    child.kill().await.expect("a child of our own");
}

fn address_in(log: &str) -> Option<std::net::SocketAddr> {
    let (_, rest) = log.split_once("listening on http://")?;
    rest.split(|end: char| !end.is_ascii_digit() && !".:".contains(end)).next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_named_with_its_line() {
    let data = tempfile::tempdir().expect("a folder");
    let deploy = async |folder: &Path| {
        let [folder, data] = [folder, data.path()].map(|path| path.to_str().expect("a UTF-8 path"));
        command::run(&["deploy", folder, "--data", data]).await
    };
    for (lines, said) in [
        (
            "trusted_origins = []",
            "innkeeper.toml: line 4: unknown key `trusted_origins`: did you mean `trusted-origins`?",
        ),
        ("\n[confg]\nx = \"1\"", "innkeeper.toml: line 5: unknown key `confg`: did you mean `config`?"),
        ("[config]\nsize = 3", "innkeeper.toml: line 5: `config.size` has to be a text in quotes, not a number"),
        ("watch = \"src\"", "innkeeper.toml: line 4: `watch` has to be a list of texts in quotes, not a text"),
        ("x y", "innkeeper.toml: line 4: "),
    ] {
        let project = Project::new("hello", BUILD, lines);
        let failed = deploy(project.folder.path()).await.failed();
        assert!(failed.stderr.contains(said), "{lines}: {failed}");
    }
    for example in ["rust", "python"] {
        let file = paths::repository().join("guest-examples").join(example).join("guestbook/innkeeper.toml");
        let text = std::fs::read_to_string(file).expect("the example's file");
        let project = Project::new("hello", BUILD, "");
        let build = text.lines().find(|line| line.starts_with("build")).expect("a command");
        let component = text.lines().find(|line| line.starts_with("component")).expect("a path");
        let text = text
            .replace(build, "build = \"cp $(cat which) app.wasm\"")
            .replace(component, "component = \"app.wasm\"");
        project.write("innkeeper.toml", &text);
        deploy(project.folder.path()).await.succeeded();
    }
}
