//! Clients that the host did not choose: forms and cookies as they really write them.

mod curl;
mod java;
mod node;
mod python;

use serde_json::{Value, json};
use support::bytes::sha256;
use support::probe::ok;
use support::{Engine, TestHost};

/// Texts and files with names that clients write differently: fields, then files with what is in
/// them.
fn odd_entries() -> Value {
    json!([
        ["plain", "one"],
        ["gr\u{fc}n", "\u{e4}\u{f6}\u{fc} \u{1f980}"],
        ["a\"b", "a quote"],
        ["back\\slash", "a backslash"],
        ["semi; name", "a semicolon"],
        ["data", "1", "d\u{e9}.csv"],
        ["data", "2", "x; name=evil.png"],
        ["data", "3", "my name=Bob.csv"],
        ["data", "4", "a \"quoted\" name.csv"],
        ["data", "5", "100%25.csv"],
        ["data", "6", "report\\"],
        ["data", "7", "\u{30bd}\u{1f980}.csv"],
        ["data", "8", "blank name.csv"]
    ])
}

/// What the host is to make of them: names of files without quotes and what a path would be.
fn expect_odd_entries(received: &Value) {
    let entries = odd_entries();
    let entries = entries.as_array().expect("a list");
    let (files, fields): (Vec<&Value>, Vec<&Value>) = entries.iter().partition(|entry| entry.get(2).is_some());
    assert_eq!(ok(received)["fields"], json!(fields), "{received}");
    let clean = |name: &Value| name.as_str().unwrap_or_default().replace(['"', '\\'], "");
    let expected =
        files.iter().map(|file| json!([file[0], clean(&file[2]), sha256(file[1].as_str().unwrap().as_bytes())]));
    assert_eq!(names(received), expected.collect::<Value>(), "{received}");
}

/// Field, name and hash of each file.
fn names(received: &Value) -> Value {
    let files = ok(received)["files"].as_array().cloned().unwrap_or_default();
    files.iter().map(|file| json!([file["field"], file["blob"]["name"], file["blob"]["sha256"]])).collect()
}

async fn probe(engine: Engine) -> (TestHost, String) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let url = format!("{}/form", host.url());
    (host, url)
}

fn receive() -> String {
    json!([{ "op": "blob.receive-form" }]).to_string()
}
