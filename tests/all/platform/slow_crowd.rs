//! A crowd that takes its time: some ask a guest that waits, some read an answer of a hundred
//! megabytes little by little, some send a body that way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use support::TestHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Of each kind.
const MANY: u8 = 40;
/// More than the host asks of a slow client, so that it cuts none off.
const BYTES_A_SECOND: usize = 1_500;
const SECOND: Duration = Duration::from_secs(1);
/// Whoever was sent away comes back.
const COME_BACK: Duration = Duration::from_millis(500);

/// See the module. It goes when this value is dropped.
pub(super) struct SlowCrowd {
    present: Arc<Presence>,
    _members: JoinSet<()>,
}

/// How many are there, and how many have been there at once.
#[derive(Default)]
struct Presence {
    now: AtomicU64,
    most: AtomicU64,
}

impl Presence {
    fn come(&self) -> Present<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Present(self)
    }
}

struct Present<'a>(&'a Presence);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Waits,
    Reads,
    Sends,
}

impl SlowCrowd {
    /// All come to the app with this name, each from an address of its own.
    pub(super) fn come(host: &TestHost, app: &'static str) -> Self {
        let present = Arc::new(Presence::default());
        let mut members = JoinSet::new();
        let address = host.address();
        for (from, kind) in [(0, Kind::Waits), (MANY, Kind::Reads), (2 * MANY, Kind::Sends)] {
            for number in from..from + MANY {
                let present = Arc::clone(&present);
                members.spawn(async move {
                    loop {
                        let client = format!("203.0.113.{number}");
                        // However it ends, there is somebody who comes again.
                        let _end = visit(address, app, &client, kind, &present).await;
                        tokio::time::sleep(COME_BACK).await;
                    }
                });
            }
        }
        Self { present, _members: members }
    }

    /// How many there were at once.
    pub(super) fn leave(self) -> u64 {
        self.present.most.load(Ordering::Relaxed)
    }
}

async fn visit(
    address: SocketAddr,
    app: &str,
    client: &str,
    kind: Kind,
    present: &Presence,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = match kind {
        Kind::Waits => "GET /park",
        Kind::Reads => "GET /big-response",
        Kind::Sends => "POST /count",
    };
    let more = if matches!(kind, Kind::Sends) { "Content-Length: 100000\r\n" } else { "" };
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {app}\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut bytes = [b' '; BYTES_A_SECOND];
    match kind {
        Kind::Waits => {
            let _present = present.come();
            stream.read_to_end(&mut Vec::new()).await?;
        }
        Kind::Reads => {
            stream.read_exact(&mut bytes).await?;
            // Whoever was sent away has read all of his answer by now.
            let _present = present.come();
            loop {
                stream.read_exact(&mut bytes).await?;
                tokio::time::sleep(SECOND).await;
            }
        }
        Kind::Sends => {
            let _present = present.come();
            for _ in 0..100_000 / BYTES_A_SECOND {
                stream.write_all(&bytes).await?;
                tokio::time::sleep(SECOND).await;
            }
        }
    }
    Ok(())
}
