//! What platforms read of this repository is what they can take, and says the same everywhere
//! (T16).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::cgroup::not_run;
use support::{command, node, paths};
use tempfile::TempDir;

/// How many languages have a template.
const LANGUAGES: usize = 8;

/// Name and command of each kind of process.
type Processes = BTreeMap<String, String>;

#[test]
fn t16_the_procfile_reads_alike_in_both_grammars() {
    let text = read("Procfile");
    assert_eq!(strict(&text).as_ref(), Ok(&classic(&text)));
    assert_eq!(classic(&text).into_keys().collect::<Vec<_>>(), ["release", "web"]);
    for wrong in ["web ./x", "Web: ./x", "we_b: ./x", "-web: ./x", "web:./x", "web:  "] {
        assert_ne!(strict(wrong).ok(), Some(classic(wrong)), "{wrong:?}");
    }
}

#[tokio::test]
async fn t16_each_command_of_the_procfile_is_one_of_the_program() {
    for (kind, line) in procfile() {
        let verb = line.strip_prefix("./target/release/innkeeper ").unwrap_or_else(|| panic!("{kind}: {line}"));
        let help = command::run(&[verb, "--help"]).await.succeeded().stdout;
        assert!(help.contains(&format!("Usage: innkeeper {verb}")), "{kind}: {help}");
    }
}

#[tokio::test]
async fn t16_app_json_is_what_the_platform_takes() {
    let app: Value = serde_json::from_str(&read("app.json")).unwrap();
    assert_eq!(problems(&app).await, json!([]));
    // The schema sees what is wrong, in an environment too.
    let formation = json!({"web": {"size": "basic"}});
    for wrong in [
        json!({"formation": formation}),
        json!({"environments": {"review": {"formation": formation}}}),
        json!({"env": {"TOKEN": {"generator": "password"}}}),
        json!({"addons": [{"as": "DATABASE"}]}),
        json!({"stack": "cedar"}),
        json!({"buildpack": "heroku-community/inline"}),
    ] {
        assert_ne!(problems(&wrong).await, json!([]), "{wrong}");
    }
    for part in [&app, &app["environments"]["review"]] {
        assert_eq!(part["addons"], json!(["heroku-postgresql:essential-0"]));
        let kinds = part["formation"].as_object().unwrap().keys();
        assert!(kinds.clone().all(|kind| procfile().contains_key(kind)), "{kinds:?}");
    }
}

#[tokio::test]
async fn t16_each_variable_of_app_json_is_read_by_somebody() {
    let app: Value = serde_json::from_str(&read("app.json")).unwrap();
    let help = command::run(&["serve", "--help"]).await.succeeded().stdout;
    let build = read("bin/compile");
    for (name, variable) in app["env"].as_object().unwrap() {
        assert!(help.contains(&format!("  {name} ")) || build.contains(&format!("/{name}\"")), "{name}");
        let secret = ["_TOKEN", "_KEY"].iter().any(|end| name.ends_with(end));
        // What is neither made nor optional would be asked of everybody who presses the button.
        let wanted = if secret { json!("secret") } else { Value::Null };
        assert_eq!(variable["generator"], wanted, "{name}");
        assert!(secret || variable["required"] == json!(false), "{name}");
    }
}

#[test]
fn t16_rust_config_is_sound_and_names_the_version_of_rust_toolchain() {
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    let said = bash(paths::repository(), "set -eu; . ./RustConfig; printf %s \"$VERSION\"");
    assert_eq!(said, toolchain["toolchain"]["channel"].as_str().unwrap());
    // heroku-buildpack-rust would take the whole of it for a version.
    assert!(!paths::repository().join("rust-toolchain").exists());
}

const SCRIPTS: [&str; 6] =
    ["bin/detect", "bin/compile", "bin/release", "bin/rust-flags", "bin/fetch-binary", "tests/slug"];

#[test]
fn t16_scripts_can_be_run() {
    for script in SCRIPTS {
        bash(paths::repository(), &format!("bash -n {script} && [ -x {script} ]"));
    }
    bash(paths::repository(), "bash -n RustConfig");
    // Its macros would ask a database while they are compiled.
    let crates = bash(paths::repository(), "cargo tree --locked --offline -p innkeeper --prefix none");
    assert!(crates.contains("sqlx-core ") && !crates.contains("sqlx-macros "), "{crates}");
}

#[test]
fn t16_what_a_build_needs_is_committed() {
    let is_git = Command::new("git").args(["rev-parse", "--git-dir"]).current_dir(paths::repository()).output();
    if !is_git.is_ok_and(|output| output.status.success()) {
        return not_run("t16_what_a_build_needs_is_committed", "git knows nothing of this tree");
    }
    for script in SCRIPTS {
        let mode = bash(paths::repository(), &format!("git ls-files --stage {script}"));
        assert!(mode.starts_with("100755 "), "{script}: {mode:?}");
    }
    for file in ["Cargo.lock", "RustConfig", "Procfile", "app.json", "rust-toolchain.toml"] {
        bash(paths::repository(), &format!("git ls-files --error-unmatch {file}"));
    }
}

#[tokio::test]
async fn t16_every_road_runs_what_the_procfile_says() {
    let release = bash(paths::repository(), "bin/release .");
    assert_eq!(yaml(&release).await["default_process_types"], json!(procfile()));

    let container = yaml(&read("heroku.yml")).await;
    assert_eq!(container["release"], json!({"image": "web", "command": [procfile()["release"]]}));
    assert_eq!(container["build"]["docker"], json!({"web": "Dockerfile"}));
    assert_eq!(container["setup"]["addons"], json!([{"plan": "heroku-postgresql:essential-0"}]));
    // The image says it, in a form that needs no shell.
    assert_eq!(container["run"], Value::Null);

    let image = read("Dockerfile");
    let (_, last_stage) = image.rsplit_once("\nFROM ").unwrap();
    let told = |word: &str| last_stage.lines().rev().find_map(|line| line.strip_prefix(word)).unwrap();
    let web: Vec<String> = serde_json::from_str(told("CMD ")).unwrap();
    assert_eq!(web.join(" "), procfile()["web"]);
    assert_eq!(told("WORKDIR "), "/app");
    assert!(told("COPY ").ends_with(" /app/target/release/innkeeper"));
    assert_eq!(told("USER "), "innkeeper");
    assert!(last_stage.contains(" curl "), "the log of a release is sent with it");
}

#[test]
fn t16_cloud_native_builders_find_the_program_where_the_procfile_has_it() {
    let project: toml::Table = read("project.toml").parse().unwrap();
    assert_eq!(project["_"]["schema-version"].as_str(), Some("0.2"));
    let buildpacks = project["io"]["buildpacks"].as_table().unwrap();
    let groups = buildpacks["group"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| group.get("id").or(group.get("uri")).unwrap()).collect();
    let names: Vec<_> = names.iter().filter_map(|name| name.as_str()).collect();
    let rust = "docker://docker.io/paketocommunity/rust";
    assert_eq!(names, [rust, "innkeeper/place", "heroku/procfile"]);

    // What the first leaves: the program in bin/, and `target` as a link to somewhere else.
    let app = TempDir::new().unwrap();
    bash(app.path(), "mkdir bin cache && cp /bin/true bin/innkeeper && ln -s cache target");
    bash(app.path(), groups[1]["script"]["inline"].as_str().unwrap());
    for (_, line) in procfile() {
        bash(app.path(), &line);
    }
    assert!(app.path().join("cache").is_dir(), "the cache stays");

    let settings = buildpacks["build"]["env"].as_array().unwrap();
    let settings: BTreeMap<_, _> =
        settings.iter().map(|one| (one["name"].as_str().unwrap(), one["value"].as_str().unwrap())).collect();
    assert_eq!(settings["BP_INCLUDE_FILES"], "Procfile");
    let member = settings["BP_CARGO_INSTALL_ARGS"].split("--path=").nth(1).unwrap();
    assert!(paths::repository().join(member).join("Cargo.toml").is_file(), "{member}");
}

#[test]
fn t16_what_is_left_out_is_needed_by_no_build() {
    let ignored = read(".slugignore");
    for line in ignored.lines().filter(|line| !line.starts_with('#')) {
        let path = line.strip_prefix('/').unwrap_or_else(|| panic!("{line} means more than one place"));
        assert!(paths::repository().join(path).exists(), "{line} is nowhere");
    }
    let place = TempDir::new().unwrap();
    let (slug, image) = (place.path().join("slug"), place.path().join("image"));
    bash(paths::repository(), &format!("tests/slug tree {}", slug.display()));
    let copied = read(".dockerignore");
    for path in copied.lines().filter_map(|line| line.strip_prefix('!')) {
        let to = image.join(path);
        bash(&slug, &format!("mkdir -p {} && cp -r {path} {}", to.parent().unwrap().display(), to.display()));
    }
    for tree in [&slug, &image] {
        bash(tree, "cargo metadata --locked --offline --format-version 1");
        // Links lead to what is there: the program is built with every template, and its SDK.
        let templates =
            bash(tree, "ls -d guest-examples/*/template/sdk/ guest-examples/*/template/innkeeper.toml");
        assert_eq!(templates.lines().count(), 2 * LANGUAGES, "{templates}");
        assert_eq!(bash(tree, "find -L guest-examples wit -type l"), "");
    }
    assert!(!slug.join("guest-examples/rust/guestbook").exists());
    assert!(image.join("bin/rust-flags").is_file() && !slug.join("tests/all").exists());
}

#[tokio::test]
async fn t16_the_release_workflow_says_the_command_that_takes_its_programs() {
    let workflow = yaml(&read(".github/workflows/release.yml")).await;
    let jobs = workflow["jobs"].as_object().unwrap();
    let steps = jobs.values().flat_map(|job| job["steps"].as_array().unwrap());
    for step in steps {
        match (&step["uses"], &step["run"]) {
            (Value::String(action), Value::Null) => assert!(action.starts_with("actions/"), "{action}"),
            (Value::Null, Value::String(script)) => {
                command_of(paths::repository(), "bash", &["-n", "-c", script]);
            }
            _ => panic!("neither an action nor a script: {step}"),
        }
    }
    let last = jobs["release"]["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(jobs["release"]["permissions"], json!({"contents": "write"}));

    let place = TempDir::new().unwrap();
    bash(
        place.path(),
        "mkdir program bin && cd program && for machine in x86_64 aarch64; do
             echo $machine >innkeeper-$machine-linux && sha256sum innkeeper-$machine-linux >innkeeper-$machine-linux.sha256
         done
         printf '#!/bin/sh\necho \"$@\" >../asked\n' >../bin/gh && chmod +x ../bin/gh",
    );
    let setting = format!(
        "export PATH=$PWD/bin:$PATH RUNNER_TEMP=$PWD GITHUB_SERVER_URL=https://github.com \
         GITHUB_REPOSITORY=a/b GITHUB_REF_NAME=v1.2.3; set -eo pipefail\n{}",
        last["run"].as_str().unwrap()
    );
    bash(place.path(), &setting);
    let notes = std::fs::read_to_string(place.path().join("notes.md")).unwrap();
    let commands: Vec<&str> = notes.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(commands.len(), 2, "{notes}");
    let sum = bash(place.path(), "sha256sum <program/innkeeper-x86_64-linux");
    let url = "https://github.com/a/b/releases/download/v1.2.3/innkeeper-x86_64-linux";
    assert_eq!(commands[1], format!("    heroku config:set INNKEEPER_BINARY={url}#sha256={}", &sum[..64]));
    let asked = std::fs::read_to_string(place.path().join("asked")).unwrap();
    assert!(asked.starts_with("release create v1.2.3 --verify-tag"), "{asked}");
    assert_eq!(asked.matches(".sha256").count(), 2, "{asked}");
}

/// The Procfile as Heroku reads it.
fn procfile() -> Processes {
    classic(&read("Procfile"))
}

/// `^[[:space:]]*([a-zA-Z0-9_-]+):?\s+(.*)`; other lines mean nothing.
fn classic(text: &str) -> Processes {
    let line = |line: &str| {
        let line = line.trim_start();
        let end = line.find(|end: char| !end.is_ascii_alphanumeric() && !"_-".contains(end))?;
        let (name, rest) = line.split_at(end);
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let command = rest.trim_start();
        (!name.is_empty() && command.len() < rest.len()).then(|| (name.to_owned(), command.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// The grammar of cloud-native builders; the first line that is not in it.
fn strict(text: &str) -> Result<Processes, String> {
    let line = |line: &str| {
        let (name, command) = line.split_once(':').ok_or_else(|| line.to_owned())?;
        let plain = name.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-');
        let whole = (1..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-');
        let command = command.trim();
        let good = plain && whole && !command.is_empty();
        if good { Ok((name.to_owned(), command.to_owned())) } else { Err(line.to_owned()) }
    };
    let counts = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    text.lines().filter(counts).map(line).collect()
}

/// What the platform's schema finds wrong.
async fn problems(app: &Value) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), app.to_string()).unwrap();
    node::run("app-json.js", &[file.path().to_str().unwrap()]).await
}

async fn yaml(text: &str) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    node::run("yaml.js", &[file.path().to_str().unwrap()]).await
}

fn read(file: &str) -> String {
    let path = paths::repository().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a script prints; panics where it fails.
#[track_caller]
fn bash(place: &Path, script: &str) -> String {
    let output = command_of(place, "bash", &["-c", script]);
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn command_of(place: &Path, program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).current_dir(place).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
