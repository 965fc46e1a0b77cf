//! Well-behaved visitors: they ask at a fixed rate, each answer is timed from the moment at which
//! it was to be asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::client::Connection;
use crate::statistics::of_thousand;
use crate::visitor;

/// An answer that is later counts as a failure.
const TOO_LATE: Duration = Duration::from_secs(10);

/// What is asked, and how often a second: 200 times in all.
const KINDS: [(&str, u32); 4] = [("hello", 120), ("read", 68), ("download", 2), ("live", 10)];

/// Visitors at work.
pub struct Neighbours {
    stop: CancellationToken,
    asking: Vec<JoinHandle<Answers>>,
}

/// The answers to one kind of request.
#[derive(Debug, Default)]
struct Answers {
    /// How long each right answer took, in microseconds.
    latencies: Vec<u32>,
    /// How late each request was made, in microseconds: what the machine adds to every latency.
    lateness: Vec<u32>,
    /// Answers of 503 with `Retry-After`.
    busy: usize,
    /// All others, and requests without an answer.
    failed: usize,
}

/// All answers, in the order of [`KINDS`].
#[derive(Debug)]
pub struct Asked(Vec<Answers>);

impl Neighbours {
    /// Lets the visitors come. `file` is the id of the file that is downloaded.
    pub fn begin(address: SocketAddr, file: &str) -> Self {
        let stop = CancellationToken::new();
        let kind = |(name, rate): (&str, u32)| {
            let request = request(address, name, file);
            tokio::spawn(ask(address, request.into(), rate, stop.clone()))
        };
        Self { asking: KINDS.into_iter().map(kind).collect(), stop }
    }

    /// Waits for the last answers.
    pub async fn end(self) -> Asked {
        self.stop.cancel();
        let mut all = Vec::new();
        for asking in self.asking {
            let mut answers = asking.await.unwrap_or_default();
            answers.latencies.sort_unstable();
            all.push(answers);
        }
        Asked(all)
    }
}

impl Asked {
    /// Requests.
    pub fn count(&self) -> usize {
        self.0.iter().map(|answers| answers.latencies.len()).sum::<usize>() + self.busy() + self.failures()
    }

    /// Answers that told to come back.
    pub fn busy(&self) -> usize {
        self.0.iter().map(|answers| answers.busy).sum()
    }

    /// Answers that were wrong, late or missing.
    pub fn failures(&self) -> usize {
        self.0.iter().map(|answers| answers.failed).sum()
    }

    /// The middle and the slowest hundredth of each kind, in milliseconds.
    pub fn percentiles(&self) -> Vec<String> {
        let of = |answers: &Answers| {
            let [middle, late] = [500, 990].map(|at| of_thousand(&answers.latencies, at) / 1000.0);
            format!("{middle:.1} / {late:.1}")
        };
        self.0.iter().map(of).collect()
    }

    /// How late the slowest hundredth of all requests was made, in milliseconds.
    pub fn lateness(&self) -> String {
        let mut all: Vec<u32> = self.0.iter().flat_map(|answers| answers.lateness.iter().copied()).collect();
        all.sort_unstable();
        format!("{:.1}", of_thousand(&all, 990) / 1000.0)
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn request(address: SocketAddr, kind: &str, file: &str) -> Vec<u8> {
    match kind {
        "download" => {
            let steps = format!(r#"[{{"op":"blob.send","id":"{file}"}}]"#);
            format!("GET /files/x HTTP/1.1\r\nhost: {address}\r\nprobe-steps: {steps}\r\n\r\n").into_bytes()
        }
        "live" => visitor::get(address, "/_innkeeper/live", None),
        "read" => visitor::get(address, "/read/?rows=1", None),
        _ => visitor::get(address, "/hello/", None),
    }
}

async fn ask(address: SocketAddr, request: Arc<[u8]>, rate: u32, stop: CancellationToken) -> Answers {
    let answers = Arc::<Mutex<Answers>>::default();
    let idle = Arc::<Mutex<Vec<Connection>>>::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asking = JoinSet::new();
    loop {
        let due = tokio::select! {
            due = ticks.tick() => due,
            () = stop.cancelled() => break,
        };
        let (answers, idle, request) = (Arc::clone(&answers), Arc::clone(&idle), Arc::clone(&request));
        asking.spawn(async move {
            let lateness = micros(Instant::now() - due);
            let answer = timeout(TOO_LATE, ask_once(address, &request, &idle)).await;
            let took = micros(Instant::now() - due);
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.lateness.push(lateness);
            match answer {
                Ok(Ok((200, _))) => answers.latencies.push(took),
                Ok(Ok((503, true))) => answers.busy += 1,
                _ => answers.failed += 1,
            }
        });
        while asking.try_join_next().is_some() {}
    }
    while asking.join_next().await.is_some() {}
    std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The status, and whether the answer says when to come back.
async fn ask_once(
    address: SocketAddr,
    request: &[u8],
    idle: &Mutex<Vec<Connection>>,
) -> anyhow::Result<(u16, bool)> {
    let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match kept {
        Some(connection) => connection,
        None => Connection::open(address).await?,
    };
    connection.send(request).await?;
    let head = connection.answer(|_| ()).await?;
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    Ok((head.status, head.may_retry))
}
