//! PgBouncer in front of a test server, set up as Heroku does it: transaction mode, and nothing
//! else but its defaults.

use std::path::Path;
use std::process::Stdio;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use super::home::Home;
use super::{Server, USER};
use crate::keeper::Keeper;
use crate::port::free_port;
use crate::process::Serving;
use crate::until;

/// The user who may ask PgBouncer about itself.
const ADMINISTRATOR: &str = "stats";
/// Another build of PgBouncer than the installed one.
const PROGRAM: &str = "INNKEEPER_TEST_PGBOUNCER";

/// A PgBouncer of our own. Killed when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Bouncer {
    home: Home,
    port: u16,
    // Before the keeper, which removes the directory.
    serving: Option<Serving>,
    _keeper: Keeper,
}

impl Bouncer {
    /// Starts one in front of a server, with so many connections to it for each database.
    pub async fn start(server: &Server, pool_size: u32) -> Self {
        let (home, port) = (Home::new(), free_port());
        write_settings(home.directory(), port, server.port(), pool_size, "max_client_conn = 100\n");
        let keeper = home.remover();
        let mut bouncer = Self { port, serving: None, _keeper: keeper, home };
        bouncer.start_again().await;
        bouncer
    }

    /// The same database through this pooler.
    pub fn url(&self, direct: &str) -> String {
        let database = direct.rsplit('/').next().unwrap_or_default();
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Kills it on the spot, and starts it again at the same port.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Kills it on the spot.
    pub async fn stop(&mut self) {
        self.serving.take().expect("it runs").kill9().await;
    }

    /// Starts it after [`Self::stop`].
    pub async fn start_again(&mut self) {
        let mut command = self.home.command(&program());
        command.arg("pgbouncer.ini").stdin(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        self.serving = Some(Serving::start(command));
        until("PgBouncer answers", async || self.try_show("version").await.ok()).await;
    }

    /// How many transactions it has passed on for a database since it started.
    pub async fn transactions(&self, database: &str) -> i64 {
        let rows = self.try_show("stats").await.unwrap_or_else(|error| panic!("SHOW STATS: {error}"));
        let of_database = rows.iter().filter(|row| row.get::<String, _>("database") == database);
        of_database.map(|row| number(row, "total_xact_count")).sum()
    }

    /// How many connections to the server it holds for a database, whatever they do.
    pub async fn server_connections(&self, database: &str) -> i64 {
        let rows = self.try_show("pools").await.unwrap_or_else(|error| panic!("SHOW POOLS: {error}"));
        let states = ["sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"];
        let count = |row: &PgRow| states.iter().map(|state| number(row, state)).sum::<i64>();
        rows.iter().filter(|row| row.get::<String, _>("database") == database).map(count).sum()
    }

    /// What it has printed.
    pub fn logs(&self) -> String {
        self.serving.as_ref().map(|serving| serving.logs().so_far()).unwrap_or_default()
    }

    /// The console understands simple queries only.
    async fn try_show(&self, what: &str) -> sqlx::Result<Vec<PgRow>> {
        let mut console = Console::open(self.port).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("show {what}"))).fetch_all(&mut console.0).await
    }
}

/// The console gives every number as text, and calls it what it likes.
fn number(row: &PgRow, column: &str) -> i64 {
    let text = row.try_get_raw(column).ok().and_then(|value| value.as_str().ok()?.parse().ok());
    text.unwrap_or_else(|| panic!("no number in {column}"))
}

struct Console(PgConnection);

impl Console {
    async fn open(port: u16) -> sqlx::Result<Self> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username(ADMINISTRATOR);
        // What the driver sets by itself at the start, the console refuses.
        let options = options.database("pgbouncer").extra_float_digits(None);
        options.connect().await.map(Self)
    }
}

pub(super) fn write_settings(directory: &Path, port: u16, server_port: u16, pool_size: u32, more: &str) {
    let settings = format!(
        "[databases]\n* = host=127.0.0.1 port={server_port}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = userlist.txt\n\
         stats_users = {ADMINISTRATOR}\npool_mode = transaction\nserver_reset_query_always = 0\n\
         default_pool_size = {pool_size}\n{more}"
    );
    let users = format!("\"{USER}\" \"\"\n\"{ADMINISTRATOR}\" \"\"\n");
    for (name, text) in [("pgbouncer.ini", settings), ("userlist.txt", users)] {
        std::fs::write(directory.join(name), text).expect("a directory of our own");
    }
}

pub(super) fn program() -> std::path::PathBuf {
    if let Some(path) = std::env::var_os(PROGRAM) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|directory| directory.join("pgbouncer"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("PgBouncer is not installed; install it: apt-get install pgbouncer"))
}
