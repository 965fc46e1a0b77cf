//! `config` and `apps set`.

use std::process::Stdio;

use serde_json::{Value, json};
use support::{DEADLINE, Engine, TestDatabase, command};
use tokio::io::AsyncWriteExt;

use super::with_shop;

on_both_databases! {
    values_are_set_and_never_shown,
    a_value_comes_from_standard_input,
    an_app_is_changed_without_a_deployment,
    what_cannot_be_set_is_said_and_nothing_is_changed,
}

async fn values_are_set_and_never_shown(engine: Engine) {
    let database = with_shop(engine).await;
    let set = ["config", "set", "--app", "shop", "CURRENCY=hunter2", "EMPTY=", "PAIR=hunter2=b"];
    let said = command::on(&database, &set).await.succeeded();
    let from_env = ["config", "set", "-a", "shop", "KEY", "--from-env", "STRIPE_KEY"];
    let more = command::on(&database, &from_env).await.succeeded();
    for said in [said, more] {
        assert!(!format!("{said}").contains("hunter2"), "{said}");
    }
    let list = command::on(&database, &["config", "shop", "--json"]).await.succeeded().json();
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|entry| &entry["name"]).collect();
    assert_eq!(names, ["CURRENCY", "EMPTY", "KEY", "PAIR"]);
    assert_eq!((&list[2]["source"], &list[2]["shown"]), (&json!("environment"), &json!("STRIPE_KEY")), "{list}");
    let table = command::on(&database, &["config", "list", "shop"]).await.succeeded();
    let show = command::on(&database, &["apps", "show", "shop"]).await.succeeded();
    let audit = command::on(&database, &["audit", "shop"]).await.succeeded();
    for shown in [&table, &show, &audit] {
        assert!(shown.stdout.contains("CURRENCY") && !format!("{shown}{list}").contains("hunter2"), "{shown}");
    }
    assert!(table.stdout.contains("********") && table.stdout.contains("STRIPE_KEY"), "{table}");
    command::on(&database, &["config", "unset", "--app", "shop", "CURRENCY", "KEY"]).await.succeeded();
    let list = command::on(&database, &["config", "shop", "--json"]).await.succeeded().json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    let gone = command::on(&database, &["config", "unset", "--app", "shop", "CURRENCY"]).await.failed();
    assert!(gone.stderr.contains("config CURRENCY of shop was not set"), "{gone}");
}

async fn set_from_input(database: &TestDatabase, pairs: &[&str], input: &[u8]) -> command::Finished {
    let arguments = [&["config", "set", "--app", "shop"], pairs, &database.arguments()].concat();
    let mut child = command::innkeeper(&arguments);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    // A command that refuses early does not read.
    let _ = to.write_all(input).await;
    drop(to);
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.unwrap().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    command::Finished { status: output.status, stdout, stderr }
}

async fn a_value_comes_from_standard_input(engine: Engine) {
    let database = with_shop(engine).await;
    let table = database.host_table("apps");
    for (input, kept) in [
        (&b"hunter2\n"[..], "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"two\nlines\n\n", r"two\nlines\n"),
        (b"", ""),
    ] {
        let said = set_from_input(&database, &["KEY=-", "OTHER=x"], input).await.succeeded();
        assert!(!said.stdout.contains("hunter2"), "{said}");
        let stored = database.host_rows(&format!("select overrides from {table}")).await;
        assert!(stored[0][0].contains(&format!("\"KEY\":{{\"value\":\"{kept}\"}}")), "{kept:?}: {stored:?}");
    }
    for (pairs, input, said) in [
        (&["KEY=-"][..], &b"\xff\xfe"[..], "no UTF-8 text"),
        (&["A=-", "B=-"], b"x", "one value only"),
        (&["KEY=-"], &[b'x'; 70_000], "65536 bytes at most"),
    ] {
        let refused = set_from_input(&database, pairs, input).await.failed();
        assert!(refused.stderr.contains(said) && refused.stderr.len() < 2_000, "{refused}");
    }
}

async fn an_app_is_changed_without_a_deployment(engine: Engine) {
    let database = with_shop(engine).await;
    let set = async |more: &[&str]| {
        let arguments = [&["apps", "set", "shop", "--json"], more].concat();
        command::on(&database, &arguments).await.succeeded().json()
    };
    let now = set(&[
        "--route",
        "shop.example",
        "--route",
        "/shop",
        "--limit",
        "cpu-per-request=1s",
        "--limit",
        "result-rows=50",
    ])
    .await;
    assert_eq!(now["routes"], json!(["shop.example", "/shop"]), "{now}");
    assert_eq!(now["limits"]["cpu-per-request"], json!("1s"), "{now}");
    let now =
        set(&["--transactions", "statement", "--cross-origin", "allow", "--trusted-origin", "https://a.example"])
            .await;
    assert_eq!(
        (&now["transactions"], &now["cross_origin"], &now["trusted_origins"]),
        (&json!("statement"), &json!("allow"), &json!(["https://a.example"])),
        "{now}"
    );
    assert_eq!(now["routes"], json!(["shop.example", "/shop"]), "what was not named stays: {now}");
    let show = command::on(&database, &["apps", "show", "shop"]).await.succeeded().stdout;
    for text in ["shop.example, /shop", "statement", "allow", "https://a.example", "cpu-per-request=1s"] {
        assert!(show.contains(text), "no {text}: {show}");
    }
    let now =
        set(&["--no-limit", "cpu-per-request", "--reset", "transactions", "--reset", "trusted-origins"]).await;
    assert_eq!((&now["transactions"], &now["trusted_origins"]), (&json!("request"), &json!([])), "{now}");
    assert!(now["limits"]["cpu-per-request"].is_null() && now["cross_origin"] == json!("allow"), "{now}");
    // With a database of its own in the same command.
    let own = tempfile::tempdir().unwrap();
    let arguments = ["apps", "set", "shop", "--database-var", "OWN_URL", "--keep-versions", "3"];
    let mut both = command::innkeeper(&[&arguments[..], &database.arguments()].concat());
    both.env("OWN_URL", format!("sqlite:{}", own.path().display()));
    let said = command::finish(both, DEADLINE).await.succeeded();
    assert!(said.stdout.contains("shop: lives in OWN_URL"), "{said}");
    assert_eq!(said.stderr.matches("database: ").count(), 1, "{said}");
    let shown = command::on(&database, &["apps", "show", "shop", "--json"]).await.succeeded().json();
    assert_eq!(
        (&shown["app"]["database_var"], &shown["settings"]["keep_versions"]),
        (&json!("OWN_URL"), &json!(3))
    );
}

async fn what_cannot_be_set_is_said_and_nothing_is_changed(engine: Engine) {
    let database = with_shop(engine).await;
    let before = command::on(&database, &["apps", "show", "shop", "--json"]).await.succeeded().json();
    let refused: [(&[&str], i32, &str); 11] = [
        (&[], 2, "--route"),
        (&["--transactions", "none"], 2, "request, statement"),
        (&["--limit", "cpu-per-request"], 2, "cpu-per-request=2s"),
        (&["--limit", "cpu-tme=2s"], 1, "no limit of an app"),
        (&["--limit", "cpu-per-request=soon"], 1, "limit cpu-per-request=soon"),
        (&["--limit", "cpu-per-request=2000s"], 1, "more than the host allows"),
        (&["--trusted-origin", "a.example"], 1, "a.example"),
        (&["--route", "no route"], 1, "no route"),
        (&["--keep-versions", "0"], 1, "keep-versions"),
        (&["--reset", "nothing"], 2, "transactions, cross-origin"),
        (&["--database-var", "NOWHERE_URL"], 1, "NOWHERE_URL"),
    ];
    for (more, status, said) in refused {
        let refused = command::on(&database, &[&["apps", "set", "shop"], more].concat()).await.failed();
        assert!(refused.stderr.contains(said), "{more:?}: {refused}");
        assert_eq!(refused.status.code(), Some(status), "{more:?}: {refused}");
    }
    let config: [(&[&str], i32, &str); 6] = [
        (&["KEY"], 2, "KEY has no value"),
        (&["A=hunter2", "--from-env", "B"], 2, "--from-env gives one value"),
        (&["A=hunter2", "A=hunter2"], 2, "A is named twice"),
        (&["=hunter2"], 1, "a name has 1 to"),
        (&["KEY", "--from-env", "DATABASE_URL"], 1, "DATABASE_URL"),
        (&["KEY", "--from-env", "a b"], 1, "variable"),
    ];
    for (more, status, said) in config {
        let refused = command::on(&database, &[&["config", "set", "--app", "shop"], more].concat()).await.failed();
        assert!(refused.stderr.contains(said) && !refused.stderr.contains("hunter2"), "{more:?}: {refused}");
        assert_eq!(refused.status.code(), Some(status), "{more:?}: {refused}");
    }
    let after = command::on(&database, &["apps", "show", "shop", "--json"]).await.succeeded().json();
    assert_eq!(before, after);
}
