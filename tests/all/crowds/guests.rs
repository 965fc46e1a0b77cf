//! Guests that wait for something, all at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use support::{Engine, TestHost};

use super::{TOKEN, all_goes_well, crowd, small, wait_for_guests};

const PARK: &str = "GET /park HTTP/1.1\r\nHost: a\r\n\r\n";
const MOST_RSS_KIB: u64 = 450 * 1024;
/// What may stay of a crowd: mostly stacks of the pool, which a build without optimisation fills
/// several times as far as a release.
const LEFT_KIB: u64 = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_fifty_parked_guests_leave_room_for_others_and_their_memory_when_they_go() {
    let host = small("hostile").env("INNKEEPER_WALL_PER_REQUEST", "20s").start().await;
    all_goes_well(&host, &[("/hello", 200), ("/count", 200)], Duration::from_millis(500)).await;
    let before = host.rss_kib();
    let parked = crowd(host.address(), 250, PARK).await;
    wait_for_guests(&host, 250).await;
    all_goes_well(&host, &[("/hello", 200), ("/count", 200)], Duration::from_secs(2)).await;
    assert!(host.peak_rss_kib() < MOST_RSS_KIB, "{} KiB", host.peak_rss_kib());
    let crowded = host.rss_kib();
    drop(parked);
    let back = async || (host.rss_kib() <= before + LEFT_KIB).then_some(());
    support::until(&format!("the host falls from {crowded} KiB back to {before} KiB"), back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_an_app_have_their_shares_of_the_guests() {
    // 64 slots. The crowd is one address at one app, and wants all of them.
    let host = TestHost::with(Engine::Sqlite)
        .app("crowded", "hostile")
        .app("hello", "hello")
        .env("INNKEEPER_MEMORY", "80MiB")
        .env("INNKEEPER_TRUST_PROXY", "1")
        .env("INNKEEPER_ADMIN_TOKEN", TOKEN)
        .start()
        .await;
    // What a client writes before the last hop counts for nothing.
    let park =
        |n: usize| format!("GET /park HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.{n}, 192.0.2.1\r\n\r\n");
    let mut parked = Vec::new();
    for n in 0..90 {
        parked.push(super::send(host.address(), &park(n)).await);
    }
    wait_for_guests(&host, 40).await;
    for (path, address) in [("/count", "192.0.2.2"), ("/hello", "192.0.2.1"), ("/hello", "192.0.2.3")] {
        for _ in 0..5 {
            let began = Instant::now();
            let request = Request::get(path).header("x-forwarded-for", address);
            host.visitor().send(request, Full::<Bytes>::default()).await.expect(200);
            assert!(began.elapsed() < super::PATIENCE, "{path} for {address} took {:?}", began.elapsed());
        }
    }
    let guests = super::figure(&host, "innkeeper_guests_in_flight").await;
    assert!(guests <= 48, "{guests} guests of one address at one app: three quarters of 64 are 48");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_room_waits_and_is_told_to_come_back_last() {
    let host = small("hostile")
        .env("INNKEEPER_MEMORY", "80MiB")
        .env("INNKEEPER_MEMORY_WAIT", "2s")
        .env("INNKEEPER_WALL_PER_REQUEST", "12s")
        .start()
        .await;
    let parked = crowd(host.address(), 48, PARK).await;
    wait_for_guests(&host, 48).await;
    let began = Instant::now();
    let late = host.visitor().get("/count").await.expect(503);
    assert!(late.header("retry-after").is_some() && began.elapsed() >= Duration::from_secs(2), "{late:?}");
    assert!(super::figure(&host, "innkeeper_guest_memory_refused_total").await >= 1);
    // Those who wait get in when others end.
    let next = async || host.visitor().try_get("/count").await.filter(|answer| answer.status == 200).map(drop);
    support::until("the parked guests end", next).await;
    drop(parked);
}
