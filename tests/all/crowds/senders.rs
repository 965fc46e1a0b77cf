//! Senders who take their time.

use std::time::{Duration, Instant};

use support::raw::{read_to_end, status};
use tokio::io::AsyncWriteExt;

use super::{all_goes_well, crowd, figure, send, small};

const LONG: &str = "Content-Length: 2000\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn slow_senders_hold_no_guest_and_are_cut_off() {
    for content_type in ["application/json", "multipart/form-data; boundary=x"] {
        let host = small("probe").start().await;
        let head = format!("POST /run HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n{LONG}[");
        let began = Instant::now();
        let mut senders = crowd(host.address(), 44, &head).await;
        all_goes_well(&host, &[("/hello", 200), ("/run?steps=[]", 200)], Duration::from_secs(3)).await;
        assert_eq!(figure(&host, "innkeeper_guests_in_flight").await, 0, "nobody has sent enough for a guest");
        for sender in &mut senders {
            // It is no pause that ends them: each byte comes in time.
            sender.write_all(b" ").await.expect("the host reads");
        }
        for mut sender in senders {
            let answer = read_to_end(&mut sender).await;
            assert_eq!(status(&answer), Some(408), "{}", String::from_utf8_lossy(&answer));
        }
        assert!(began.elapsed() > Duration::from_secs(9), "cut off after {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_but_fair_is_served() {
    let host = small("probe").start().await;
    let mut sender =
        send(host.address(), "POST /run HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8000\r\n\r\n")
            .await;
    // 8,000 bytes in 16 s, with pauses: just what the least rate asks for, and longer than nobody
    // would be given who sends less.
    for part in 0..8 {
        let bytes = if part == 7 { format!("{}[]", " ".repeat(998)) } else { " ".repeat(1_000) };
        sender.write_all(bytes.as_bytes()).await.expect("the host reads");
        tokio::time::sleep(Duration::from_secs(if part == 7 { 0 } else { 2 })).await;
    }
    let answer = read_to_end(&mut sender).await;
    assert_eq!(status(&answer), Some(200), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_rate_can_be_set() {
    let host = small("probe").env("INNKEEPER_BODY_RATE", "1").start().await;
    let mut sender =
        send(host.address(), "POST /run HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\n")
            .await;
    for bytes in [" ", " ", " ", " ", " ", " ", "[]"] {
        tokio::time::sleep(Duration::from_secs(2)).await;
        sender.write_all(bytes.as_bytes()).await.expect("the host reads");
    }
    assert_eq!(status(&read_to_end(&mut sender).await), Some(200), "eight bytes in fourteen seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_to_be_asked_holds_few_guests() {
    let host = small("probe").start().await;
    let head = "PUT /file HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\
         probe-steps: [{\"op\":\"echo-body\"}]\r\n\r\n";
    let senders = crowd(host.address(), 100, head).await;
    all_goes_well(&host, &[("/hello", 200), ("/run?steps=[]", 200)], Duration::from_secs(4)).await;
    let guests = figure(&host, "innkeeper_guests_in_flight").await;
    assert!(guests < 60, "{guests} guests wait for what does not come");
    drop(senders);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_through_whole_however_it_is_cut() {
    let host = small("probe").start().await;
    for (size, piece) in [(1_usize, 1_usize), (900, 7), (70_000, 3_000), (200_000, 65_536)] {
        let head = format!(
            "PUT /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\
             probe-steps: [{{\"op\":\"blob.receive-body\"}}]\r\n\r\n"
        );
        let body: Vec<u8> = (0..size).map(|n| b"abcdefghijk"[n % 11]).collect();
        let mut sender = send(host.address(), &head).await;
        for piece in body.chunks(piece) {
            sender.write_all(piece).await.expect("the host reads");
            tokio::task::yield_now().await;
        }
        let answer = String::from_utf8_lossy(&read_to_end(&mut sender).await).into_owned();
        let hash = support::bytes::sha256(&body);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&hash), "{size} in {piece}: {answer}");
    }
}
