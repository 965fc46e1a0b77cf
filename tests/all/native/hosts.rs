//! Who compiles, and who only loads.

use std::fs;

use support::postgres::{Server, USER};
use support::{Engine, TestDatabase, TestHost, command, host, paths, until};

use super::rows::{self, forget_all};
use super::{COMPILED, KEY, compiled, deploy, deploy_file, folder, host_of, text};
use crate::fairness::wasm::{Function, hello_with};

on_both_databases! {
    what_was_deployed_is_only_loaded_wherever_it_is_served,
    what_one_host_has_compiled_the_others_load,
    of_two_hosts_that_need_code_at_once_one_compiles,
    a_host_that_cannot_compile_goes_on_and_takes_what_another_has_compiled,
    code_that_no_app_has_any_more_goes,
    code_of_engines_that_no_host_has_goes,
}

/// More than the compiler is done with in a second.
const MANY_STEPS: usize = 20_000;

async fn what_was_deployed_is_only_loaded_wherever_it_is_served(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    let machine = folder();
    let mut host = host_of(engine, database, machine.path()).start().await;
    assert_eq!(host.visitor().get("/hello").await.expect(200).text(), "Hello, world!");
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
    // A dyno has another disk after each restart.
    for entry in fs::read_dir(machine.path()).expect("a folder").flatten() {
        fs::remove_file(entry.path()).expect("a file of our own");
    }
    host.restart().await;
    host.visitor().get("/hello").await.expect(200);
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
    // Neither the component nor a database is needed where the disk is the same.
    rows::forget_all(host.database()).await;
    host.restart().await;
    host.visitor().get("/hello").await.expect(200);
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
}

async fn what_one_host_has_compiled_the_others_load(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    forget_all(&database).await;
    let (machine, other) = (folder(), folder());
    let host = host_of(engine, database, machine.path()).start().await;
    host.visitor().get("/hello").await.expect(200);
    assert_eq!(compiled(&host, "hello").await, 1, "{}", host.logs());
    let there = async || rows::read(host.database(), "hello").await;
    until("its code is in the registry", there).await;
    let second = host_of(engine, same(host.database()), other.path()).start().await;
    assert_eq!(second.visitor().get("/hello").await.expect(200).text(), "Hello, world!");
    assert_eq!(compiled(&second, "hello").await, 0, "{}", second.logs());
}

async fn of_two_hosts_that_need_code_at_once_one_compiles(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    // It takes long enough to meet.
    let (_folder, slow) = hello_with(&Function::Steps(3_000));
    deploy_file(engine, &database, "slow", &slow, &[]).await.succeeded();
    forget_all(&database).await;
    let machines = [folder(), folder()];
    let hosts = machines.each_ref().map(|machine| host_of(engine, same(&database), machine.path()).start());
    let [first, second] = hosts;
    let (first, second) = tokio::join!(first, second);
    for host in [&first, &second] {
        assert_eq!(host.visitor().get("/").await.expect(200).text(), "Hello, world!");
    }
    let both = [compiled(&first, "slow").await, compiled(&second, "slow").await];
    assert_eq!(both.iter().sum::<usize>(), 1, "{}\n{}", first.logs(), second.logs());
}

/// As a dyno with little memory that gets a component from a machine of another kind.
async fn a_host_that_cannot_compile_goes_on_and_takes_what_another_has_compiled(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "app", "hello").await;
    let machine = folder();
    let host = host_of(engine, database, machine.path()).env("INNKEEPER_COMPILE_TIME", "1s").start().await;
    let (_folder, large) = hello_with(&Function::Steps(MANY_STEPS));
    host.freeze().await;
    deploy_file(engine, host.database(), "app", &large, &[]).await.succeeded();
    forget_all(host.database()).await;
    host.serving().signal("CONT");
    let line = host.wait_for_log("cannot load the active version").await;
    assert!(line.contains("INNKEEPER_COMPILE_TIME") && line.contains("version=2"), "{line}");
    assert_eq!(host.visitor().get("/app").await.expect(200).text(), "Hello, world!");
    // Somebody with more time has it compiled; here it is only loaded.
    let (strong, other) = (folder(), host_of(engine, same(host.database()), machine.path()));
    let other = other.env("INNKEEPER_CODE_CACHE", text(strong.path())).start().await;
    other.visitor().get("/app").await.expect(200);
    assert_eq!(compiled(&other, "app").await, 1, "{}", other.logs());
    let line = host.wait_for_log("serving app=\"app\" version=2").await;
    assert!(line.contains("/app"), "{line}");
    assert!(!host.logs().contains(COMPILED), "{}", host.logs());
}

async fn code_that_no_app_has_any_more_goes(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    deploy(engine, &database, "page", "page").await;
    let (code, chunks) = (database.host_table("native_code"), database.host_table("native_code_chunks"));
    let versions = database.host_table("versions");
    let count =
        async |table: &str| database.host_rows(&format!("select count(*) from {table}")).await[0][0].clone();
    // As if the one had been deployed long ago, and both were gone.
    let of = format!("sha256 = (select sha256 from {versions} where app = 'hello')");
    database.host_rows(&format!("update {code} set created_at = 0 where {of}")).await;
    database.host_rows(&format!("delete from {versions}")).await;
    deploy(engine, &database, "queries", "queries").await;
    assert_eq!((count(&code).await, count(&chunks).await), ("2".to_owned(), "2".to_owned()));
}

async fn code_of_engines_that_no_host_has_goes(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy(engine, &database, "hello", "hello").await;
    let code = database.host_table("native_code");
    let engines = async || {
        let sql = format!("select count(distinct engine), min(used_at) from {code}");
        let row = database.host_rows(&sql).await.remove(0);
        (row[0].clone(), row[1].clone())
    };
    // That of an earlier release, which was last used long ago, and of a host that is here.
    let (columns, other) = (
        "target, size, packed_size, key_id, mac, compiled_by",
        if engine == Engine::Sqlite { "x'00'" } else { "'\\x00'" },
    );
    let former = format!(
        "insert into {code} (sha256, engine, created_at, used_at, {columns}) select sha256, {other}, 1, 1, {columns} from {code}"
    );
    database.host_rows(&former).await;
    database.host_rows(&format!("update {code} set created_at = 1, used_at = 1")).await;
    let machine = folder();
    let host = host_of(engine, same(&database), machine.path()).start().await;
    let noted = format!("select 1 from {code} where used_at > 1");
    until("the host has said which engine it has", async || {
        (!host.database().host_rows(&noted).await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(engines().await, ("2".to_owned(), "1".to_owned()));
    deploy(engine, &database, "page", "page").await;
    assert_eq!(engines().await.0, "1");
    assert!(rows::read(&database, "hello").await.is_some(), "the code that this host uses has stayed");
}

/// A disk that is full, say: what fails for a passing reason is tried again by itself, and the list
/// of apps is not read for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compiled_for_now_is_tried_again_by_itself() {
    let server = Server::start();
    server.administer(&format!("alter role {USER} set log_statement = 'all'")).await;
    let engine = Engine::Postgres;
    let database = TestDatabase::at(&server.fresh_database().await);
    deploy(engine, &database, "app", "hello").await;
    let (machine, temporary) = (folder(), folder());
    let place = temporary.path().join("temporary");
    fs::create_dir(&place).expect("a folder");
    let host = host_of(engine, database, machine.path()).env("TMPDIR", text(&place)).start().await;
    let (_folder, next) = hello_with(&Function::Steps(10));
    host.freeze().await;
    fs::remove_dir_all(&place).expect("a folder of our own");
    deploy_file(engine, host.database(), "app", &next, &[]).await.succeeded();
    forget_all(host.database()).await;
    host.serving().signal("CONT");
    host.wait_for_log("cannot load the active version").await;
    let before = server.log().len();
    let (polls, lists) = ("pg_try_advisory_lock_shared(7211, 1)", "from innkeeper.apps order by name");
    let count = |what: &str| server.log()[before..].matches(what).count();
    until("the host looks for changes", async || (count(polls) > 3).then_some(())).await;
    assert_eq!(count(lists), 0);
    fs::create_dir(&place).expect("a folder");
    host.wait_for_log("serving app=\"app\" version=2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_each_host_compiles_for_itself_and_says_so() {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    host::deploy(&database, "hello", "hello", &[]).await.succeeded();
    let machine = folder();
    let host = TestHost::with(Engine::Postgres).database(database);
    let host = host.env("INNKEEPER_CODE_CACHE", text(machine.path())).start().await;
    host.visitor().get("/").await.expect(200);
    let said = host.wait_for_log("compiled code: not shared").await;
    assert!(said.contains(KEY), "{said}");
    assert_eq!((compiled(&host, "hello").await, rows::read(host.database(), "hello").await), (1, None));
    let doctor = command::on(host.database(), &["doctor"]).await.succeeded();
    assert!(doctor.stdout.contains("compiled components are not shared"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_in_the_url_is_secret_enough_and_written_nowhere() {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    // A server that trusts everybody takes any password.
    let [_, url] = database.arguments();
    let with_password = url.replacen('@', ":hunter2-and-more@", 1);
    let with_password = TestDatabase::at(&with_password);
    host::deploy(&with_password, "hello", "hello", &[]).await.succeeded();
    let machine = folder();
    let host = TestHost::with(Engine::Postgres).database(with_password);
    let host = host.env("INNKEEPER_CODE_CACHE", text(machine.path())).start().await;
    host.visitor().get("/").await.expect(200);
    assert_eq!(compiled(&host, "hello").await, 0, "{}", host.logs());
    let row = rows::read(&database, "hello").await.expect("deploy has put it there");
    let kept = [row.key_id, row.mac].concat();
    assert!(!String::from_utf8_lossy(&kept).contains("hunter2") && !host.logs().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_too_short_stops_every_command() {
    let hello = paths::guest("hello");
    let folder = folder();
    for arguments in [&["deploy", text(&hello), "--app", "hello"][..], &["serve"], &["doctor"]] {
        let mut command = command::innkeeper(&[arguments, &["--data", text(folder.path())]].concat());
        command.env(KEY, "too short a key");
        let refused = command::finish(command, support::DEADLINE).await.failed();
        assert!(refused.stderr.contains("INNKEEPER_CODE_KEY: at least 32 characters"), "{refused}");
        assert!(!refused.stderr.contains("too short a key"), "{refused}");
    }
}

/// The same database for another process.
fn same(database: &TestDatabase) -> TestDatabase {
    match database.directory() {
        Some(folder) => TestDatabase::in_folder(folder),
        None => TestDatabase::at(database.arguments()[1]),
    }
}
