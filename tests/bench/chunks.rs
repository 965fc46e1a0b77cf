//! Which size chunks should have and by which statement they should be written: 100 MiB into
//! Postgres and back, in each way that comes into question, by plain sqlx on one connection.

use std::time::{Duration, Instant};

use anyhow::ensure;
use sqlx::{Connection, PgConnection};

use crate::setup::Setup;
use crate::statistics::{Shuffle, Spread};
use crate::table;

const BYTES: usize = 100 << 20;
const KIB: usize = 1024;
const COLUMNS: [&str; 5] = ["chunk", "statement", "MB/s up [min..max]", "MB/s down [min..max]", "ms for 1 byte"];

const TABLE: &str = "\
    create table chunks (copy bigint not null, seq bigint not null, data bytea not null, primary key (copy, seq)); \
    alter table chunks alter column data set storage external";
const INSERT: &str = "insert into chunks (copy, seq, data) values ($1, $2, $3)";
const RELAXED: &str = "insert into chunks (copy, seq, data) select $1, $2, $3 \
                       from (select set_config('synchronous_commit', 'off', true)) relaxed";
const MANY: &str = "insert into chunks (copy, seq, data) select $1, $2 + n - 1, data from unnest($3::bytea[]) with ordinality as t (data, n)";
/// About a mebibyte at a time, as a slow visitor is sent it.
const SELECT: &str = "select data from chunks where copy = $1 and seq >= $2 and seq < $3 order by seq";

/// How chunks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One statement each, all in one transaction: a connection is held all the time.
    Transaction,
    /// One statement each, each kept by itself.
    Alone,
    /// The same, without waiting for the disk: the commit that keeps the blob waits.
    Relaxed,
    /// A mebibyte in one statement, in one transaction.
    Many,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Transaction => "insert, one transaction",
            Self::Alone => "insert, each kept by itself",
            Self::Relaxed => "insert, each kept by itself, relaxed",
            Self::Many => "insert of 1 MiB, one transaction",
        }
    }
}

/// One way.
struct Way {
    chunk: usize,
    shape: Shape,
    up: Vec<f64>,
    down: Vec<f64>,
    first: Vec<f64>,
}

/// Measures it.
pub async fn run(setup: &Setup) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&setup.postgres.database("chunks").await?).await?;
    sqlx::raw_sql(TABLE).execute(&mut connection).await?;
    let mut ways: Vec<Way> = [64, 256, 1024]
        .into_iter()
        .flat_map(|kib| {
            [Shape::Transaction, Shape::Alone, Shape::Relaxed, Shape::Many].map(|shape| (kib * KIB, shape))
        })
        // That would be one chunk in one statement, which is there already.
        .filter(|(chunk, shape)| *chunk < 1024 * KIB || *shape != Shape::Many)
        .map(|(chunk, shape)| Way { chunk, shape, up: Vec::new(), down: Vec::new(), first: Vec::new() })
        .collect();
    let mut shuffle = Shuffle::new();
    for round in 0..setup.options.rounds {
        eprintln!("chunks: round {} of {}", round + 1, setup.options.rounds);
        for index in shuffle.order(ways.len()) {
            if let Some(way) = ways.get_mut(index) {
                way.measure(&mut connection, round > 0).await?;
            }
        }
    }
    report(setup, &ways);
    Ok(())
}

impl Way {
    async fn measure(&mut self, connection: &mut PgConnection, counts: bool) -> anyhow::Result<()> {
        let mut chunk = vec![0; self.chunk];
        getrandom::fill(&mut chunk)?;
        let up = self.upload(connection, &chunk).await?;
        let down = self.download(connection, &chunk).await?;
        let first = self.one_byte(connection).await?;
        sqlx::query("truncate chunks").execute(connection).await?;
        if counts {
            let speed = |took: Duration| BYTES as f64 / 1e6 / took.as_secs_f64();
            self.up.push(speed(up));
            self.down.push(speed(down));
            self.first.push(first.as_secs_f64() * 1e3);
        }
        Ok(())
    }

    fn chunks(&self) -> i64 {
        i64::try_from(BYTES / self.chunk).unwrap_or(i64::MAX)
    }

    async fn upload(&self, connection: &mut PgConnection, chunk: &[u8]) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        match self.shape {
            Shape::Transaction => {
                let mut transaction = connection.begin().await?;
                for seq in 0..self.chunks() {
                    sqlx::query(INSERT).bind(1_i64).bind(seq).bind(chunk).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
            }
            Shape::Alone | Shape::Relaxed => {
                let sql = if self.shape == Shape::Alone { INSERT } else { RELAXED };
                for seq in 0..self.chunks() {
                    sqlx::query(sql).bind(1_i64).bind(seq).bind(chunk).execute(&mut *connection).await?;
                }
                // The blob is kept by a commit that waits.
                sqlx::query(INSERT)
                    .bind(2_i64)
                    .bind(0_i64)
                    .bind(chunk.get(..1).unwrap_or_default())
                    .execute(&mut *connection)
                    .await?;
            }
            Shape::Many => {
                let mut transaction = connection.begin().await?;
                let at_once = 1024 * KIB / self.chunk;
                let step = i64::try_from(at_once)?;
                for seq in (0..self.chunks()).step_by(at_once) {
                    let many = vec![chunk; usize::try_from(step.min(self.chunks() - seq))?];
                    sqlx::query(MANY).bind(1_i64).bind(seq).bind(many).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
            }
        }
        Ok(begun.elapsed())
    }

    async fn download(&self, connection: &mut PgConnection, chunk: &[u8]) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let step = i64::try_from((1024 * KIB / self.chunk).max(1))?;
        let mut received = 0;
        for seq in (0..self.chunks()).step_by(usize::try_from(step)?) {
            let rows: Vec<(Vec<u8>,)> =
                sqlx::query_as(SELECT).bind(1_i64).bind(seq).bind(seq + step).fetch_all(&mut *connection).await?;
            ensure!(rows.iter().all(|(data,)| data == chunk), "a chunk has changed");
            received += i64::try_from(rows.len())?;
        }
        ensure!(received == self.chunks(), "{received} of {} chunks came back", self.chunks());
        Ok(begun.elapsed())
    }

    /// What a range of one byte costs: the whole chunk is read.
    async fn one_byte(&self, connection: &mut PgConnection) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let seq = self.chunks() / 2;
        let rows: Vec<(Vec<u8>,)> =
            sqlx::query_as(SELECT).bind(1_i64).bind(seq).bind(seq + 1).fetch_all(connection).await?;
        ensure!(rows.len() == 1, "the chunk is there");
        Ok(begun.elapsed())
    }
}

fn report(setup: &Setup, ways: &[Way]) {
    println!("\n## chunks, 100 MiB on Postgres by plain sqlx\n");
    println!("{} rounds, the first is warm-up.\n", setup.options.rounds);
    let show = |figures: &[f64]| {
        let spread = Spread::of(figures.iter().copied());
        format!("{:.0} [{:.0}..{:.0}]", spread.median, spread.min, spread.max)
    };
    let row = |way: &Way| {
        let first = Spread::of(way.first.iter().copied()).median;
        let size = format!("{} KiB", way.chunk / KIB);
        vec![size, way.shape.name().to_owned(), show(&way.up), show(&way.down), format!("{first:.2}")]
    };
    table::print(&COLUMNS, &ways.iter().map(row).collect::<Vec<_>>());
}
