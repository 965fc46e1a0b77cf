//! Every wait ends, and none that should go on. The clock is the test's own: it jumps whenever all
//! tasks wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

use super::{Guarded, Rules, Runs, Served, WIDE, serve, serve_guarded, statuses};
use crate::web::front::Presence;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LONG_POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

/// Waits for the end of the connection and tells what came before it, and after how many seconds.
async fn end(served: &mut Served, since: Instant) -> (String, u64) {
    let mut answer = String::new();
    served.client.read_to_string(&mut answer).await.unwrap();
    (answer, since.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_without_a_word() {
    let start = Instant::now();
    let mut served = serve(Rules::default(), WIDE);
    assert_eq!(end(&mut served, start).await, (String::new(), 95));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_the_router_and_each_request_begins_its_time_anew() {
    let mut served = serve(Rules::default(), WIDE);
    let mut last = Instant::now();
    for _ in 0..5 {
        served.send(GET).await;
        served.read_until("\r\n\r\n").await;
        last = Instant::now();
        sleep(Duration::from_secs(94)).await;
    }
    assert_eq!(end(&mut served, last).await, (String::new(), 95));
}

#[tokio::test(start_paused = true)]
async fn an_empty_line_after_a_body_is_no_request() {
    let mut served = serve(Rules::default(), WIDE);
    served.send(format!("{GET}\r\n")).await;
    served.read_until("\r\n\r\n").await;
    assert_eq!(end(&mut served, Instant::now()).await, (String::new(), 95));
}

#[tokio::test(start_paused = true)]
async fn a_head_has_ten_seconds_from_its_first_byte() {
    for (silence, gap) in [(0, 1), (50, 1), (94, 3), (0, 9)] {
        let mut served = serve(Rules::default(), WIDE);
        sleep(Duration::from_secs(silence)).await;
        let first = Instant::now();
        let (mut reader, mut writer) = tokio::io::split(&mut served.client);
        let dribble = async {
            for byte in GET.as_bytes().chunks(1) {
                let _closed = writer.write_all(byte).await;
                sleep(Duration::from_secs(gap)).await;
            }
        };
        let mut answer = String::new();
        tokio::select! {
            () = dribble => {}
            end = reader.read_to_string(&mut answer) => assert!(end.is_ok()),
        }
        assert_eq!((statuses(&answer).as_slice(), first.elapsed().as_secs()), ([408].as_slice(), 10));
        assert!(served.runs.list().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_slow_head_comes_at_ten_seconds_and_the_socket_goes_a_while_later() {
    let mut served = serve(Rules::default(), WIDE);
    let start = Instant::now();
    served.send("GET").await;
    let (answer, after) = end(&mut served, start).await;
    assert_eq!((statuses(&answer).as_slice(), after), ([408].as_slice(), 10));
    served.server.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 10 + Rules::default().linger.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_head_cut_by_the_response_before_it_gets_its_full_time() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET / HT").await;
    served.read_until("\r\n\r\n").await;
    sleep(Duration::from_secs(9)).await;
    served.send("TP/1.1\r\nHost: a\r\n\r\nGET / HT").await;
    served.read_until("\r\n\r\n").await;
    let since = Instant::now();
    let (answer, after) = end(&mut served, since).await;
    assert_eq!((statuses(&answer).as_slice(), after), ([408].as_slice(), 10));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_slow_but_not_pause() {
    let mut served = serve(Rules::default(), WIDE);
    served.send(LONG_POST).await;
    for _ in 0..20 {
        sleep(Duration::from_secs(9)).await;
        served.send("x".repeat(4_600)).await;
    }
    let last = Instant::now();
    let (answer, after) = end(&mut served, last).await;
    assert_eq!((statuses(&answer).as_slice(), after), ([408].as_slice(), 10));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_cut_off_by_what_it_takes_on_average() {
    // Bytes and seconds between them, and when that is over: ten seconds, and what the bytes have
    // earned.
    for (bytes, gap, until) in [(1, 8, 10), (1, 1, 10), (250, 1, 20), (2_250, 9, 14)] {
        let mut served = serve(Rules::default(), WIDE);
        let start = Instant::now();
        served.send(LONG_POST).await;
        let (mut reader, mut writer) = tokio::io::split(&mut served.client);
        let dribble = async {
            loop {
                sleep(Duration::from_secs(gap)).await;
                let _cut = writer.write_all(&vec![b'x'; bytes]).await;
            }
        };
        let mut answer = String::new();
        tokio::select! {
            () = dribble => {}
            end = reader.read_to_string(&mut answer) => assert!(end.is_ok()),
        }
        let after = start.elapsed().as_secs();
        assert_eq!(statuses(&answer), [408], "{bytes} bytes");
        assert!((until - 1..=until + 2).contains(&after), "{bytes} bytes each {gap} s: {after} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fast_beginning_earns_no_long_rest() {
    let mut served = serve(Rules::default(), WIDE);
    served.send(LONG_POST).await;
    sleep(Duration::from_secs(1)).await;
    served.send("x".repeat(400_000)).await;
    let start = Instant::now();
    for _ in 0..10 {
        sleep(Duration::from_secs(8)).await;
        let _cut = served.client.write_all(b"x").await;
    }
    let mut answer = String::new();
    let _cut = served.client.read_to_string(&mut answer).await;
    assert_eq!(statuses(&answer), [408], "after thirty seconds of {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_next_to_nothing_is_dropped() {
    // The pipe is as small as what the client takes, so that each byte is a step.
    let mut served = serve(Rules::default(), 256);
    served.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let start = Instant::now();
    let mut some = vec![0; 256];
    while served.client.read(&mut some).await.is_ok_and(|bytes| bytes > 0) {
        sleep(Duration::from_secs(5)).await;
    }
    assert!((30..50).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_read_costs_the_client_no_time() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab").await;
    sleep(Duration::from_secs(100)).await;
    served.send("cd").await;
    let answer = served.read_until("abcd").await;
    assert_eq!(statuses(&answer), [200]);
}

#[tokio::test(start_paused = true)]
async fn a_long_response_outlives_the_idle_time() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(statuses(&served.read_until("\r\n\r\n").await), [200]);
    served.send(GET).await;
    assert_eq!(statuses(&served.read_until("\r\n\r\n").await), [200]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_dropped_after_thirty_seconds() {
    let start = Instant::now();
    let mut served = serve(Rules::default(), 1000);
    served.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let error = served.server.await.unwrap().unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 30, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_little_is_not() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let mut taken = 0;
    let mut some = vec![0; WIDE / 4];
    loop {
        sleep(Duration::from_secs(25)).await;
        match served.client.read(&mut some).await.unwrap() {
            0 => break,
            bytes => taken += bytes,
        }
    }
    assert!(taken > 4 * WIDE);
    served.server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_on_sending_after_its_refusal_still_reads_it() {
    let mut served = serve(Rules::default(), 1000);
    let start = Instant::now();
    served.send("POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n").await;
    served.send("x".repeat(5000)).await;
    let (answer, _after) = end(&mut served, start).await;
    assert_eq!(statuses(&answer), [400]);
    served.server.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), Rules::default().linger.as_secs());
}

/// So it is among those that give way to new connections.
#[tokio::test(start_paused = true)]
async fn a_connection_that_only_discards_counts_as_waiting() {
    let (mut client, socket) = duplex(WIDE);
    let presence = Arc::new(Presence::default());
    let guarded = Guarded::new(socket, Rules::default()).watched_by(Arc::clone(&presence));
    let server = tokio::spawn(serve_guarded(guarded, Rules::default(), Runs::default()));
    client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\nx").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(statuses(&answer), [400]);
    sleep(Duration::from_secs(1)).await;
    assert!(!server.is_finished() && presence.waiting_since().is_some());
}
