//! Signed URLs: blobs for whoever holds the address, for a while.

use serde_json::{Value, json};
use support::bytes::png;
use support::probe::{code, ok};
use support::{Engine, TestHost, Visitor};

use super::{kept, probe};

on_both_databases! {
    a_signed_url_serves_whoever_holds_it,
    a_signed_url_cannot_be_changed,
    a_signed_url_ends,
    a_signed_url_is_good_where_its_app_answers,
}

async fn a_signed_url_serves_whoever_holds_it(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let photo = png(500_000, 1);
    let blob = kept(&mut visitor, "image/png", "a.png", &photo).await;
    let url = signed(&mut visitor, &blob, 60).await;
    let mut other = host.visitor();
    assert!(other.get(&url).await.expect(200).body == photo);
    let part = other.get_with(&url, "range", "bytes=0-9").await.expect(206);
    assert_eq!(part.body.len(), 10);
}

async fn a_signed_url_cannot_be_changed(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(100, 1)).await;
    let url = signed(&mut visitor, &blob, 60).await;
    for (at, letter) in url.char_indices().skip("/_innkeeper/blobs/".len()) {
        let other = if letter == '1' { "2" } else { "1" };
        let changed = format!("{}{other}{}", &url[..at], &url[at + letter.len_utf8()..]);
        let status = host.visitor().get(&changed).await.status;
        assert!([400, 403, 404, 410].contains(&status), "{status} for {changed} instead of {url}");
    }
}

async fn a_signed_url_ends(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(100, 1)).await;
    let url = signed(&mut visitor, &blob, 1).await;
    let ended = async || (visitor.get(&url).await.status != 200).then_some(());
    support::until("the signed URL ends", ended).await;
    let too_long = json!({ "op": "blob.sign-download", "id": blob["id"], "seconds": 604_801 });
    assert_eq!(code(&visitor.probe_one(too_long).await), "bad-parameter");
}

async fn a_signed_url_is_good_where_its_app_answers(engine: Engine) {
    let host = TestHost::with(engine).app_at("probe", "probe", "/").app_at("page", "hello", "/page");
    let host =
        host.app_at("other", "probe", "other.example").app_at("third", "hello", "third.example").start().await;
    let mut visitor = host.visitor();
    let photo = png(1000, 1);
    let blob = kept(&mut visitor, "image/png", "a.png", &photo).await;
    let mine = signed(&mut visitor, &blob, 60).await;
    let others = {
        let steps = json!([
            { "op": "blob.create", "content-type": "text/plain" },
            { "op": "writer.write", "writer": 0, "text": "of the other" },
            { "op": "writer.finish", "writer": 0 },
            { "op": "blob.keep", "id": "$2.ok.id" },
            { "op": "blob.sign-download", "id": "$2.ok.id", "seconds": 60 },
        ]);
        let request = Visitor::with_steps("/steps", &steps).header("host", "other.example");
        let body = http_body_util::Full::<bytes::Bytes>::default();
        ok(&visitor.send(request, body).await.expect(200).json()[4]).as_str().expect("a path").to_owned()
    };
    for (url, name, status) in [
        (&mine, None, 200),
        (&mine, Some("www.example"), 200),
        (&mine, Some("other.example"), 404),
        (&mine, Some("OTHER.example:80"), 404),
        (&mine, Some("third.example"), 404),
        (&others, Some("other.example"), 200),
        (&others, Some("Other.Example.:8080"), 200),
        (&others, Some("third.example"), 404),
        (&others, Some("www.example"), 404),
        (&others, None, 404),
    ] {
        let answer = match name {
            Some(name) => host.visitor().get_with(url, "host", name).await,
            None => host.visitor().get(url).await,
        };
        assert_eq!(answer.status, status, "{url} at {name:?}");
    }
}

async fn signed(visitor: &mut support::Visitor, blob: &Value, seconds: u32) -> String {
    let step = json!({ "op": "blob.sign-download", "id": blob["id"], "seconds": seconds });
    let url = ok(&visitor.probe_one(step).await).as_str().expect("a path").to_owned();
    assert!(url.starts_with("/_innkeeper/"), "{url}");
    url
}
