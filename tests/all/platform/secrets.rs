//! T13: what is secret is found nowhere that the host tells of itself.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use support::collector::{Collector, Mood};
use support::host::Builder;
use support::probe::{execute, ok, op, query};
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

on_both_databases! {
    t13_what_is_secret_is_found_in_no_output,
}

/// Each is planted in one place, so that a find tells where from.
const PASSWORD: &str = "canary-of-the-database-password";
const ADMIN_TOKEN: &str = "canary-of-the-operators-token-0123456789";
const CODE_KEY: &str = "canary-of-the-code-key-0123456789-0123456789";
const PARAMETER: &str = "canary-of-a-parameter";
const LITERAL: &str = "canary-of-a-literal";
const QUERY: &str = "canary-of-a-query-string";
const COOKIE: &str = "canary-of-a-cookie";
const BEARER: &str = "canary-of-a-visitors-authorization";
const BODY: &str = "canary-of-a-body";
const CONFIG: &str = "canary-of-a-setting";
const SESSION: &str = "canary-of-a-session-value";
const OTLP_HEADER: &str = "canary-of-an-otlp-header";
const OTLP_URL: &str = "canary-of-an-otlp-url";
const STATE: &str = "canary-of-a-tracestate";
const NUMBER: i64 = 4_815_162_342_108_777;

fn planted() -> Vec<String> {
    let texts = [
        PASSWORD,
        ADMIN_TOKEN,
        CODE_KEY,
        PARAMETER,
        LITERAL,
        QUERY,
        COOKIE,
        BEARER,
        BODY,
        CONFIG,
        SESSION,
        OTLP_HEADER,
        OTLP_URL,
        STATE,
    ];
    texts.into_iter().map(str::to_owned).chain([NUMBER.to_string()]).collect()
}

/// A host whose database has a password in its URL, where it is one to which one connects. The
/// server takes any password.
async fn with_password(engine: Engine) -> Builder {
    let host = TestHost::with(engine).app("probe", "probe");
    match engine {
        Engine::Sqlite => host,
        Engine::Postgres => {
            let url = support::postgres::fresh_database().await.replacen('@', &format!(":{PASSWORD}@"), 1);
            host.by_environment().database(TestDatabase::at(&url))
        }
    }
}

async fn host(engine: Engine, format: &str, collector: &Collector) -> TestHost {
    let host = with_password(engine).await;
    let traces = format!("{}/v1/traces?token={OTLP_URL}", collector.url());
    let metrics = format!("{}/v1/metrics?token={OTLP_URL}", collector.url());
    let header = format!("api-key={OTLP_HEADER}");
    let variables = [
        ("INNKEEPER_LOG_FORMAT", format),
        ("INNKEEPER_LOG", "trace"),
        ("INNKEEPER_LOG_SAMPLES", "1s"),
        ("INNKEEPER_ADMIN_TOKEN", ADMIN_TOKEN),
        ("INNKEEPER_CODE_KEY", CODE_KEY),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces.as_str()),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", metrics.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", header.as_str()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
    ];
    variables.into_iter().fold(host, |host, (name, value)| host.env(name, value)).start().await
}

/// Statements that succeed and fail, with each secret in its place.
fn steps() -> Value {
    json!([
        execute("create table notes (id bigint primary key, text text not null, mark text unique)", json!([])),
        execute("insert into notes (id, text) values (1, $1)", json!([PARAMETER])),
        execute(&format!("insert into notes (id, text, mark) values ({NUMBER}, '{LITERAL}', '{LITERAL}')"), json!([])),
        execute(&format!("insert into notes (id, text, mark) values (3, '', '{LITERAL}')"), json!([])),
        execute("insert into notes (id, text) values ($1, $2)", json!([NUMBER, PARAMETER])),
        query(&format!("select text from notes where text = '{LITERAL}' or id = {NUMBER}"), json!([])),
        query(&format!("select nothing from notes where text = '{LITERAL}'"), json!([])),
        query(&format!("select '{LITERAL}"), json!([])),
        { "op": "session.set", "key": "a", "value": SESSION },
        { "op": "session.renew", "user": "Ada" },
        { "op": "config", "key": "setting" },
    ])
}

async fn visit(visitor: &mut Visitor) -> Vec<Value> {
    let request = Request::post(format!("/run?token={QUERY}"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {BEARER}"))
        .header("cookie", format!("other={COOKIE}"))
        .header("tracestate", format!("other={STATE}"))
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    visitor
        .send(request, Full::from(steps().to_string()))
        .await
        .expect(200)
        .json()
        .as_array()
        .cloned()
        .expect("a list")
}

async fn t13_what_is_secret_is_found_in_no_output(engine: Engine) {
    for format in ["json", "logfmt", "text"] {
        let collector = Collector::start(Mood::Takes).await;
        let mut host = host(engine, format, &collector).await;
        let setting = format!("setting={CONFIG}");
        command::on(host.database(), &["config", "set", "--app", "probe", &setting]).await.succeeded();
        let mut visitor = host.visitor();
        let config = json!([{ "op": "config", "key": "setting" }]);
        let has_setting = async || (*ok(&host.visitor().probe(config.clone()).await[0]) == CONFIG).then_some(());
        until("the setting arrives", has_setting).await;
        let results = visit(&mut visitor).await;
        let failed: Vec<bool> = results.iter().map(|result| result.get("error").is_some()).collect();
        assert_eq!(
            failed,
            [false, false, false, true, true, false, true, true, false, false, false],
            "{results:?}"
        );
        let cookies: Vec<String> = visitor.jar.all().map(|(_, value)| value.to_owned()).collect();
        assert!(cookies.iter().any(|value| value.len() > 20), "the visitor has a session: {cookies:?}");
        visitor.post("/run", "application/json", format!("[\"{BODY}\"")).await;
        visitor
            .probe_answer(json!([{ "op": "stderr", "text": "said by the guest" }, op("trap")]))
            .await
            .expect(500);
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let metrics = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
        host.visitor().get(&format!("/_innkeeper/blobs/x?token={QUERY}")).await;
        let spans = || collector.spans().into_iter().flat_map(|span| span.attributes).collect::<Vec<_>>();
        until("samples, metrics and spans", async || {
            let has_samples = host.logs().contains("count#requests");
            let has_spans = format!("{:?}", spans()).to_lowercase().contains("insert into notes");
            (has_samples && has_spans && collector.metrics().is_some()).then_some(())
        })
        .await;
        let (_, log) = host.terminate().await;
        let exports = collector.exports();
        // What is looked through is what would have them.
        assert!(log.contains("said by the guest") && log.contains("count#requests"), "{log}");
        assert!(metrics.text().contains("innkeeper_requests_total"), "{}", metrics.text());
        assert!(exports.iter().all(|export| export.headers["api-key"] == OTLP_HEADER));
        let bodies = exports.iter().flat_map(|export| export.body.to_vec()).collect::<Vec<_>>();
        let bodies = String::from_utf8_lossy(&bodies);
        for secret in planted().into_iter().chain(cookies) {
            for (place, text) in
                [("log", log.as_str()), ("metrics", metrics.text()), ("collector", bodies.as_ref())]
            {
                assert!(
                    !text.contains(&secret),
                    "{format}: {secret} is in the {place}:\n{}",
                    around(text, &secret)
                );
            }
        }
    }
}

fn around(text: &str, secret: &str) -> String {
    text.lines().filter(|line| line.contains(secret)).take(3).collect::<Vec<_>>().join("\n")
}
