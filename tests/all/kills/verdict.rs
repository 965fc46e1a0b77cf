//! What has to hold after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::sha256;
use support::probe::{code, ok, query};
use support::{TestHost, until};

use super::writers::{Told, Writers, id_of};

/// Everything that was told is there and whole; nothing is there in halves.
pub(super) async fn check(host: &TestHost, writers: &mut Writers, what: &str) {
    let rows = rows(host).await;
    let mut told = std::mem::take(&mut *writers.told.lock().expect("nobody panics while holding it"));
    for (row, hash) in &told.rows {
        let blob = rows.get(row).unwrap_or_else(|| panic!("{what}: told and lost: {row}"));
        assert_eq!(*hash, sha256(&download(host, blob).await), "{what}: {row}");
    }
    // Looked at once; another look tells nothing new.
    let seen: BTreeSet<String> = std::mem::take(&mut told.rows).into_keys().collect();
    assert!(seen.len() <= rows.len(), "{what}");
    assert_eq!(
        rows.into_values().collect::<BTreeSet<_>>(),
        kept(host).await,
        "{what}: rows and files belong together"
    );
    exact(host, what).await;
    told.uploads = still_there(writers, told.uploads, what).await;
    session(writers, &mut told, what).await;
    *writers.told.lock().expect("nobody panics while holding it") = told;
    writers.settle().await;
}

/// Uploads have at least as many bytes as was told.
async fn still_there(
    writers: &mut Writers,
    uploads: Vec<(String, Vec<u8>, usize)>,
    what: &str,
) -> Vec<(String, Vec<u8>, usize)> {
    let mut left = Vec::new();
    for (path, photo, told) in uploads {
        let request = Request::head(&path).header("tus-resumable", "1.0.0");
        let answer = writers.visitor.send(request, Full::<bytes::Bytes>::default()).await;
        let here: usize = match answer.header("upload-offset") {
            Some(text) => text.parse().expect("a number"),
            // It had no time to be begun, or was swept as everything that is left.
            None => continue,
        };
        assert!(here >= told && here <= photo.len(), "{what}: {here} of {} bytes, {told} were told", photo.len());
        if here < photo.len() {
            left.push((path, photo, here));
        } else {
            let stat = json!({ "op": "blob.stat", "id": id_of(&path) });
            let result = writers.visitor.probe_one(stat).await;
            match result.get("ok") {
                Some(stat) => assert_eq!(stat["sha256"], json!(sha256(&photo)), "{what}"),
                // It has been swept since, all of it.
                None => {
                    assert_eq!(code(&result), "not-found", "{what}: {result}");
                    let again = Request::head(&path).header("tus-resumable", "1.0.0");
                    let again = writers.visitor.send(again, Full::<bytes::Bytes>::default()).await;
                    assert!(again.header("upload-offset").is_none(), "{what}: there, and not found");
                }
            }
        }
    }
    left
}

/// The session has what was told, or what was under way.
async fn session(writers: &mut Writers, told: &mut Told, what: &str) {
    if writers.visitor.jar.header().is_none() {
        return;
    }
    let get = |key: &str| json!({ "op": "session.get", "key": key });
    let results = writers.visitor.probe(json!([get("set"), get("raised")])).await;
    let number = |result: &Value| ok(result).as_str().map_or(0, |text| text.parse::<i64>().expect("a number"));
    let (set, raised) = (number(&results[0]), number(&results[1]));
    let expected = i64::try_from(told.set).expect("a small number");
    assert!(set == expected || set == expected + 1, "{what}: {set} instead of {expected}");
    assert!(raised == told.raised || raised == told.raised + 1, "{what}: {raised} instead of {}", told.raised);
    assert_eq!(set - expected, raised - told.raised, "{what}: both or none");
    (told.set, told.raised) = (set.unsigned_abs(), raised);
}

/// What nobody kept is gone after a while, and nothing else.
pub(super) async fn after_the_sweep(host: &TestHost, told: &Arc<Mutex<Told>>, what: &str) {
    drop(std::mem::take(&mut told.lock().expect("nobody panics while holding it").uploads));
    let rows: BTreeSet<String> = rows(host).await.into_values().collect();
    assert!(!rows.is_empty(), "{what}: nothing was kept, so nothing was shown");
    let swept = async || (host.database().count("probe", "blobs").await as usize == rows.len()).then_some(());
    until("what nobody kept is swept", swept).await;
    assert_eq!(kept(host).await, rows, "{what}");
    exact(host, what).await;
}

/// Rows, with the blob of each.
async fn rows(host: &TestHost) -> BTreeMap<String, String> {
    let rows = ok(&host.probe(json!([query("select id, blob from kept", json!([]))])).await[0])["rows"].clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    rows.as_array().expect("rows").iter().map(|row| (text(&row[0]), text(&row[1]))).collect()
}

async fn kept(host: &TestHost) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let after = ids.last().cloned();
        let page = host.probe(json!([{ "op": "blob.list", "after": after, "limit": 1000 }])).await;
        let page = ok(&page[0]).as_array().expect("blobs").clone();
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|blob| blob["id"].as_str().expect("an id").to_owned()));
    }
}

/// Every blob that can be seen has all its bytes, and what is counted is what there is.
async fn exact(host: &TestHost, what: &str) {
    let mark = if host.database().directory().is_some() { "innkeeper_" } else { "innkeeper." };
    let halves = format!(
        "select count(*) from {mark}blobs b where b.state > 0 and b.size <> \
         (select coalesce(sum(length(c.data)), 0) from {mark}chunks c where c.app = b.app and c.blob = b.id)"
    );
    assert_eq!(host.database().app_value("probe", &halves).await, "0", "{what}: there in halves");
    let counted = format!(
        "select coalesce((select sum(bytes) from {mark}usage), 0) - \
         coalesce((select sum(size + 1024) from {mark}blobs), 0)"
    );
    assert_eq!(host.database().app_value("probe", &counted).await, "0", "{what}: counted and not there");
}

async fn download(host: &TestHost, blob: &str) -> bytes::Bytes {
    let steps = json!([{ "op": "blob.send", "id": blob }]);
    let request = Request::get("/file").header("probe-steps", steps.to_string());
    host.visitor().send(request, Full::<bytes::Bytes>::default()).await.expect(200).body
}
