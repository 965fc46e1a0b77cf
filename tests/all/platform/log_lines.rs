//! T13: each line of the log is short and can be read by a machine, whatever a guest prints.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::host::Builder;
use support::probe::all_ok;
use support::{Engine, TestHost};

on_both_databases! {
    t13_each_line_is_short_and_valid_whatever_a_guest_prints,
    t13_a_line_of_logfmt_says_what_the_router_says,
    t13_what_the_host_says_of_a_request_has_its_id_and_app,
}

/// What Heroku splits is longer.
const SPLIT_AT: usize = 10_000;
const MIB: usize = 1 << 20;

fn host(engine: Engine, app: &str, format: &str) -> Builder {
    let host = TestHost::with(engine).app(app, app).env("INNKEEPER_LOG_FORMAT", format);
    host.env("INNKEEPER_LOG_BYTES_PER_REQUEST", "8MiB").env("INNKEEPER_LOG_BYTES_PER_MINUTE", "100MiB")
}

/// What is logged of guests that print a megabyte and more, all of which may be logged.
async fn printed(engine: Engine, format: &str) -> String {
    let mut probe = host(engine, "probe", format).start().await;
    for text in [
        "x".repeat(MIB),
        "\u{1}\u{7f}\u{85}".repeat(20_000),
        "\"\\ = ".repeat(20_000),
        "ü€😀\u{2028}".repeat(10_000),
        "two\nlines\r\nand \u{1b}[31ma colour\n".to_owned(),
    ] {
        let steps = json!([{ "op": "stdout", "text": text }, { "op": "stderr", "text": "to the other stream" }]);
        all_ok(&probe.probe(steps).await);
    }
    let mut hostile = host(engine, "hostile", format).start().await;
    let mut visitor = hostile.visitor();
    visitor.get("/log-bytes").await.expect(200);
    // A visitor has a say in it, too.
    visitor.get(&format!("/{}", "'%22".repeat(1_900))).await.expect(404);
    visitor.get("/trap").await.expect(500);
    let (one, other) = (probe.terminate().await, hostile.terminate().await);
    assert!(one.0.success() && other.0.success(), "{} {}", one.0, other.0);
    one.1 + &other.1
}

async fn t13_each_line_is_short_and_valid_whatever_a_guest_prints(engine: Engine) {
    for format in ["json", "logfmt", "text"] {
        let log = printed(engine, format).await;
        let mut letters = 0;
        for line in log.split_inclusive('\n') {
            assert!(line.len() < SPLIT_AT, "{format}: {} bytes: {line}", line.len());
            let bare =
                line.strip_suffix('\n').unwrap_or_else(|| panic!("{format}: a line without an end: {line}"));
            assert!(!bare.contains(|char: char| char.is_control()), "{format}: {line:?}");
            let fields = match format {
                "json" => fields_of_json(bare),
                "logfmt" => fields_of_logfmt(bare),
                _ => BTreeMap::new(),
            };
            if fields.get("target").map(String::as_str) == Some("guest") {
                let message = fields.get("message").or(fields.get("msg")).expect("a message");
                assert!(["probe", "hostile"].contains(&fields["app"].as_str()), "{line}");
                assert_eq!(fields["version"], "1", "{line}");
                assert!(fields["request_id"].len() > 8 && !fields["stream"].is_empty(), "{line}");
                letters += message.bytes().filter(|byte| *byte == b'x').count();
            }
        }
        // Cut into lines, and none of it lost. The bytes of the other guest have some, too.
        let expected = if format == "text" { 0 } else { MIB };
        assert!((expected..expected + MIB / 64).contains(&letters), "{format}: {letters} letters");
    }
}

async fn t13_a_line_of_logfmt_says_what_the_router_says(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_LOG_FORMAT", "logfmt").start().await;
    host.visitor().get_with("/a%20b?secret=1", "x-request-id", "0123456789abcdef0123").await;
    let line = host.wait_for_log("path=\"/a%20b\"").await;
    let fields = fields_of_logfmt(&line);
    for (name, value) in
        [("at", "info"), ("method", "GET"), ("path", "/a%20b"), ("app", "probe"), ("version", "1")]
    {
        assert_eq!(fields[name], value, "{line}");
    }
    assert!(fields["service"].strip_suffix("ms").is_some_and(|number| number.parse::<u64>().is_ok()), "{line}");
    assert!(fields["status"].parse::<u16>().is_ok() && !line.contains("secret"), "{line}");
}

async fn t13_what_the_host_says_of_a_request_has_its_id_and_app(engine: Engine) {
    let host = TestHost::with(engine).app("hostile", "hostile").env("INNKEEPER_TRUST_PROXY", "1");
    let mut host = host.env("INNKEEPER_LOG_FORMAT", "logfmt").start().await;
    let id = |path: &str| format!("id-of-the-request-to{}", path.replace('/', "-"));
    let request = |path: &str| Request::get(path).header("x-request-id", id(path));
    let mut said = vec!["/half-body", "/drop-body", "/no-body"];
    for path in &said {
        // Some of the answers are cut off.
        let _answer = host.visitor().try_send(request(path), Full::default()).await;
    }
    let mut leaving = host.visitor();
    let answer = leaving.open(request("/no-finish"), Full::default()).await.expect("a head");
    drop((answer, leaving));
    host.wait_for_log("the visitor left in the middle").await;
    said.push("/no-finish");
    let (_, log) = host.terminate().await;
    let lines: Vec<_> = log.lines().map(fields_of_logfmt).collect();
    let of_dispatch = lines.iter().filter(|line| line["target"] == "innkeeper::web::dispatch");
    let named: Vec<_> = of_dispatch.map(|line| (line["app"].as_str(), line["request_id"].clone())).collect();
    for path in said {
        assert!(named.contains(&("hostile", id(path))), "{path}: {log}");
    }
}

fn fields_of_json(line: &str) -> BTreeMap<String, String> {
    let parsed = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let Value::Object(fields) = parsed else { panic!("no object: {line}") };
    for name in ["timestamp", "level", "message", "target"] {
        assert!(fields.get(name).is_some_and(Value::is_string), "no {name}: {line}");
    }
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// Reads a line as a parser of logfmt does: `key=bare`, `key="quoted"`, `key`.
pub(super) fn fields_of_logfmt(line: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        assert!(!key.is_empty(), "a value without a key at {rest:?}: {line}");
        let (value, after) = match after.strip_prefix('=') {
            None => (String::new(), after),
            Some(after) if after.starts_with('"') => quoted(after, line),
            Some(after) => {
                let end = after.find(' ').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                assert!(!value.contains(['"', '=']), "{value}: {line}");
                (value.to_owned(), after)
            }
        };
        assert!(fields.insert(key.to_owned(), value).is_none(), "{key} is there twice: {line}");
        rest = match after.strip_prefix(' ') {
            Some(rest) => rest,
            None => {
                assert!(after.is_empty(), "no blank at {after:?}: {line}");
                after
            }
        };
    }
    fields
}

/// A value in quotes, and what comes behind it.
fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values.next().and_then(Result::ok).unwrap_or_else(|| panic!("no value at {text:?}: {line}"));
    let end = values.byte_offset();
    (value, &text[end..])
}
