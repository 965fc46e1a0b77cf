//! `innkeeper serve`

use super::{DatabaseArgs, run, seeding, setup};
use crate::config;
use crate::storage::Database;
use crate::telemetry;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Serve the apps of the registry on every address, at $PORT
///
/// Serves the apps of the registry. Answers 503 while the database is away and goes on by itself
/// when it is back.
#[derive(Debug, Args)]
#[command(after_long_help = help())]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Where to listen [default: every address, at $PORT or 8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A folder of components and built projects that are deployed where no app ever was
    #[arg(long, value_name = "FOLDER")]
    components: Option<PathBuf>,
}

/// Examples, and every variable that is read.
fn help() -> String {
    let mut text = "\
Examples:
  innkeeper serve
  innkeeper serve --data ./innkeeper-data --listen 127.0.0.1:8080

Environment:\n"
        .to_owned();
    for variable in config::variables() {
        text.push_str(&format!("  {:<34} {}", variable.name, variable.meaning));
        if !variable.default.is_empty() {
            text.push_str(&format!(" [default: {}]", variable.default));
        }
        text.push('\n');
    }
    text
}

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    // A folder that is not there is most likely a mistyped one.
    options.components.as_deref().map(seeding::entries).transpose()?;
    let _log = telemetry::start(config.web.log_format, config.log_filter.as_deref(), &config.limits)?;
    let signals = run::Signals::listen()?;
    let listener = match options.listen {
        Some(address) => run::bind(address).await?,
        None => run::bind_everywhere(config.web.serve_port).await?,
    };
    tracing::info!("database: {}; {}", config.database.target.describe(), config.database.reason);
    if config.code_key.is_missing() {
        tracing::info!("compiled code: {}", config.code_key.describe());
    }
    let database = Database::open(&config)?;
    let _presence = database.announce();
    let registry = setup::registry(&config, database, setup::compiler(&config)?);
    registry.judge_new_versions();
    let seeding = options
        .components
        .map(|folder| tokio::spawn(seeding::seed(Arc::clone(&registry), folder, signals.stop.clone())));
    run::serve(listener, registry, &config, &setup::server_settings(&config), signals).await?;
    if let Some(seeding) = seeding {
        seeding.await?;
    }
    Ok(())
}
