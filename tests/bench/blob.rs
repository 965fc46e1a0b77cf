//! 100 MiB in and out: the host through HTTP and a guest, beside plain chunk copies on the same Postgres.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::contender::{Server, innkeeper};
use crate::copies::{CHUNK_BYTES, Copies};
use crate::setup::Setup;
use crate::statistics::{Shuffle, Spread};
use crate::table;

const MIB: usize = 1024 * 1024;
const CHUNKS: usize = 100 * MIB / CHUNK_BYTES;
const DEADLINE: Duration = Duration::from_secs(120);
const COLUMNS: [&str; 7] =
    ["contender", "up MB/s [min..max]", "of the first", "down MB/s [min..max]", "of the first", "peak MiB", "rise MiB"];

/// One way of one contender.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    took: Duration,
    /// Most memory held meanwhile, and how much of it had not been there before, in MiB. Not for plain copies: they
    /// are made by this process.
    peak: f64,
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
    println!("\n## blob, 100 MiB on Postgres\n\n{} rounds, the first of them warm-up.\n", setup.options.rounds);
    // What the warm-up measured is dropped here.
    let [plain, ours] = [plain, ours].map(|rounds| rounds.into_iter().skip(1).collect::<Vec<_>>());
    table::print(&COLUMNS, &[row("plain sqlx copies", &plain, &plain), row("innkeeper", &ours, &plain)]);
    Ok(())
}

/// Bytes that do not compress. The same chunk over and over does not either: each row is looked at by itself.
fn noise() -> anyhow::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    getrandom::fill(&mut chunk)?;
    Ok(chunk)
}

async fn copy(copies: &mut Copies, chunk: &[u8]) -> anyhow::Result<Round> {
    let up = copies.upload(chunk, CHUNKS).await?;
    let down = copies.download(chunk, CHUNKS).await?;
    copies.delete().await?;
    Ok([up, down].map(|took| Transfer { took, peak: f64::NAN, rise: f64::NAN }))
}

async fn transfer(host: &Server, chunk: &[u8]) -> anyhow::Result<Round> {
    let mut connection = Connection::open(host.address).await?;
    let before = forget(host)?;
    let begun = Instant::now();
    let id = upload(&mut connection, host, chunk).await?;
    let up = remember(host, before, begun)?;
    let before = forget(host)?;
    let begun = Instant::now();
    download(&mut connection, host, &id, chunk).await?;
    let down = remember(host, before, begun)?;
    let delete = request("GET", host, &json!([{ "op": "blob.delete", "id": id }]), 0);
    results(&mut connection, &delete).await?;
    Ok([up, down])
}

async fn upload(connection: &mut Connection, host: &Server, chunk: &[u8]) -> anyhow::Result<String> {
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    connection.send(&request("PUT", host, &steps, CHUNKS * CHUNK_BYTES)).await?;
    for _ in 0..CHUNKS {
        connection.send(chunk).await?;
    }
    let results = results(connection, &[]).await?;
    let id = results.pointer("/0/ok/id").and_then(Value::as_str);
    Ok(id.with_context(|| format!("no id: {results}"))?.to_owned())
}

async fn download(connection: &mut Connection, host: &Server, id: &str, chunk: &[u8]) -> anyhow::Result<()> {
    connection.send(&request("GET", host, &json!([{ "op": "blob.send", "id": id }]), 0)).await?;
    let (mut received, mut is_same) = (0, true);
    let head = connection.answer(|mut bytes| {
        while !bytes.is_empty() {
            let expected = chunk.get(received % CHUNK_BYTES..).unwrap_or_default();
            let (piece, rest) = bytes.split_at(bytes.len().min(expected.len()));
            is_same &= expected.starts_with(piece);
            received += piece.len();
            bytes = rest;
        }
    });
    let status = head.await?.status;
    ensure!(status == 200 && is_same && received == CHUNKS * CHUNK_BYTES, "download: {status}, {received} bytes");
    Ok(())
}

/// Sends a request (nothing if it has been sent) and reads the results of its steps, all of which must have succeeded.
async fn results(connection: &mut Connection, request: &[u8]) -> anyhow::Result<Value> {
    let mut body = Vec::new();
    let head = connection.ask(request, &mut body).await?;
    let results: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut each = results.as_array().into_iter().flatten();
    let is_right = head.status == 200 && !results.is_null() && each.all(|result| result.get("ok").is_some());
    ensure!(is_right, "{}: {}", head.status, String::from_utf8_lossy(&body));
    Ok(results)
}

fn request(method: &str, host: &Server, steps: &Value, bytes: usize) -> Vec<u8> {
    let length = if bytes > 0 { format!("content-length: {bytes}\r\n") } else { String::new() };
    let head = format!("{method} /blob HTTP/1.1\r\nhost: {}\r\nprobe-steps: {steps}\r\n{length}\r\n", host.address);
    head.into_bytes()
}

fn forget(host: &Server) -> anyhow::Result<f64> {
    host.process.forget_peak()?;
    host.process.memory_mib("VmRSS")
}

fn remember(host: &Server, before: f64, begun: Instant) -> anyhow::Result<Transfer> {
    let took = begun.elapsed();
    let peak = host.process.memory_mib("VmHWM")?;
    Ok(Transfer { took, peak, rise: peak - before })
}

fn row(name: &str, rounds: &[Round], reference: &[Round]) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    for way in 0..2 {
        row.extend(speed(&of_way(rounds, way), &of_way(reference, way)));
    }
    let most = |figure: fn(&Transfer) -> f64| rounds.iter().flatten().map(figure).fold(f64::NAN, f64::max);
    let memory = [most(|transfer| transfer.peak), most(|transfer| transfer.rise)];
    row.extend(memory.iter().filter(|mib| mib.is_finite()).map(|mib| format!("{mib:.1}")));
    row
}

fn of_way(rounds: &[Round], way: usize) -> Vec<f64> {
    let speed = |transfer: &Transfer| (CHUNKS * CHUNK_BYTES) as f64 / 1e6 / transfer.took.as_secs_f64();
    rounds.iter().filter_map(|round| round.get(way)).map(speed).collect()
}

fn speed(speeds: &[f64], reference: &[f64]) -> [String; 2] {
    let all = Spread::of(speeds.iter().copied());
    let ratio = Spread::of(speeds.iter().zip(reference).map(|(speed, reference)| speed / reference));
    [format!("{:.0} [{:.0}..{:.0}]", all.median, all.min, all.max), format!("{:.2}", ratio.median)]
}
