//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::twin;

/// Measures Innkeeper beside native programs that do the same work.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// The native program instead of the benchmark.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to measure, and for how long.
    #[command(flatten)]
    pub options: Options,
}

/// What the binary is when it does not measure.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve as the native program that Innkeeper is compared with.
    #[command(hide = true)]
    Twin(twin::Options),
}

/// What to measure, and for how long.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    pub what: What,
    /// Length of a round of one contender
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,
    /// Rounds, of which the first is warm-up and does not count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..))]
    pub rounds: u32,
    /// Connections that ask at the same time; each is a visitor of its own
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: u32,
    /// Length of one attack
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub attack_seconds: u32,
    /// The host [default: target/release/innkeeper]
    #[arg(long, value_name = "FILE")]
    pub innkeeper: Option<PathBuf>,
    /// Another build of the host, to be measured beside it (hello, page and query)
    #[arg(long, value_name = "FILE")]
    pub beside: Option<PathBuf>,
}

/// The parts of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Thirteen bytes: the cost of a request itself
    Hello,
    /// Session, a row in, a row out, commit
    Page,
    /// One `db.query`, of one row and of 1,000
    Query,
    /// Sizes of chunks and statements that write them, for choosing
    Chunks,
    /// 100 MiB in and out
    Blob,
    /// All of these
    All,
    /// Not one of these: the guestbook in every language
    Languages,
    /// Not one of these either: the share of failures and the time of answers while others attack
    Attacks,
}

impl Options {
    /// Whether a part is to be measured.
    pub fn measures(&self, part: What) -> bool {
        self.what == part || self.what == What::All
    }

    /// Length of one attack.
    pub fn attack_time(&self) -> Duration {
        Duration::from_secs(self.attack_seconds.into())
    }

    /// Length of a round of one contender.
    pub fn round(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// The arguments that say the same.
    pub fn arguments(&self) -> String {
        let what = self.what.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let Self { seconds, rounds, connections, .. } = self;
        let file = |flag: &str, path: Option<&PathBuf>| {
            path.map(|path| format!(" {flag} {}", path.display())).unwrap_or_default()
        };
        let host = file("--innkeeper", self.innkeeper.as_ref()) + &file("--beside", self.beside.as_ref());
        if self.what == What::Attacks {
            return format!("{what} --attack-seconds {}{host}", self.attack_seconds);
        }
        format!("{what} --seconds {seconds} --rounds {rounds} --connections {connections}{host}")
    }
}
