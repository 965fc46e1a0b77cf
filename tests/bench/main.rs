//! The benchmark: Innkeeper beside native programs that do the same work, measured in turn in one
//! run.
//!
//! Every contender is a process of its own on loopback. They take turns in random order, round
//! after round, under the same load, so that what disturbs the machine disturbs all of them; what
//! counts is the ratio within a round.
//!
//! Begin reading at [`hello`], [`page`], [`query`], [`blob`] and [`chunks`]: who stands against
//! whom. [`attacks`] is another matter: who fails while others are attacked; so is [`languages`]:
//! what the same guest costs in each language. [`contender`] starts them, [`rounds`] lets them take
//! turns, [`load`] asks them, [`table`] says how it went. [`twin`] is the native program, in this
//! same binary.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reports on standard output, and its progress on standard error"
)]

mod attacks;
mod blob;
mod chunks;
mod client;
mod contender;
mod copies;
mod group;
mod hello;
#[path = "../support/keeper.rs"]
#[expect(dead_code, clippy::expect_used, reason = "the test harness's: it uses all of it and may panic")]
mod keeper;
mod languages;
mod load;
mod machine;
mod options;
mod page;
mod paths;
mod postgres;
mod probe;
mod process;
mod query;
mod rounds;
mod setup;
mod statistics;
mod table;
mod twin;
mod visitor;

use std::process::ExitCode;

use clap::Parser;
use options::{Cli, Command, Options, What};
use setup::Setup;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    match start(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Some(Command::Twin(options)) => {
            Builder::new_multi_thread().enable_all().build()?.block_on(twin::serve(options))
        }
        // One thread: the contenders need the other cores.
        None => Builder::new_current_thread().enable_all().build()?.block_on(run(cli.options)),
    }
}

async fn run(options: Options) -> anyhow::Result<()> {
    let setup = Setup::new(options)?;
    machine::describe(&setup);
    let mut errors = 0;
    if setup.options.measures(What::Hello) {
        errors += hello::run(&setup).await?;
    }
    if setup.options.measures(What::Page) {
        errors += page::run(&setup).await?;
    }
    if setup.options.measures(What::Query) {
        errors += query::run(&setup).await?;
    }
    if setup.options.measures(What::Chunks) {
        chunks::run(&setup).await?;
    }
    if setup.options.measures(What::Blob) {
        blob::run(&setup).await?;
    }
    if setup.options.what == What::Languages {
        errors += languages::run(&setup).await?;
    }
    if setup.options.what == What::Attacks {
        errors += attacks::run(&setup).await?;
    }
    anyhow::ensure!(errors == 0, "{errors} wrong answers: the figures mean nothing");
    Ok(())
}
