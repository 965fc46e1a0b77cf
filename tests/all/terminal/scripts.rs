//! What scripts read: the JSON of each command has the shape that its help says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::command;
use support::{Engine, TestDatabase, TestHost, paths, until};

use super::with_shop;

on_both_databases! { json_has_the_shape_that_the_help_says, times_are_for_people_in_tables_and_for_programs_in_json }

/// What a command's help says of its JSON.
struct Documented {
    /// The names in the first braces behind `JSON: `.
    names: BTreeSet<String>,
    /// Those in the braces behind `NAME is ` and `NAME is a list of `.
    within: BTreeMap<String, BTreeSet<String>>,
}

async fn documented(command: &str) -> Documented {
    let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
    let help = command::run(&words).await.succeeded().stdout;
    let json = help.split_once("JSON: ").unwrap_or_else(|| panic!("{command} documents no JSON")).1;
    let json = json.split_whitespace().collect::<Vec<_>>().join(" ");
    let in_braces = |text: &str| -> BTreeSet<String> {
        let names = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).expect("names in braces").0;
        names.split(',').map(|name| name.trim().to_owned()).collect()
    };
    let mut within = BTreeMap::new();
    for border in [" is {", " is a list of {"] {
        for (at, _) in json.match_indices(border) {
            let name = json[..at].rsplit(' ').next().expect("a name").to_owned();
            within.insert(name, in_braces(&json[at..]));
        }
    }
    Documented { names: in_braces(&json), within }
}

#[expect(clippy::too_many_lines, reason = "one list of cases")]
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
    let limits = command::on(&database, &["doctor", "--limits", "--json"]).await.succeeded().json();
    let help = command::run(&["doctor", "--help"]).await.succeeded().stdout;
    for (list, before) in [("limits", "limits is a list of {"), ("sizes", "sizes one of {")] {
        // The help is wrapped.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = help.split_once(before).expect("a list").1.split_once('}').expect("its end").0;
        let said: BTreeSet<_> = said.split(", ").map(str::to_owned).collect();
        assert_eq!(said, names(&limits[list]).expect("rows"), "{limits}");
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
fn has_shape(command: &str, json: &Value, documented: &Documented) {
    let names = names(json).unwrap_or_else(|| panic!("{command}: nothing is listed: {json}"));
    assert_eq!(names, documented.names, "{command}: {json}");
    let one = json.as_array().map_or(Some(json), |list| list.first()).expect("one");
    for (name, within) in &documented.within {
        if let Some(there) = one.get(name).and_then(self::names) {
            // What there is none of may be left out there.
            assert!(there.is_subset(within), "{command}: {name}: {there:?}, not {within:?}: {json}");
        }
    }
    // Whatever has names of its own says them.
    let fixed = ["canary", "smoke", "disk", "problems", "activations", "unknown_migrations", "usage", "plan"];
    for name in fixed.into_iter().filter(|name| one.get(name).and_then(self::names).is_some()) {
        assert!(documented.within.contains_key(name), "{command} says nothing of {name}: {json}");
    }
}

/// The names in an object, or in the first one of a list.
fn names(json: &Value) -> Option<BTreeSet<String>> {
    let one = json.as_array().map_or(Some(json), |list| list.first())?;
    Some(one.as_object()?.keys().cloned().collect())
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
