//! Clients that the rest of the world uses, other than a browser: curl, Node's fetch, requests for
//! Python, Java.

use std::ffi::OsStr;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::{DEADLINE, command, paths};

/// Runs a program with these arguments and returns the JSON that it prints.
pub async fn run(program: &str, arguments: &[impl AsRef<OsStr>]) -> Value {
    let mut client = Command::new(program);
    client.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    // The encoding of arguments and files has to be the same everywhere.
    client.env("LC_ALL", "C.UTF-8").env_remove("http_proxy").env_remove("ALL_PROXY");
    command::finish(client, DEADLINE).await.succeeded().json()
}

/// Runs a script of `tests/clients` by the program for it.
pub async fn script(program: &str, script: &str, arguments: &[&str]) -> Value {
    let path = paths::repository().join("tests/clients").join(script);
    let path = path.to_str().expect("a path in UTF-8");
    run(program, &[&[path], arguments].concat()).await
}
