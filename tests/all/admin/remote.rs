//! Commands with `--to`.

use super::{Api, ROOT, command_to, component, host};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Engine, command, paths, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

on_both_databases! {
    a_component_is_deployed_to_a_host_by_its_url,
    an_upload_goes_on_where_it_broke_off,
    what_stands_in_the_way_is_said,
    tokens_are_looked_after_from_elsewhere,
    whatever_commands_do_to_apps_they_do_from_elsewhere,
}

fn file(guest: &str) -> String {
    paths::guest(guest).to_str().expect("a path in UTF-8").to_owned()
}

async fn a_component_is_deployed_to_a_host_by_its_url(engine: Engine) {
    let host = host(engine).await;
    let token = Api::root(&host).make_token(&["deploy:hello"]).await;
    let arguments =
        ["deploy", &file("hello"), "--app", "hello", "--route", "/hello", "--note", "from afar", "--json"];
    let deployed = command_to(&host.url(), &token, &arguments).await.succeeded();
    assert_eq!(deployed.json()["version"], 1, "{deployed}");
    assert!(deployed.stderr.contains(&format!("host: {}", host.url())), "{deployed}");
    let live = async || host.visitor().try_get("/hello").await.filter(|answer| answer.status == 200);
    until("the app answers", live).await;
    let again = command_to(&host.url(), &token, &["deploy", &file("hello"), "--app", "hello"]).await.succeeded();
    assert!(again.stdout.contains("hello: version 1 is active"), "{again}");
    let arguments = ["deploy", &file("hostile"), "--app", "hello", "--smoke", "/trap"];
    let failed = command_to(&host.url(), &token, &arguments).await.failed();
    assert!(failed.stderr.contains("GET /trap") && failed.stderr.contains("was not made active"), "{failed}");
    let versions = Api::root(&host).get("/apps/hello/versions").await.expect(200).json();
    assert_eq!((versions.as_array().map(Vec::len), &versions[0]["note"]), (Some(1), &json!("from afar")));
    assert!(versions[0]["deployed_by"].as_str().unwrap().starts_with("token deploy:hello ("), "{versions}");
}

/// Between client and host: cuts the first `cuts` connections after so many bytes of the client.
async fn cutting(host: std::net::SocketAddr, cuts: usize, after: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let is_cut = count.fetch_add(1, Ordering::SeqCst) < cuts;
            tokio::spawn(async move {
                let mut server = TcpStream::connect(host).await.expect("the host listens");
                if !is_cut {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    return;
                }
                let (mut from_client, mut to_client) = client.split();
                let (mut from_server, mut to_server) = server.split();
                let upwards = async {
                    let (mut left, mut buffer) = (after, vec![0; 1 << 16]);
                    while left > 0 {
                        let most = left.min(buffer.len());
                        let read = from_client.read(&mut buffer[..most]).await.unwrap_or(0);
                        if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
                            return;
                        }
                        left -= read;
                    }
                };
                tokio::select! {
                    () = upwards => {}
                    _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
                }
            });
        }
    });
    (url, counted)
}

async fn an_upload_goes_on_where_it_broke_off(engine: Engine) {
    let host = host(engine).await;
    let bytes = component("probe");
    // What is there from before is not sent again.
    let wanted = json!({ "sha256": support::bytes::sha256(&bytes), "size": bytes.len() });
    let token = Api::root(&host).make_token(&["deploy:new"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let id = api.post("/apps/new/uploads", &wanted).await.expect(200).json()["id"].as_str().unwrap().to_owned();
    api.piece("new", &id, 0, &bytes[..100_000]).await.expect(200);
    let (url, connections) = cutting(host.address(), 3, 60_000).await;
    let deployed = command_to(&url, &token, &["deploy", &file("probe"), "--app", "new"]).await.succeeded();
    assert!(deployed.stderr.contains("the upload goes on after 100000 of"), "{deployed}");
    assert!(deployed.stdout.contains("new: version 1 is active"), "{deployed}");
    assert!(connections.load(Ordering::SeqCst) > 3, "{connections:?} connections");
}

async fn what_stands_in_the_way_is_said(engine: Engine) {
    let host = host(engine).await;
    let deploy = ["deploy", &file("hello"), "--app", "hello"];
    let read = Api::root(&host).make_token(&["read"]).await;
    let wrong = format!("innkeeper_0123456789ab_{}", "a".repeat(43));
    for (token, said) in [
        (
            read.as_str(),
            "this token lacks the scope deploy:hello; one that has it: innkeeper token create --name NAME --scope deploy:hello",
        ),
        (wrong.as_str(), "INNKEEPER_TOKEN: this is no token of this host"),
        ("", "INNKEEPER_TOKEN: not set"),
        ("a b", "INNKEEPER_TOKEN: not a token"),
    ] {
        let failed = command_to(&host.url(), token, &deploy).await.failed();
        assert!(failed.stderr.contains(said), "{failed}");
        assert!(token.is_empty() || !failed.stderr.contains(token), "{failed}");
    }
    for (url, said) in [
        ("http://blog.example", "--to: https is wanted"),
        ("ftp://127.0.0.1", "--to: not the URL of a host"),
        ("127.0.0.1", "--to: not the URL of a host"),
        ("http://u:hunter2@127.0.0.1", "without user and password"),
        ("http://127.0.0.1/path", "without a path"),
    ] {
        let failed = command_to(url, ROOT, &deploy).await.failed();
        assert!(failed.stderr.contains(said) && !failed.stderr.contains("hunter2"), "{url}: {failed}");
    }
    let mut both = command::innkeeper(&[&deploy[..], &["--to", &host.url(), "--data", "x"]].concat());
    both.env("INNKEEPER_TOKEN", ROOT);
    let both = command::finish(both, support::DEADLINE).await.failed();
    assert!(both.stderr.contains("cannot be used with"), "{both}");
    // A variable alone leads nowhere: production is not changed by accident.
    let versions = Api::root(&host).get("/apps").await.expect(200).json();
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
}

async fn tokens_are_looked_after_from_elsewhere(engine: Engine) {
    let host = host(engine).await;
    let create = ["token", "create", "--name", "ci", "--scope", "read", "--json"];
    let made = command_to(&host.url(), ROOT, &create).await.succeeded().json();
    let (text, id) = (made["token"].as_str().unwrap(), made["about"]["id"].as_str().unwrap());
    let refused = command_to(&host.url(), text, &create).await.failed();
    assert!(refused.stderr.contains("this token lacks the scope admin"), "{refused}");
    let listed = command_to(&host.url(), ROOT, &["token", "list"]).await.succeeded();
    assert!(listed.stdout.contains(id) && !listed.stdout.contains(text), "{listed}");
    command_to(&host.url(), ROOT, &["token", "revoke", id]).await.succeeded();
    let refused = command_to(&host.url(), text, &["token", "list"]).await.failed();
    assert!(refused.stderr.contains("this token was revoked"), "{refused}");
}

async fn whatever_commands_do_to_apps_they_do_from_elsewhere(engine: Engine) {
    let host = host(engine).await;
    let (url, hello) = (host.url(), file("hello"));
    let said = async |line: &str, more: &[&str]| {
        let words: Vec<&str> = line.split(' ').chain(more.iter().copied()).collect();
        command_to(&url, ROOT, &words).await.succeeded()
    };
    said("deploy", &[&hello, "--app", "probe", "--wait"]).await;
    let versions = said("versions probe --json", &[]).await.json();
    assert_eq!((&versions[0]["number"], &versions[0]["active"]), (&json!(2), &json!(true)), "{versions}");
    assert_eq!(said("rollback probe --dry-run --json", &[]).await.json()["to"], 1);
    assert_eq!(said("rollback probe --wait --json", &[]).await.json()["version"], 1);
    let again = command_to(&url, ROOT, &["rollback", "probe"]).await.failed();
    assert!(again.stderr.contains("no version before"), "{again}");
    let canary = said("deploy --app probe --canary 10% --json", &[&file("page")]).await.json();
    assert_eq!((&canary["canary"], &canary["version"]), (&json!(10), &json!(3)), "{canary}");
    said("abort probe", &[]).await;
    said("deploy --app probe --canary 10%", &[&file("queries")]).await;
    said("promote probe --note fine", &[]).await;
    assert_eq!(said("apps --json", &[]).await.json()[0]["active"], 4);
    said("apps show probe", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("a.wasm");
    said("versions get probe --version 2 -o", &[wasm.to_str().unwrap()]).await;
    assert_eq!(std::fs::read(&wasm).unwrap(), component("hello"));
    said("config set --app probe COLOUR=red", &[]).await;
    let config = said("config probe --json", &[]).await.stdout;
    assert!(config.contains("COLOUR") && !config.contains("red"), "{config}");
    said("config unset --app probe COLOUR", &[]).await;
    said("apps set probe --route / --route probe.example", &[]).await;
    assert!(said("apps", &[]).await.stdout.contains("probe.example"));
    said("versions prune probe --keep 1 --yes", &[]).await;
    assert!(said("hosts --json", &[]).await.json()[0]["live"] == true);
    assert!(said("audit probe --json", &[]).await.stdout.contains("promote"));
    assert!(said("keys --json", &[]).await.json().is_array());
    let _ = host.visitor().get("/").await;
    let lines = async || {
        let lines = said("logs probe --json", &[]).await.json();
        lines.as_array().is_some_and(|lines| !lines.is_empty()).then_some(())
    };
    until("the log has the request", lines).await;
    let traffic = Api::root(&host).get("/apps/probe/traffic").await.expect(200).json();
    assert!(traffic["since_start"]["requests"].as_u64() >= Some(1), "{traffic}");
    let own = command_to(&url, ROOT, &["apps", "set", "probe", "--database-var", "SOME_URL"]).await.failed();
    assert!(own.stderr.contains("cannot be used with"), "{own}");
    said("apps delete probe --yes", &[]).await;
    assert_eq!(said("apps --json", &[]).await.json(), json!([]));
}
