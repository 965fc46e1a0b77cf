//! The examples of each language, and what tests its SDK: each is a project with tests of its own,
//! which `innkeeper test` runs where it lies.

use std::path::{Path, PathBuf};

use support::{Engine, TestDatabase, command, paths};

use super::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_rust_pass_their_own_tests() {
    pass("rust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_javascript_pass_their_own_tests() {
    pass("javascript").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_typescript_pass_their_own_tests() {
    pass("typescript").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_python_pass_their_own_tests() {
    pass("python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_go_pass_their_own_tests() {
    pass("go").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_c_pass_their_own_tests() {
    pass("c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_zig_pass_their_own_tests() {
    pass("zig").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_cpp_pass_their_own_tests() {
    pass("cpp").await;
}

/// The guestbooks meet Postgres in `guestbook`. What tests an SDK meets it here: it tries
/// everything that an app can keep.
async fn pass(language: &str) {
    let projects = projects(language);
    assert!(!projects.is_empty(), "no example in {language}");
    for project in projects {
        passes(&project, language, &[]).await;
    }
    // TypeScript has the SDK of JavaScript.
    if language != "typescript" {
        let of_the_sdk = paths::repository().join("tests/guests/sdk").join(language);
        passes(&of_the_sdk, language, &[]).await;
        let postgres = TestDatabase::fresh(Engine::Postgres).await;
        passes(&of_the_sdk, language, &["--database-url", &postgres.url()]).await;
    }
}

async fn passes(project: &Path, language: &str, more: &[&str]) {
    let mut command = command::innkeeper(&[&["test"], more].concat());
    command.current_dir(project).env("INNKEEPER_CODE_CACHE", super::code_cache_of(language));
    // Some pass a hundred megabytes, which takes their usual two seconds where a machine is busy.
    command.env("INNKEEPER_CPU_PER_REQUEST", "30s");
    let tested = command::finish(command, PATIENCE).await;
    assert!(tested.status.success(), "{}: {tested}", project.display());
}

/// The examples of a language, but for the template, which is tested as a new project.
fn projects(language: &str) -> Vec<PathBuf> {
    let examples = paths::repository().join("guest-examples").join(language);
    let entries = std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    let is_example = |path: &PathBuf| !path.ends_with("template") && path.join("innkeeper.toml").is_file();
    let mut projects: Vec<PathBuf> = entries.filter(is_example).collect();
    projects.sort_unstable();
    projects
}
