//! The cost of a request itself: every contender answers the same thirteen bytes.

use crate::contender::{OTHER, innkeeper, other_innkeeper, twin, wasmtime};
use crate::group::{Aim, Group};
use crate::setup::Setup;
use crate::visitor::Answers;

const AXUM: &str = "axum";
const INNKEEPER: &str = "innkeeper";
const QUIET: &str = "innkeeper, INNKEEPER_LOG=error";
const WASMTIME: &str = "wasmtime serve, defaults";
const BEST_WASMTIME: &str = "wasmtime serve, best flags";

/// Memory stays resident between instances and the kernel tells which pages were touched: it needs
/// Linux 6.7.
const BEST_FLAGS: [&str; 8] = [
    "-O",
    "pooling-memory-keep-resident=1048576",
    "-O",
    "pooling-table-keep-resident=65536",
    "-O",
    "pooling-async-stack-keep-resident=65536",
    "-O",
    "pooling-pagemap-scan=y",
];

const AIMS: [Aim; 2] =
    [Aim { of: INNKEEPER, over: BEST_WASMTIME, least: 2.0 }, Aim { of: INNKEEPER, over: WASMTIME, least: 4.0 }];

/// Measures it. Returns the number of wrong answers.
pub async fn run(setup: &Setup) -> anyhow::Result<usize> {
    let quiet = [("INNKEEPER_LOG", "error")];
    let answers = Answers::Text { path: "/".to_owned(), text: "Hello, world!".to_owned() };
    let mut group = Group::new(setup, "hello", answers);
    group.add(AXUM, twin(None, &[]).await?).await?;
    group.add(INNKEEPER, innkeeper(setup, "hello", None, &[], "/").await?).await?;
    group.add(QUIET, innkeeper(setup, "hello", None, &quiet, "/").await?).await?;
    group.add_if_any(OTHER, other_innkeeper(setup, "hello", None, &[], "/").await?).await?;
    group.add(WASMTIME, wasmtime(setup, "hello", &[]).await?).await?;
    group.add(BEST_WASMTIME, wasmtime(setup, "hello", &BEST_FLAGS).await?).await?;
    group.measure(&AIMS).await
}
