//! `innkeeper doctor`

use super::{DatabaseArgs, output};
use crate::config::{self, Config};
use crate::storage::Database;
use anyhow::bail;
use clap::Args;
use serde_json::json;

/// Shows which database was found, why, and whether it answers; with --limits, every limit in force. Prints no password.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Show the limits instead, and the variables that set them
    #[arg(long)]
    limits: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    if options.limits { limits(&config, options.json) } else { database(&config, options.json).await }
}

fn limits(config: &Config, json: bool) -> anyhow::Result<()> {
    let table = config.limits.table();
    if json {
        return output::json(&table);
    }
    let rows: Vec<_> = table
        .into_iter()
        .map(|row| [row.meaning.to_owned(), row.value, row.default, row.variable.to_owned()])
        .collect();
    output::table(["LIMIT", "VALUE", "DEFAULT", "VARIABLE"], &rows);
    Ok(())
}

async fn database(config: &Config, json: bool) -> anyhow::Result<()> {
    let decision = &config.database;
    let answer = match Database::open(config) {
        Ok(database) => database.describe().await,
        Err(error) => Err(error),
    };
    let problem = answer.as_ref().err().map(ToString::to_string);
    if json {
        output::json(&json!({
            "database": decision.target.describe(),
            "source": decision.source.to_string(),
            "reason": decision.reason,
            "notes": decision.notes,
            "answers": answer.as_ref().ok(),
            "problem": problem,
            "pool_size": config.pool_size,
            "memory_bytes": config.memory_bytes,
            "instances": config.instances(),
        }))?;
    } else {
        print(config, answer.as_deref().ok());
    }
    match problem {
        Some(problem) => bail!("the database does not answer: {problem}"),
        None => Ok(()),
    }
}

fn print(config: &Config, answer: Option<&str>) {
    let decision = &config.database;
    output::line(format!("database   {}", decision.target.describe()));
    output::line(format!("reason     {}", decision.reason));
    for note in &decision.notes {
        output::line(format!("note       {note}"));
    }
    if let Some(answer) = answer {
        output::line(format!("answers    {answer}"));
    }
    output::line(format!(
        "instances  at most {} at once, in {} MiB of memory",
        config.instances(),
        config.memory_bytes >> 20
    ));
}

/// Every variable that is read, for `--help`.
pub(super) fn variables_help() -> String {
    let mut text = "Environment:\n".to_owned();
    for variable in config::variables() {
        text.push_str(&format!("  {:<34} {}", variable.name, variable.meaning));
        if !variable.default.is_empty() {
            text.push_str(&format!(" [default: {}]", variable.default));
        }
        text.push('\n');
    }
    text
}
