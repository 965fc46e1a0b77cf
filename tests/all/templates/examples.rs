//! The examples of each language, and what tests its SDK: each is a project with tests of its own,
//! which `innkeeper test` runs where it lies.

use std::path::PathBuf;

use support::command;
use support::paths;

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

async fn pass(language: &str) {
    let projects = projects(language);
    assert!(!projects.is_empty(), "no example in {language}");
    for project in projects {
        let mut command = command::innkeeper(&["test"]);
        command.current_dir(&project);
        let tested = command::finish(command, PATIENCE).await;
        assert!(tested.status.success(), "{}: {tested}", project.display());
    }
}

/// Its examples, but for the template, which is tested as a new project, and what tests its SDK.
fn projects(language: &str) -> Vec<PathBuf> {
    let examples = paths::repository().join("guest-examples").join(language);
    let of_the_sdk = paths::repository().join("tests/guests/sdk").join(language);
    let entries = std::fs::read_dir(examples).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).chain([of_the_sdk]);
    let mut projects: Vec<PathBuf> =
        paths.filter(|path| !path.ends_with("template") && path.join("innkeeper.toml").is_file()).collect();
    projects.sort_unstable();
    projects
}
