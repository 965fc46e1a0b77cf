//! More connections than there are descriptors for.

use std::time::{Duration, Instant};

use support::raw::read_to_end;
use support::{Engine, TestHost};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::{crowd, send};

const DESCRIPTORS: u32 = 128;

async fn host() -> TestHost {
    TestHost::with(Engine::Sqlite).app("hello", "hello").descriptors(DESCRIPTORS).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_give_way_to_new_ones() {
    let host = host().await;
    let mut idle = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        let mut stream = send(host.address(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let mut some = [0; 16];
        let read = timeout(super::PATIENCE, stream.read_exact(&mut some)).await;
        read.expect("an answer in time").expect("an answer, and not the end of the connection");
        assert!(some.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&some));
        idle.push(stream);
    }
    let began = Instant::now();
    for _ in 0..20 {
        host.visitor().get("/").await.expect(200);
    }
    assert!(began.elapsed() < super::PATIENCE, "took {:?}", began.elapsed());
    // The first ones have been closed, in good order; the last ones are open.
    let last = idle.last_mut().expect("one");
    last.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("it is open");
    assert!(String::from_utf8_lossy(&read_to_end(last).await).contains("HTTP/1.1 200"));
    let first = read_to_end(&mut idle[0]).await;
    assert!(first.ends_with(b"Hello, world!"), "{}", String::from_utf8_lossy(&first));
    assert!(!host.logs().contains("cannot accept"), "descriptors have run out");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_never_say_anything_give_way_too() {
    let host = host().await;
    let silent = crowd(host.address(), 2 * DESCRIPTORS as usize, "").await;
    let began_a_head = crowd(host.address(), 2 * DESCRIPTORS as usize, "GET / HT").await;
    let began = Instant::now();
    let mut served = 0;
    while began.elapsed() < Duration::from_secs(3) || served == 0 {
        // One that comes while all others have just been asked to go may have to come again.
        served += usize::from(host.visitor().try_get("/").await.is_some_and(|answer| answer.status == 200));
        assert!(began.elapsed() < super::PATIENCE, "nobody is served");
    }
    assert!(served > 3, "{served} served");
    drop((silent, began_a_head));
}
