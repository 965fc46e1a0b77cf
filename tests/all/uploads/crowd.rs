//! Many at once, who take their time.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use support::probe::ok;
use support::{Engine, Visitor};

use super::probe;

on_both_databases! {
    visitors_who_take_nothing_fill_no_memory,
}

const VISITORS: usize = 300;
/// What they may have together, with what the connections take.
const MOST_GROWTH_KIB: u64 = 110 * 1024;

async fn visitors_who_take_nothing_fill_no_memory(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let (answer, _) = visitor.upload(Visitor::with_steps("/upload", &steps), 20 << 20).await;
    let id = answer.expect(200).json()[0]["ok"]["id"].clone();
    let step = json!({ "op": "blob.sign-download", "id": id, "seconds": 60 });
    let path = ok(&visitor.probe_one(step).await).as_str().expect("a path").to_owned();
    let before = host.rss_kib();
    host.serving().forget_peak();
    let mut stalled = Vec::new();
    for _ in 0..VISITORS {
        let mut visitor = host.visitor();
        let path = path.clone();
        // Whoever finds no room waits for it; nobody is refused.
        stalled.push(tokio::spawn(async move {
            let mut answer = visitor.open(Request::get(&path), Full::<Bytes>::default()).await.expect("a head");
            let first = answer.body_mut().frame().await;
            (answer, first.is_some())
        }));
    }
    // As many as there is room for have got something, and go on holding it.
    let has_some = async || (stalled.iter().filter(|one| one.is_finished()).count() > 50).then_some(());
    support::until("many visitors have got something", has_some).await;
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown <= MOST_GROWTH_KIB, "memory rose by {grown} KiB");
    drop(stalled);
    assert_eq!(visitor.get(&path).await.expect(200).body.len(), 20 << 20, "others are served when they have gone");
}
