//! Readers that the rest of the world uses: packages of Node.js, run on what the host has sent.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::{COMPILE_DEADLINE, command, paths};

/// Runs a script of `tests/node` with these arguments and returns the JSON that it prints.
pub async fn run(script: &str, arguments: &[&str]) -> Value {
    let directory = paths::repository().join("tests/node");
    let installed = Path::exists(&directory.join("node_modules"));
    assert!(installed, "no packages in {}; install them first: npm ci --prefix tests/node", directory.display());
    let mut node = Command::new("node");
    node.arg(directory.join(script)).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command::finish(node, COMPILE_DEADLINE).await.succeeded().json()
}
