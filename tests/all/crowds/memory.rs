//! Guests that want more memory than there is.

use std::time::Duration;

use serde_json::json;
use support::probe::{code, ok};
use support::{Engine, TestHost, Visitor};

use super::{TOKEN, all_goes_well};

fn host() -> support::host::Builder {
    TestHost::with(Engine::Sqlite)
        .app_at("crowded", "probe", "/run")
        .app_at("hello", "hello", "/hello")
        .app_at("hostile", "hostile", "/")
        .env("INNKEEPER_MEMORY", "256MiB")
        .env("INNKEEPER_ADMIN_TOKEN", TOKEN)
}

/// Takes memory and keeps it for a while.
fn hold(mut visitor: Visitor, mib: u32, ms: u32) -> tokio::task::JoinHandle<Vec<serde_json::Value>> {
    tokio::spawn(async move {
        visitor
            .probe(json!([{ "op": "grow", "mib": mib }, { "op": "sleep", "ms": ms }, { "op": "grow", "mib": 1 }]))
            .await
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_more_than_is_left_does_not_get_it_and_nobody_else_notices() {
    let host = host().start().await;
    let holding = hold(host.visitor(), 100, 15_000);
    let used = async || (super::figure(&host, "innkeeper_guest_memory_bytes").await > 90 << 20).then_some(());
    support::until("a guest holds much", used).await;
    // More than what is left for an app that has so much, and less than what an instance may have.
    let refused = host.visitor().probe(json!([{ "op": "grow", "mib": 100 }])).await;
    assert_eq!(code(&refused[0]), "out-of-memory");
    // A guest that breaks down over it is answered for by the host, and may be asked for again.
    let broken = host.visitor().get("/hoard").await.expect(503);
    assert!(broken.header("retry-after").is_some() && broken.text().contains("memory"), "{broken:?}");
    all_goes_well(&host, &[("/hello", 200), ("/run?steps=[]", 200)], Duration::from_secs(1)).await;
    for held in holding.await.expect("an answer") {
        ok(&held);
    }
    assert!(host.peak_rss_kib() < 256 * 1024, "{} KiB", host.peak_rss_kib());
    // An answer arrives a moment before the memory of its guest is free.
    let again = async || {
        let grown = host.visitor().probe(json!([{ "op": "grow", "mib": 100 }])).await;
        grown[0].get("ok").is_some().then_some(())
    };
    support::until("the memory can be had again", again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_has_its_own_limit_however_much_there_is() {
    let host = host().env("INNKEEPER_MEMORY_PER_INSTANCE", "16MiB").start().await;
    // Its own limit is its own fault.
    host.visitor().get("/hoard").await.expect(500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_tell_how_memory_is_divided() {
    let database = support::TestDatabase::fresh(Engine::Sqlite).await;
    let [flag, place] = database.arguments();
    let mut doctor = support::command::innkeeper(&["doctor", "--limits", "--json", flag, place]);
    doctor.env("INNKEEPER_MEMORY", "512MiB");
    let report = support::command::finish(doctor, support::DEADLINE).await.succeeded().json();
    let rows = report["limits"].as_array().expect("rows");
    let value = |name: &str| rows.iter().find(|row| row["name"] == name).map(|row| row["value"].clone());
    assert_eq!(value("memory"), Some(json!("445MiB")));
    assert_eq!(value("guest_memory"), Some(json!("381MiB")));
    assert_eq!(value("body_rate"), Some(json!("500B")));
    assert!(value("instances").is_some() && value("connections").is_some());
}
