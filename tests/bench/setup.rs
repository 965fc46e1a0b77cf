//! What all parts of the benchmark need: options, programs, the Postgres server.

use std::path::PathBuf;

use crate::options::Options;
use crate::paths;
use crate::postgres::Postgres;

/// See the module.
#[derive(Debug)]
pub struct Setup {
    /// What to measure, and for how long.
    pub options: Options,
    /// The host.
    pub innkeeper: PathBuf,
    /// The `wasmtime` command, where it is installed.
    pub wasmtime: Option<PathBuf>,
    /// The Postgres server. Runs while hello and SQLite are measured, too, but has nothing to do
    /// then.
    pub postgres: Postgres,
}

impl Setup {
    /// Finds the programs and starts Postgres.
    pub fn new(options: Options) -> anyhow::Result<Self> {
        let innkeeper = paths::innkeeper(options.innkeeper.as_deref())?;
        Ok(Self { innkeeper, wasmtime: paths::program("wasmtime"), postgres: Postgres::start()?, options })
    }
}
