//! What becomes of commands whose reader leaves, and of what is printed at a terminal and
//! elsewhere.

use std::io::{Read, pipe};
use std::process::Stdio;

use support::command;
use support::{DEADLINE, Engine, TestDatabase, paths};

use super::at_terminal::Person;
use super::with_shop;

on_both_databases! {
    a_reader_who_leaves_ends_a_command_quietly,
    a_result_that_cannot_be_written_is_an_error,
}

/// What shells report for a program that SIGPIPE has ended.
const PIPE_CLOSED: Option<i32> = Some(141);

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer.into()
}

async fn a_reader_who_leaves_ends_a_command_quietly(engine: Engine) {
    let database = with_shop(engine).await;
    let guest = paths::guest("hello");
    let guest = guest.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().to_str().unwrap();
    let place = database.arguments();
    let commands: [&[&str]; 26] = [
        &["apps"],
        &["apps", "--json"],
        &["versions", "shop"],
        &["keys"],
        &["keys", "rotate"],
        &["sessions", "shop"],
        &["sessions", "end", "shop", "--all"],
        &["sessions", "sweep"],
        &["apps", "set", "shop", "--no-database-var"],
        &["doctor"],
        &["doctor", "--json"],
        &["doctor", "--limits"],
        &["migrate"],
        &["migrate", "status", "shop"],
        &["blobs", "sweep", "shop"],
        &["blobs", "export", files, "--app", "shop"],
        &["export", "-", "--app", "shop"],
        &["deploy", guest, "--app", "shop"],
        &["apps", "show", "shop"],
        &["config", "set", "--app", "shop", "a=b"],
        &["config", "shop"],
        &["versions", "get", "shop", "-o", "-"],
        &["rollback", "shop"],
        &["audit"],
        &["hosts"],
        &["import", "none.tar", "--help"],
    ];
    for arguments in commands {
        let arguments =
            if arguments.contains(&"--help") { arguments.to_vec() } else { [arguments, &place].concat() };
        ends_quietly(&arguments).await;
    }
}

#[tokio::test]
async fn help_and_errors_end_quietly_too() {
    let guest = paths::guest("hello");
    let commands: [&[&str]; 7] = [
        &["--help"],
        &["help"],
        &["help", "deploy"],
        &["--version"],
        &["deploy", "--help"],
        &["completions", "bash"],
        &["inspect", guest.to_str().unwrap()],
    ];
    for arguments in commands {
        ends_quietly(arguments).await;
    }
    let errors: [&[&str]; 4] = [&[], &["push"], &["inspect", "no-such-file"], &["versions"]];
    for arguments in errors {
        let mut child = command::innkeeper(arguments).stderr(closed()).stdout(Stdio::null()).spawn().unwrap();
        let status = tokio::time::timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), PIPE_CLOSED, "{arguments:?}");
    }
}

async fn ends_quietly(arguments: &[&str]) {
    let mut command = command::innkeeper(arguments);
    let (mut said, stderr) = pipe().unwrap();
    let mut child = command.stdout(closed()).stderr(stderr).spawn().unwrap();
    drop(command);
    let status = tokio::time::timeout(support::COMPILE_DEADLINE, child.wait()).await.unwrap().unwrap();
    let mut stderr = String::new();
    said.read_to_string(&mut stderr).unwrap();
    assert_eq!(status.code(), PIPE_CLOSED, "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("innkeeper: "), "{arguments:?}: {stderr}");
}

async fn a_result_that_cannot_be_written_is_an_error(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for arguments in [&["apps"][..], &["doctor", "--json"]] {
        let mut command = command::innkeeper(&[arguments, &database.arguments()].concat());
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.unwrap().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("cannot print: No space left on device"), "{arguments:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_terminal_that_wants_it_gets_colour() {
    let database = with_shop(Engine::Sqlite).await;
    let escape = '\u{1b}';
    let person = Person { columns: 120, ..Person::default() };
    let table = person.runs(&database, &["apps", "list"]).await.succeeded().stdout;
    assert!(table.contains(&format!("{escape}[1mAPP")), "{table}");
    let plain = Person { no_color: true, ..person }.runs(&database, &["apps", "list"]).await.succeeded().stdout;
    assert!(!plain.contains(escape) && plain.contains("APP   ROUTES  VERSION"), "{plain}");
    let piped = command::on(&database, &["apps", "list"]).await.succeeded().stdout;
    assert!(!piped.contains(escape) && piped.starts_with("APP   ROUTES  VERSION"), "{piped}");
    for arguments in [&["--help"][..], &["push"], &["deploy", "--help"]] {
        let said = command::run(arguments).await;
        assert!(!said.stdout.contains(escape) && !said.stderr.contains(escape), "{said}");
    }
}

/// What is wider than the terminal is cut there and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_terminal_cuts_notes_and_a_pipe_nothing() {
    let database = with_shop(Engine::Sqlite).await;
    let note = "a note that is much longer than any terminal that somebody reads it at, ".repeat(3);
    command::on(&database, &["rollback", "shop", "--note", note.trim()]).await.succeeded();
    let person = Person { columns: 150, no_color: true, ..Person::default() };
    let cut = person.runs(&database, &["apps", "show", "shop"]).await.succeeded().stdout;
    assert!(cut.contains("rollback instead of 2") && cut.contains('…') && !cut.contains(note.trim()), "{cut}");
    let whole = command::on(&database, &["apps", "show", "shop"]).await.succeeded().stdout;
    assert!(whole.contains(note.trim()) && !whole.contains('…'), "{whole}");
}
