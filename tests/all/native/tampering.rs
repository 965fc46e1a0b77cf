//! Code in the registry that is not as it was signed: it is not run, the component is compiled
//! again, and the operator learns of it.

use support::{Engine, TestDatabase, TestHost, until};

use super::rows::{self, Row};
use super::{A_KEY, KEY, compiled, deploy, folder, host_of};

on_both_databases! {
    code_that_was_changed_is_never_run_and_replaced,
    code_of_another_key_is_never_run_and_replaced,
    code_that_was_changed_on_this_machine_is_never_run,
}

/// How the log tells of it.
const ACT: &str = "ERROR audit: ";

/// Each of these could be done by somebody who can write into the database, or by a disk.
fn changes(code: &Row, other: &Row) -> Vec<(&'static str, Row)> {
    let chunk = |at: usize| {
        let mut row = code.clone();
        row.chunks[0][at] ^= 1;
        row
    };
    let with = |change: &dyn Fn(&mut Row)| {
        let mut row = code.clone();
        change(&mut row);
        row
    };
    vec![
        ("the first bit", chunk(0)),
        ("a bit in the middle", chunk(code.chunks[0].len() / 2)),
        ("the last bit", chunk(code.chunks[0].len() - 1)),
        ("the signature", with(&|row| row.mac[31] ^= 0x80)),
        ("a shorter signature", with(&|row| row.mac.truncate(16))),
        ("no signature", with(&|row| row.mac.clear())),
        ("a longer signature", with(&|row| row.mac.extend([0; 4096]))),
        ("the name of the key", with(&|row| row.key_id[0] ^= 1)),
        ("the size", with(&|row| row.size += 1)),
        ("a size that exhausts memory", with(&|row| row.size = 1 << 62)),
        ("a part is missing", with(&|row| row.chunks.clear())),
        ("it is cut", with(&|row| row.chunks[0].truncate(1000))),
        ("it is that of another component", other.clone()),
    ]
}

async fn code_that_was_changed_is_never_run_and_replaced(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    deploy(engine, &database, "page", "page").await;
    let code = rows::read(&database, "hello").await.expect("deploy has put it there");
    let other = rows::read(&database, "page").await.expect("deploy has put it there");
    let mut database = Some(database);
    for (what, changed) in changes(&code, &other) {
        let there = database.take().expect("the host before has given it back");
        rows::write(&there, "hello", &changed).await;
        let machine = folder();
        let host = host_of(engine, there, machine.path()).start().await;
        assert_eq!(host.visitor().get("/hello").await.expect(200).text(), "Hello, world!", "{what}");
        let act = host.wait_for_log(ACT).await;
        assert!(act.contains("app=\"hello\"") && act.contains("is not run, and removed"), "{what}: {act}");
        let kind = if what == "the name of the key" { "code-of-another-key" } else { "code-forged" };
        assert!(act.contains(kind), "{what}: {act}");
        assert_eq!(compiled(&host, "hello").await, 1, "{what}: {}", host.logs());
        let healed = async || (rows::read(host.database(), "hello").await.as_ref() == Some(&code)).then_some(());
        until("good code is there again", healed).await;
        database = Some(host.into_database().await);
    }
    // What was put there instead is good for whoever comes next.
    let machine = folder();
    let host = host_of(engine, database.expect("the last host has given it back"), machine.path()).start().await;
    assert_eq!(host.visitor().get("/hello").await.expect(200).text(), "Hello, world!");
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
    assert!(!host.logs().contains(ACT), "{}", host.logs());
}

async fn code_of_another_key_is_never_run_and_replaced(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    let before = rows::read(&database, "hello").await.expect("deploy has put it there");
    let machine = folder();
    let other = "another key that has as many characters as it has to have";
    let host = TestHost::with(engine).database(database).env(KEY, other);
    let host = host.env("INNKEEPER_CODE_CACHE", machine.path().to_str().expect("UTF-8")).start().await;
    host.visitor().get("/hello").await.expect(200);
    assert!(host.wait_for_log(ACT).await.contains("signed with another key"));
    assert_eq!(compiled(&host, "hello").await, 1, "{}", host.logs());
    let replaced = async || {
        let after = rows::read(host.database(), "hello").await?;
        (after.key_id != before.key_id && after.mac != before.mac && after.chunks == before.chunks).then_some(())
    };
    until("its own is there", replaced).await;
    assert!(!host.logs().contains(other) && !host.logs().contains(A_KEY));
}

async fn code_that_was_changed_on_this_machine_is_never_run(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    let machine = folder();
    let mut host = host_of(engine, database, machine.path()).start().await;
    host.visitor().get("/hello").await.expect(200);
    let files = || std::fs::read_dir(machine.path()).expect("a folder").flatten().map(|entry| entry.path());
    let [file] = &files().filter(|path| path.extension().is_some_and(|it| it == "code")).collect::<Vec<_>>()[..]
    else {
        panic!("one file of code in {:?}", files().collect::<Vec<_>>());
    };
    let mut bytes = std::fs::read(file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, &bytes).expect("a file of our own");
    host.restart().await;
    assert_eq!(host.visitor().get("/hello").await.expect(200).text(), "Hello, world!");
    assert!(host.wait_for_log(ACT).await.contains("is not run, and removed"));
    // The registry has it still.
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
    assert_ne!(std::fs::read(file).expect("good code has its place"), bytes);
}
