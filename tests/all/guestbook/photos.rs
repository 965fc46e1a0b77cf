//! Photos: what was sent is what comes back, whole or in parts; what is no photo is refused.

use http::Method;
use support::bytes::png;
use support::multipart::Multipart;
use support::raw;

use super::Host;
use super::reader::Reader;

/// Larger than any chunk that a host may keep a photo in.
const SIZE: usize = 2_500_000;
const MIB: usize = 1024 * 1024;

pub(super) async fn a_photo_comes_back_as_it_was_sent(host: Host) {
    let (mut reader, photo) = (Reader::new(&host), png(SIZE, 1));
    let path = reader.write_photo(&photo).await;
    assert!(path.starts_with("/photos/"), "{path}");
    let answer = reader.0.get(&path).await.expect(200);
    assert!(answer.body == photo, "{} bytes came back", answer.body.len());
    assert_eq!(answer.header("content-type"), Some("image/png"));
    assert_eq!(answer.header("content-length"), Some("2500000"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.header("content-security-policy").is_some());
    assert!(answer.header("etag").is_some_and(|tag| tag.starts_with('"') && tag.ends_with('"')));
}

pub(super) async fn an_entry_without_a_photo_has_none(host: Host) {
    let mut reader = Reader::new(&host);
    reader.write("Ada", "no photo").await.expect(303);
    assert_eq!(reader.newest().await["photo"], serde_json::Value::Null);
    // What a browser sends for a file input that was left empty.
    reader.write_with("none chosen", "", "application/octet-stream", b"").await.expect(303);
    assert_eq!(reader.newest().await["photo"], serde_json::Value::Null);
}

pub(super) async fn parts_of_a_photo_are_the_right_ones(host: Host) {
    let (mut reader, photo) = (Reader::new(&host), png(SIZE, 2));
    let path = reader.write_photo(&photo).await;
    for (range, from, to) in [
        ("0-0", 0, 0),
        ("0-99", 0, 99),
        ("262143-262144", 262_143, 262_144),
        ("1048570-2097160", 1_048_570, 2_097_160),
        ("2499999-", SIZE - 1, SIZE - 1),
        ("2000000-9999999", 2_000_000, SIZE - 1),
        ("-100", SIZE - 100, SIZE - 1),
        ("-9999999", 0, SIZE - 1),
    ] {
        let answer = reader.0.get_with(&path, "range", &format!("bytes={range}")).await.expect(206);
        assert!(answer.body == photo[from..=to], "{range}: {} bytes came", answer.body.len());
        assert_eq!(answer.header("content-range"), Some(&*format!("bytes {from}-{to}/{SIZE}")), "{range}");
        assert_eq!(answer.header("content-length"), Some(&*(to - from + 1).to_string()), "{range}");
    }
}

pub(super) async fn a_part_behind_the_end_is_refused(host: Host) {
    let mut reader = Reader::new(&host);
    let path = reader.write_photo(&png(1000, 3)).await;
    for range in ["bytes=1000-", "bytes=5000-6000", "bytes=-0"] {
        let answer = reader.0.get_with(&path, "range", range).await.expect(416);
        assert_eq!(answer.header("content-range"), Some("bytes */1000"), "{range}");
    }
    // What is no range of bytes is as good as none.
    for nonsense in ["bytes=2-1", "lines=1-2", "bytes=a-b"] {
        let answer = reader.0.get_with(&path, "range", nonsense).await.expect(200);
        assert_eq!(answer.body.len(), 1000, "{nonsense}");
    }
}

pub(super) async fn a_photo_that_the_visitor_has_is_not_sent_again(host: Host) {
    let mut reader = Reader::new(&host);
    let path = reader.write_photo(&png(1000, 4)).await;
    let tag = reader.0.get(&path).await.header("etag").expect("an entity tag").to_owned();
    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let answer = reader.0.get_with(&path, "if-none-match", &known).await.expect(304);
        assert!(answer.body.is_empty() && answer.header("etag") == Some(&tag), "{known}: {answer:?}");
    }
    reader.0.get_with(&path, "if-none-match", "\"other\"").await.expect(200);
}

pub(super) async fn the_head_of_a_photo_comes_without_the_photo(host: Host) {
    let mut reader = Reader::new(&host);
    let path = reader.write_photo(&png(1000, 5)).await;
    let (whole, head) = (reader.0.get(&path).await, reader.0.method(Method::HEAD, &path).await.expect(200));
    assert!(head.body.is_empty());
    for name in ["content-length", "content-type", "etag", "content-security-policy"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

pub(super) async fn a_photo_that_is_too_large_is_refused(host: Host) {
    let mut reader = Reader::new(&host);
    let before = reader.newest().await;
    let answer = reader.write_with("too large", "large.png", "image/png", &png(10 * MIB + 1, 6)).await.expect(413);
    assert!(answer.text().contains("10 MiB"), "{}", answer.text());
    assert_eq!(reader.newest().await, before);
    reader.write_with("just fits", "fits.png", "image/png", &png(10 * MIB, 6)).await.expect(303);
}

/// Most clients write the whole request before they look for an answer: it must not be lost to a
/// reset connection.
pub(super) async fn a_visitor_who_reads_last_still_gets_the_refusal(host: Host) {
    let mut reader = Reader::new(&host);
    let csrf = reader.csrf().await;
    let form = Multipart::new().field("author", "Ada").field("message", "large").field("csrf", &csrf);
    let form = form.file("photo", "large.png", "image/png", &png(24 * MIB, 7));
    let (body, cookies) = (form.body(), reader.0.jar.header().expect("a session"));
    let head = format!(
        "POST /entries HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        host.address(),
        form.content_type(),
        body.len(),
    );
    let answer = raw::raw(host.address(), &[head.as_bytes(), &body].concat()).await;
    assert_eq!(raw::status(&answer), Some(413), "{}", String::from_utf8_lossy(&answer));
}

pub(super) async fn a_file_that_is_no_image_is_refused(host: Host) {
    let mut reader = Reader::new(&host);
    let before = reader.newest().await;
    for (name, declared) in [("notes.txt", "text/plain"), ("notes.png", "image/png")] {
        reader.write_with("no image", name, declared, b"These are words, not a picture.").await.expect(415);
    }
    reader
        .write_with("no image", "page.png", "image/png", b"<!doctype html><script>alert(1)</script>")
        .await
        .expect(415);
    assert_eq!(reader.newest().await, before);
}

pub(super) async fn a_second_photo_is_refused(host: Host) {
    let mut reader = Reader::new(&host);
    let before = reader.newest().await;
    let form = Multipart::new().field("author", "Ada").field("message", "two");
    let form = form.file("photo", "a.png", "image/png", &png(500, 1));
    let form = form.file("photo", "b.png", "image/png", &png(500, 2));
    reader.send(form).await.expect(413);
    assert_eq!(reader.newest().await, before);
}
