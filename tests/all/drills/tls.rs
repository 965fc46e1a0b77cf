//! TLS to the database: each mode against a server that lets its user in over TLS alone.

use serde_json::json;
use support::postgres::tls::{OwnRoot, TlsServer};
use support::postgres::{Server, Stop};
use support::probe::{all_ok, code, execute, integer, query};
use support::{Engine, TestDatabase, TestHost, command};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={root}"),
            "is for localhost, and not for 127.0.0.1",
        ),
    ] {
        let url = tls.url(host, &query).await;
        let error = tried(&url).await.expect_err(&url);
        assert!(error.contains(told), "{url}: {error}");
    }
}

const LONG: &str = "20990101000000Z";
const SIGNS: &str = "subjectAltName = DNS:localhost\nbasicConstraints = critical, CA:TRUE\n";

/// Certificates, the host and the mode that a URL names, and whether that gets in.
fn own_roots() -> Vec<(OwnRoot, &'static str, &'static str, bool)> {
    let own = |name, extensions, end| OwnRoot { name, extensions, end };
    let all = "subjectAltName = DNS:localhost\nbasicConstraints = CA:TRUE\nkeyUsage = keyCertSign, digitalSignature\n\
               extendedKeyUsage = serverAuth\n";
    vec![
        (own("db", SIGNS, LONG), "localhost", "verify-full", true),
        (own("db", SIGNS, LONG), "127.0.0.1", "verify-full", false),
        (own("db", SIGNS, LONG), "127.0.0.1", "verify-ca", true),
        (
            own("db", "subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n", LONG),
            "localhost",
            "verify-full",
            true,
        ),
        (own("localhost", "basicConstraints = CA:TRUE\n", LONG), "localhost", "verify-full", true),
        (own("elsewhere", "basicConstraints = CA:TRUE\n", LONG), "localhost", "verify-full", false),
        (
            own("db", "subjectAltName = IP:127.0.0.1\nbasicConstraints = CA:TRUE\n", LONG),
            "127.0.0.1",
            "verify-full",
            true,
        ),
        (
            own("db", "subjectAltName = DNS:127.0.0.1\nbasicConstraints = CA:TRUE\n", LONG),
            "127.0.0.1",
            "verify-full",
            true,
        ),
        (own("127.0.0.1", SIGNS, LONG), "127.0.0.1", "verify-full", true),
        (
            own("localhost", "subjectAltName = DNS:elsewhere\nbasicConstraints = CA:TRUE\n", LONG),
            "localhost",
            "verify-full",
            false,
        ),
        (
            own("localhost", "subjectAltName = IP:10.0.0.1\nbasicConstraints = CA:TRUE\n", LONG),
            "localhost",
            "verify-full",
            true,
        ),
        (own("*.example", "subjectAltName = DNS:*.localhost\n", LONG), "localhost", "verify-full", false),
        (own("db", SIGNS, "20200201000000Z"), "localhost", "verify-full", false),
        (own("db", all, LONG), "localhost", "verify-full", true),
        (
            own(
                "db",
                "subjectAltName = DNS:localhost\nbasicConstraints = CA:TRUE\nkeyUsage = keyCertSign\n",
                LONG,
            ),
            "localhost",
            "verify-full",
            false,
        ),
        (
            own("db", "subjectAltName = DNS:localhost\nextendedKeyUsage = clientAuth\n", LONG),
            "localhost",
            "verify-full",
            false,
        ),
    ]
}

/// `psql` is the measure: each certificate is its own root, and is given as that.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_its_own_root_counts_as_it_does_for_psql() {
    let tls = TlsServer::start().await;
    let other = tls.other_root.to_str().expect("a UTF-8 path").to_owned();
    for (certificate, host, mode, gets_in) in own_roots() {
        let root = tls.certify_itself(certificate);
        let url = tls.url(host, &format!("sslmode={mode}&sslrootcert={}", root.display())).await;
        let (psql, ours) = (tls.psql(&url), tried(&url).await);
        assert_eq!((psql.is_ok(), ours.is_ok()), (gets_in, gets_in), "{certificate:?} {url}: {psql:?} {ours:?}");
        // Another root.
        let url = tls.url(host, &format!("sslmode={mode}&sslrootcert={other}")).await;
        assert!(tls.psql(&url).is_err() && tried(&url).await.is_err(), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_tls_says_what_it_is_and_what_to_do() {
    let tls = TlsServer::start().await;
    let root = tls.root.display();
    let (revoked, other) = (tls.revoked(true), tls.revoked(false));
    for (host, query, told) in [
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={}", tls.other_root.display()),
            "INNKEEPER_DATABASE_CA",
        ),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={root}"), "use sslmode=verify-ca"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={root}&sslcrl={}", revoked.display()),
            "has been revoked",
        ),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/nowhere.pem".into(),
            "cannot read the certificate /nowhere.pem",
        ),
    ] {
        let url = tls.url(host, &query).await;
        assert!(tls.psql(&url).is_err(), "{url}");
        let error = tried(&url).await.expect_err(&url);
        assert!(error.contains(told) && !error.contains("invalid data"), "{url}: {error}");
    }
    let url =
        tls.url("localhost", &format!("sslmode=verify-full&sslrootcert={root}&sslcrl={}", other.display())).await;
    assert_eq!((tls.psql(&url), tried(&url).await), (Ok(()), Ok(())), "{url}");
    // To libpq a certificate that is not there is none that was asked for.
    let url = tls.url("localhost", "sslmode=require&sslcert=/nowhere.pem&sslkey=/nowhere.key").await;
    let error = tried(&url).await.expect_err(&url);
    assert!(error.contains("cannot read the certificate /nowhere.pem"), "{error}");
    let expired = tls.certify_itself(OwnRoot { name: "db", extensions: SIGNS, end: "20200201000000Z" });
    let url = tls.url("localhost", &format!("sslmode=verify-full&sslrootcert={}", expired.display())).await;
    let error = tried(&url).await.expect_err(&url);
    assert!(error.contains("has expired"), "{error}");
    tls.server.administer("alter system set ssl_max_protocol_version = 'TLSv1.2'").await;
    tls.server.restart(Stop::Fast);
    let url = tls.url("localhost", "sslmode=require&ssl_min_protocol_version=TLSv1.3").await;
    let error = tried(&url).await.expect_err(&url);
    assert!(tls.psql(&url).is_err() && error.contains("no version of TLS in common"), "{error}");
}

/// What listens there may be no Postgres at all.
#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_another_protocol_is_told_as_that() {
    for (answer, told) in [
        (&b""[..], "ends the connection when it is asked for TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "unexpected answer 0x48"),
        (b"Shello, this is no TLS at all", "speaks no TLS"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let answering = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = [0; 8];
                stream.read_exact(&mut request).await.expect("a request");
                stream.write_all(answer).await.expect("an answer");
                // Until the client has read it.
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let error =
            tried(&format!("postgres://u@127.0.0.1:{port}/d?sslmode=require")).await.expect_err("no Postgres");
        assert!(error.contains(told), "{error}");
        answering.abort();
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
