//! 100 MiB in and out: the host through HTTP and a guest, beside plain chunk copies on the same
//! Postgres.

use std::time::{Duration, Instant};

use crate::contender::{Server, innkeeper};
use crate::copies::{CHUNK_BYTES, Copies};
use crate::probe::Probe;
use crate::setup::Setup;
use crate::statistics::{Shuffle, Spread};
use crate::table;

const CHUNKS: usize = 100 * 1024 * 1024 / CHUNK_BYTES;
const DEADLINE: Duration = Duration::from_secs(120);
const COLUMNS: [&str; 7] =
    ["contender", "MB/s up [min..max]", "ratio", "MB/s down [min..max]", "ratio", "peak MiB", "rise MiB"];

/// At least so much of the speed of plain copies, up and down; at most so much more memory.
const AIMS: ([f64; 2], f64) = ([0.95, 0.79], 16.0);

/// One way of one contender.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    took: Duration,
    memory: Option<Memory>,
}

/// Of the host's process, in MiB. Plain copies are made by this process, where it would say
/// nothing.
#[derive(Clone, Copy, Debug)]
struct Memory {
    /// The most that it held meanwhile.
    peak: f64,
    /// How much of it had not been there before.
    rise: f64,
}

/// One round of one contender: up, then down.
type Round = [Transfer; 2];

/// Measures it.
pub async fn run(setup: &Setup) -> anyhow::Result<()> {
    let chunk = noise()?;
    let mut copies = Copies::open(&setup.postgres.database("copies").await?).await?;
    let url = setup.postgres.database("blob").await?;
    let host = innkeeper(setup, "probe", Some(&url), &[], "/hello").await?;
    let (mut shuffle, mut plain, mut ours) = (Shuffle::new(), Vec::new(), Vec::new());
    for number in 1..=setup.options.rounds {
        eprintln!("blob: round {number} of {}", setup.options.rounds);
        for index in shuffle.order(2) {
            match index {
                0 => plain.push(copy(&mut copies, &chunk).await?),
                _ => ours.push(tokio::time::timeout(DEADLINE, transfer(&host, &chunk)).await??),
            }
        }
    }
    // Without the warm-up.
    report(setup, plain.get(1..).unwrap_or_default(), ours.get(1..).unwrap_or_default());
    Ok(())
}

/// Bytes that do not compress. The same chunk over and over does not either: each row is looked at
/// by itself.
fn noise() -> anyhow::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    getrandom::fill(&mut chunk)?;
    Ok(chunk)
}

async fn copy(copies: &mut Copies, chunk: &[u8]) -> anyhow::Result<Round> {
    let up = copies.upload(chunk, CHUNKS).await?;
    let down = copies.download(chunk, CHUNKS).await?;
    copies.delete().await?;
    Ok([up, down].map(|took| Transfer { took, memory: None }))
}

async fn transfer(host: &Server, chunk: &[u8]) -> anyhow::Result<Round> {
    let mut probe = Probe::open(host).await?;
    let (id, up) = observe(host, probe.upload(chunk, CHUNKS)).await?;
    let ((), down) = observe(host, probe.download(&id, chunk, CHUNKS)).await?;
    probe.delete(&id).await?;
    Ok([up, down])
}

async fn observe<T>(
    host: &Server,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Transfer)> {
    host.process.forget_peak()?;
    let before = host.process.memory_mib("VmRSS")?;
    let begun = Instant::now();
    let result = work.await?;
    let took = begun.elapsed();
    let peak = host.process.memory_mib("VmHWM")?;
    Ok((result, Transfer { took, memory: Some(Memory { peak, rise: peak - before }) }))
}

fn report(setup: &Setup, plain: &[Round], ours: &[Round]) {
    println!("\n## blob, 100 MiB on Postgres\n");
    println!("{} rounds, the first is warm-up; ratio: to the first line.\n", setup.options.rounds);
    table::print(&COLUMNS, &[row("plain sqlx copies", plain, plain), row("innkeeper", ours, plain)]);
    println!();
    let (least, most) = AIMS;
    for (way, (name, least)) in ["up", "down"].into_iter().zip(least).enumerate() {
        let ratio = ratio(ours, plain, way);
        println!("aim: {name} >= {least} x plain copies: {ratio:.2}, {}", table::verdict(ratio >= least));
    }
    let rise = most_memory(ours, |memory| memory.rise).unwrap_or_default();
    println!("aim: memory rises by <= {most} MiB: {rise:.1}, {}", table::verdict(rise <= most));
}

fn row(name: &str, rounds: &[Round], reference: &[Round]) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    for way in 0..2 {
        let speed = Spread::of(speeds(rounds, way));
        row.push(format!("{:.0} [{:.0}..{:.0}]", speed.median, speed.min, speed.max));
        row.push(format!("{:.2}", ratio(rounds, reference, way)));
    }
    let memory = [most_memory(rounds, |memory| memory.peak), most_memory(rounds, |memory| memory.rise)];
    row.extend(memory.iter().flatten().map(|mib| format!("{mib:.1}")));
    row
}

/// In MB/s.
fn speeds(rounds: &[Round], way: usize) -> impl Iterator<Item = f64> {
    let megabytes = (CHUNKS * CHUNK_BYTES) as f64 / 1e6;
    rounds
        .iter()
        .filter_map(move |round| round.get(way))
        .map(move |transfer| megabytes / transfer.took.as_secs_f64())
}

fn ratio(of: &[Round], over: &[Round], way: usize) -> f64 {
    Spread::of(speeds(of, way).zip(speeds(over, way)).map(|(of, over)| of / over)).median
}

fn most_memory(rounds: &[Round], figure: fn(&Memory) -> f64) -> Option<f64> {
    rounds.iter().flatten().filter_map(|transfer| transfer.memory.as_ref().map(figure)).max_by(f64::total_cmp)
}
