//! Contenders take turns: in every round each of them once, in an order that is drawn anew.

use anyhow::Context;

use crate::contender::Contender;
use crate::load;
use crate::options::Options;
use crate::statistics::{Shuffle, of_thousand};

/// Wrong answers that are shown; more of the same would hide the table.
const MOST_ERRORS: usize = 5;

/// What one round of one contender came to.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Right answers in a second.
    pub rate: f64,
    /// Latency that half of the requests stay below, in microseconds.
    pub p50: f64,
    /// Latency that 99 of 100 requests stay below, in microseconds.
    pub p99: f64,
    /// Processor time of the server's process for a request, in microseconds.
    pub cpu_micros: f64,
}

/// What all rounds came to.
#[derive(Debug, Default)]
pub struct Turns {
    /// For each contender its rounds, without the warm-up.
    pub rounds: Vec<Vec<Round>>,
    /// Wrong answers, those of the warm-up included.
    pub errors: Vec<String>,
}

impl Turns {
    /// Prints the first wrong answers. Returns how many there are.
    pub fn show_errors(&self) -> usize {
        self.errors.iter().take(MOST_ERRORS).for_each(|error| println!("WRONG: {error}"));
        self.errors.len()
    }
}

/// Runs all rounds.
pub async fn take_turns(contenders: &mut [Contender], options: &Options, title: &str) -> anyhow::Result<Turns> {
    let mut shuffle = Shuffle::new();
    let mut turns = Turns { rounds: vec![Vec::new(); contenders.len()], errors: Vec::new() };
    for number in 1..=options.rounds {
        eprintln!("{title}: round {number} of {}", options.rounds);
        for index in shuffle.order(contenders.len()) {
            let (Some(contender), Some(rounds)) = (contenders.get_mut(index), turns.rounds.get_mut(index)) else {
                continue;
            };
            let name = contender.name;
            let (round, errors) = run(contender, options).await.context(name)?;
            turns.errors.extend(errors.into_iter().map(|error| format!("{name}: {error}")));
            if number > 1 {
                rounds.push(round);
            }
        }
    }
    Ok(turns)
}

async fn run(contender: &mut Contender, options: &Options) -> anyhow::Result<(Round, Vec<String>)> {
    let process = &contender.server.process;
    let before = process.cpu()?;
    let load = load::run(contender.server.address, &mut contender.visitors, options.round()).await?;
    let cpu = process.cpu()?.saturating_sub(before);
    let requests = load.latencies.len() as f64;
    let round = Round {
        rate: requests / load.elapsed.as_secs_f64(),
        p50: of_thousand(&load.latencies, 500),
        p99: of_thousand(&load.latencies, 990),
        cpu_micros: cpu.as_secs_f64() * 1e6 / requests.max(1.0),
    };
    Ok((round, load.errors))
}
