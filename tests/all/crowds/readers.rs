//! Readers who take their time.

use std::time::{Duration, Instant};

use serde_json::json;
use support::probe::ok;
use support::{Engine, TestHost, Visitor};
use tokio::io::AsyncReadExt;

use super::{all_goes_well, crowd, small};

on_both_databases! {
    slow_readers_of_a_file_leave_room_for_a_download,
}

const SIZE: u64 = 20 << 20;
const READERS: usize = 100;

async fn slow_readers_of_a_file_leave_room_for_a_download(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let (answer, hash) = visitor.upload(Visitor::with_steps("/upload", &steps), SIZE).await;
    let id = answer.expect(200).json()[0]["ok"]["id"].clone();
    let step = json!({ "op": "blob.sign-download", "id": id, "seconds": 600 });
    let path = ok(&visitor.probe_one(step).await).as_str().expect("a path").to_owned();
    let mut readers = crowd(host.address(), READERS, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    for reader in &mut readers {
        let mut some = [0; 256];
        reader.read_exact(&mut some).await.expect("the download has begun");
    }
    let began = Instant::now();
    let (_, size, found) = visitor.download(&path).await;
    // They are cut off after half a minute: until then the download would have to wait for them.
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
    assert_eq!((size, found), (SIZE, hash));
    drop(readers);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_of_a_guests_answer_leave_room_for_others() {
    let host = small("hostile").start().await;
    let readers = crowd(host.address(), 40, "GET /big-response HTTP/1.1\r\nHost: a\r\n\r\n").await;
    super::wait_for_guests(&host, 40).await;
    all_goes_well(&host, &[("/hello", 200), ("/count", 200)], Duration::from_secs(3)).await;
    assert!(host.peak_rss_kib() < 450 * 1024, "{} KiB", host.peak_rss_kib());
    // Who takes nothing is cut off, and his guest ends with him.
    let gone = async || (super::figure(&host, "innkeeper_guests_in_flight").await == 0).then_some(());
    support::until("the guests end", gone).await;
    drop(readers);
}
