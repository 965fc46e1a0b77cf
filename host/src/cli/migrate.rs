//! `innkeeper migrate`

use super::{DatabaseArgs, output, setup};
use crate::storage::Database;
use anyhow::Context;
use clap::Args;

/// Brings the host's tables up to date. Locked against others that do the same; for the release phase.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    let database = Database::open(&config)?;
    let applied = database.migrate().await.with_context(|| setup::unreachable(&config))?;
    if applied.is_empty() {
        output::line("the host's tables are up to date");
    }
    for name in applied {
        output::line(format!("applied {name}"));
    }
    Ok(())
}
