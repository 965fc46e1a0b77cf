//! Files that web2py has stored: their names are decoded, and rows that have the stored names get
//! the ids.

use serde_json::{Value, json};
use support::probe::{all_ok, execute, query, rows};
use support::{Engine, TestHost};

use super::{blobs, folder, listed};
use crate::db::tables::{column, define};

on_both_databases! {
    stored_files_get_their_names_back_and_rows_their_ids,
    rows_that_come_later_are_linked_by_the_next_run,
    names_of_tables_that_are_not_there_link_nothing,
    names_that_may_have_been_cut_are_said_to_be_lost,
}

/// `cat.jpg` in base64 for URLs, in a folder as `uploadseparate` makes it.
const CAT: &str = "person.photo/8a/person.photo.8a1f4c2b9d3e7f60.Y2F0LmpwZw==.jpg";
/// `Grüße.png` in base16.
const GREETINGS: &str = "person.photo.0011223344556677.4772c3bcc39f652e706e67.png";
/// Cut by the length of the field.
const CUT: &str = "person.photo.aa11223344556677.aG9saWRheSBob2xpZGF5IGhvbGlkYXkg.jpg";

fn people() -> Value {
    let columns = [
        json!({ "name": "id", "column-type": "integer", "identity": true }),
        json!({ "name": "photo", "column-type": "text", "nullable": true }),
        column("age", "integer"),
    ];
    json!({ "name": "person", "columns": columns, "primary-key": ["id"] })
}

fn insert(stored: &str) -> Value {
    let name = stored.rsplit('/').next().unwrap();
    execute("insert into person (photo, age) values ($1, 1)", json!([name]))
}

fn photos() -> Value {
    query("select photo from person order by id", json!([]))
}

fn files() -> tempfile::TempDir {
    folder(&[(CAT, b"cat"), (GREETINGS, b"greetings"), (CUT, b"cut"), ("person.photo.nonsense.jpg", b"none")])
}

async fn stored_files_get_their_names_back_and_rows_their_ids(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let steps =
        json!([define(people()), insert(CAT), insert(GREETINGS), insert(CUT), insert(CAT), insert("other")]);
    all_ok(&visitor.probe(steps).await);
    let folder = files();
    let map = folder.path().with_extension("ndjson");
    let more = ["--link", "--map", map.to_str().unwrap()];
    let said = blobs(host.database(), "import", folder.path(), &more).await.succeeded().json();
    assert_eq!((&said["imported"], &said["undecodable"]), (&json!(4), &json!(1)), "{said}");
    assert_eq!(said["rows-linked"], 4, "{said}");
    let list = listed(&mut visitor).await;
    let id = |name: &str| {
        list.iter().find(|blob| blob["name"] == name).unwrap_or_else(|| panic!("{list:?}"))["id"].clone()
    };
    let (cat, greetings) = (id("cat.jpg"), id("Grüße.png"));
    let cut = id(CUT);
    id("person.photo.nonsense.jpg");
    let result = visitor.probe_one(photos()).await;
    assert_eq!(rows(&result), &json!([[cat], [greetings], [cut], [cat], ["other"]]));
    let text = std::fs::read_to_string(&map).unwrap();
    let line = text.lines().find(|line| line.contains("Y2F0")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        [&line["table"], &line["field"], &line["file"], &line["id"]],
        [&json!("person"), &json!("photo"), &json!(CAT), &cat]
    );
    std::fs::remove_file(map).unwrap();
}

async fn rows_that_come_later_are_linked_by_the_next_run(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let folder = files();
    blobs(host.database(), "import", folder.path(), &["--link"]).await.succeeded();
    all_ok(&visitor.probe(json!([define(people()), insert(CAT)])).await);
    let said = blobs(host.database(), "import", folder.path(), &["--link"]).await.succeeded().json();
    assert_eq!((&said["already-there"], &said["rows-linked"]), (&json!(4), &json!(1)), "{said}");
    let result = visitor.probe_one(photos()).await;
    assert!(listed(&mut visitor).await.iter().any(|blob| blob["id"] == rows(&result)[0][0]), "{result}");
}

async fn names_of_tables_that_are_not_there_link_nothing(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    all_ok(&host.probe(json!([define(people()), insert(CAT)])).await);
    let stored = [
        "person.age.8a1f4c2b9d3e7f60.Y2F0LmpwZw==.jpg",
        "person.none.8a1f4c2b9d3e7f60.Y2F0LmpwZw==.jpg",
        "innkeeper_blobs.name.8a1f4c2b9d3e7f60.Y2F0LmpwZw==.jpg",
        "blobs.name.8a1f4c2b9d3e7f60.Y2F0LmpwZw==.jpg",
    ];
    let files: Vec<(&str, &[u8])> = stored.iter().map(|name| (*name, b"x".as_slice())).collect();
    let said = blobs(host.database(), "import", folder(&files).path(), &["--link"]).await.succeeded().json();
    assert_eq!((&said["imported"], &said["rows-linked"]), (&json!(4), &json!(0)), "{said}");
}

/// As web2py stores a file of a field that is so long: the name in base64 or base16, cut, with an
/// ending.
fn stored(name: &str, encode: impl Fn(&str) -> String, length: usize) -> String {
    let whole = format!("docs.file.8a1f4c2b9d3e7f60.{}", encode(name));
    let ending = name.rsplit_once('.').map_or("txt", |(_, ending)| ending);
    format!("{}.{ending}", &whole[..whole.len().min(length - 1 - ending.len())])
}

fn base16(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

async fn names_that_may_have_been_cut_are_said_to_be_lost(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let long = "minutes of the meeting about where to go on holiday and with whom and why not at all";
    // By other people's hands.
    let base64 = |name: &str| -> String {
        let output =
            std::process::Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -w 0", "sh", name]).output();
        String::from_utf8(output.unwrap().stdout).unwrap().replace('+', "-").replace('/', "_")
    };
    let lengths: Vec<usize> = (70..=130).collect();
    let mut files: Vec<String> = lengths.iter().map(|length| stored(long, base16, *length)).collect();
    files.extend(lengths.iter().map(|length| stored(long, base64, *length)));
    files.sort_unstable();
    files.dedup();
    let cut = files.len();
    let whole = stored("README, and more than anybody would want to reads", base64, 512);
    assert!(whole.contains("=.txt"), "nothing else shows that it is whole");
    files.push(whole.clone());
    let list: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let folder = folder(&list);
    let map = folder.path().with_extension("ndjson");
    let said =
        blobs(host.database(), "import", folder.path(), &["--map", map.to_str().unwrap()]).await.succeeded();
    assert_eq!(said.json()["undecodable"], cut, "{said}");
    assert_eq!(said.stderr.matches("its original name is lost").count(), cut, "{said}");
    let text = std::fs::read_to_string(&map).unwrap();
    std::fs::remove_file(map).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), cut + 1);
    for line in &lines {
        let is_whole = line["stored"] == json!(whole);
        assert_eq!(line["name-lost"], !is_whole, "{line}");
        let name =
            if is_whole { &json!("README, and more than anybody would want to reads") } else { &line["stored"] };
        assert_eq!((&line["name"], &line["stored"]), (name, &line["file"]), "{line}");
    }
}
