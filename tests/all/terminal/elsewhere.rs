//! What `--to` meets on its way: names that lead nowhere, certificates that are not good, routers
//! and strangers that answer instead of a host.

use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::command::{self, Finished};
use support::port::{free_address, free_port};
use support::{DEADLINE, until};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Less than the pauses between all tries together.
const AT_ONCE: Duration = Duration::from_secs(20);

fn to(url: &str, arguments: &[&str]) -> tokio::process::Command {
    let mut command = command::innkeeper(&[arguments, &["--to", url]].concat());
    command.env("INNKEEPER_TOKEN", "innkeeper_0123456789ab_nothing");
    command
}

async fn failed(url: &str, arguments: &[&str], within: Duration) -> Finished {
    command::finish(to(url, arguments), within).await.failed()
}

/// A server that answers every request alike. Counts them.
async fn answering(listener: TcpListener, status: &'static str, body: &'static str) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            if head(&mut client).await.is_some() {
                counted.fetch_add(1, Ordering::SeqCst);
                let size = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{body}");
                let _ = client.write_all(answer.as_bytes()).await;
            }
        }
    });
    count
}

/// The head of a request.
async fn head(client: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer).await.ok()? {
            0 => return None,
            more => read.extend_from_slice(&buffer[..more]),
        }
    }
    Some(String::from_utf8_lossy(&read).into_owned())
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

#[tokio::test]
async fn what_a_host_says_moves_no_cursor() {
    let (listener, url) = listener().await;
    let body = r#"{"kind":"conflict","message":"\u001b[2J\u202egone\u0007\nand more"}"#;
    answering(listener, "409 Conflict", body).await;
    let said = failed(&url, &["apps"], DEADLINE).await.stderr;
    assert!(said.contains("[2J") && said.contains("\nand more"), "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{said:?}");
}

#[tokio::test]
async fn a_router_that_answers_instead_leaves_it_open_what_was_done() {
    for status in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"] {
        let (listener, url) = listener().await;
        let count = answering(listener, status, "<h1>no</h1>").await;
        let refused = failed(&url, &["token", "revoke", "0123456789ab"], AT_ONCE).await;
        assert!(refused.stderr.contains("nobody knows whether it was done"), "{status}: {refused}");
        assert!(refused.stderr.contains(status), "{status}: {refused}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "it is not sent again");
    }
}

#[tokio::test]
async fn a_redirection_is_named_and_not_followed() {
    let (listener, url) = listener().await;
    let status = "307 Temporary Redirect\r\nlocation: https://elsewhere.example/x";
    let count = answering(listener, status, "").await;
    let refused = failed(&url, &["apps"], AT_ONCE).await;
    let text = format!("{url} redirects to https://elsewhere.example/x");
    assert!(refused.stderr.contains(&text) && refused.stderr.contains("--to"), "{refused}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_host_that_is_being_started_is_waited_for_and_that_is_said() {
    let address = free_address();
    let url = format!("http://{address}");
    let mut waiting = to(&url, &["apps", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let told = async {
        while let Some(line) = said.next_line().await.unwrap() {
            if line.contains("no answer yet") && line.contains("trying again") {
                return;
            }
        }
        panic!("it has not said that it waits");
    };
    tokio::time::timeout(DEADLINE, told).await.expect("soon");
    let again = until("the port is free", async || TcpListener::bind(address).await.ok()).await;
    answering(again, "200 OK", "[]").await;
    let ended = tokio::time::timeout(DEADLINE, waiting.wait_with_output()).await.unwrap().unwrap();
    assert!(ended.status.success() && ended.stdout.starts_with(b"[]"), "{ended:?}");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_said_at_once() {
    let refused = failed("https://no-such-host.invalid", &["apps"], AT_ONCE).await;
    assert!(refused.stderr.contains("no-such-host.invalid leads to no address"), "{refused}");
    assert!(!refused.stderr.contains("trying again"), "{refused}");
}

#[tokio::test]
async fn what_does_not_speak_tls_is_said_at_once() {
    let (listener, url) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 16]).await;
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            let _ = client.shutdown().await;
        }
    });
    let url = url.replace("http://", "https://");
    let refused = failed(&url, &["apps"], AT_ONCE).await;
    assert!(refused.stderr.contains("does not speak TLS"), "{refused}");
    assert!(!refused.stderr.contains("trying again"), "{refused}");
}

/// A server of OpenSSL's with a certificate that it has signed itself. Ended with this value.
struct SelfSigned {
    server: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl SelfSigned {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (key, certificate) = (path("key.pem"), path("certificate.pem"));
        let mut make = Program::new("openssl");
        make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        make.args(["-days", "2", "-subj", "/CN=Innkeeper tests", "-addext", "subjectAltName=DNS:localhost"]);
        make.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &certificate]);
        let made = make.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(made.success());
        let port = free_port();
        let mut serve = Program::new("openssl");
        serve.args([
            "s_server",
            "-quiet",
            "-www",
            "-accept",
            &port.to_string(),
            "-key",
            &key,
            "-cert",
            &certificate,
        ]);
        let server = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let served = async || TcpStream::connect(("localhost", port)).await.ok().map(drop);
        until("the server listens", served).await;
        Self { server, folder, port }
    }
}

impl Drop for SelfSigned {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_knows_is_said_at_once_with_what_to_do() {
    let server = SelfSigned::start().await;
    let url = format!("https://localhost:{}", server.port);
    let refused = failed(&url, &["apps"], AT_ONCE).await;
    assert!(refused.stderr.contains("SSL_CERT_FILE"), "{refused}");
    assert!(!refused.stderr.contains("trying again"), "{refused}");
    // With the variable the host is known, which then is no Innkeeper.
    let mut known = to(&url, &["apps"]);
    known.env("SSL_CERT_FILE", server.folder.path().join("certificate.pem"));
    let known = command::finish(known, DEADLINE).await.failed();
    assert!(!known.stderr.contains("SSL_CERT_FILE"), "{known}");
    assert!(known.stderr.contains("does not understand"), "{known}");
    let other = format!("https://127.0.0.1:{}", server.port);
    let mut other = to(&other, &["apps"]);
    other.env("SSL_CERT_FILE", server.folder.path().join("certificate.pem"));
    let other = command::finish(other, AT_ONCE).await.failed();
    assert!(other.stderr.contains("a name for which the host has a certificate"), "{other}");
}
