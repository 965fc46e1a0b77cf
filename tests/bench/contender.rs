//! Starts those who are compared: the host with a guest, the native twin, `wasmtime serve`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;

use crate::paths;
use crate::process::{self, Process, free_address};
use crate::setup::Setup;
use crate::visitor::{Answers, Visitor};

/// Connections to Postgres, for the host and for its twin.
pub const POOL_SIZE: &str = "16";

/// What tables call the other build of the host.
pub const OTHER: &str = "innkeeper, the other build";

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A server with a name in the table, and the visitors that load it.
#[derive(Debug)]
pub struct Contender {
    /// What the table calls it.
    pub name: &'static str,
    /// The server.
    pub server: Server,
    /// One for each connection.
    pub visitors: Vec<Visitor>,
}

impl Contender {
    /// Lets the visitors arrive, one after the other.
    pub async fn new(
        name: &'static str,
        server: Server,
        answers: &Answers,
        connections: u32,
    ) -> anyhow::Result<Self> {
        let mut visitors = Vec::new();
        for _ in 0..connections {
            let visitor = Visitor::arrive(server.address, answers).await;
            visitors.push(visitor.with_context(|| format!("{name}: the first visit"))?);
        }
        Ok(Self { name, server, visitors })
    }
}

/// The other build of the host that is measured beside it, under the same circumstances; nothing
/// where none is named.
pub async fn other_innkeeper(
    setup: &Setup,
    guest: &str,
    database_url: Option<&str>,
    variables: &[(&str, &str)],
    ready: &str,
) -> anyhow::Result<Option<Server>> {
    match &setup.options.beside {
        Some(program) => Ok(Some(start_host(program, guest, database_url, variables, ready).await?)),
        None => Ok(None),
    }
}

/// The host with one guest at `/`. Without a URL it stands on SQLite. Its log is the usual one,
/// unless a variable says otherwise. `ready` is a path that it answers once it serves.
pub async fn innkeeper(
    setup: &Setup,
    guest: &str,
    database_url: Option<&str>,
    variables: &[(&str, &str)],
    ready: &str,
) -> anyhow::Result<Server> {
    start_host(&setup.innkeeper, guest, database_url, variables, ready).await
}

async fn start_host(
    program: &Path,
    guest: &str,
    database_url: Option<&str>,
    variables: &[(&str, &str)],
    ready: &str,
) -> anyhow::Result<Server> {
    let folder = tempfile::Builder::new().prefix("innkeeper-bench-").tempdir()?;
    let database = match database_url {
        Some(url) => ["--database-url".to_owned(), url.to_owned()],
        None => ["--data".to_owned(), folder.path().join("data").display().to_string()],
    };
    let verb = |verb| {
        let mut command = process::command(program);
        command.current_dir(folder.path()).env("INNKEEPER_CODE_CACHE", folder.path().join("code"));
        command.arg(verb).args(&database).envs(variables.iter().copied());
        command
    };
    process::finish(verb("deploy").arg(paths::guest(guest)?).args(["--app", guest, "--route", "/"]))?;
    let address = free_address()?;
    let mut serve = verb("serve");
    serve.args(["--listen", &address.to_string()]);
    start(Process::start(serve, folder)?, address, ready).await.context("innkeeper")
}

/// The native program. Without a URL it says hello. For flags see its options.
pub async fn twin(database_url: Option<&str>, flags: &[&str]) -> anyhow::Result<Server> {
    let address = free_address()?;
    let folder = tempfile::Builder::new().prefix("innkeeper-bench-").tempdir()?;
    let mut command = process::command(&std::env::current_exe()?);
    command.current_dir(folder.path()).args(["twin", "--listen", &address.to_string()]).args(flags);
    if let Some(url) = database_url {
        command.args(["--pool-size", POOL_SIZE, "--database-url", url]);
    }
    start(Process::start(command, folder)?, address, "/").await.context("axum")
}

/// `wasmtime serve` with a guest; nothing where it is not installed.
pub async fn wasmtime(setup: &Setup, guest: &str, flags: &[&str]) -> anyhow::Result<Option<Server>> {
    let Some(program) = &setup.wasmtime else { return Ok(None) };
    let address = free_address()?;
    let folder = tempfile::Builder::new().prefix("innkeeper-bench-").tempdir()?;
    let mut command = process::command(program);
    // Guests in Rust import parts of `wasi:cli`, which `wasmtime serve` offers on request only.
    command.args(["serve", "-S", "cli", "--addr", &address.to_string()]).args(flags).arg(paths::guest(guest)?);
    Ok(Some(start(Process::start(command, folder)?, address, "/").await.context("wasmtime serve")?))
}

async fn start(mut process: Process, address: SocketAddr, ready: &str) -> anyhow::Result<Server> {
    process.wait_until_ready(address, ready).await?;
    Ok(Server { process, address })
}
