//! A real host process on a database of its own: deploy, serve, visit, swap, kill, start again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::client::Address;
use crate::command::{self, Finished};
use crate::logs::Logs;
use crate::process::Serving;
use crate::{Engine, TestDatabase, Visitor, paths, until};

/// What a host is to be, before it starts.
#[derive(Debug)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct Builder {
    engine: Engine,
    database: Option<TestDatabase>,
    apps: Vec<(String, String, String)>,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    by_environment: bool,
    descriptors: Option<u32>,
    binary: Option<PathBuf>,
    entrances: Vec<PathBuf>,
}

impl Builder {
    /// The serving process finds its Postgres database in the environment, as on Heroku, and not in
    /// its arguments.
    pub fn by_environment(mut self) -> Self {
        self.by_environment = true;
        self
    }

    /// Deploys a guest as an app: the first one at `/`, each further one at `/NAME`.
    pub fn app(self, name: &str, guest: &str) -> Self {
        let route = if self.apps.is_empty() { "/".to_owned() } else { format!("/{name}") };
        self.app_at(name, guest, &route)
    }

    /// Deploys a guest as an app with a route of its own.
    pub fn app_at(mut self, name: &str, guest: &str, route: &str) -> Self {
        self.apps.push((name.to_owned(), guest.to_owned(), route.to_owned()));
        self
    }

    /// Sets a variable of the serving process.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument to `innkeeper serve`.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Lets the serving process open no more than so many files and sockets.
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Serves with another build of the binary.
    pub fn binary(mut self, binary: PathBuf) -> Self {
        self.binary = Some(binary);
        self
    }

    /// Serves inside a control group, which has to outlive the host.
    pub fn inside(mut self, group: &Cgroup) -> Self {
        self.entrances = group.entrances();
        self
    }

    /// Uses this database instead of a fresh one.
    pub fn database(mut self, database: TestDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// Deploys the apps, serves, and waits until the host is ready.
    pub async fn start(self) -> TestHost {
        let host = self.start_unready().await;
        host.wait_until_ready().await;
        host
    }

    /// Deploys the apps and serves, but waits for the address only.
    pub async fn start_unready(mut self) -> TestHost {
        let database = match self.database.take() {
            Some(database) => database,
            None => TestDatabase::fresh(self.engine).await,
        };
        for (name, guest, route) in &self.apps {
            deploy(&database, name, guest, &["--route", route]).await.succeeded();
        }
        let (serving, address) = self.serve(&database).await;
        TestHost { serving: Some(serving), address: Arc::new(Mutex::new(address)), settings: self, database }
    }

    async fn serve(&self, database: &TestDatabase) -> (Serving, SocketAddr) {
        let binary = self.binary.clone().unwrap_or_else(paths::binary);
        let mut command = command::innkeeper_at(&binary, &["serve", "--listen", "127.0.0.1:0"]);
        let [flag, place] = database.arguments();
        let _ = if self.by_environment { command.env("DATABASE_URL", place) } else { command.args([flag, place]) };
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(most) = self.descriptors {
            command = command::with_descriptors(&command, most);
        }
        if !self.entrances.is_empty() {
            command = command::in_group(&command, &self.entrances);
        }
        let serving = Serving::start(command);
        let address = serving.address().await;
        (serving, address)
    }
}

/// A host that serves. Killed when this value is dropped.
#[derive(Debug)]
pub struct TestHost {
    // Dropped before the database, which cannot go while someone holds it.
    serving: Option<Serving>,
    address: Address,
    settings: Builder,
    database: TestDatabase,
}

impl TestHost {
    /// Begins to describe a host on a fresh database of this engine.
    pub fn with(engine: Engine) -> Builder {
        let (apps, environment, arguments) = (Vec::new(), Vec::new(), Vec::new());
        Builder {
            engine,
            database: None,
            apps,
            environment,
            arguments,
            by_environment: false,
            descriptors: None,
            binary: None,
            entrances: Vec::new(),
        }
    }

    /// A host that serves one app from `/`.
    pub async fn of(engine: Engine, name: &str, guest: &str) -> Self {
        Self::with(engine).app(name, guest).start().await
    }

    /// A visitor without cookies. It finds the host again after a restart.
    pub fn visitor(&self) -> Visitor {
        Visitor::of(self.address.clone())
    }

    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        *self.address.lock().expect("nobody panics while holding it")
    }

    /// Where the host listens, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The host's database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Everything that this process of the host has printed so far.
    pub fn logs(&self) -> String {
        self.serving().logs().so_far()
    }

    /// Waits for a line of the log that contains `text`.
    pub async fn wait_for_log(&self, text: &str) -> String {
        self.serving().logs().wait_for(text).await
    }

    /// Waits until the database is there and the registry loaded.
    pub async fn wait_until_ready(&self) {
        let mut visitor = self.visitor();
        let ready =
            async || visitor.try_get("/_innkeeper/ready").await.filter(|answer| answer.status == 200).map(drop);
        until("the host gets ready", ready).await;
    }

    /// Deploys a guest to an app from another process, as an operator would, while this one serves.
    pub async fn deploy(&self, app: &str, guest: &str) -> Finished {
        deploy(&self.database, app, guest, &[]).await
    }

    /// Deploys a guest to an app and waits until the serving process has put it in.
    pub async fn swap(&self, app: &str, guest: &str) {
        let said = self.deploy(app, guest).await.succeeded().stdout;
        let number = said.split(|letter: char| !letter.is_ascii_digit()).find(|digits| !digits.is_empty());
        let version = format!("version={}", number.unwrap_or_else(|| panic!("no version in {said:?}")));
        let serves = |line: &str| line.contains("serving") && line.contains(app) && line.contains(&version);
        let live = async || self.logs().lines().any(serves).then_some(());
        until("the deployed version goes live", live).await;
    }

    /// Kills the host on the spot, as a crash would.
    pub async fn kill9(&mut self) {
        self.take().kill9().await;
    }

    /// Ends the host if it runs, and starts a new process on the same database.
    pub async fn restart(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.signal("TERM");
            serving.ended().await;
        }
        let (serving, address) = self.settings.serve(&self.database).await;
        self.serving = Some(serving);
        *self.address.lock().expect("nobody panics while holding it") = address;
        self.wait_until_ready().await;
    }

    /// Goes on with a new process that sweeps what has been staged for a second. A test that stages
    /// something there would have to be quicker than that.
    pub async fn sweep_soon(&mut self) {
        self.settings.environment.push(("INNKEEPER_STAGED_BLOB_LIFETIME".to_owned(), "1s".to_owned()));
        self.restart().await;
    }

    /// Starts another process on the same database, as a second dyno does, and waits until it is
    /// ready. It ends when the value is dropped.
    pub async fn twin(&self) -> (Serving, Visitor) {
        let (serving, address) = self.settings.serve(&self.database).await;
        let mut visitor = Visitor::of(Arc::new(Mutex::new(address)));
        let ready =
            async || visitor.try_get("/_innkeeper/ready").await.filter(|answer| answer.status == 200).map(drop);
        until("the second host gets ready", ready).await;
        (serving, visitor)
    }

    /// Asks the host to end, as Heroku does, and waits until it has. The log is returned with the
    /// status.
    pub async fn terminate(&mut self) -> (ExitStatus, String) {
        self.serving().signal("TERM");
        self.ended().await
    }

    /// Ends the host and gives its database to whoever comes next.
    pub async fn into_database(mut self) -> TestDatabase {
        self.terminate().await;
        self.database
    }

    /// Waits until the host has ended by itself. The log is returned with the status.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let serving = self.take();
        let logs: Logs = serving.logs().clone();
        (serving.ended().await, logs.so_far())
    }

    /// The process that serves at the moment: its pid, its memory, signals.
    pub fn serving(&self) -> &Serving {
        self.serving.as_ref().expect("the host has been ended")
    }

    /// Stops the process where it is, until it gets CONT, at a moment when it holds no lock on a
    /// file of SQLite: with one nobody else could write.
    pub async fn freeze(&self) {
        let folders = self.database.directory().map(|folder| [folder.to_owned(), folder.join("apps")]);
        let entries =
            folders.into_iter().flatten().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
        let files: Vec<_> = entries.map(|entry| entry.path()).collect();
        let is_unlocked = |file: &PathBuf| {
            let connection = rusqlite::Connection::open(file).expect("a file of the host's");
            connection.busy_timeout(Duration::ZERO).expect("a timeout can be set");
            connection.execute_batch("begin immediate; rollback").is_ok()
        };
        until("the host stands still without a lock", async || {
            self.serving().signal("STOP");
            until("it stands still", async || self.serving().is_stopped().then_some(())).await;
            if files.iter().filter(|file| file.extension().is_some_and(|end| end == "sqlite")).all(is_unlocked) {
                return Some(());
            }
            self.serving().signal("CONT");
            None
        })
        .await;
    }

    /// Memory that the process holds now.
    pub fn rss_kib(&self) -> u64 {
        self.serving().status_kib("VmRSS")
    }

    /// The most memory that the process has held since it started or since
    /// `serving().forget_peak()`.
    pub fn peak_rss_kib(&self) -> u64 {
        self.serving().status_kib("VmHWM")
    }

    fn take(&mut self) -> Serving {
        self.serving.take().expect("the host has been ended")
    }
}

/// Runs `innkeeper deploy` for a built guest.
///
/// A guest of another language has a hyphen in its name. Such guests are compiled one at a time:
/// that may take half a minute, and the next test finds the code.
#[expect(clippy::print_stdout, reason = "who reads what a test has printed is to know")]
pub async fn deploy(database: &TestDatabase, app: &str, guest: &str, more: &[&str]) -> Finished {
    static COMPILING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = if guest.contains('-') { Some(COMPILING.lock().await) } else { None };
    let file = paths::guest(guest);
    let file = file.to_str().expect("a UTF-8 path");
    let arguments = [&["deploy", file, "--app", app], more].concat();
    let said = command::on(database, &arguments).await;
    // On a busy machine a trial may be held up where it must not: that says nothing of the guest.
    if said.stderr.contains("after it changed tables") {
        println!("deployed once more: {said}");
        return command::on(database, &arguments).await;
    }
    said
}
