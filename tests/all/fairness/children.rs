//! The process that compiles: it ends with its parent, its end is noticed, and it leaves nothing
//! behind.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use support::{Engine, TestDatabase, TestHost, command, until};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::wasm::{Function, hello_with};

/// The compiler is at it for some seconds.
const MANY_STEPS: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_is_killed_is_an_error_that_says_so() {
    let compiling = Compiling::begin().await;
    kill(compiling.child().await);
    let output = compiling.deploy.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the compiler was killed before it was done"), "{said}");
    assert_eq!(left_in(compiling.temporary.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_ends_with_the_process_that_wants_the_code() {
    let mut compiling = Compiling::begin().await;
    let child = compiling.child().await;
    compiling.deploy.kill().await.expect("it lives");
    let gone = async || (!is_alive(child)).then_some(());
    until("the child ends", gone).await;
    // What the dead parent would have removed, the child has.
    assert_eq!(left_in(compiling.temporary.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_knows_nothing_of_the_environment() {
    let compiling = Compiling::begin().await;
    let environment = fs::read_to_string(format!("/proc/{}/environ", compiling.child().await));
    let environment = environment.expect("a process of our own");
    assert!(!environment.contains("INNKEEPER") && !environment.contains("PATH="), "{environment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_folder_for_code_leaves_none_behind() {
    let temporary = tempfile::tempdir().expect("a folder");
    let host = TestHost::with(Engine::Postgres).app("hello", "hello").env("INNKEEPER_CODE_CACHE", "");
    let mut host = host.env("TMPDIR", temporary.path().to_str().expect("UTF-8")).start().await;
    host.visitor().get("/hello").await.expect(200);
    let first = left_in(temporary.path());
    assert_eq!(first.len(), 1, "{first:?}");
    host.kill9().await;
    host.restart().await;
    host.visitor().get("/hello").await.expect(200);
    let second = left_in(temporary.path());
    assert!(second.len() == 1 && second != first, "{first:?} and {second:?}");
    host.terminate().await;
    assert_eq!(left_in(temporary.path()), Vec::<String>::new());
}

/// A deployment whose component takes a while to compile.
struct Compiling {
    deploy: Child,
    temporary: TempDir,
    _rest: (TestDatabase, TempDir, TempDir),
}

impl Compiling {
    async fn begin() -> Self {
        let database = TestDatabase::fresh(Engine::Sqlite).await;
        let [temporary, cache] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let (folder, bomb) = hello_with(&Function::Steps(MANY_STEPS));
        let [flag, place] = database.arguments();
        let mut deploy: Command =
            command::innkeeper(&["deploy", bomb.to_str().expect("UTF-8"), "--app", "app", flag, place]);
        deploy.env("INNKEEPER_CODE_CACHE", cache.path()).env("TMPDIR", temporary.path());
        let deploy = deploy.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        Self { deploy, temporary, _rest: (database, cache, folder) }
    }

    /// The process that compiles, once it has begun to, and watches its parent.
    async fn child(&self) -> u32 {
        let parent = self.deploy.id().expect("it lives");
        let compiles = |child: &u32| {
            fs::read(format!("/proc/{child}/cmdline")).is_ok_and(|line| line.starts_with(b"innkeeper\0compile\0"))
                && has_thread(*child, "parent")
        };
        until("a child compiles", async || of(parent).into_iter().find(compiles)).await
    }
}

/// The children of a process, the dead that nobody has waited for included.
pub(super) fn of(parent: u32) -> Vec<u32> {
    let is_child = |pid: &u32| field(*pid, "PPid").is_some_and(|of| of == parent.to_string());
    let entries = fs::read_dir("/proc").expect("there is /proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

fn has_thread(pid: u32, name: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    names.any(|found| found.trim() == name)
}

fn is_alive(pid: u32) -> bool {
    field(pid, "State").is_some_and(|state| !state.starts_with(['Z', 'X']))
}

fn field(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

fn kill(pid: u32) {
    let sent = std::process::Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{pid} cannot be killed");
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of our own").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
