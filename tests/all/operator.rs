//! What only the operator sees, and what nobody sees of the operator's token.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use support::postgres::{Server, Stop};
use support::probe::{all_ok, op};
use support::{Answer, Engine, TestDatabase, TestHost, Visitor, command, until};

on_both_databases! {
    figures_are_for_the_operator,
    figures_move,
    figures_come_while_a_guest_writes,
    a_guest_never_sees_the_token,
    no_field_brings_a_guest_the_token,
    wrong_tokens_are_few_a_minute,
}

const VARIABLE: &str = "INNKEEPER_ADMIN_TOKEN";
/// Ends as what `openssl rand -base64 32` gives does.
const TOKEN: &str = "a-token-of-the-operator,0123456789=";
const METRICS: &str = "/_innkeeper/metrics";

async fn host(engine: Engine) -> TestHost {
    TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN).start().await
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

async fn metrics(host: &TestHost) -> String {
    let answer = host.visitor().get_with(METRICS, "authorization", &bearer()).await.expect(200);
    let media_type = answer.header("content-type").expect("a type").to_owned();
    assert!(media_type.starts_with("application/openmetrics-text"), "{media_type}");
    assert!(answer.text().ends_with("# EOF\n"), "{}", answer.text());
    answer.text().to_owned()
}

/// The value of a figure; 0 where there is none yet.
fn figure(text: &str, name: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().expect("a number"))
}

async fn figures_are_for_the_operator(engine: Engine) {
    let host = host(engine).await;
    let mut visitor = host.visitor();
    for wrong in ["Bearer x", TOKEN, "Basic x", "Bearer", "Bearer a-token-of-the-operator,0123456789"] {
        let refused = visitor.get_with(METRICS, "authorization", wrong).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"innkeeper\""));
    }
    visitor.jar.put("token", TOKEN);
    visitor.get(&format!("{METRICS}?token={TOKEN}&access_token={TOKEN}")).await.expect(401);
    let twice = Request::get(METRICS).header("authorization", bearer()).header("authorization", bearer());
    visitor.send(twice, Full::<Bytes>::default()).await.expect(401);
    let post = Request::builder().method(Method::POST).uri(METRICS).header("authorization", bearer());
    visitor.send(post, Full::<Bytes>::default()).await.expect(405);
    assert!(metrics(&host).await.contains("innkeeper_guests_in_flight 0"));
    assert!(!host.logs().contains(TOKEN), "the token is not logged");
}

async fn figures_move(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN);
    let host = host.env("INNKEEPER_STAGED_BLOB_LIFETIME", "3s").start().await;
    let mut visitor = host.visitor();
    let write = json!([
        { "op": "session.set", "key": "a", "value": "1" },
        { "op": "session.renew", "user": "Ada" },
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "twelve bytes" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$4.ok.id" },
    ]);
    let results = visitor.probe(write).await;
    all_ok(&results);
    all_ok(&visitor.probe(json!([{ "op": "session.renew", "user": null }])).await);
    let staged =
        json!([{ "op": "blob.create" , "content-type": "text/plain" }, { "op": "writer.finish", "writer": 0 }]);
    all_ok(&visitor.probe(staged).await);
    let send = json!([{ "op": "blob.send", "id": results[4]["ok"]["id"] }]);
    assert_eq!(visitor.probe_answer(send).await.expect(200).text(), "twelve bytes");
    host.visitor().probe_answer(json!([op("trap")])).await.expect(500);
    all_ok(&host.visitor().probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    all_ok(&visitor.probe(json!([op("session.destroy")])).await);
    cross_origin(&host).await.expect(403);
    let swept = async || {
        (figure(&metrics(&host).await, r#"innkeeper_blobs_swept_total{app="probe"}"#) >= 1.0).then_some(())
    };
    until("the staged blob is swept", swept).await;
    let looked = until("databases are asked again after a while", async || {
        let text = metrics(&host).await;
        (figure(&text, r#"innkeeper_sessions{app="probe"}"#) == 2.0).then_some(text)
    });
    let text = looked.await;
    let expected = [
        (r#"innkeeper_sessions_begun_total{app="probe"}"#, 3.0),
        (r#"innkeeper_sessions_renewed_total{app="probe"}"#, 1.0),
        (r#"innkeeper_sessions_ended_total{app="probe"}"#, 1.0),
        (r#"innkeeper_blob_received_bytes_total{app="probe"}"#, 12.0),
        (r#"innkeeper_blob_sent_bytes_total{app="probe"}"#, 12.0),
        (r#"innkeeper_blobs{app="probe",state="kept"}"#, 1.0),
        (r#"innkeeper_blob_bytes{app="probe",state="kept"}"#, 12.0),
        (r#"innkeeper_requests_total{app="probe",status="5xx"}"#, 1.0),
        (r#"innkeeper_requests_total{app="probe",status="4xx"}"#, 1.0),
        (r#"innkeeper_cross_origin_refused_total{app="probe"}"#, 1.0),
        (r#"innkeeper_database_up{app="probe"}"#, 1.0),
    ];
    for (name, value) in expected {
        assert!((figure(&text, name) - value).abs() < 0.1, "{name} is not {value}:\n{text}");
    }
    assert!(figure(&text, r#"innkeeper_request_seconds_count{app="probe"}"#) >= 7.0, "{text}");
    assert!(figure(&text, "innkeeper_guests_most") >= 1.0, "{text}");
    let pools = text.contains(r#"innkeeper_connections_most{pool="guests"} 5"#);
    assert_eq!(pools, engine == Engine::Postgres, "{text}");
}

async fn figures_come_while_a_guest_writes(engine: Engine) {
    let host = host(engine).await;
    let mut visitor = host.visitor();
    let increment = json!({ "op": "session.increment", "key": "a", "by": 1 });
    let steps = json!([increment, { "op": "stderr", "text": "has written\n" }, { "op": "sleep", "ms": 20_000 }]);
    let writing = tokio::spawn(async move { visitor.probe(steps).await });
    host.wait_for_log("has written").await;
    // A database that is slow for a moment is told as away for some seconds.
    let up = async || metrics(&host).await.contains(r#"innkeeper_database_up{app="probe"} 1"#).then_some(());
    until("the figures come", up).await;
    assert!(!writing.is_finished(), "the guest still writes");
    writing.abort();
}

/// A visitor with a session, sent by another site.
async fn cross_origin(host: &TestHost) -> Answer {
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    visitor.send(Request::post("/run").header("sec-fetch-site", "cross-site"), Full::<Bytes>::default()).await
}

async fn a_guest_never_sees_the_token(engine: Engine) {
    let host = host(engine).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    let session = visitor.jar.all().map(|(_, id)| id.to_owned()).next().expect("a session");
    let seen = async |visitor: &mut Visitor, values: &[&str]| {
        let request = Visitor::with_steps("/steps", &json!([op("echo-headers")]));
        let request = request.header("proxy-authorization", "Basic dTpw");
        let request = values.iter().fold(request, |request, value| request.header("authorization", *value));
        visitor.send(request, Full::<Bytes>::default()).await.expect(200).text().to_owned()
    };
    for value in [bearer(), TOKEN.to_owned(), format!("bearer  {TOKEN}"), format!("Token token=\"{TOKEN}\"")] {
        let headers = seen(&mut visitor, &[&value, "Bearer of-the-app"]).await;
        assert!(!headers.contains(TOKEN) && headers.contains("of-the-app"), "{headers}");
        assert!(!headers.contains(&session) && !headers.contains("proxy-authorization"), "{headers}");
    }
}

/// However the token is written, and wherever: the fields that have it are gone, and all others,
/// the session's cookie too, are there.
async fn no_field_brings_a_guest_the_token(engine: Engine) {
    let host = host(engine).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    visitor.jar.put("of-the-app", "stays");
    visitor.jar.put("token", TOKEN);
    // `operator:` and the token, in base64.
    let basic = "b3BlcmF0b3I6YS10b2tlbi1vZi10aGUtb3BlcmF0b3IsMDEyMzQ1Njc4OT0=";
    let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    let steps = json!([op("echo-headers"), { "op": "session.get", "key": "a" }]);
    for (name, value) in [
        ("authorization", format!("Basic {basic}")),
        ("proxy-token", TOKEN.to_owned()),
        ("x-api-key", TOKEN.to_owned()),
        ("referer", format!("https://h.example/_innkeeper/metrics?token={percent}")),
        ("x-forwarded-authorization", format!("Basic {basic}")),
        ("x-hex", hex.clone()),
        ("x-json", format!("{{\"token\":\"{TOKEN}\"}}")),
    ] {
        let request = Visitor::with_steps(&format!("/steps?token={TOKEN}"), &steps);
        let request = request.header(name, &value).header(name, "other").header("x-beside", "beside");
        let answer = visitor.send(request, Full::<Bytes>::default()).await.expect(200);
        let text = answer.text();
        for spelling in [TOKEN, basic, &percent, &hex] {
            assert!(!text.contains(spelling), "{name}: {text}");
        }
        assert!(
            text.contains("beside") && text.contains("other") && text.contains("of-the-app"),
            "{name}: {text}"
        );
        assert!(text.contains("\"1\""), "the session is the visitor's own: {text}");
    }
    let query = Visitor::with_steps(&format!("/steps?a=1&token={percent}&b=2"), &json!([op("echo-uri")]));
    let uri = visitor.send(query, Full::<Bytes>::default()).await.expect(200).json()[0]["ok"].clone();
    assert_eq!(uri, json!("/steps?a=1&b=2"));
    visitor.get(&format!("/steps/{TOKEN}")).await.expect(404);
    visitor.get(&format!("/_innkeeper/{percent}")).await.expect(404);
    assert!(!host.logs().contains(TOKEN) && !host.logs().contains(&percent), "{}", host.logs());
}

async fn wrong_tokens_are_few_a_minute(engine: Engine) {
    let host = TestHost::with(engine).env(VARIABLE, TOKEN).env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let ask = async |address: &str, token: &str| {
        let request = Request::get(METRICS).header("x-forwarded-for", address);
        let request = request.header("authorization", format!("Bearer {token}"));
        host.visitor().send(request, Full::<Bytes>::default()).await
    };
    for _ in 0..10 {
        ask("198.51.100.7, 192.0.2.1", "wrong").await.expect(401);
    }
    // What the client itself says of its address changes nothing.
    let refused = ask("203.0.113.9, 192.0.2.1", "wrong").await.expect(429);
    let wait: u64 = refused.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    ask("192.0.2.1", TOKEN).await.expect(200);
    ask("192.0.2.1", "wrong").await.expect(429);
    ask("192.0.2.2", "wrong").await.expect(401);
    for host in 0..10 {
        ask(&format!("2001:db8::{host:x}"), "wrong").await.expect(401);
    }
    ask("2001:db8::ffff", "wrong").await.expect(429);
    ask("2001:db8:0:1::ffff", "wrong").await.expect(401);
}

/// Where no router is trusted, what a request says of its address counts for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_cannot_be_made_up() {
    let host =
        TestHost::with(Engine::Sqlite).env(VARIABLE, TOKEN).env("INNKEEPER_OPERATOR_ATTEMPTS", "3").start().await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let request = Request::get(METRICS).header("x-forwarded-for", format!("192.0.2.{number}"));
        let request = request.header("authorization", "Bearer wrong");
        statuses.push(host.visitor().send(request, Full::<Bytes>::default()).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_there_are_no_figures() {
    let host = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    for value in [bearer(), "Bearer ".to_owned()] {
        let answer = host.visitor().get_with(METRICS, "authorization", &value).await.expect(404);
        assert!(answer.text().contains("set INNKEEPER_ADMIN_TOKEN"), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_could_be_guessed_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve =
        command::innkeeper(&["serve", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    serve.env(VARIABLE, "too-short-to-be-a-token");
    let failed = command::finish(serve, support::DEADLINE).await.failed();
    assert!(failed.stderr.contains("INNKEEPER_ADMIN_TOKEN: at least 32 characters"), "{failed}");
    assert!(!failed.stderr.contains("too-short") && !failed.stdout.contains("too-short"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_come_while_the_database_is_away() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    let host = TestHost::with(Engine::Postgres).database(database).app("probe", "probe").env(VARIABLE, TOKEN);
    let host = host.start().await;
    server.stop(Stop::Immediate);
    let text = metrics(&host).await;
    assert!(text.contains(r#"innkeeper_database_up{app="probe"} 0"#), "{text}");
    assert!(!text.contains("innkeeper_sessions{"), "{text}");
}
