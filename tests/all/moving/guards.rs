//! What guarded an app's rows and has no portable description: an import does not go on without it
//! unless it is told to.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::probe::{all_ok, execute};
use support::{Engine, TestDatabase, TestHost};

use super::{Carried, other};
use crate::db::tables::{column, define};

on_both_databases! {
    guards_that_stay_behind_are_in_the_file_and_refuse_the_import,
    what_guards_nothing_is_said_again_by_the_import,
    guards_of_tables_that_stay_behind_are_none,
    files_that_do_not_say_what_has_stayed_behind_are_taken,
}

fn people() -> Value {
    json!({ "name": "people", "columns": [column("n", "integer"), column("a", "text")] })
}

/// A probe with that table, changed by these statements.
async fn host(engine: Engine, statements: &[&str]) -> TestHost {
    let host = TestHost::of(engine, "probe", "probe").await;
    let migration = json!({ "name": "1", "statements": statements });
    all_ok(&host.probe(json!([define(people()), { "op": "db.migrate", "migrations": [migration] }])).await);
    host
}

/// Statements that make a guard, its name, and what kind it is.
fn guards(engine: Engine) -> Vec<(Vec<&'static str>, &'static str, &'static str)> {
    let both = [
        (vec!["create unique index by_case on people (lower(a))"], "by_case", "unique"),
        (vec!["create unique index few on people (a) where n > 5"], "few", "unique"),
    ];
    let more = match engine {
        Engine::Postgres => vec![(
            vec![
                "create table pairs (n bigint, m bigint, primary key (n, m))",
                "create table both_of (n bigint, m bigint, constraint both_are foreign key (n, m) references pairs (n, m))",
            ],
            "both_of.both_are",
            "foreign key",
        )],
        Engine::Sqlite => vec![
            (
                vec![
                    "create table pairs (n bigint not null constraint \"type_of_n\" check (typeof(n) = 'integer'), \
                     m bigint not null constraint \"type_of_m\" check (typeof(m) = 'integer'), primary key (n, m))",
                    "create table both_of (n bigint constraint \"type_of_n\" check (typeof(n) = 'integer'), \
                     m bigint constraint \"type_of_m\" check (typeof(m) = 'integer'), foreign key (n, m) references pairs (n, m))",
                ],
                "both_of.n,m",
                "foreign key",
            ),
            (vec!["create unique index any_case on people (a collate nocase)"], "any_case", "unique"),
            (
                vec![
                    "create table old (a bigint constraint \"type_of_a\" check (typeof(a) = 'integer') CHECK (a > 0))",
                ],
                "old.check-1",
                "check",
            ),
        ],
    };
    both.into_iter().chain(more).collect()
}

async fn guards_that_stay_behind_are_in_the_file_and_refuse_the_import(engine: Engine) {
    for (statements, name, kind) in guards(engine) {
        let host = host(engine, &statements).await;
        all_ok(&host.probe(json!([execute("insert into people (n, a) values (1, 'Ada')", json!([]))])).await);
        let carried = Carried::new();
        let said = carried.export(host.database(), "probe", &[]).await.succeeded().json();
        let guard = &said["guards"][0];
        assert_eq!((&guard["name"], &guard["guards"]), (&json!(name), &json!(kind)), "{said}");
        let there = TestDatabase::fresh(other(engine)).await;
        let refused = carried.import(&there, &[]).await.failed();
        for text in [kind, &format!("--without '{name}'"), "would have refused"] {
            assert!(refused.stderr.contains(text), "no {text:?}: {refused}");
        }
        let unknown = carried.import(&there, &["--without", name, "--without", "nothing"]).await.failed();
        assert!(unknown.stderr.contains("--without nothing"), "{unknown}");
        let apps = support::command::on(&there, &["apps", "--json"]).await.succeeded();
        assert!(!apps.stdout.contains("probe"), "nothing was written: {apps}");
        let done = carried.import(&there, &["--without", name]).await.succeeded().json();
        assert_eq!((&done["verified"], &done["left-behind"][0]["name"]), (&json!(true), &json!(name)), "{done}");
        assert_eq!(there.app_value("probe", "select count(*) from people").await, "1");
    }
}

async fn what_guards_nothing_is_said_again_by_the_import(engine: Engine) {
    let statements = ["create view few as select n from people", "create index by_case on people (lower(a))"];
    let host = host(engine, &statements).await;
    let carried = Carried::new();
    let said = carried.export(host.database(), "probe", &[]).await.succeeded().json();
    assert_eq!(
        (&said["left-behind"], &said["guards"]),
        (&json!(["index by_case", "view few"]), &json!([])),
        "{said}"
    );
    let there = TestDatabase::fresh(other(engine)).await;
    let path = carried.path();
    let done = support::command::on(&there, &["import", path.to_str().unwrap()]).await.succeeded();
    for text in ["left behind: index by_case: ", "(lower(", "left behind: view few: "] {
        assert!(done.stdout.to_lowercase().contains(text), "no {text:?}: {done}");
    }
    let refused = carried.import(&TestDatabase::fresh(engine).await, &["--without", "by_case"]).await.failed();
    assert!(refused.stderr.contains("nothing of that name that guarded rows"), "{refused}");
}

async fn guards_of_tables_that_stay_behind_are_none(engine: Engine) {
    let host = host(engine, &["create unique index by_case on people (lower(a))"]).await;
    let carried = Carried::new();
    let said = carried.export(host.database(), "probe", &["--skip-table", "people"]).await.succeeded().json();
    assert_eq!(
        (&said["left-behind"], &said["guards"]),
        (&json!(["table people, as asked"]), &json!([])),
        "{said}"
    );
    carried.import(&TestDatabase::fresh(other(engine)).await, &[]).await.succeeded();
}

async fn files_that_do_not_say_what_has_stayed_behind_are_taken(engine: Engine) {
    let host = host(engine, &["create unique index by_case on people (lower(a))"]).await;
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    forget_left_behind(&carried);
    let done = carried.import(&TestDatabase::fresh(other(engine)).await, &[]).await;
    let path = carried.path();
    assert!(done.status.success() && done.json()["left-behind"].is_null(), "{done}");
    let there = TestDatabase::fresh(engine).await;
    let done = support::command::on(&there, &["import", path.to_str().unwrap()]).await.succeeded();
    assert!(done.stdout.contains("does not say what it has left behind"), "{done}");
}

/// Bytes of a block of a tar.
const BLOCK: usize = 512;

/// Makes of a file what an earlier release would have written: its first part has that list under a
/// name that means nothing, and the sum over all parts at its end is as it is then.
fn forget_left_behind(carried: &Carried) {
    let mut bytes = std::fs::read(carried.path()).unwrap();
    let key = b"\"left-behind\"";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
    bytes[at..at + key.len()].copy_from_slice(b"\"left-forgot\"");
    let (mut at, mut hasher) = (0, Sha256::new());
    loop {
        let text = |from: usize, most: usize| {
            let field = &bytes[at + from..at + from + most];
            String::from_utf8_lossy(field).trim_end_matches(['\0', ' ']).to_owned()
        };
        let (name, size) = (text(0, 100), usize::from_str_radix(&text(124, 12), 8).unwrap());
        let part = at + BLOCK..at + BLOCK + size;
        if name == "totals.json" {
            let sum: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            let key = b"\"sha256\": \"";
            // That of all parts is the last one.
            let found = bytes[part.clone()].windows(key.len()).rposition(|window| window == key).unwrap();
            let from = part.start + found + key.len();
            bytes[from..from + sum.len()].copy_from_slice(sum.as_bytes());
            return std::fs::write(carried.path(), bytes).unwrap();
        }
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(u64::try_from(size).unwrap().to_le_bytes());
        hasher.update(&bytes[part]);
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
}
