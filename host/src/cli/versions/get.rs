//! `innkeeper versions get`

use crate::cli::control::{CommonArgs, Control};
use crate::cli::{OneApp, UsageError, output};
use anyhow::Context;
use clap::Args;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Write the component of a version into a file
///
/// Writes the component of a version as it was deployed. A file that is there already is left
/// alone.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper versions get shop
  innkeeper versions get shop --version 7 -o shop-7.wasm
  innkeeper versions get shop -o - | wasm-tools component wit

JSON: {app, version, file, size}")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// Its number [default: the active one]
    #[arg(long, value_name = "NUMBER")]
    version: Option<i64>,
    /// The file; - for standard output [default: APP-NUMBER.wasm]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let app = &options.app.name;
    let to_stdout = options.output.as_deref() == Some(Path::new("-"));
    if to_stdout && options.common.json {
        return Err(UsageError(
            "--json says what was written into a file: it cannot stand beside `-o -`".to_owned(),
        )
        .into());
    }
    let control = Control::to_read(&options.common.control, app).await?;
    let (version, component) = control.component(app, options.version).await?;
    control.close().await;
    if to_stdout {
        output::write_bytes(&component);
        return Ok(());
    }
    let file = options.output.clone().unwrap_or_else(|| PathBuf::from(format!("{app}-{version}.wasm")));
    let path = file.display();
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    let mut opened =
        opened.with_context(|| format!("cannot make the file {path}: name another one with --output"))?;
    let written = opened.write_all(&component).and_then(|()| opened.sync_all());
    if written.is_err() {
        // Half a component is none. The error that led here is the one to report.
        let _ = std::fs::remove_file(&file);
    }
    written.with_context(|| format!("cannot write {path}"))?;
    if options.common.json {
        return output::json(&json!({ "app": app, "version": version, "file": file, "size": component.len() }));
    }
    let size = output::bytes(u64::try_from(component.len()).unwrap_or(u64::MAX));
    output::line(format!("{app}: version {version} is in {path} ({size})"));
    Ok(())
}
