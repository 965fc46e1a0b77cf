//! The template of each language as its user meets it: made, built, served and tested, on both
//! databases.
//!
//! What is installed or compiled once for an example is lent to the project, so that a test takes
//! seconds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use support::{Engine, TestDatabase, paths};

use super::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_rust_passes_its_tests() {
    works("rust", "src/lib.rs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_javascript_passes_its_tests() {
    works("javascript", "src/app.js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_typescript_passes_its_tests() {
    works("typescript", "src/app.tsx").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_python_passes_its_tests() {
    works("python", "app.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_go_passes_its_tests() {
    works("go", "main.go").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_c_passes_its_tests() {
    works("c", "main.c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_zig_passes_its_tests() {
    works("zig", "main.zig").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_in_cpp_passes_its_tests() {
    works("cpp", "main.cpp").await;
}

/// `source` is the file that is broken at the end.
async fn works(language: &str, source: &str) {
    let desk = if language == "rust" { Desk::at_its_place(language) } else { Desk::new() };
    let desk = desk.with_code_cache_of(language);
    let made = desk.run(&["new", language, "new-shop"]).await.succeeded();
    assert!(made.stdout.contains("cd new-shop") && made.stdout.contains("innkeeper dev"), "{made}");
    assert!(!made.stdout.contains("missing: ") && !made.stdout.contains("too old: "), "{made}");
    desk.run(&["wit", "--check", "new-shop"]).await.succeeded();
    lend(&desk, language, "new-shop");

    let tested = desk.run(&["test", "new-shop"]).await.succeeded();
    assert!(tested.stderr.contains("has passed"), "{tested}");
    let postgres = TestDatabase::fresh(Engine::Postgres).await;
    desk.run(&["test", "new-shop", "--database-url", &postgres.url()]).await.succeeded();

    let path = format!("new-shop/{source}");
    desk.write(&path, &format!("{}\n((( [[[\n", desk.read(&path)));
    let broken = desk.run(&["test", "new-shop"]).await.failed();
    assert!(broken.status.code() == Some(1) && broken.stderr.contains("the build command"), "{broken}");
}

/// Lends a project what the examples of its language have installed or compiled.
pub(super) fn lend(desk: &Desk, language: &str, project: &str) {
    let examples = paths::repository().join("guest-examples");
    let inside = |name: &str| format!("{project}/{name}");
    let lend = |from: &Path, to: &str| {
        assert!(from.is_dir(), "{} is missing: tests/guests/examples makes it", from.display());
        symlink(from, desk.path(to)).unwrap();
    };
    match language {
        "rust" => {
            let compiled = paths::repository().join("target/templates/target");
            fs::create_dir_all(&compiled).unwrap();
            lend(&compiled, &inside("target"));
        }
        // Found from the project's folder upward.
        "javascript" | "typescript" => {
            lend(&examples.join("node_modules"), "node_modules");
        }
        "python" => {
            lend(&examples.join("python/guestbook/.venv"), &inside(".venv"));
            // Else it would be installed again: the list is newer than what is installed.
            let installed = desk.path(&inside(".venv/installed"));
            let touched = Command::new("touch")
                .arg("-r")
                .args([&installed, &desk.path(&inside("requirements.txt"))])
                .status();
            assert!(touched.is_ok_and(|status| status.success()));
        }
        // These keep what they have compiled in a folder of the user's.
        _ => {}
    }
}
