//! Commands in the ways in which people type them.

use support::command::{self, Finished};
use support::{Engine, TestDatabase};

use super::with_shop;

on_both_databases! {
    a_list_is_what_a_command_does_by_itself,
    an_app_is_named_in_either_way,
    two_apps_for_one_are_an_error,
}

async fn on(database: &TestDatabase, line: &str) -> Finished {
    command::on(database, &line.split(' ').collect::<Vec<_>>()).await
}

async fn a_list_is_what_a_command_does_by_itself(engine: Engine) {
    let database = with_shop(engine).await;
    for (short, long) in [
        ("apps", "apps list"),
        ("versions shop", "versions list shop"),
        ("keys", "keys list"),
        ("sessions shop", "sessions list shop"),
    ] {
        let short = on(&database, &format!("{short} --json")).await.succeeded().json();
        let long = on(&database, &format!("{long} --json")).await.succeeded().json();
        assert_eq!(short, long);
        assert!(short.is_array(), "{short}");
    }
    let apps = on(&database, "apps list --json").await.succeeded().json();
    assert_eq!(apps[0]["name"], "shop", "{apps}");
}

async fn an_app_is_named_in_either_way(engine: Engine) {
    let database = with_shop(engine).await;
    let steps = tempfile::tempdir().unwrap();
    std::fs::write(steps.path().join("0001-a.sql"), "create table a (b text)").unwrap();
    let from = format!("--from {}", steps.path().display());
    for (command, more) in [
        ("versions", "--json"),
        ("versions list", "--json"),
        ("sessions list", "--json"),
        ("sessions end", "--all --json"),
        ("sessions sweep", "--json"),
        ("apps set", "--no-database-var --json"),
        ("apps show", "--json"),
        ("config", "--json"),
        ("config list", "--json"),
        ("versions prune", "--dry-run"),
        ("rollback", "--dry-run"),
        ("blobs sweep", "--json"),
        ("migrate plan", &from),
        ("migrate apply", &from),
        ("migrate status", &from),
        ("migrate baseline", &from),
    ] {
        for line in [
            format!("{command} shop {more}"),
            format!("{command} {more} shop"),
            format!("{command} --app shop {more}"),
            format!("{command} -a shop {more}"),
            format!("{command} shop --app shop {more}"),
        ] {
            let done = on(&database, &line).await.succeeded();
            assert!(!done.stdout.is_empty(), "{line}: {done}");
        }
        let other = on(&database, &format!("{command} nobody {more}")).await.failed();
        assert!(other.stderr.contains("there is no app nobody"), "{command}: {other}");
        assert_eq!(other.status.code(), Some(1), "{command}: {other}");
    }
    let versions = on(&database, "versions shop --json").await.succeeded().json();
    let numbers: Vec<_> = versions.as_array().unwrap().iter().map(|version| &version["number"]).collect();
    assert_eq!(numbers, [2, 1], "{versions}");
}

async fn two_apps_for_one_are_an_error(engine: Engine) {
    let database = with_shop(engine).await;
    for line in
        ["versions shop --app other", "sessions end shop --app other --all", "migrate status -a other shop"]
    {
        let refused = on(&database, line).await.failed();
        assert!(refused.stderr.contains("`shop` and `--app other`"), "{line}: {refused}");
        assert_eq!(refused.status.code(), Some(2), "{line}: {refused}");
    }
}

/// What is not a command ends with the status for that, and none where something can be done.
#[tokio::test]
async fn a_command_line_that_is_none_ends_with_its_own_status() {
    for (line, status, said) in [
        ("--help", 0, "Usage"),
        ("help", 0, "Usage"),
        ("help apps set", 0, "Examples"),
        ("--version", 0, "innkeeper "),
        ("versions", 2, "which app?"),
        ("sessions list", 2, "which app?"),
        ("migrate plan", 2, "--app"),
        ("apps --xyzzy", 2, "--xyzzy"),
        ("xyzzy", 2, "xyzzy"),
        ("inspect no-such-file", 1, "no-such-file"),
    ] {
        let ended = command::run(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(ended.status.code(), Some(status), "{line}: {ended}");
        let (wanted, other) =
            if status == 0 { (&ended.stdout, &ended.stderr) } else { (&ended.stderr, &ended.stdout) };
        assert!(wanted.contains(said) && other.is_empty(), "{line}: {ended}");
    }
}

#[tokio::test]
async fn what_was_meant_is_suggested_and_not_what_looks_alike() {
    for (line, tip) in [
        ("push", "`innkeeper deploy`"),
        ("publish", "`innkeeper deploy`"),
        ("ps", "`innkeeper apps list`"),
        ("up", "`innkeeper serve`"),
        ("init", "`innkeeper new`"),
        ("create rust shop", "`innkeeper new`"),
        ("deplyo", "`innkeeper deploy`"),
        ("revert", "`innkeeper rollback`"),
        ("secrets", "`innkeeper config`"),
        ("destroy", "`innkeeper apps delete`"),
        ("config delete", "`innkeeper config unset`"),
        ("config delete KEY", "`innkeeper config unset`"),
        ("rollback shop --message slow", "`--note`"),
        ("keys regenerate", "`innkeeper keys rotate`"),
        ("serve --port 80", "`--listen`"),
        ("apps --output json", "`--json`"),
    ] {
        let refused = command::run(&line.split(' ').collect::<Vec<_>>()).await.failed();
        assert!(refused.stderr.contains(&format!("tip: {tip}: ")), "{line}: {refused}");
    }
    for (line, other) in [("logs", "blobs"), ("envy", "dev"), ("xyzzy", "tip")] {
        let refused = command::run(&[line]).await.failed();
        assert!(!refused.stderr.contains(other), "{line}: {refused}");
    }
}

#[tokio::test]
async fn the_overview_is_grouped_and_has_every_command() {
    let help = command::run(&["--help"]).await.succeeded();
    let titles: Vec<&str> =
        help.stdout.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
    let expected = [
        "Write an app:",
        "Serve apps:",
        "Put apps live and go back:",
        "Look after apps:",
        "Look after data:",
        "This command line:",
        "Options:",
    ];
    assert_eq!(titles, expected, "{help}");
    assert!(!help.stdout.contains("compile ") && help.stdout.lines().all(|line| line.len() <= 100), "{help}");
    for command in ["new", "dev", "test", "wit", "serve", "deploy", "apps", "blobs", "completions"] {
        assert!(help.stdout.contains(&format!("\n  {command:<11}  ")), "no {command}: {help}");
    }
    assert_eq!(help.stdout, command::run(&["help"]).await.succeeded().stdout);
}
