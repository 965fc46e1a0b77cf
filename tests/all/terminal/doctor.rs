//! `doctor` where there are many apps.

use serde_json::Value;
use support::{DEADLINE, Engine, TestDatabase, command, host};

on_both_databases! { many_apps_of_a_tier_are_one_line, a_row_that_cannot_be_read_is_named }

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

async fn many_apps_of_a_tier_are_one_line(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for name in NAMES {
        host::deploy(&database, name, "hello", &["--route", &format!("/{name}")]).await.succeeded();
    }
    let lines = |text: &str, begins: &str| text.lines().filter(|line| line.starts_with(begins)).count();
    let report = command::on(&database, &["doctor"]).await.succeeded().stdout;
    let tier = if engine == Engine::Postgres { "shared credential: " } else { "own file: " };
    let line = format!("7 apps (a, b, c, d, e and 2 more): {tier}");
    assert!(report.contains(&line), "no {line:?}: {report}");
    assert_eq!(lines(&report, "app "), 0, "{report}");
    let each = command::on(&database, &["doctor", "--all"]).await.succeeded().stdout;
    assert_eq!((lines(&each, "app "), lines(&each, "7 apps")), (7, 0), "{each}");
    // One with a problem is shown by itself, and the others as before.
    let own = tempfile::tempdir().unwrap();
    let mut set = command::innkeeper(
        &[&["apps", "set", "c", "--database-var", "OWN_URL"][..], &database.arguments()].concat(),
    );
    set.env("OWN_URL", format!("sqlite:{}", own.path().display()));
    command::finish(set, DEADLINE).await.succeeded();
    let report = command::on(&database, &["doctor"]).await.failed();
    assert!(report.stdout.contains(&format!("6 apps (a, b, d, e, f and 1 more): {tier}")), "{report}");
    assert!(report.stdout.contains("app c: unknown: OWN_URL cannot be used here\n  problem: "), "{report}");
    let json = command::on(&database, &["doctor", "--json"]).await.failed().json();
    let apps: Vec<&Value> = json["apps"].as_array().unwrap().iter().map(|app| &app["app"]).collect();
    assert_eq!(apps, NAMES, "{json}");
}

async fn a_row_that_cannot_be_read_is_named(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "shop", "hello", &[]).await.succeeded();
    let apps = database.host_table("apps");
    database.host_rows(&format!("update {apps} set canary = 1, canary_percent = 300, canary_since = 1")).await;
    let report = command::on(&database, &["doctor"]).await.failed();
    assert!(report.stdout.contains("app shop: ") && report.stderr.contains("app shop: "), "{report}");
    assert!(!report.stderr.contains("migrate"), "{report}");
}
