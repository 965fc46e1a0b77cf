//! The rules of the platform's router (T12), kept by a host behind it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::host::Builder;
use support::platform::{Code, Router, Rules};
use support::probe::{execute, ok, op, query};
use support::random::Random;
use support::raw::{raw, status};
use support::{Engine, TestHost, Visitor, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::make_table;

on_both_databases! {
    t12_a_client_that_leaves_ends_its_guest_and_its_statement,
    t12_a_client_that_leaves_a_stream_ends_its_guest,
    t12_a_cookie_that_the_router_would_refuse_is_the_hosts_error,
}

const ENDLESS: &str = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

const TOKEN: &str = "a-token-of-the-operator,0123456789=";

/// A host as it is on a dyno: it believes the router.
fn believing(engine: Engine, guest: &str) -> Builder {
    TestHost::with(engine).app("app", guest).env("INNKEEPER_TRUST_PROXY", "1")
}

async fn behind(host: &TestHost) -> Router {
    Router::before(host.address(), Rules::default()).await
}

fn nothing() -> Full<Bytes> {
    Full::default()
}

/// Sends a request with steps for the probe, and waits for no answer.
async fn begin(address: SocketAddr, steps: &Value) -> TcpStream {
    let body = steps.to_string();
    let head = format!("POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.expect("the router listens");
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("the router reads");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_guest_knows_what_the_router_says_and_the_answer_has_the_id() {
    let host = believing(Engine::Sqlite, "probe").start().await;
    let router = behind(&host).await;
    let id = "6c6ac1a8-7a68-5e5d-8d9a-1ab7ad4ebc66";
    let ask = |visitor: Visitor, id: &'static str| async move {
        let mut visitor = visitor;
        let request = Visitor::with_steps("/steps", &json!([op("echo-headers")]));
        let request = request.header("x-request-id", id).header("x-forwarded-proto", "gopher");
        visitor.send(request, nothing()).await.expect(200)
    };
    let given = |answer: &support::Answer, name: &str| {
        let lines = answer.json()[0]["ok"].as_array().cloned().unwrap_or_default();
        let values = lines.iter().filter(|line| line[0] == name).map(|line| line[1].to_string());
        values.collect::<Vec<_>>()
    };
    let answer = ask(router.https_visitor(), id).await;
    assert_eq!(answer.header("x-request-id"), Some(id));
    assert_eq!(given(&answer, "x-request-id"), [json!(id).to_string()]);
    assert_eq!(given(&answer, "x-forwarded-proto"), ["\"https\""]);
    host.wait_for_log(id).await;
    // One that is too short is the router's to replace, and the host's where there is no router.
    let answer = ask(router.visitor(), "short").await;
    let routers = until("the router logs the second", async || router.log().get(1).cloned()).await.request_id;
    assert_eq!(answer.header("x-request-id"), Some(routers.as_str()));
    let answer = ask(host.visitor(), "short").await;
    let hosts = answer.header("x-request-id").expect("an id").to_owned();
    assert!(hosts.len() >= 20 && given(&answer, "x-request-id") == [json!(hosts).to_string()], "{answer:?}");
    assert_eq!(router.codes().len(), 0);
}

/// Two on each connection. It is left alone between them until shortly before the router would
/// close it.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_thousand_requests_at_the_edge_of_the_keep_alive_fail_none() {
    const CONNECTIONS: u64 = 500;
    let host = believing(Engine::Sqlite, "hello").start().await;
    let (address, mut random) = (host.address(), Random::from_environment());
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let rest = Rules::default().keep_alive - Duration::from_millis(random.below(3000));
        connections.spawn(async move {
            // Not all of them in the same moment.
            tokio::time::sleep(Duration::from_millis(number)).await;
            let mut stream = TcpStream::connect(address).await.expect("the host listens");
            hello(&mut stream).await;
            tokio::time::sleep(rest).await;
            hello(&mut stream).await;
        });
    }
    while let Some(done) = connections.join_next().await {
        done.unwrap_or_else(|error| panic!("a connection was closed too early: {error} ({random})"));
    }
}

async fn hello(stream: &mut TcpStream) {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("an open connection");
    let mut answer = Vec::new();
    while !answer.ends_with(b"Hello, world!") {
        let read = stream.read_buf(&mut answer).await.expect("an open connection");
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_the_hosts_own_504_comes_before_the_routers() {
    let host = believing(Engine::Sqlite, "probe").start().await;
    let router = behind(&host).await;
    let began = Instant::now();
    let answer = router.visitor().probe_answer(json!([{ "op": "sleep", "ms": 60_000 }])).await.expect(504);
    assert!(began.elapsed() < Rules::default().first_byte, "{:?}", began.elapsed());
    assert!(answer.text().contains("took too long") && router.codes().is_empty(), "{}", answer.text());
}

/// The router's 30 s and what a busy machine adds. It is less than the 35 s that whoever waits for
/// room would take if the wait did not count.
const LATEST_ANSWER: Duration = Duration::from_secs(34);

/// Who has waited for room has the less time to answer.
#[tokio::test(flavor = "multi_thread")]
async fn t12_the_hosts_504_comes_in_time_also_after_a_wait_for_room() {
    let host = believing(Engine::Sqlite, "hostile").env("INNKEEPER_MEMORY", "80MiB");
    // Without the bound the last one would be answered 35 s after it came.
    let host = host.env("INNKEEPER_WALL_PER_REQUEST", "26s").env("INNKEEPER_MEMORY_WAIT", "28s").start().await;
    let router = Router::before(host.address(), Rules { first_byte: LATEST_ANSWER, ..Rules::default() }).await;
    let mut parked = JoinSet::new();
    for number in 0..80 {
        let mut visitor = router.visitor();
        parked.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 20)).await;
            let began = Instant::now();
            let answer = visitor.send(Request::get("/park"), nothing()).await;
            (answer.status, began.elapsed())
        });
    }
    let answers = parked.join_all().await;
    assert!(router.codes().is_empty(), "{:?}", router.codes());
    assert!(
        answers.iter().all(|(status, took)| matches!(status, 503 | 504) && *took < LATEST_ANSWER),
        "{answers:?}"
    );
    // Some waited for room and were answered all the same, most of them in time.
    let has_waited = |(status, took): &&(u16, Duration)| *status == 504 && took.as_millis() > 26_500;
    let mut waited: Vec<_> = answers.iter().filter(has_waited).map(|(_, took)| *took).collect();
    waited.sort_unstable();
    let usual = waited.get(waited.len() / 2);
    assert!(usual.is_some_and(|took| *took < Rules::default().first_byte), "{answers:?}");
}

async fn runs_endlessly(host: &TestHost, engine: Engine) -> bool {
    match engine {
        Engine::Postgres => {
            let sql = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' \
                       and query ilike '%recursive%' and pid <> pg_backend_pid()";
            host.database().app_value("app", sql).await != "0"
        }
        // The statement runs in the process itself.
        Engine::Sqlite => {
            let before = computed(host);
            tokio::time::sleep(Duration::from_millis(300)).await;
            computed(host) - before > 8
        }
    }
}

/// What the process has computed, in hundredths of a second.
fn computed(host: &TestHost) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", host.serving().pid())).expect("a living process");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
}

async fn t12_a_client_that_leaves_ends_its_guest_and_its_statement(engine: Engine) {
    let host = believing(engine, "probe").env("INNKEEPER_STATEMENT_TIME", "20s").start().await;
    ok(&host.probe(json!([make_table()])).await[0]);
    let router = behind(&host).await;
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let client = begin(router.address(), &json!([insert, query(ENDLESS, json!([]))])).await;
    until("the statement runs", async || runs_endlessly(&host, engine).await.then_some(())).await;
    let left = Instant::now();
    drop(client);
    until("the statement ends", async || (!runs_endlessly(&host, engine).await).then_some(())).await;
    assert!(left.elapsed() < Duration::from_secs(10), "it went on for {:?}", left.elapsed());
    until("the router notes it", async || router.codes().contains_key(&Code::H27).then_some(())).await;
    assert_eq!(router.codes().into_iter().collect::<Vec<_>>(), [(Code::H27, 1)]);
    assert!(host.wait_for_log("the visitor left before there was an answer").await.contains("499"));
    assert_eq!(host.database().app_value("app", "select count(*) from kept").await, "0");
    // One that only waits ends, too, long before its time.
    let client =
        begin(router.address(), &json!([{ "op": "stderr", "text": "waits\n" }, { "op": "sleep", "ms": 60_000 }]))
            .await;
    host.wait_for_log("waits").await;
    let left = Instant::now();
    drop(client);
    let both = async || (host.logs().matches("the visitor left before").count() == 2).then_some(());
    until("it is noticed", both).await;
    assert!(left.elapsed() < Duration::from_secs(5), "{:?}", left.elapsed());
}

async fn t12_a_client_that_leaves_a_stream_ends_its_guest(engine: Engine) {
    let host = believing(engine, "probe").start().await;
    let router = behind(&host).await;
    let steps = json!([support::probe::respond(200), { "op": "stderr", "text": "streams\n" }, { "op": "sleep", "ms": 60_000 }]);
    let mut client = begin(router.address(), &steps).await;
    host.wait_for_log("streams").await;
    let read = client.read(&mut [0; 1024]).await;
    assert!(matches!(read, Ok(1..)), "the head has come");
    let left = Instant::now();
    drop(client);
    host.wait_for_log("the visitor left in the middle of the response").await;
    assert!(left.elapsed() < Duration::from_secs(5), "{:?}", left.elapsed());
    until("the router notes it", async || router.codes().contains_key(&Code::H27).then_some(())).await;
}

async fn t12_a_cookie_that_the_router_would_refuse_is_the_hosts_error(engine: Engine) {
    let host = believing(engine, "probe").start().await;
    ok(&host.probe(json!([make_table()])).await[0]);
    let router = behind(&host).await;
    let with_line = |id: &str, bytes: usize| {
        let cookie = format!("a={}", "x".repeat(bytes - "set-cookie: a=".len()));
        let insert = execute("insert into kept (id) values ($1)", json!([id]));
        json!([insert, { "op": "respond", "status": 200, "headers": [["set-cookie", cookie]] }])
    };
    let fits = router.visitor().probe_answer(with_line("fits", 8192)).await.expect(200);
    assert!(fits.json()[0].get("ok").is_some(), "{fits:?}");
    router.visitor().probe_answer(with_line("fat", 8193)).await.expect(500);
    let line = host.wait_for_log("a set-cookie line of 8193 bytes").await;
    assert!(line.contains("keep it in the session"), "{line}");
    // Whoever is told of an error has written nothing.
    assert_eq!(host.database().app_value("app", "select id from kept").await, "fits");
    assert!(router.codes().is_empty(), "{:?}", router.codes());
}

/// Whatever the router passes, the host answers by itself.
#[tokio::test(flavor = "multi_thread")]
async fn t12_heads_at_the_routers_limits_are_answered() {
    let host = believing(Engine::Sqlite, "hello").start().await;
    let router = behind(&host).await;
    let line = |bytes: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(bytes - "GET / HTTP/1.1".len()));
    let with = |more: String| format!("GET / HTTP/1.1\r\n{more}\r\n");
    for (head, expected) in [
        (line(8192), 200),
        (with(format!("a: {}", "x".repeat(8189))), 200),
        (with(vec!["a: b"; 900].join("\r\n")), 431),
        (with(vec![format!("a: {}", "x".repeat(8000)); 5].join("\r\n")), 431),
    ] {
        let request = format!("{head}Host: a\r\nConnection: close\r\n\r\n");
        let answer = raw(router.address(), request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{}", &head[..40]);
    }
    assert!(router.codes().is_empty(), "{:?}", router.codes());
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_bodies_stand_only_where_they_may() {
    let host = believing(Engine::Sqlite, "probe").app_at("hello", "hello", "/hello").start().await;
    let router = behind(&host).await;
    let mut client = router.visitor().keep_alive().await;
    let answering = |status: u16| {
        let steps = json!([{ "op": "respond", "status": status, "body": "a body" }]);
        Request::post("/steps").header("probe-steps", steps.to_string())
    };
    for _ in 0..5 {
        let head = client.send(Request::builder().method(Method::HEAD).uri("/hello")).await.expect(200);
        assert!(head.body.is_empty());
        for status in [204, 304] {
            let none = client.send(answering(status)).await.expect(status);
            assert!(none.body.is_empty());
        }
        assert_eq!(client.send(answering(200)).await.expect(200).text(), "a body");
        assert_eq!(client.send(Request::get("/hello")).await.expect(200).text(), "Hello, world!");
    }
    // The connection to the dyno was the same all the time.
    assert_eq!((router.reused(), router.stray(), router.closed_early()), (24, 0, 0));
    assert!(router.codes().is_empty(), "{:?}", router.codes());
}

/// The router says 100 by itself. What comes slowly or in chunks arrives all the same.
#[tokio::test(flavor = "multi_thread")]
async fn t12_slow_and_chunked_uploads_arrive() {
    let host = believing(Engine::Sqlite, "probe").start().await;
    let router = behind(&host).await;
    let steps = json!([op("echo-body")]);
    let head = format!(
        "POST /steps HTTP/1.1\r\nHost: a\r\nConnection: close\r\nprobe-steps: {steps}\r\nExpect: 100-continue\r\n"
    );
    let send = |head: String, pieces: Vec<Vec<u8>>, pause: Duration| {
        let address = router.address();
        async move {
            let mut stream = TcpStream::connect(address).await.expect("the router listens");
            stream.write_all(head.as_bytes()).await.expect("the router reads");
            for piece in pieces {
                stream.write_all(&piece).await.expect("the router reads");
                tokio::time::sleep(pause).await;
            }
            String::from_utf8_lossy(&support::raw::read_to_end(&mut stream).await).into_owned()
        }
    };
    let pieces = vec![vec![b'x'; 5000]; 20];
    let slow = send(format!("{head}Content-Length: 100000\r\n\r\n"), pieces, Duration::from_millis(200)).await;
    let chunk = [b"ff\r\n".to_vec(), vec![b'x'; 255], b"\r\n".to_vec()].concat();
    let chunks = [vec![chunk; 100], vec![b"0\r\n\r\n".to_vec()]].concat();
    let chunked =
        send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"), chunks, Duration::from_millis(5)).await;
    for (answer, bytes) in [(slow, "100000"), (chunked, "25500")] {
        assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(bytes), "{answer}");
    }
    assert!(router.codes().is_empty(), "{:?}", router.codes());
}

/// What a guest writes leaves at once: a stream of events goes on for as long as some come.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_stream_lasts_as_long_as_events_come() {
    let host = believing(Engine::Sqlite, "probe").start().await;
    let router = Router::before(host.address(), Rules { idle: Duration::from_secs(4), ..Rules::default() }).await;
    let pause = json!({ "op": "sleep", "ms": 500 });
    let mut steps = vec![support::probe::respond(200)];
    steps.extend(std::iter::repeat_n(pause, 10));
    let began = Instant::now();
    let results = router.visitor().probe(json!(steps)).await;
    assert!(results.len() == 11 && began.elapsed() > Duration::from_secs(5));
    assert!(router.codes().is_empty(), "{:?}", router.codes());
}

/// How many guests are at work.
async fn at_work(host: &TestHost) -> String {
    let bearer = format!("Bearer {TOKEN}");
    let figures = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
    let found = figures.text().lines().find_map(|line| line.strip_prefix("innkeeper_guests_in_flight "));
    found.expect("the figure").to_owned()
}

/// The router holds a mebibyte; all else waits in the guest, and the guest goes with the reader.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_slow_reader_costs_little_memory() {
    const MOST_KIB: u64 = 24 << 10;
    let host = believing(Engine::Sqlite, "hostile").env("INNKEEPER_ADMIN_TOKEN", TOKEN).start().await;
    let router = behind(&host).await;
    router.visitor().get("/count").await.expect(200);
    host.serving().forget_peak();
    let before = host.rss_kib();
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = TcpStream::connect(router.address()).await.expect("the router listens");
        reader.write_all(b"GET /big-response HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the router reads");
        let mut some = vec![0; 2 << 20];
        reader.read_exact(&mut some).await.expect("it begins");
        readers.push(reader);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB more for four slow readers");
    drop(readers);
    let ended = async || (router.codes().get(&Code::H27) == Some(&4)).then_some(());
    until("the router notes it", ended).await;
    until("their guests end", async || (at_work(&host).await == "0").then_some(())).await;
    // Whoever takes all of it gets all of it.
    let (_, bytes, _) = router.visitor().download("/big-response").await;
    assert_eq!(bytes, 1600 * 64 * 1024);
    assert!(router.most_held() <= 1 << 20, "{}", router.most_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_sent_to_https_where_that_is_wished() {
    let host = believing(Engine::Sqlite, "hello").env("INNKEEPER_HTTPS", "redirect").start().await;
    let router = behind(&host).await;
    let answer = router.visitor().get_with("/a/b?c=%2F", "host", "shop.example:5000").await.expect(308);
    assert_eq!(answer.header("location"), Some("https://shop.example/a/b?c=%2F"));
    let answer = router.visitor().post("/", "text/plain", "x").await.expect(308);
    assert!(answer.header("strict-transport-security").is_none());
    router.visitor().get("/_innkeeper/live").await.expect(200);
    router.visitor().get("/_innkeeper/ready").await.expect(200);
    let answer = router.https_visitor().get("/").await.expect(200);
    assert!(answer.text() == "Hello, world!" && answer.header("strict-transport-security").is_none());
    let strict = believing(Engine::Sqlite, "hello").env("INNKEEPER_HTTPS", "strict").start().await;
    let router = behind(&strict).await;
    let plain = router.visitor().get("/").await.expect(308);
    assert!(plain.header("strict-transport-security").is_none(), "browsers ignore it by plain http");
    let secure = router.https_visitor().get("/").await.expect(200);
    assert_eq!(secure.header("strict-transport-security"), Some("max-age=31536000"));
    // Without a router nobody can say how a request has come.
    let alone = TestHost::with(Engine::Sqlite).app("app", "hello").env("INNKEEPER_HTTPS", "strict").start().await;
    alone.visitor().get_with("/", "x-forwarded-proto", "http").await.expect(200);
    alone.wait_for_log("INNKEEPER_HTTPS").await;
}
