//! Components that take the compiler for ever, and guests that do not get ready.

use std::path::Path;
use std::time::{Duration, Instant};

use support::command::{self, Finished};
use support::{COMPILE_DEADLINE, Engine, TestDatabase, TestHost, paths};

use super::wasm::{Function, hello_with, nested};

on_both_databases! {
    a_bomb_from_elsewhere_harms_nobody_who_is_served,
}

/// More than the compiler is done with in a second, and few enough that it ends when it has its
/// time.
const MANY_STEPS: usize = 20_000;
/// Whoever validates as many takes minutes.
const MANY_BRANCHES: usize = 5_000_000;
/// A validator takes half a minute for as many.
const DEEP: usize = 30_000;
/// What the process that serves may grow over something that another one compiles.
const SOME_MEMORY_KIB: u64 = 48 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_compiler_too_long_is_refused() {
    let (_folder, bomb) = hello_with(&Function::Steps(MANY_STEPS));
    let began = Instant::now();
    let refused = deploy_with(&[("INNKEEPER_COMPILE_TIME", "1s")], &bomb).await.failed();
    assert!(refused.stderr.contains("1s of computing time (INNKEEPER_COMPILE_TIME)"), "{refused}");
    assert!(began.elapsed() < COMPILE_DEADLINE / 2, "one second took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_compiler_too_much_memory_is_refused() {
    let (_folder, bomb) = hello_with(&Function::Steps(MANY_STEPS));
    let refused = deploy_with(&[("INNKEEPER_COMPILE_MEMORY", "64MiB")], &bomb).await.failed();
    assert!(refused.stderr.contains("64 MiB of memory (INNKEEPER_COMPILE_MEMORY)"), "{refused}");
}

/// Reading a file counts against the limit, like compiling it.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_to_be_read_is_refused() {
    let (_folder, branches) = hello_with(&Function::Branches(MANY_BRANCHES));
    let (_other_folder, modules) = nested(DEEP);
    let began = Instant::now();
    let refused = deploy_with(&[("INNKEEPER_COMPILE_TIME", "1s")], &branches).await.failed();
    assert!(refused.stderr.contains("1s of computing time (INNKEEPER_COMPILE_TIME)"), "{refused}");
    let refused = deploy_with(&[], &modules).await.failed();
    assert!(refused.stderr.contains("nests more than 100 modules and components"), "{refused}");
    assert!(began.elapsed() < COMPILE_DEADLINE / 5, "it took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_gets_ready_is_refused() {
    let (_folder, spinner) = hello_with(&Function::Spins);
    let refused = deploy_with(&[("INNKEEPER_CPU_PER_REQUEST", "100ms")], &spinner).await.failed();
    assert!(refused.stderr.contains("before it is ready"), "{refused}");
    assert!(refused.stderr.contains("guest.wasm") && refused.stderr.contains("INNKEEPER_CPU_PER_REQUEST"));
    // What is compiled gives way to everybody else: on a busy machine the usual two seconds of
    // computing take longer than the wall clock allows.
    let mut inspect = command::innkeeper(&["inspect", spinner.to_str().expect("UTF-8")]);
    inspect.env("INNKEEPER_CPU_PER_REQUEST", "100ms");
    let inspected = command::finish(inspect, COMPILE_DEADLINE).await.failed();
    assert!(inspected.stderr.contains("before it is ready"), "{inspected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_traps_when_it_starts_is_refused() {
    let (_folder, trap) = hello_with(&Function::Traps);
    let refused = deploy_with(&[], &trap).await.failed();
    assert!(refused.stderr.contains("fails when it is started") && refused.stderr.contains("unreachable"));
    assert!(refused.stderr.contains("guest.wasm"), "{refused}");
}

/// Of WASI a component may name any version, also the one that the host has, as componentize-js
/// makes them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_for_another_version_of_wasi_is_taken() {
    let (_folder, trap) = hello_with(&Function::Traps);
    let hello = paths::guest("hello");
    for version in [b"@0.2.10", b"@0.2.11", b"@0.2.12"] {
        let folder = tempfile::tempdir().expect("a folder");
        let renamed = folder.path().join("guest.wasm");
        std::fs::write(&renamed, renumbered(&hello, version)).expect("a file");
        deploy_with(&[], &renamed).await.succeeded();
        std::fs::write(&renamed, renumbered(&trap, version)).expect("a file");
        let refused = deploy_with(&[], &renamed).await.failed();
        assert!(refused.stderr.contains("fails when it is started"), "{refused}");
    }
}

/// A guest with another version of WASI.
fn renumbered(guest: &Path, version: &[u8; 7]) -> Vec<u8> {
    const OURS: &[u8; 7] = b"@0.2.10";
    let mut guest = std::fs::read(guest).expect("a guest");
    let places: Vec<usize> = (0..guest.len()).filter(|at| guest[*at..].starts_with(OURS)).collect();
    assert!(!places.is_empty(), "guests are made for another version of WASI");
    places.iter().for_each(|at| guest[*at..*at + OURS.len()].copy_from_slice(version));
    guest
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sound_apart_from_its_size_is_taken() {
    let (_folder, large) = hello_with(&Function::Steps(1000));
    deploy_with(&[], &large).await.succeeded();
}

/// Deployed by a host with wider limits and of another kind: this one has to compile it, and
/// cannot.
async fn a_bomb_from_elsewhere_harms_nobody_who_is_served(engine: Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().to_str().expect("UTF-8");
    let host = TestHost::with(engine).app("app", "hello").app("other", "hello");
    let host = host.env("INNKEEPER_CODE_CACHE", cache).env("INNKEEPER_COMPILE_TIME", "1s").start().await;
    let before = host.rss_kib();
    host.serving().forget_peak();
    let (_bomb_folder, bomb) = hello_with(&Function::Steps(MANY_STEPS));
    let bomb = bomb.to_str().expect("UTF-8");
    host.freeze().await;
    command::on(host.database(), &["deploy", bomb, "--app", "app"]).await.succeeded();
    crate::native::rows::forget_all(host.database()).await;
    host.serving().signal("CONT");
    let mut took = Vec::new();
    let refused = host.wait_for_log("cannot load the active version");
    tokio::pin!(refused);
    let line = loop {
        let began = Instant::now();
        tokio::select! {
            line = &mut refused => break line,
            answer = ask(&host, "/_innkeeper/live") => assert_eq!(answer, 200),
        }
        took.push(began.elapsed());
    };
    assert!(line.contains("app=\"app\"") || line.contains("app=app"), "{line}");
    assert!(line.contains("INNKEEPER_COMPILE_TIME"), "{line}");
    // Few would be answered at all if the host compiled by itself.
    took.sort();
    assert!(took.len() > 5 && took[took.len() * 9 / 10] < Duration::from_secs(2), "live took {took:?}");
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < SOME_MEMORY_KIB, "grown by {grown} KiB");
    // The version before it goes on, others are swapped, and nobody tries the bomb again.
    assert_eq!(ask(&host, "/hello").await, 200);
    host.swap("other", "page").await;
    assert_eq!(host.logs().matches("compiling it takes more than").count(), 1, "{}", host.logs());
    assert_eq!(super::children::of(host.serving().pid()), Vec::<u32>::new(), "no child is left");
}

async fn ask(host: &TestHost, path: &str) -> u16 {
    host.visitor().get(path).await.status
}

/// Deploys a file on a fresh database; nothing is compiled yet.
async fn deploy_with(environment: &[(&str, &str)], file: &Path) -> Finished {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let cache = tempfile::tempdir().expect("a folder");
    let [flag, place] = database.arguments();
    let mut deploy = command::innkeeper(&["deploy", file.to_str().expect("UTF-8"), "--app", "app", flag, place]);
    deploy.env("INNKEEPER_CODE_CACHE", cache.path()).envs(environment.iter().copied());
    command::finish(deploy, COMPILE_DEADLINE).await
}
