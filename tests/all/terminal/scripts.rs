//! What scripts read: the JSON of each command has the shape that its help says.

use std::collections::BTreeSet;

use serde_json::Value;
use support::command;
use support::{Engine, TestDatabase, TestHost, paths, until};

use super::with_shop;

on_both_databases! { json_has_the_shape_that_the_help_says, times_are_for_people_in_tables_and_for_programs_in_json }

/// The names in the first braces behind `JSON: ` in a command's help.
async fn documented(command: &str) -> BTreeSet<String> {
    let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
    let help = command::run(&words).await.succeeded().stdout;
    let json = help.split_once("JSON: ").unwrap_or_else(|| panic!("{command} documents no JSON")).1;
    let names = json.split_once('{').and_then(|(_, rest)| rest.split_once('}')).expect("names in braces").0;
    names.split(',').map(|name| name.trim().to_owned()).collect()
}

async fn json_has_the_shape_that_the_help_says(engine: Engine) {
    let database = with_shop(engine).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir_all(path("migrations")).unwrap();
    std::fs::create_dir_all(path("files")).unwrap();
    std::fs::write(path("migrations/0001-a.sql"), "create table a (b text not null)").unwrap();
    std::fs::write(path("files/one.txt"), "one").unwrap();
    let (steps, files, out, tar) = (path("migrations"), path("files"), path("out"), path("shop.tar"));
    let guest = paths::guest("hello");
    let guest = guest.to_str().unwrap();
    command::on(&database, &["keys", "rotate"]).await.succeeded();
    let copy = path("copy.wasm");
    let commands: [(&str, &[&str]); 32] = [
        ("apps", &[]),
        ("apps list", &[]),
        ("apps show", &["shop"]),
        ("apps set", &["shop", "--keep-versions", "5"]),
        ("config set", &["--app", "shop", "a=b", "c=d"]),
        ("config unset", &["--app", "shop", "c"]),
        ("config", &["shop"]),
        ("config list", &["shop"]),
        ("versions", &["shop"]),
        ("versions list", &["shop"]),
        ("versions get", &["shop", "-o", &copy]),
        ("versions prune", &["shop", "--dry-run"]),
        ("deploy", &[guest, "--app", "shop", "--canary", "10%"]),
        ("abort", &["shop"]),
        ("deploy", &[guest, "--app", "shop", "--canary", "10%"]),
        ("promote", &["shop"]),
        ("rollback", &["shop"]),
        ("audit", &[]),
        ("keys", &[]),
        ("keys rotate", &[]),
        ("sessions end", &["shop", "--all"]),
        ("sessions sweep", &[]),
        ("migrate", &[]),
        ("migrate plan", &["shop", "--from", &steps]),
        ("migrate status", &["shop", "--from", &steps]),
        ("blobs import", &[&files, "--app", "shop"]),
        ("blobs export", &[&out, "--app", "shop"]),
        ("blobs sweep", &["shop"]),
        ("export", &[&tar, "--app", "shop"]),
        ("import", &[&tar, "--app", "copy", "--route", "/copy"]),
        ("apps delete", &["copy", "--yes"]),
        ("doctor", &[]),
    ];
    for (command, more) in commands {
        let words: Vec<&str> = command.split(' ').chain(more.iter().copied()).chain(["--json"]).collect();
        let json = command::on(&database, &words).await.succeeded().json();
        has_shape(command, &json, &documented(command).await);
    }
    let inspected = command::run(&["inspect", guest, "--json"]).await.succeeded().json();
    has_shape("inspect", &inspected, &documented("inspect").await);
    let host = TestHost::with(engine).database(database).start().await;
    let hosts = until("the host is known", async || {
        let hosts = command::on(host.database(), &["hosts", "--json"]).await.succeeded().json();
        (hosts.as_array().map(Vec::len) == Some(1)).then_some(hosts)
    });
    has_shape("hosts", &hosts.await, &documented("hosts").await);
}

#[track_caller]
fn has_shape(command: &str, json: &Value, documented: &BTreeSet<String>) {
    let one = json.as_array().map_or(Some(json), |list| list.first());
    let one = one.unwrap_or_else(|| panic!("{command}: nothing is listed: {json}"));
    let there: BTreeSet<String> = one.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(&there, documented, "{command}: {json}");
}

async fn times_are_for_people_in_tables_and_for_programs_in_json(engine: Engine) {
    let database: TestDatabase = with_shop(engine).await;
    let table = command::on(&database, &["versions", "shop"]).await.succeeded().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[1].contains(" UTC (")
            && (lines[1].contains("ago)") || lines[1].contains("(now)"))
            && lines[1].contains("active"),
        "{table}"
    );
    let at = |line: &str, title: &str| {
        let start = lines[0].find(title).expect("a title");
        line[start..].split("  ").next().expect("a text").to_owned()
    };
    let json = command::on(&database, &["versions", "shop", "--json"]).await.succeeded().json();
    let created = json[0]["deployed_at"].as_str().expect("a time");
    let time = innkeeper::storage::calendar::parse_instant(created).expect("RFC 3339");
    assert_eq!(innkeeper::storage::calendar::print_instant(time), created);
    assert!(at(lines[1], "DEPLOYED").starts_with(&created[..19].replace('T', " ")), "{table}{created}");
    assert!(
        at(lines[1], "SHA256").len() == 12 && lines[1].contains(" KiB") || lines[1].contains(" MiB"),
        "{table}"
    );
}
