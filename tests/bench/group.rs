//! Contenders that do the same work, and the report on them.

use anyhow::Context;

use crate::contender::{Contender, Server};
use crate::rounds::{self, Round};
use crate::setup::Setup;
use crate::statistics::Spread;
use crate::table;
use crate::visitor::Answers;

const COLUMNS: [&str; 6] =
    ["contender", "requests/s [min..max]", "ratio", "p50 / p99 µs", "CPU µs/request", "RSS MiB after"];

/// How many times faster one contender is meant to be than another.
#[derive(Clone, Copy, Debug)]
pub struct Aim {
    /// The one that is meant to be faster.
    pub of: &'static str,
    /// The other.
    pub over: &'static str,
    /// At least so many times.
    pub least: f64,
}

/// See the module. The first contender is the one that the others are compared with.
#[derive(Debug)]
pub struct Group<'s> {
    setup: &'s Setup,
    title: &'static str,
    answers: Answers,
    contenders: Vec<Contender>,
    absent: Vec<&'static str>,
}

impl<'s> Group<'s> {
    /// Nobody yet.
    pub fn new(setup: &'s Setup, title: &'static str, answers: Answers) -> Self {
        Self { setup, title, answers, contenders: Vec::new(), absent: Vec::new() }
    }

    /// One more, or a line that says that it is not installed.
    pub async fn add(&mut self, name: &'static str, server: impl Into<Option<Server>>) -> anyhow::Result<()> {
        match server.into() {
            Some(server) => {
                let connections = self.setup.options.connections;
                self.contenders.push(Contender::new(name, server, &self.answers, connections).await?);
            }
            None => self.absent.push(name),
        }
        Ok(())
    }

    /// One more, if there is one.
    pub async fn add_if_any(&mut self, name: &'static str, server: Option<Server>) -> anyhow::Result<()> {
        match server {
            Some(server) => self.add(name, server).await,
            None => Ok(()),
        }
    }

    /// Lets them take turns and reports. Returns the number of wrong answers.
    pub async fn measure(mut self, aims: &[Aim]) -> anyhow::Result<usize> {
        let options = &self.setup.options;
        let turns = rounds::take_turns(&mut self.contenders, options, self.title).await?;
        let (connections, rounds, seconds) = (options.connections, options.rounds, options.seconds);
        println!("\n## {}\n", self.title);
        println!(
            "{connections} connections, {rounds} rounds of {seconds} s, the first is warm-up; ratio: to the first line.\n"
        );
        table::print(&COLUMNS, &self.rows(&turns.rounds)?);
        println!();
        for aim in aims {
            println!("{}", self.verdict(aim, &turns.rounds));
        }
        Ok(turns.show_errors())
    }

    fn rows(&self, rounds: &[Vec<Round>]) -> anyhow::Result<Vec<Vec<String>>> {
        let reference = rounds.first().context("a group of nobody")?;
        let present = self.contenders.iter().zip(rounds);
        let rows = present.map(|(one, rounds)| row(one, rounds, reference));
        let mut rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        let absent = |name: &&str| vec![(*name).to_owned(), "not installed".to_owned()];
        rows.extend(self.absent.iter().map(absent));
        Ok(rows)
    }

    fn verdict(&self, aim: &Aim, rounds: &[Vec<Round>]) -> String {
        let Aim { of, over, least } = aim;
        let of_name = |name: &str| {
            let present = self.contenders.iter().zip(rounds);
            present.into_iter().find(|(one, _)| one.name == name).map(|(_, rounds)| rounds)
        };
        let Some((faster, slower)) = of_name(of).zip(of_name(over)) else {
            return format!("aim: {of} >= {least} x {over}: not measured");
        };
        let ratio = ratio(faster, slower).median;
        format!("aim: {of} >= {least} x {over}: {ratio:.2}, {}", table::verdict(ratio >= *least))
    }
}

fn row(contender: &Contender, rounds: &[Round], reference: &[Round]) -> anyhow::Result<Vec<String>> {
    let middle = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure)).median;
    let rate = Spread::of(rounds.iter().map(|round| round.rate));
    Ok(vec![
        contender.name.to_owned(),
        format!("{:.0} [{:.0}..{:.0}]", rate.median, rate.min, rate.max),
        format!("{:.2}", ratio(rounds, reference).median),
        format!("{:.0} / {:.0}", middle(|round| round.p50), middle(|round| round.p99)),
        format!("{:.1}", middle(|round| round.cpu_micros)),
        format!("{:.1}", contender.server.process.memory_mib("VmRSS")?),
    ])
}

/// Rounds are compared one by one: what disturbs the machine for a while disturbs both.
fn ratio(of: &[Round], over: &[Round]) -> Spread {
    Spread::of(of.iter().zip(over).map(|(of, over)| of.rate / over.rate))
}
