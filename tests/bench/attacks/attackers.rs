//! What strangers and guests do to a host that is to serve others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{anyhow, ensure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::host::{HOSTILE, PROBE};

/// A slow sender sends a byte so often.
const BYTE_EVERY: Duration = Duration::from_secs(8);
/// A slow reader takes so much so often.
const SIP: (usize, Duration) = (256, Duration::from_secs(5));
/// Who is refused or cut off comes back after this long.
const AGAIN: Duration = Duration::from_millis(50);
/// A large parameter.
const PARAMETER_BYTES: usize = 8 << 20;

/// One kind of attack.
pub struct Attack {
    /// What the table calls it.
    pub name: &'static str,
    /// How many do it at the same time.
    attackers: usize,
    deed: Deed,
}

/// What one attacker does once; it is repeated.
#[derive(Clone)]
enum Deed {
    /// Nothing: what the host is like when it is left alone.
    Nothing,
    /// Sends a head and then a byte now and then.
    SendSlowly(&'static str),
    /// Asks the app `hostile` and reads the whole answer.
    Ask(&'static str),
    /// Has the app `probe` take the steps of this body.
    Steps(Arc<str>),
    /// Asks the app `hostile` and takes a few bytes of the answer now and then.
    ReadSlowly(&'static str),
    /// Connects and says nothing.
    Connect,
}

impl Attack {
    /// All attacks. Some statements differ between the databases.
    pub fn all(is_postgres: bool) -> Vec<Self> {
        let stuck = match is_postgres {
            true => "select btrim(repeat('a',400000), repeat('b',400000)||'a')",
            false => "select length(trim(printf('%.*c',400000,'a'), printf('%.*c',400000,'b')||'a'))",
        };
        let large = match is_postgres {
            true => "select repeat('x',150000000)",
            false => "select zeroblob(8000000), zeroblob(8000000), zeroblob(8000000), zeroblob(8000000)",
        };
        let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
        let steps = |steps: Value| Deed::Steps(steps.to_string().into());
        let query = |sql: &str| steps(json!([{ "op": "db.query", "sql": sql, "params": [] }]));
        let text = "x".repeat(PARAMETER_BYTES);
        let long = steps(json!([{ "op": "db.query", "sql": "select length($1)", "params": [{ "text": text }] }]));
        let form = "content-type: multipart/form-data; boundary=b\r\n\
                    probe-steps: [{\"op\":\"blob.receive-form\"}]\r\n";
        let attack = |name, attackers, deed| Self { name, attackers, deed };
        vec![
            attack("none", 0, Deed::Nothing),
            attack("slow bodies", 40, Deed::SendSlowly("probe-steps: [{\"op\":\"echo-body\"}]\r\n")),
            attack("slow forms", 40, Deed::SendSlowly(form)),
            attack("parked guests", 40, Deed::Ask("/park")),
            attack("slow readers", 40, Deed::ReadSlowly("/big-response")),
            attack("silent connections", 400, Deed::Connect),
            attack("guests that compute", 16, Deed::Ask("/spin")),
            attack("guests that take memory", 16, Deed::Ask("/grow")),
            attack("guests that write into the log", 8, Deed::Ask("/log-flood")),
            attack("guests that trap", 16, Deed::Ask("/trap")),
            attack("large parameters", 8, long),
            attack("endless statements", 8, query(endless)),
            attack("statements that are stuck", 6, query(stuck)),
            attack("large rows", 4, query(large)),
            attack("none, afterwards", 0, Deed::Nothing),
        ]
    }

    /// Lets the attackers begin, in a thread of their own: their work must not make the visitors
    /// late who are measured.
    pub fn begin(&self, address: SocketAddr) -> Attackers {
        let (attackers, deed, stop) = (self.attackers, self.deed.clone(), CancellationToken::new());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut repeating = JoinSet::new();
                for _ in 0..attackers {
                    repeating.spawn(repeat(deed.clone(), address));
                }
                stopped.cancelled().await;
            });
            Ok(())
        });
        Attackers { stop, thread }
    }
}

/// Attackers at work.
pub struct Attackers {
    stop: CancellationToken,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Attackers {
    /// Makes them go away.
    pub fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.thread.join().map_err(|_| anyhow!("the attackers' thread panicked"))?
    }
}

async fn repeat(deed: Deed, address: SocketAddr) {
    loop {
        // Whatever came of it: an attacker tries again.
        let _ = deed.perform(address).await;
        tokio::time::sleep(AGAIN).await;
    }
}

impl Deed {
    fn perform(&self, address: SocketAddr) -> BoxFuture<'_, anyhow::Result<()>> {
        match self {
            Self::Nothing => std::future::pending().boxed(),
            Self::SendSlowly(headers) => send_slowly(address, headers).boxed(),
            Self::Ask(path) => ask(address, HOSTILE, path, "", None).boxed(),
            Self::Steps(steps) => ask(address, PROBE, "/run", "", Some(steps)).boxed(),
            Self::ReadSlowly(path) => read_slowly(address, path).boxed(),
            Self::Connect => connect(address).boxed(),
        }
    }
}

async fn send_slowly(address: SocketAddr, headers: &str) -> anyhow::Result<()> {
    let headers = format!("content-length: 100000\r\n{headers}");
    let mut stream = begin(address, PROBE, "POST", "/x", &headers).await?;
    loop {
        stream.write_all(b"-").await?;
        let mut answer = [0; 64];
        // An answer before the end of the body means that the host has had enough.
        if let Ok(read) = tokio::time::timeout(BYTE_EVERY, stream.read(&mut answer)).await {
            ensure!(read? > 0, "cut off");
            return Ok(());
        }
    }
}

async fn ask(
    address: SocketAddr,
    host: &str,
    path: &str,
    headers: &str,
    body: Option<&str>,
) -> anyhow::Result<()> {
    let mut stream = match body {
        None => begin(address, host, "GET", path, headers).await?,
        Some(body) => {
            let headers = format!("content-length: {}\r\n{headers}", body.len());
            let mut stream = begin(address, host, "POST", path, &headers).await?;
            stream.write_all(body.as_bytes()).await?;
            stream
        }
    };
    let mut answer = vec![0; 16 << 10];
    while stream.read(&mut answer).await? > 0 {}
    Ok(())
}

async fn read_slowly(address: SocketAddr, path: &str) -> anyhow::Result<()> {
    let mut stream = begin(address, HOSTILE, "GET", path, "").await?;
    let mut sip = [0; SIP.0];
    while stream.read(&mut sip).await? > 0 {
        tokio::time::sleep(SIP.1).await;
    }
    Ok(())
}

async fn connect(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.read_u8().await?;
    Ok(())
}

async fn begin(
    address: SocketAddr,
    host: &str,
    method: &str,
    path: &str,
    headers: &str,
) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}
