//! Crowds that want everything, on a host with 512 MB or less: what is left for everybody else.
//!
//! Well-behaved visitors are asked for all the while, at another app and at the same one. None of
//! them is told to come back later.

mod connections;
mod guests;
mod memory;
mod readers;
mod senders;
mod tickets;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use support::host::Builder;
use support::{Engine, TestHost, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const TOKEN: &str = "a-token-of-the-operator,0123456789=";
/// A page that takes longer than this is no service, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(8);

/// A host with 512 MB, with an app at `/` that a crowd will come to, and a harmless one at
/// `/hello`.
fn small(guest: &str) -> Builder {
    TestHost::with(Engine::Sqlite)
        .app("crowded", guest)
        .app("hello", "hello")
        .env("INNKEEPER_MEMORY", "512MiB")
        .env("INNKEEPER_ADMIN_TOKEN", TOKEN)
}

/// Opens a connection and sends the beginning of a request.
async fn send(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    stream.write_all(bytes.as_bytes()).await.expect("the host reads");
    stream
}

/// As many connections, each with the beginning of a request.
async fn crowd(address: SocketAddr, number: usize, bytes: &str) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..number {
        crowd.push(send(address, bytes).await);
    }
    crowd
}

/// Asks for pages again and again for a while: each has to be a good one, in time.
async fn all_goes_well(host: &TestHost, pages: &[(&str, u16)], long: Duration) {
    let began = Instant::now();
    while began.elapsed() < long {
        for (page, status) in pages {
            let asked = Instant::now();
            host.visitor().get(page).await.expect(*status);
            assert!(asked.elapsed() < PATIENCE, "{page} took {:?}", asked.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A figure of the host.
async fn figure(host: &TestHost, name: &str) -> u64 {
    let bearer = format!("Bearer {TOKEN}");
    let answer = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
    let value =
        answer.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    value.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

/// Waits until so many guests are at work at once.
async fn wait_for_guests(host: &TestHost, number: u64) {
    let there = async || (figure(host, "innkeeper_guests_in_flight").await >= number).then_some(());
    until("the guests are at work", there).await;
}
