//! Answers that break the rules, or strain them.

use std::mem::forget;

use guest::bindings::wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use guest::bindings::wasi::io::streams::OutputStream;
use guest::http::{self, Body};

use crate::{exhaust, write};

const MANY_VALUES: u32 = 70_000;
const BIG_RESPONSE_CHUNKS: u32 = 1_600;
const CHUNK_BYTES: usize = 64 * 1024;

const COOKIES: [(&str, &str); 11] = [
    ("set-cookie", "__Host-innkeeper-x=evil; Path=/; Secure; HttpOnly"),
    ("Set-Cookie", "__Secure-innkeeper=evil; Path=/; Secure"),
    ("SET-COOKIE", " \t__host-INNKEEPER-x=evil; Path=/; Secure"),
    ("set-cookie", "innkeeper=evil"),
    ("set-cookie", "__Host-innkeeper-hostile=evil; Path=/; Secure"),
    ("set-cookie", "innkeeper-hostile=evil; Path=/"),
    ("set-cookie", "=innkeeper-hostile=evil; Path=/"),
    ("set-cookie", "=__Host-innkeeper-hostile=evil; Path=/; Secure"),
    ("set-cookie", "innkeeper-hostile = evil"),
    ("set-cookie", "__SECURE-innkeeper-hostile=evil; Path=/; Secure"),
    ("set-cookie", "harmless=1; Path=/"),
];

/// Fields that say where a message ends or what becomes of its connection.
const FRAMING: [(&str, &str); 9] = [
    ("transfer-encoding", "chunked"),
    ("Transfer-Encoding", "identity"),
    ("connection", "upgrade"),
    ("keep-alive", "timeout=3600"),
    ("upgrade", "websocket"),
    ("te", "trailers"),
    ("trailer", "set-cookie"),
    ("proxy-authenticate", "Basic"),
    ("proxy-connection", "keep-alive"),
];

/// Announces 100 bytes and sends 10.
pub fn half_body(out: ResponseOutparam) {
    if let Some(body) = begin(out, &[("content-length", "100")]) {
        // The outcome is what the test looks at, from outside.
        let _ = body.write(b"0123456789");
        body.finish();
    }
}

/// Announces 5 bytes and sends 10, which would be the beginning of the next answer.
pub fn long_body(out: ResponseOutparam) {
    if let Some(body) = begin(out, &[("content-length", "5")]) {
        let _ = body.write(b"01234HTTP/");
        body.finish();
    }
}

/// Announces two lengths.
pub fn two_lengths(out: ResponseOutparam) {
    if let Some(body) = begin(out, &[("content-length", "5"), ("content-length", "10")]) {
        let _ = body.write(b"0123456789");
        body.finish();
    }
}

/// Tries to set each field that is the host's. The body says what became of each.
pub fn framing(out: ResponseOutparam) {
    let fields = Fields::new();
    let mut report = String::new();
    for (name, value) in FRAMING {
        report += &format!(
            "{name}: {}\n",
            if fields.append(name, value.as_bytes()).is_ok() { "set" } else { "refused" }
        );
    }
    if let Some(body) = Body::begin(out, 200, fields) {
        let _ = body.write(report.as_bytes());
        body.finish();
    }
}

/// Puts a cookie of the host's behind the body. A body that goes on after the head is what makes it
/// a stream.
pub fn trailers(out: ResponseOutparam) {
    let trailers = http::fields(&[("set-cookie", "__Host-innkeeper-hostile=evil"), ("content-length", "5")]);
    if let (Some(body), Ok(trailers)) = (begin(out, &[]), trailers) {
        let _ = (0..64).try_for_each(|_| body.write(&[b'x'; 32 * 1024]));
        body.finish_with(trailers);
    }
}

/// Puts a line break into a cookie, and 5 KB into another.
pub fn split_cookie(out: ResponseOutparam) {
    let fields = Fields::new();
    let split = fields.append("set-cookie", b"a=1\r\nset-cookie: innkeeper-hostile=evil").is_ok();
    let fat = fields.append("set-cookie", format!("innkeeper-hostile={}", "x".repeat(5_000)).as_bytes()).is_ok();
    if let Some(body) = Body::begin(out, 200, fields) {
        let _ = body.write(format!("split: {split}, fat: {fat}").as_bytes());
        body.finish();
    }
}

/// Begins a body, and neither goes on nor ends it.
pub fn no_finish(out: ResponseOutparam) {
    let body = begin(out, &[]);
    let _ = body.as_ref().map(|body| body.write(b"the end will not "));
    exhaust::park();
}

/// Writes the `bytes` of a body, and returns as if it had more to write.
pub fn leave_body(out: ResponseOutparam, query: &str) {
    if let Some(body) = begin(out, &[]) {
        let _ = body.write(&vec![b'x'; number(query, "bytes")]);
        forget(body);
    }
}

/// Writes the `bytes` of a body, and drops it without its end.
pub fn drop_body(out: ResponseOutparam, query: &str) {
    if let Some(body) = begin(out, &[]) {
        let _ = body.write(&vec![b'x'; number(query, "bytes")]);
    }
}

/// Announces 100 bytes and begins no body.
pub fn no_body(out: ResponseOutparam) {
    if let Ok(fields) = http::fields(&[("content-length", "100")]) {
        ResponseOutparam::set(out, Ok(OutgoingResponse::new(fields)));
    }
}

/// Writes into the database, then `bytes` of a body in pieces of `piece` bytes, and sets the
/// response only then. Then come `more` bytes.
pub fn early(out: ResponseOutparam, query: &str) {
    if write::write().is_err() {
        return http::respond(out, 400, "nothing could be written");
    }
    let Some((response, outgoing, stream)) = unset() else { return };
    write_pieces(&stream, number(query, "bytes"), number(query, "piece"));
    ResponseOutparam::set(out, Ok(response));
    write_pieces(&stream, number(query, "more"), 65_536);
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);
}

/// Fills a body and gives it up, again and again, and answers with another one.
pub fn abandoned(out: ResponseOutparam) {
    for _ in 0..16 {
        if let Some((_response, _outgoing, stream)) = unset() {
            write_pieces(&stream, 500_000, 50_000);
        }
    }
    http::respond(out, 200, "another one");
}

fn unset() -> Option<(OutgoingResponse, OutgoingBody, OutputStream)> {
    let response = OutgoingResponse::new(Fields::new());
    let outgoing = response.body().ok()?;
    let stream = outgoing.write().ok()?;
    Some((response, outgoing, stream))
}

fn write_pieces(stream: &OutputStream, mut bytes: usize, piece: usize) {
    let piece = vec![b'x'; piece];
    while bytes > 0 {
        let now = piece.len().min(bytes);
        if http::write_all(stream, &piece[..now]).is_err() {
            return;
        }
        bytes -= now;
    }
}

/// A parameter of the query; 0 where it is missing.
fn number(query: &str, name: &str) -> usize {
    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Sends a header with 70,000 values, or says which one was refused.
pub fn headers(out: ResponseOutparam) {
    let fields = Fields::new();
    for number in 0..MANY_VALUES {
        if let Err(error) = fields.append("x-many", number.to_string().as_bytes()) {
            return http::respond(out, 200, &format!("refused at {number}: {error:?}"));
        }
    }
    if let Some(body) = Body::begin(out, 200, fields) {
        body.finish();
    }
}

/// Tries to set cookies that are the host's. The body says what became of each.
pub fn set_cookie(out: ResponseOutparam) {
    let fields = Fields::new();
    let mut report = String::new();
    for (name, value) in COOKIES {
        let result = fields.append(name, value.as_bytes());
        report += &format!("{name}: {value}: {result:?}\n");
    }
    if let Some(body) = Body::begin(out, 200, fields) {
        let _ = body.write(report.as_bytes());
        body.finish();
    }
}

/// Sends 100 MiB.
pub fn big_response(out: ResponseOutparam) {
    let chunk = vec![b'x'; CHUNK_BYTES];
    if let Some(body) = begin(out, &[("content-type", "application/octet-stream")]) {
        let _ = (0..BIG_RESPONSE_CHUNKS).try_for_each(|_| body.write(&chunk));
        body.finish();
    }
}

fn begin(out: ResponseOutparam, headers: &[(&str, &str)]) -> Option<Body> {
    Body::begin(out, 200, http::fields(headers).ok()?)
}
