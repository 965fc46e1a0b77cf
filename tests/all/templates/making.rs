//! What `innkeeper new` makes, and what it refuses to make.

use std::os::unix::fs::PermissionsExt;

use support::paths;

use super::{Desk, files_below};

const LANGUAGES: [&str; 8] = ["rust", "javascript", "typescript", "python", "go", "c", "zig", "cpp"];

#[tokio::test]
async fn languages_are_listed() {
    let listed = Desk::new().run(&["new"]).await.succeeded().stdout;
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, LANGUAGES, "{listed}");
    assert!(listed.contains("C++") && listed.contains("golang"), "{listed}");
}

#[tokio::test]
async fn a_project_is_the_template_with_another_name() {
    for language in LANGUAGES {
        let desk = Desk::new();
        let made = desk.run(&["new", language, "apps/new-shop"]).await.succeeded();
        let template = paths::repository().join("guest-examples").join(language).join("template");
        let files = files_below(&desk.path("apps/new-shop"));
        assert!(made.stdout.contains(&format!("{} files", files.len())), "{made}");
        for file in &files {
            let made = desk.path("apps/new-shop").join(file);
            if file == "sdk/.innkeeper" {
                continue;
            }
            let original = template.join(file.replace("new-shop", "my-app").replace("new_shop", "my_app"));
            let (was, is) = (std::fs::read(&original), std::fs::read(&made).unwrap());
            let was = was.unwrap_or_else(|error| panic!("{}: {error}", original.display()));
            let expected = match (file.starts_with("sdk/"), String::from_utf8(was.clone())) {
                (false, Ok(text)) => text.replace("my-app", "new-shop").replace("my_app", "new_shop").into_bytes(),
                _ => was,
            };
            assert!(is == expected, "{language}: {file} is not what the template has");
            let is_program = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o100 != 0;
            assert_eq!(is_program(&made), is_program(&original), "{language}: {file}");
        }
        let manifest: toml::Table = desk.read("apps/new-shop/innkeeper.toml").parse().unwrap();
        assert_eq!(manifest["name"].as_str(), Some("new-shop"));
        assert!(["build", "component", "test"].iter().all(|key| manifest.contains_key(*key)), "{manifest:?}");
    }
}

/// What is built, installed or kept beside a template is no part of a project.
#[tokio::test]
async fn nothing_is_in_a_project_that_git_would_not_keep() {
    for language in LANGUAGES {
        let desk = Desk::new();
        desk.run(&["new", language, "shop"]).await.succeeded();
        let made = |file: &String| {
            file.ends_with(".wasm")
                || file.split('/').any(|part| {
                    ["target", "node_modules", ".venv", "__pycache__", "innkeeper-data", ".git"].contains(&part)
                })
        };
        let odd: Vec<String> = files_below(&desk.path("shop")).into_iter().filter(made).collect();
        assert!(odd.is_empty(), "{language}: {odd:?}");
        let ignored = desk.read("shop/.gitignore");
        assert!(ignored.lines().any(|line| line.starts_with("innkeeper-data")), "{language}: {ignored}");
    }
}

#[tokio::test]
async fn nothing_that_is_there_is_overwritten() {
    let desk = Desk::new();
    desk.write("full/mine", "mine");
    desk.write("file", "mine");
    std::fs::create_dir(desk.path("empty")).unwrap();
    let full = desk.run(&["new", "rust", "full"]).await.failed();
    assert!(full.stderr.contains("full is there already and not empty"), "{full}");
    assert_eq!(files_below(&desk.path("full")), ["mine"]);
    let file = desk.run(&["new", "rust", "file"]).await.failed();
    assert!(file.stderr.contains("file is there already, and is no folder"), "{file}");
    assert_eq!(desk.read("file"), "mine");
    desk.run(&["new", "rust", "empty"]).await.succeeded();
    assert!(desk.path("empty/innkeeper.toml").is_file());
    // A folder in which one stands.
    std::fs::create_dir(desk.path("here")).unwrap();
    let mut here = support::command::innkeeper(&["new", "rs", "."]);
    here.current_dir(desk.path("here"));
    support::command::finish(here, super::PATIENCE).await.succeeded();
    assert!(desk.read("here/innkeeper.toml").contains("name = \"here\""));
}

#[tokio::test]
async fn a_wrong_language_or_name_is_told_with_what_would_be_right() {
    let desk = Desk::new();
    for (line, said) in [
        ("new rustt shop", "did you mean rust?"),
        ("new shop rust", "did you mean `innkeeper new rust shop`?"),
        ("new cobol shop", "rust, javascript, typescript, python, go, c, zig, cpp"),
        ("new go", "which name? innkeeper new go NAME"),
        ("new go Shop", "a name has 1 to 40 lower-case letters, digits and hyphens"),
        ("new go my_shop", "a name has 1 to 40 lower-case letters, digits and hyphens"),
        ("new rust match", "means something else to the tools of Rust"),
    ] {
        let refused = desk.run(&line.split(' ').collect::<Vec<_>>()).await.failed();
        assert!(refused.status.code() == Some(2) && refused.stderr.contains(said), "{line}: {refused}");
    }
    assert!(files_below(&desk.folder).is_empty());
}

#[tokio::test]
async fn a_tool_that_is_missing_is_named_with_how_to_get_it() {
    let desk = Desk::new();
    let tools = desk.path("tools");
    std::fs::create_dir(&tools).unwrap();
    for program in ["sh", "env"] {
        let found = format!("/bin/{program}");
        std::os::unix::fs::symlink(found, tools.join(program)).unwrap();
    }
    let old = tools.join("go");
    std::fs::write(&old, "#!/bin/sh\necho go version go1.19.8 linux/amd64\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (language, said) in
        [("zig", "zig   missing: https://ziglang.org/download"), ("go", "too old: 1.19.8 is there")]
    {
        let mut command = support::command::innkeeper(&["new", language, language]);
        command.current_dir(&desk.folder).env("PATH", &tools);
        let made = support::command::finish(command, super::PATIENCE).await.succeeded();
        assert!(made.stdout.contains(said), "{made}");
    }
}
