//! Visitors who make up their cookies leave nothing behind.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use support::random::Random;
use support::{Engine, TestHost};
use tokio::net::TcpStream;

use super::{get, set};

on_both_databases! {
    made_up_cookies_leave_no_row,
}

/// The variable that says how many requests there are. 100,000 take about a minute and a half for
/// each engine in a build for development.
const VARIABLE: &str = "INNKEEPER_TEST_JUNK_COOKIES";
const REQUESTS: u64 = 100_000;
const VISITORS: u64 = 4;

#[expect(clippy::print_stdout, reason = "the seed and the time are wanted beside the outcome")]
async fn made_up_cookies_leave_no_row(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "30s").start().await;
    let mut honest = host.visitor();
    support::probe::all_ok(&honest.probe(serde_json::json!([set("a", "1")])).await);
    let known = honest.jar.all().map(|(_, id)| id.to_owned()).next().expect("a session");
    let began = std::time::Instant::now();
    let random = Random::from_environment();
    println!("{random}");
    let given = std::env::var_os(VARIABLE)
        .map(|number| number.to_str().and_then(|text| text.parse().ok()).expect("a number"));
    let each = given.unwrap_or(REQUESTS).div_ceil(VISITORS);
    let visitors: Vec<_> = (0..VISITORS)
        .map(|visitor| {
            let random = Random::new(random.clone().bits() ^ visitor);
            tokio::spawn(ask(host.address(), each, known.clone(), random))
        })
        .collect();
    for visitor in visitors {
        visitor.await.expect("the visitor is answered");
    }
    let (requests, seconds) = (each * VISITORS, began.elapsed().as_secs_f64());
    println!("{engine:?}: {requests} made-up cookies in {seconds:.1} s");
    assert_eq!(host.database().count("probe", "sessions").await, 1, "the honest visitor's");
    assert_eq!(honest.probe_one(get("a")).await["ok"], "1");
}

/// Asks for a value of the session over one connection, each time with another cookie.
async fn ask(address: SocketAddr, requests: u64, known: String, mut random: Random) {
    let mut sender = connect(address).await;
    let mut answered = 0;
    let mut cookie = junk(&known, &mut random);
    while answered < requests {
        let request = Request::get("/steps")
            .header(header::HOST, address.to_string())
            .header("probe-steps", r#"[{"op":"session.get","key":"a"}]"#)
            .header(header::COOKIE, format!("innkeeper-probe={cookie}"))
            .body(Full::<Bytes>::default())
            .expect("a request");
        sender.ready().await.expect("the connection stays open");
        let response = sender.send_request(request).await.expect("an answer");
        let head = (response.status().as_u16(), response.headers().get(header::SET_COOKIE));
        assert_eq!(head, (200, None), "{cookie}");
        let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
        // On a busy machine the database is away for a moment: then it is asked once more.
        if body.windows(11).any(|text| text == b"unavailable") {
            continue;
        }
        assert_eq!(body, r#"[{"ok":null}]"#, "{cookie}");
        answered += 1;
        cookie = junk(&known, &mut random);
    }
}

async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("the host listens");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

/// What a visitor might try: an id as the host makes them, one that is nearly one, or another text.
fn junk(known: &str, random: &mut Random) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let made_up: String = (0..43).map(|_| char::from(*random.one_of(LETTERS))).collect();
    match random.below(10) {
        // Of the last letter of an id only two bits are free, and the host wants those in the known
        // form.
        0..6 => format!("{}A", &made_up[..42]),
        6 => made_up[..usize::try_from(random.below(43)).expect("a small number")].to_owned(),
        7 => swap_case(known, usize::try_from(random.below(43)).expect("a small number")),
        8 => format!("{known}{}", random.one_of(&["A", "=", "%00", ".x"])),
        _ => (*random.one_of(&[
            "' or 1=1 --",
            "\\x00",
            "null",
            "0",
            "1' union select id_hash from innkeeper.sessions --",
        ]))
        .to_owned(),
    }
}

/// The id with one letter, from this one on, in the other case.
fn swap_case(id: &str, from: usize) -> String {
    let at = (0..id.len()).map(|n| (from + n) % id.len()).find(|at| id.as_bytes()[*at].is_ascii_alphabetic());
    let at = at.expect("an id has letters");
    let other = id[at..=at].to_owned();
    let other = if other == other.to_lowercase() { other.to_uppercase() } else { other.to_lowercase() };
    format!("{}{other}{}", &id[..at], &id[at + 1..])
}
