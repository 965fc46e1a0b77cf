//! One `db.query` through the guest boundary, beside the same call made by a native program: what
//! it costs more.
//!
//! A request runs the same query many times over, so that its own cost hardly counts; a single
//! connection asks, so that nobody waits. The native program keeps one connection for the request;
//! the host takes one from its pool for each query, which counts as its cost.

use crate::contender::{Contender, OTHER, POOL_SIZE, Server, innkeeper, other_innkeeper, twin};
use crate::rounds::{self, Round};
use crate::setup::Setup;
use crate::statistics::Spread;
use crate::table;
use crate::visitor::Answers;

const TWIN: &str = "axum + sqlx";
const INNKEEPER: &str = "innkeeper";
const COLUMNS: [&str; 5] = [
    "contender",
    "wall µs/query [min..max]",
    "CPU µs/query [min..max]",
    "boundary CPU µs/query [min..max]",
    "CPU ns/row",
];

/// At most so much more CPU time for a query of one row, in microseconds.
const AIM: f64 = 15.0;

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Queries of a request.
    queries: u32,
    /// Rows of each of them.
    rows: u32,
}

const CASES: [Case; 2] = [Case { queries: 200, rows: 1 }, Case { queries: 5, rows: 1000 }];

/// Measures it on each database. Returns the number of wrong answers.
pub async fn run(setup: &Setup) -> anyhow::Result<usize> {
    let mut errors = 0;
    for case in CASES {
        errors += on_postgres(setup, case).await?;
        errors += on_sqlite(setup, case).await?;
    }
    Ok(errors)
}

async fn on_postgres(setup: &Setup, case: Case) -> anyhow::Result<usize> {
    let name = format!("query_{}", case.rows);
    let ours = setup.postgres.database(&name).await?;
    let twins = setup.postgres.database(&format!("{name}_twin")).await?;
    let pool = [("INNKEEPER_POOL_SIZE", POOL_SIZE)];
    let others = setup.postgres.database(&format!("{name}_other")).await?;
    let native = twin(Some(&twins), &["--queries"]).await?;
    let ours = innkeeper(setup, "queries", Some(&ours), &pool, "/").await?;
    let other = other_innkeeper(setup, "queries", Some(&others), &pool, "/").await?;
    measure(setup, "Postgres", case, native, [Some(ours), other]).await
}

async fn on_sqlite(setup: &Setup, case: Case) -> anyhow::Result<usize> {
    let native = twin(Some("sqlite:twin.sqlite"), &["--queries"]).await?;
    let ours = innkeeper(setup, "queries", None, &[], "/").await?;
    let other = other_innkeeper(setup, "queries", None, &[], "/").await?;
    measure(setup, "SQLite", case, native, [Some(ours), other]).await
}

async fn measure(
    setup: &Setup,
    database: &str,
    case: Case,
    native: Server,
    hosts: [Option<Server>; 2],
) -> anyhow::Result<usize> {
    let (options, answers) = (&setup.options, case.answers());
    let title = format!("query on {database}, rows: {}", case.rows);
    let mut contenders = vec![Contender::new(TWIN, native, &answers, 1).await?];
    for (name, host) in [INNKEEPER, OTHER].into_iter().zip(hosts) {
        if let Some(host) = host {
            contenders.push(Contender::new(name, host, &answers, 1).await?);
        }
    }
    let turns = rounds::take_turns(&mut contenders, options, &title).await?;
    println!("\n## {title}\n");
    println!(
        "1 connection, {} queries a request, {} rounds of {} s, the first is warm-up; boundary: over the first line.\n",
        case.queries, options.rounds, options.seconds
    );
    if let [native, hosts @ ..] = turns.rounds.as_slice() {
        case.report(native, hosts);
    }
    Ok(turns.show_errors())
}

impl Case {
    /// Row n is n, "number n", n * 7 and the second 1,000,000,000 + n since 1970, of which the text
    /// counts with its length.
    fn answers(self) -> Answers {
        let worth = |n: u64| n + format!("number {n}").len() as u64 + n * 7 + 1_000_000_000 + n;
        let (queries, rows) = (u64::from(self.queries), u64::from(self.rows));
        let sum: u64 = match rows {
            1 => (1..=queries).map(worth).sum(),
            _ => queries * (1..=rows).map(worth).sum::<u64>(),
        };
        let path = format!("/?queries={queries}&rows={rows}");
        Answers::Text { path, text: format!("rows={} sum={sum}", queries * rows) }
    }

    fn report(self, native: &[Round], hosts: &[Vec<Round>]) {
        let boundary = |host: &[Round]| {
            Spread::of(host.iter().zip(native).map(|(host, native)| self.cpu(host) - self.cpu(native)))
        };
        let named = [INNKEEPER, OTHER].into_iter().zip(hosts);
        let ours = named.map(|(name, host)| self.row(name, host, Some(boundary(host))));
        let rows: Vec<_> = std::iter::once(self.row(TWIN, native, None)).chain(ours).collect();
        table::print(&COLUMNS, &rows);
        println!();
        let median = hosts.first().map(|host| boundary(host).median).unwrap_or_default();
        if self.rows == 1 {
            println!("aim: boundary <= {AIM} µs of CPU: {median:.1}, {}", table::verdict(median <= AIM));
        } else {
            println!("boundary: {:.0} ns of CPU for a row", self.for_row(median));
        }
    }

    fn row(self, name: &str, rounds: &[Round], boundary: Option<Spread>) -> Vec<String> {
        let wall = Spread::of(rounds.iter().map(|round| round.p50 / f64::from(self.queries)));
        let cpu = Spread::of(rounds.iter().map(|round| self.cpu(round)));
        let shown = |spread: Spread| format!("{:.1} [{:.1}..{:.1}]", spread.median, spread.min, spread.max);
        let per_row = (self.rows > 1).then(|| format!("{:.0}", self.for_row(cpu.median)));
        let boundary = boundary.map(shown).unwrap_or_default();
        vec![name.to_owned(), shown(wall), shown(cpu), boundary, per_row.unwrap_or_default()]
    }

    /// Processor time of the server's process for a query, in microseconds.
    fn cpu(self, round: &Round) -> f64 {
        round.cpu_micros / f64::from(self.queries)
    }

    /// From microseconds for a query to nanoseconds for one of its rows.
    fn for_row(self, micros: f64) -> f64 {
        micros * 1000.0 / f64::from(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_counts_every_column_of_every_row() {
        let (path, text) = ("/?queries=2&rows=1".to_owned(), "rows=2 sum=2000000043".to_owned());
        assert_eq!(Case { queries: 2, rows: 1 }.answers(), Answers::Text { path, text });
    }
}
