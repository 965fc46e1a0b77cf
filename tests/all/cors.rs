//! Signed downloads and uploads by ticket, as a page of another origin uses them.

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::chromium::{Chromium, Opened};
use support::probe::ok;
use support::{Answer, Engine, TestHost, Visitor, node};

use crate::sessions::with_settings;

on_both_databases! {
    a_page_that_the_app_trusts_may_ask_and_see,
    refusals_are_seen_too,
    nobody_else_is_let_in,
    uppy_uploads_from_a_page_that_the_app_trusts,
}

const SHOP: &str = "https://shop.example";
const TRUSTS: &str = r#"trusted-origins = ["https://shop.example"]"#;

/// A ticket, and a link to a kept file of 5,000 bytes.
async fn paths(visitor: &mut Visitor) -> (String, String) {
    let steps = json!([
        { "op": "blob.receive-body", "name": "a.png" },
        { "op": "blob.keep", "id": "$0.ok.id" },
        { "op": "blob.sign-download", "id": "$0.ok.id", "seconds": 600 },
        { "op": "blob.sign-upload", "limits": {}, "seconds": 600 },
    ]);
    let request = Visitor::with_steps("/upload", &steps).header("content-type", "image/png");
    let results = visitor.send(request, Full::from(png(5_000, 1))).await.expect(200).json();
    let text = |value: &Value| value.as_str().expect("a path").to_owned();
    (text(&ok(&results[3])["path"]), text(ok(&results[2])))
}

async fn ask(host: &TestHost, method: Method, path: &str, headers: &[(&str, &str)], body: &'static str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    host.visitor().send(request, Full::from(body)).await
}

/// What a browser asks first.
async fn preflight(host: &TestHost, path: &str, origin: &str, method: &str, headers: &str) -> Answer {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    ask(host, Method::OPTIONS, path, &asked, "").await
}

fn words(answer: &Answer, name: &str) -> Vec<String> {
    let list = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    list.split(',').map(|word| word.trim().to_lowercase()).collect()
}

#[track_caller]
fn is_shown_to(answer: &Answer, origin: &str, names: &[&str]) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    assert!(words(answer, "vary").contains(&"origin".to_owned()), "{answer:?}");
    let shown = words(answer, "access-control-expose-headers");
    assert!(names.iter().all(|name| shown.contains(&(*name).to_owned())), "{shown:?}");
}

async fn a_page_that_the_app_trusts_may_ask_and_see(engine: Engine) {
    let (host, mut visitor) = with_settings(engine, TRUSTS).await;
    let (ticket, link) = paths(&mut visitor).await;
    for (path, methods, headers) in [
        (
            &ticket,
            &["POST", "PATCH", "HEAD", "DELETE", "OPTIONS"][..],
            "content-type,tus-resumable,upload-length,upload-metadata,upload-offset,upload-checksum,x-http-method-override,x-request-id",
        ),
        (&link, &["GET", "HEAD"], "range,if-range,if-none-match,if-modified-since,if-match,if-unmodified-since"),
    ] {
        for method in methods {
            let may = preflight(&host, path, SHOP, method, headers).await.expect(204);
            assert_eq!(may.header("access-control-allow-origin"), Some(SHOP));
            assert_eq!(may.header("access-control-allow-credentials"), None);
            assert!(words(&may, "access-control-allow-methods").contains(&method.to_lowercase()), "{may:?}");
            let allowed = words(&may, "access-control-allow-headers");
            assert!(headers.split(',').all(|name| allowed.contains(&name.to_owned())), "{allowed:?}");
            assert!(may.body.is_empty() && may.header("access-control-max-age").is_some(), "{may:?}");
        }
    }
    let tus = [("origin", SHOP), ("tus-resumable", "1.0.0"), ("upload-length", "5")];
    let begun = ask(&host, Method::POST, &ticket, &tus, "").await.expect(201);
    is_shown_to(&begun, SHOP, &["location", "upload-offset", "upload-expires", "tus-resumable"]);
    let stream = ("content-type", "application/offset+octet-stream");
    let more = [("origin", SHOP), ("tus-resumable", "1.0.0"), ("upload-offset", "0"), stream];
    is_shown_to(&ask(&host, Method::PATCH, &ticket, &more, "hello").await.expect(204), SHOP, &["upload-offset"]);
    let looked = ask(&host, Method::HEAD, &ticket, &tus[..2], "").await.expect(200);
    is_shown_to(&looked, SHOP, &["upload-length", "upload-metadata"]);
    // No preflight, but what the protocol itself asks.
    let abilities = ask(&host, Method::OPTIONS, &ticket, &[("origin", SHOP)], "").await.expect(204);
    is_shown_to(&abilities, SHOP, &["tus-extension", "tus-max-size", "tus-version"]);
    for (method, header, status) in
        [(Method::GET, ("range", "bytes=0-9"), 206), (Method::HEAD, ("accept", "*/*"), 200)]
    {
        let answer = ask(&host, method, &link, &[("origin", SHOP), header], "").await.expect(status);
        is_shown_to(&answer, SHOP, &["content-range", "content-length", "etag", "content-disposition"]);
    }
}

async fn refusals_are_seen_too(engine: Engine) {
    let (host, mut visitor) = with_settings(engine, TRUSTS).await;
    let (ticket, link) = paths(&mut visitor).await;
    let origin = ("origin", SHOP);
    let tus = ("tus-resumable", "1.0.0");
    let forged = link.replace("&sig=", "&sig=x");
    let unknown = "/_innkeeper/blobs/probe/x?until=1&sig=x";
    for (method, path, headers, status) in [
        (Method::POST, &*ticket, &[origin][..], 412),
        (Method::POST, &ticket, &[origin, tus], 400),
        (Method::PATCH, &ticket, &[origin, tus], 415),
        (Method::HEAD, &ticket, &[origin, tus], 404),
        (Method::GET, &ticket, &[origin, tus], 405),
        (Method::GET, &forged, &[origin], 403),
        (Method::GET, unknown, &[origin], 403),
        (Method::POST, &link, &[origin], 405),
        (Method::GET, &link, &[origin, ("range", "bytes=9000-")], 416),
    ] {
        is_shown_to(&ask(&host, method, path, headers, "").await.expect(status), SHOP, &["retry-after"]);
    }
    // The browser asks before it knows that a link is good for nothing.
    for path in [&*forged, unknown] {
        assert_eq!(preflight(&host, path, SHOP, "GET", "range").await.expect(204).body.len(), 0);
    }
}

async fn nobody_else_is_let_in(engine: Engine) {
    let (host, mut visitor) = with_settings(engine, TRUSTS).await;
    let (ticket, link) = paths(&mut visitor).await;
    let own = host.url();
    for origin in
        ["https://evil.example", "http://shop.example", "https://shop.example:444", "null", "*", &own, ""]
    {
        for path in [&ticket, &link] {
            let asked = preflight(&host, path, origin, "GET", "range").await;
            let answer = ask(&host, Method::GET, path, &[("origin", origin)], "").await;
            for answer in [asked, answer] {
                let told = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!told, "{origin:?}: {answer:?}");
                assert!(words(&answer, "vary").contains(&"origin".to_owned()), "{answer:?}");
            }
        }
    }
    let twice = [("origin", SHOP), ("origin", SHOP)];
    let answer = ask(&host, Method::GET, &link, &twice, "").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // What the app itself answers is its own business.
    let answer = ask(&host, Method::GET, "/hello", &[("origin", SHOP)], "").await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let missing = preflight(&host, "/_innkeeper/blobs/other/x?sig=x", SHOP, "GET", "range").await;
    assert_eq!(missing.header("access-control-allow-origin"), None);
    for settings in ["", r#"cross-origin = "allow""#] {
        let (host, mut visitor) = with_settings(engine, settings).await;
        let (_, link) = paths(&mut visitor).await;
        let answer = ask(&host, Method::GET, &link, &[("origin", SHOP)], "").await.expect(200);
        assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), (None, None));
        preflight(&host, &link, SHOP, "GET", "range").await.expect(405);
    }
}

/// In a real browser, from another host's page; and from one that the app does not trust.
async fn uppy_uploads_from_a_page_that_the_app_trusts(engine: Engine) {
    let shop = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    let other = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    let (host, mut visitor) = with_settings(engine, &format!("trusted-origins = [\"{}\"]", shop.url())).await;
    let bundle = node::run("bundle.js", &["uppy.page.js"]).await["code"].as_str().expect("a script").to_owned();
    let bytes: Vec<u8> = (0..1_000_003_usize).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    let mut browser = Chromium::start().await;
    for options in ["{ chunkSize: 300000 }", "{}", "{ uploadDataDuringCreation: true, overridePatchMethod: true }"]
    {
        assert_eq!(browser.open(&shop.url()).await, Opened::Shown);
        browser.run(&bundle).await;
        let ticket = ok(&visitor.probe_one(json!({ "op": "blob.sign-upload", "seconds": 600 })).await).clone();
        let url = format!("{}{}", host.url(), ticket["path"].as_str().expect("a path"));
        let sent = browser.run(&format!("uploadByUppy({}, {}, {options})", json!(url), bytes.len())).await;
        assert_eq!(sent, json!({ "sent": [url], "failed": [] }), "{options}");
        let blob = visitor.probe_one(json!({ "op": "blob.stat", "id": ticket["id"] })).await;
        let blob = ok(&blob);
        assert_eq!((&blob["sha256"], &blob["name"]), (&json!(sha256(&bytes)), &json!("größe.bin")), "{blob}");
        assert_eq!(blob["content-type"], "application/x-own");
        let sign = json!({ "op": "blob.sign-download", "id": ticket["id"], "seconds": 600 });
        let link = format!("{}{}", host.url(), ok(&visitor.probe_one(sign).await).as_str().expect("a path"));
        let part = "fetch(LINK, { headers: { range: 'bytes=250-252' } }).then(async answer => \
             [answer.status, answer.headers.get('content-range'), ...new Uint8Array(await answer.arrayBuffer())])"
            .replace("LINK", &json!(link).to_string());
        let range = format!("bytes 250-252/{}", bytes.len());
        assert_eq!(browser.run(&part).await, json!([206, range, 250, 0, 1]));
        assert_eq!(browser.open(&other.url()).await, Opened::Shown);
        let failed = browser.run(&format!("{part}.catch(() => 'kept')")).await;
        assert_eq!(failed, json!("kept"));
    }
    browser.end().await;
}
