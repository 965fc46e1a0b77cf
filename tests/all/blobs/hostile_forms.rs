//! Forms that were made to do harm, and forms that only look so.

use http_body_util::StreamBody;
use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::multipart::Multipart;
use support::probe::{code, ok};
use support::random::Random;
use support::raw::{raw, status};
use support::{Engine, Visitor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{probe, send_body};

on_both_databases! {
    a_form_that_is_too_much_is_refused_in_bounded_memory,
    a_form_is_the_same_however_it_is_cut_into_pieces,
    an_encoded_body_is_refused,
    odd_parts_are_data,
    a_body_that_is_too_large_is_refused_before_it_comes,
    a_visitor_who_waits_to_be_asked_is_asked_only_for_what_is_wanted,
}

const MULTIPART: &str = "multipart/form-data; boundary=x";
const MOST_GROWTH_KIB: u64 = 16 * 1024;

fn receive() -> Value {
    json!([{ "op": "blob.receive-form" }])
}

fn part(head: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

async fn a_form_that_is_too_much_is_refused_in_bounded_memory(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let field = part("name=\"a\"", "1");
    let end = "--x--\r\n";
    let long = "y".repeat(1 << 20);
    send_body(&mut visitor, MULTIPART, format!("{field}{end}"), receive()).await.expect(200);
    let before = host.rss_kib();
    host.serving().forget_peak();
    for (what, content_type, body, expected) in [
        (
            "a boundary of 71",
            format!("multipart/form-data; boundary={}", "b".repeat(71)),
            field.clone(),
            "bad-form",
        ),
        ("no boundary", "multipart/form-data; boundary=".to_owned(), field.clone(), "bad-form"),
        ("a preamble without end", MULTIPART.to_owned(), "p".repeat(4 << 20), "bad-form"),
        ("129 parts", MULTIPART.to_owned(), format!("{}{end}", field.repeat(129)), "too-large"),
        ("100,000 parts", MULTIPART.to_owned(), format!("{}{end}", field.repeat(100_000)), "too-large"),
        (
            "a part with a head of 4 MiB",
            MULTIPART.to_owned(),
            part(&format!("name=\"{}\"", long.repeat(4)), ""),
            "bad-form",
        ),
        (
            "10,000 lines of headers",
            MULTIPART.to_owned(),
            format!("--x\r\n{}", "X-A: b\r\n".repeat(10_000)),
            "bad-form",
        ),
        (
            "a name of 300 bytes",
            MULTIPART.to_owned(),
            part(&format!("name=\"{}\"", "n".repeat(300)), "1") + end,
            "bad-form",
        ),
        (
            "a field of more than 1 MiB",
            MULTIPART.to_owned(),
            part("name=\"a\"", &format!("{long}z")) + end,
            "too-large",
        ),
        ("no last boundary", MULTIPART.to_owned(), field.clone(), "bad-form"),
        ("five fields of 1 MiB", MULTIPART.to_owned(), part("name=\"a\"", &long).repeat(5) + end, "too-large"),
        ("129 fields", "application/x-www-form-urlencoded".to_owned(), "a=1&".repeat(129), "too-large"),
        ("2 MiB of fields", "application/x-www-form-urlencoded".to_owned(), long.repeat(2), "too-large"),
    ] {
        let answer = send_body(&mut visitor, &content_type, body, receive()).await.expect(200).json();
        assert_eq!(code(&answer[0]), expected, "{what}: {answer}");
    }
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown <= MOST_GROWTH_KIB, "memory rose by {grown} KiB");
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn a_form_is_the_same_however_it_is_cut_into_pieces(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    let photo = png(3_000, 1);
    let form = Multipart::new()
        .field("a", "one\r\n--\r\n------innkeeper-tests")
        .file("photo", "first.png", "image/png", &photo)
        .field("b", "");
    let whole = send_body(&mut visitor, &form.content_type(), form.body(), receive()).await.expect(200).json();
    for most in [1, 2, 7, 61, 1_000] {
        let mut pieces = Vec::new();
        let mut rest = form.body();
        while !rest.is_empty() {
            let size = 1 + usize::try_from(random.below(most)).expect("a small number");
            let later = rest.split_off(size.min(rest.len()));
            pieces.push(std::mem::replace(&mut rest, later));
        }
        let answer = chunked(&host, &form.content_type(), &pieces).await;
        let without_ids = |form: &Value| {
            let files = ok(form)["files"].as_array().cloned().unwrap_or_default();
            let files = files.iter().map(|f| json!([f["field"], f["blob"]["name"], f["blob"]["sha256"]]));
            json!([ok(form)["fields"], files.collect::<Value>()])
        };
        assert_eq!(without_ids(&answer[0]), without_ids(&whole[0]), "{random}, pieces of at most {most}");
    }
    assert_eq!(ok(&whole[0])["files"][0]["blob"]["sha256"], json!(sha256(&photo)));
}

/// Sends each piece as a chunk of its own.
async fn chunked(host: &support::TestHost, content_type: &str, pieces: &[Vec<u8>]) -> Value {
    let frames = pieces.iter().map(|piece| Ok(http_body::Frame::data(bytes::Bytes::from(piece.clone()))));
    let body = StreamBody::new(Frames(frames.collect::<Vec<_>>().into_iter()));
    let request = Visitor::with_steps("/upload", &receive()).header("content-type", content_type);
    host.visitor().send(request, body).await.expect(200).json()
}

/// Frames that are there already, as a stream.
struct Frames(std::vec::IntoIter<Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>>);

impl futures_core::Stream for Frames {
    type Item = Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

async fn an_encoded_body_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let form = Multipart::new().field("a", "one");
    for steps in [receive(), json!([{ "op": "blob.receive-body" }])] {
        let request = Visitor::with_steps("/upload", &steps)
            .header("content-type", form.content_type())
            .header("content-encoding", "gzip");
        let answer = visitor.send(request, http_body_util::Full::new(form.body().into())).await.expect(200).json();
        assert_eq!(code(&answer[0]), "unsupported-type");
    }
}

async fn odd_parts_are_data(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let body = [
        part("name=\"\"", "no name"),
        part("name=\"a\"\r\nX-Own: filename=evil", "an own header"),
        part("name=\"filename=evil.png\"", "a name like a parameter"),
        part("name=\"a\"\r\nContent-Type: image/png", "a type without a file"),
    ];
    let answer =
        send_body(&mut visitor, MULTIPART, body.concat() + "--x--\r\n", receive()).await.expect(200).json();
    let fields = json!([
        ["", "no name"],
        ["a", "an own header"],
        ["filename=evil.png", "a name like a parameter"],
        ["a", "a type without a file"]
    ]);
    assert_eq!((&ok(&answer[0])["fields"], &ok(&answer[0])["files"]), (&fields, &json!([])));
}

fn head(host: &support::TestHost, steps: &Value, more: &str) -> String {
    format!(
        "PUT /upload HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nprobe-steps: {steps}\r\n{more}\r\n",
        host.address()
    )
}

async fn a_body_that_is_too_large_is_refused_before_it_comes(engine: Engine) {
    let (host, _visitor) = probe(engine).await;
    for (steps, content_type) in [(json!([{ "op": "blob.receive-body" }]), "text/plain"), (receive(), MULTIPART)] {
        let more = format!("Content-Type: {content_type}\r\nContent-Length: 10737418240000\r\n");
        // Nothing of the body is ever sent.
        let mut stream = TcpStream::connect(host.address()).await.expect("the host listens");
        stream.write_all(head(&host, &steps, &more).as_bytes()).await.expect("the host reads");
        let mut answer = Vec::new();
        // The head may come before the rest.
        while !String::from_utf8_lossy(&answer).contains("too-large") {
            let read = tokio::time::timeout(support::DEADLINE, stream.read_buf(&mut answer)).await;
            let text = String::from_utf8_lossy(&answer);
            assert_ne!(read.expect("in time").expect("an answer"), 0, "{text}");
        }
        assert_eq!(status(&answer), Some(200), "{}", String::from_utf8_lossy(&answer));
    }
}

async fn a_visitor_who_waits_to_be_asked_is_asked_only_for_what_is_wanted(engine: Engine) {
    let (host, _visitor) = probe(engine).await;
    let steps = json!([{ "op": "blob.receive-body", "limits": { "max-file": 1000 } }]);
    let waits = |length: usize| format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");
    let refused = raw(host.address(), head(&host, &steps, &waits(1001)).as_bytes()).await;
    let text = String::from_utf8_lossy(&refused);
    assert!(status(&refused) == Some(200) && text.contains("too-large"), "nobody asks for it: {text}");
    let mut stream = TcpStream::connect(host.address()).await.expect("the host listens");
    stream.write_all(head(&host, &steps, &waits(4)).as_bytes()).await.expect("the host reads");
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.expect("the host asks");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"body").await.expect("the host reads");
    let answer = support::raw::read_to_end(&mut stream).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(status(&answer) == Some(200) && text.contains("\"size\":4"), "{text}");
}
