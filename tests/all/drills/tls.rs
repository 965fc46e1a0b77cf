//! TLS to the database: each mode against a server that lets its user in over TLS alone.

use serde_json::json;
use support::postgres::Server;
use support::postgres::tls::TlsServer;
use support::probe::{all_ok, code, execute, integer, query};
use support::{Engine, TestDatabase, TestHost, command};

use super::{KEPT, migrate};

/// Whether the host gets in with this URL, or what it says.
async fn tried(url: &str) -> Result<(), String> {
    let done = command::on(&TestDatabase::at(url), &["migrate"]).await;
    if done.status.success() { Ok(()) } else { Err(done.failed().stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_checks_what_it_says() {
    let tls = TlsServer::start().await;
    let [root, other] = [&tls.root, &tls.other_root].map(|path| path.to_str().expect("a UTF-8 path"));
    for (host, query) in [
        ("localhost", String::new()),
        ("127.0.0.1", "sslmode=prefer".into()),
        ("127.0.0.1", "sslmode=require".into()),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={root}")),
        ("localhost", format!("sslmode=verify-full&sslrootcert={root}")),
        ("localhost", format!("sslrootcert={root}")),
    ] {
        let url = tls.url(host, &query).await;
        assert_eq!(tried(&url).await, Ok(()), "{url}");
    }
    for (host, query, told) in [
        ("localhost", "sslmode=disable".into(), "no encryption"),
        ("localhost", "sslmode=verify-full".into(), "UnknownIssuer"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), "UnknownIssuer"),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={root}"), "not valid for name"),
    ] {
        let url = tls.url(host, &query).await;
        let error = tried(&url).await.expect_err(&url);
        assert!(error.contains(told), "{url}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_spoken_to_in_plain_text() {
    let server = Server::start();
    let url = server.fresh_database().await + "?sslmode=require";
    let error = tried(&url).await.expect_err("the server has no TLS");
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_rows_are_refused_over_tls() {
    let tls = TlsServer::start().await;
    let root = tls.root.to_str().expect("a UTF-8 path");
    let url = tls.url("localhost", &format!("sslmode=verify-full&sslrootcert={root}")).await;
    let database = TestDatabase::at(&url);
    let host = TestHost::with(Engine::Postgres).database(database).app("probe", "probe");
    let host = host.env("INNKEEPER_STATEMENT_TIME", "50s").env("INNKEEPER_WALL_PER_REQUEST", "100s").start().await;
    all_ok(&host.probe(json!([migrate(KEPT), query("select count(*) from kept", json!([]))])).await);
    let keep = |id: &str| execute("insert into kept (id) values ($1)", json!([id]));
    host.serving().forget_peak();
    let before = host.rss_kib();
    let large = query("select repeat('x', 150000000)", json!([]));
    let count = query("select count(*) from kept", json!([]));
    let results = host.probe(json!([large, keep("a"), large, keep("b"), count])).await;
    assert_eq!((code(&results[0]), code(&results[2])), ("too-large", "too-large"));
    assert_eq!(integer(&results[4]), 2);
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < 64 << 10, "the memory of the host rose by {grown} KiB");
}
