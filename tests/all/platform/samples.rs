//! T13: lines that log add-ons make graphs of, read as they read them.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::gate::{Gate, Gated};
use support::probe::{all_ok, execute, op};
use support::{Engine, TestHost, Visitor, until};
use tokio::task::JoinSet;

on_both_databases! {
    t13_samples_tell_what_is_and_counts_what_came_since,
    t13_where_no_dyno_is_nothing_is_sampled,
    who_waits_for_a_connection_is_told_by_app,
}

/// `sample#name`, `count#name` or `measure#name`, with number and unit.
type Samples = BTreeMap<String, (f64, String)>;

/// As l2met reads a line: words between blanks, in them a `#` before the `=`, a number and its
/// unit.
fn read(line: &str) -> (String, Samples) {
    let (mut source, mut samples) = (String::new(), Samples::new());
    for (key, value) in line.split_whitespace().filter_map(|word| word.split_once('=')) {
        if key == "source" {
            source = value.to_owned();
        }
        let Some((kind, _)) = key.split_once('#') else { continue };
        assert!(["sample", "count", "measure"].contains(&kind), "{key}: {line}");
        let number = value.trim_end_matches(|char: char| char.is_ascii_alphabetic());
        let unit = value[number.len()..].to_owned();
        let number = number.parse().unwrap_or_else(|_| panic!("{key}={value}: {line}"));
        assert!(samples.insert(key.to_owned(), (number, unit)).is_none(), "{key} is there twice: {line}");
    }
    (source, samples)
}

fn lines(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("count#requests=")).collect()
}

fn sum(log: &str, name: &str) -> f64 {
    lines(log).iter().map(|line| read(line).1.get(name).map_or(0.0, |(number, _)| *number)).sum()
}

async fn t13_samples_tell_what_is_and_counts_what_came_since(engine: Engine) {
    for format in ["json", "logfmt", "text"] {
        let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_LOG_FORMAT", format);
        let host = host.env("DYNO", "web.1").env("INNKEEPER_ALLOW_EPHEMERAL", "1");
        // Whatever else is left out of the log.
        let host = host.env("INNKEEPER_LOG", "warn,innkeeper=info,guest=info").env("INNKEEPER_LOG_SAMPLES", "1s");
        let mut host = host.start().await;
        let mut visitor = host.visitor();
        for _ in 0..7 {
            all_ok(&visitor.probe(json!([{ "op": "sleep", "ms": 30 }])).await);
        }
        visitor.probe_answer(json!([{ "op": "trap" }])).await.expect(500);
        let forged = "x sample#forged=1 count#requests=1000 count#requests_2xx=1000 source=web.9 x";
        all_ok(&visitor.probe(json!([{ "op": "stdout", "text": forged }])).await);
        for _ in 0..3 {
            visitor.get("/_innkeeper/nothing").await.expect(404);
        }
        // More than one line, so that what is counted twice would be seen.
        until("a third line", async || (lines(&host.logs()).len() > 2).then_some(())).await;
        let (_, log) = host.terminate().await;
        // A host that is not ready yet says 503 to whoever asks.
        assert_eq!(sum(&log, "count#requests_4xx"), 3.0, "{log}");
        assert!(sum(&log, "count#requests_5xx") >= 1.0, "{log}");
        let all: f64 = (2..=5).map(|class| sum(&log, &format!("count#requests_{class}xx"))).sum();
        assert!(all >= 11.0 && all == sum(&log, "count#requests"), "{log}");
        check(engine, format, &log);
    }
}

fn check(engine: Engine, format: &str, log: &str) {
    let forged: Vec<&str> = log.lines().filter(|line| line.contains("forged=1")).collect();
    assert!(!forged.is_empty() && forged.iter().all(|line| read(line).1.is_empty()), "{forged:?}");
    let slowest =
        lines(log).iter().filter_map(|line| Some(read(line).1.get("measure#request_p99")?.0)).fold(0.0, f64::max);
    assert!((20.0..60_000.0).contains(&slowest), "{slowest} ms: {log}");
    for line in lines(log) {
        assert!(line.len() < 2_000 && !line.contains("NaN"), "{line}");
        let (source, samples) = read(line);
        assert_eq!(source, "web.1", "{line}");
        let (memory, unit) = &samples["sample#memory_rss"];
        assert!((10.0..4_000.0).contains(memory) && unit == "MB", "{line}");
        let (total, quota) = (samples["sample#memory_total"].0, samples["sample#memory_quota"].0);
        assert!(total >= *memory && quota > total && samples["sample#threads"].0 >= 2.0, "{line}");
        assert!(samples["sample#guests"].0 <= 1.0, "{line}");
        assert!(samples["sample#guests_most"].0 > 0.0 && samples.contains_key("sample#guests_waiting"), "{line}");
        let most = samples.get("sample#db_guests_connections_most").map(|(number, _)| *number);
        assert_eq!(most, matches!(engine, Engine::Postgres).then_some(5.0), "{line}");
        match format {
            "json" => drop(serde_json::from_str::<Value>(line).expect("valid JSON")),
            "logfmt" => drop(super::log_lines::fields_of_logfmt(line)),
            _ => {}
        }
    }
}

async fn t13_where_no_dyno_is_nothing_is_sampled(engine: Engine) {
    let mut host = TestHost::with(engine).app("probe", "probe").start().await;
    all_ok(&host.visitor().probe(json!([{ "op": "sleep", "ms": 1 }])).await);
    let (_, log) = host.terminate().await;
    assert!(lines(&log).is_empty() && !log.contains("sample#"), "{log}");
}

async fn who_waits_for_a_connection_is_told_by_app(engine: Engine) {
    const TOKEN: &str = "a-token-for-the-figures-0123456789";
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe");
    let host = host.env("INNKEEPER_ADMIN_TOKEN", TOKEN).env("INNKEEPER_POOL_SIZE", "1");
    let host = host.env("INNKEEPER_POOL_WAIT", "30s").start().await;
    let figure = async |app: &str| {
        let bearer = format!("Bearer {TOKEN}");
        let answer = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
        let name = format!("innkeeper_app_connections_waited_for{{app=\"{app}\"}} ");
        let line = answer.text().lines().find_map(|line| line.strip_prefix(&name)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no {name}: {}", answer.text()))
    };
    assert_eq!((figure("probe").await, figure("other").await), ("0".to_owned(), "0".to_owned()));
    if matches!(engine, Engine::Sqlite) {
        return;
    }
    all_ok(&host.probe(json!([execute("create table held (id bigint primary key)", json!([]))])).await);
    let (mut gates, mut holding) = (Vec::new(), JoinSet::new());
    for id in 1..=3 {
        let insert = execute("insert into held (id) values ($1)", json!([id]));
        let (body, gate) = Gated::pause();
        let request = Visitor::with_steps("/steps", &json!([insert, op("echo-body")]));
        let mut visitor = host.visitor();
        holding.spawn(async move { visitor.send(request, body).await.expect(200).json() });
        gates.push(gate);
    }
    let two = async || (figure("probe").await == "2").then_some(figure("other").await);
    let other = until("two of the three wait", two).await;
    gates.into_iter().for_each(Gate::open);
    for results in holding.join_all().await {
        all_ok(results.as_array().expect("results"));
    }
    assert_eq!((other, figure("probe").await), ("0".to_owned(), "0".to_owned()));
}
