//! Real Postgres servers: one that all tests of a process share, and private ones for drills.
//!
//! The programs are taken from an installed server; nothing is downloaded and no server that
//! already runs is touched. Data lie in a fresh temporary directory, in memory where that has room,
//! and without fsync: a test kills processes, never the machine.

pub mod bouncer;
mod frozen;
pub mod heroku;
mod hold;
mod home;
pub mod pooled;
pub mod proxy;
pub mod tls;
mod wire;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::keeper::Keeper;
use crate::port::free_port;

pub use frozen::Frozen;
use home::Home;

/// The server that all tests of this process share, started by the first that asks.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start)
}

/// A new empty database on the shared server, as a URL.
pub async fn fresh_database() -> String {
    shared().fresh_database().await
}

/// The user that the host under test connects as.
pub const USER: &str = "tenant";

/// The connections that a server takes at most.
const CONNECTIONS: u16 = 300;

/// How a server is told to stop.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Transactions are rolled back, clients told, data written: what an operator does.
    Fast,
    /// Every process quits on the spot and the next start recovers from the log: a crash.
    Immediate,
}

/// A Postgres server of our own. It ends and its data are removed when this value or this process
/// ends.
#[derive(Debug)]
pub struct Server {
    home: Home,
    port: u16,
    /// `max_connections`.
    connections: u16,
    _keeper: Keeper,
}

impl Server {
    /// Makes a new server and waits until it takes connections.
    pub fn start() -> Self {
        Self::with_connections(CONNECTIONS)
    }

    /// The same, and it takes so many connections at most; three of them only from the superuser.
    pub fn with_connections(connections: u16) -> Self {
        let home = Home::new();
        home.copy_initialized();
        Self::with_user(home, connections)
    }

    /// The same, with a system identifier of its own. All others have the same one, as a server and
    /// its followers do.
    pub fn with_own_identifier() -> Self {
        let home = Home::new();
        home.initialize();
        Self::with_user(home, CONNECTIONS)
    }

    fn with_user(home: Home, connections: u16) -> Self {
        let server = Self::on(home, connections);
        server.make_user();
        server
    }

    fn make_user(&self) {
        let create = format!("create role {USER} login");
        let url = self.administration("postgres");
        self.home.run(self.home.tool("psql").args(["--quiet", "--no-psqlrc", "--command", &create, &url]));
    }

    /// Makes a standby that follows this server and takes reads only.
    pub fn follower(&self) -> Self {
        let home = Home::new();
        let source = self.administration("postgres");
        home.run(home.tool("pg_basebackup").args(["--pgdata=data", "--write-recovery-conf", "--no-sync"]).args([
            "--checkpoint=fast",
            "--dbname",
            &source,
        ]));
        Self::on(home, self.connections)
    }

    fn on(home: Home, connections: u16) -> Self {
        let server = Self { port: free_port(), connections, _keeper: home.keeper(), home };
        server.start_again();
        server
    }

    /// The URL of a database on this server, for a user who owns his databases and has no other
    /// rights, as on Heroku.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    fn administration(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A new empty database, as a URL.
    pub async fn fresh_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.administer(&format!("create database {name} owner {USER}")).await;
        self.url(&name)
    }

    /// Runs a statement as the superuser, outside the test's database.
    pub async fn administer(&self, statement: &str) {
        let connection = PgConnection::connect(&self.administration("postgres")).await;
        let mut connection = connection.expect("the test server answers");
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// The rows of a query of the superuser, outside the test's database. Every value must be text.
    pub async fn ask(&self, query: &str) -> Vec<Vec<String>> {
        let connection = PgConnection::connect(&self.administration("postgres")).await;
        let mut connection = connection.expect("the test server answers");
        let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{query}: {error}"));
        rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
    }

    /// How many connections of [`USER`] are as this condition over `pg_stat_activity` says.
    pub async fn backends(&self, condition: &str) -> usize {
        let query = format!("select pid::text from pg_stat_activity where usename = '{USER}' and ({condition})");
        self.ask(&query).await.len()
    }

    /// Ends all connections of [`USER`], as a failover does. Returns how many there were.
    pub async fn end_backends(&self) -> usize {
        let end = format!("select pg_terminate_backend(pid)::text from pg_stat_activity where usename = '{USER}'");
        self.ask(&end).await.len()
    }

    /// From now on [`USER`] needs this password; connections that are open stay.
    pub async fn set_password(&self, password: &str) {
        self.administer(&format!("alter role {USER} password '{password}'")).await;
        let rules = format!("host all {USER} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n");
        std::fs::write(self.home.directory().join("data/pg_hba.conf"), rules).expect("a file of our own");
        self.administer("select pg_reload_conf()").await;
    }

    /// Stops all its processes where they are, so that it neither answers nor refuses. They go on
    /// when the value is dropped.
    pub fn freeze(&self) -> Frozen {
        Frozen::new(&self.home.directory().join("data/postmaster.pid"))
    }

    /// Stops the processes of [`USER`] that are as this condition over `pg_stat_activity` says: as
    /// if they were in a computation that looks for no interrupt.
    pub async fn freeze_backends(&self, condition: &str) -> Vec<Frozen> {
        let query = format!("select pid::text from pg_stat_activity where usename = '{USER}' and ({condition})");
        self.ask(&query).await.iter().flatten().map(|pid| Frozen::process(pid)).collect()
    }

    /// The port that it listens at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The first column of a query over the database of this URL, as the superuser sees it.
    pub async fn look(&self, url: &str, sql: &str) -> Vec<String> {
        let database = url.rsplit('/').next().unwrap_or_default();
        let connection = PgConnection::connect(&self.administration(database)).await;
        let mut connection = connection.expect("the test server answers");
        let rows = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql)).fetch_all(&mut connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Runs statements in the database of this URL as the superuser.
    pub async fn administer_in(&self, url: &str, script: &str) {
        let database = url.rsplit('/').next().unwrap_or_default();
        let connection = PgConnection::connect(&self.administration(database)).await;
        let mut connection = connection.expect("the test server answers");
        let done = sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// From now on the log has the plan of every statement of [`USER`] as it was run, those of
    /// triggers included, as JSON.
    pub async fn explain_everything(&self) {
        let settings = [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_analyze = on",
            "auto_explain.log_buffers = on",
            "auto_explain.log_timing = off",
            "auto_explain.log_nested_statements = on",
            "auto_explain.log_format = 'json'",
        ];
        let set: Vec<String> = settings.iter().map(|setting| format!("alter role {USER} set {setting}")).collect();
        self.administer(&format!("load 'auto_explain'; {}", set.join("; "))).await;
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        let text = std::fs::read(self.home.directory().join("server.log")).expect("the server's log");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Throws a database away together with the connections to it. Says nothing if it cannot: it
    /// runs while a test ends.
    pub(crate) fn drop_database(&self, name: &str) {
        let mut drop = self.home.tool("dropdb");
        drop.args(["--force", "--if-exists", "--maintenance-db", &self.administration("postgres"), name]);
        let _output = drop.output();
    }

    /// Stops the server; its data stay.
    pub fn stop(&self, stop: Stop) {
        let mode = match stop {
            Stop::Fast => "--mode=fast",
            Stop::Immediate => "--mode=immediate",
        };
        self.home.run(self.home.tool("pg_ctl").args(["stop", "--pgdata=data", "--wait", mode]));
    }

    /// Starts a stopped server on the port that it had.
    pub fn start_again(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' -c fsync=off -c max_connections={}",
            self.port,
            self.home.directory().display(),
            self.connections,
        );
        let mut start = self.home.tool("pg_ctl");
        start.args([
            "start",
            "--pgdata=data",
            "--wait",
            "--timeout=60",
            "--log=server.log",
            "--options",
            &options,
        ]);
        self.home.run(&mut start);
    }

    /// Stops the server and starts it again.
    pub fn restart(&self, stop: Stop) {
        self.stop(stop);
        self.start_again();
    }
}
