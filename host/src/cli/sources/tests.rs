//! What is a reason to build again, and what is none.

use super::*;
use std::fs;

/// What has changed by then was changed by the build.
const BY_THE_BUILD: Duration = Duration::ZERO;
const AT_ONCE: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(60);

/// A project with a source, looked at once.
struct Project {
    folder: tempfile::TempDir,
    sources: Sources,
    seen: Snapshot,
}

impl Project {
    fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("innkeeper.toml"), format!("component = \"out/app.wasm\"\n{more}")).unwrap();
        for (name, text) in
            [("src/main.rs", "one"), (".gitignore", "*.tmp\n"), ("out/app.wasm", "1"), ("target/x/y", "1")]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let project = crate::cli::project::Project::open(folder.path()).unwrap();
        let sources = Sources::new(&project, &folder.path().join("data")).unwrap();
        let seen = sources.snapshot(&Snapshot::default());
        Self { folder, sources, seen }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn reasons(&mut self, since: Duration) -> Vec<String> {
        let now = self.sources.snapshot(&self.seen);
        let reasons = self.sources.reasons(&self.seen, &now, since);
        self.seen = now;
        let root = std::path::absolute(self.folder.path()).unwrap();
        reasons.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
    }
}

#[test]
fn only_what_is_in_a_source_counts() {
    let mut project = Project::with("ignore = [\"notes/\", \"*.txt\"]");
    assert_eq!(project.seen.paths().len(), 2, "{:?}", project.seen);
    for (name, text) in [
        ("src/main.rs", "one"),
        ("out/app.wasm", "2"),
        ("other.wasm", "2"),
        ("target/x/y", "2"),
        ("node_modules/a/b.js", "2"),
        ("innkeeper-data/innkeeper.sqlite", "2"),
        ("data/innkeeper.sqlite", "2"),
        (".hidden", "2"),
        ("src/main.rs~", "2"),
        ("src/#main.rs#", "2"),
        ("src/main.rs.swp", "2"),
        ("src/main.rs___jb_tmp___", "2"),
        ("src/4913", "2"),
        ("a.tmp", "2"),
        ("notes/a.rs", "2"),
        ("deep/a.txt", "2"),
    ] {
        project.write(name, text);
        assert_eq!(project.reasons(LATER), [""; 0], "{name}");
    }
    project.write("src/main.rs", "two");
    project.write("src/new.rs", "two");
    assert_eq!(project.reasons(LATER), ["src/main.rs", "src/new.rs"]);
    fs::remove_file(project.folder.path().join("src/new.rs")).unwrap();
    assert_eq!(project.reasons(LATER), ["src/new.rs"]);
    assert_eq!(project.reasons(LATER), [""; 0]);
}

#[test]
fn what_git_ignores_counts_nowhere() {
    let outer = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = outer.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/info/exclude", "*.excluded\n");
    write(".gitignore", "*.above\n/app/generated/\n");
    write("app/.gitignore", "*.here\n");
    write("app/deep/.gitignore", "*.deep\n!kept.deep\n");
    write("app/innkeeper.toml", "component = \"app.wasm\"\n");
    let counted = ["app/a.txt", "app/deep/kept.deep", "app/a.deep"];
    let ignored = [
        "app/a.excluded",
        "app/a.above",
        "app/generated/a",
        "app/deep/a.here",
        "app/deep/a.deep",
        "app/deep/b.above",
    ];
    counted.iter().chain(&ignored).for_each(|name| write(name, "x"));
    let project = crate::cli::project::Project::open(&outer.path().join("app")).unwrap();
    let snapshot = Sources::new(&project, &outer.path().join("data")).unwrap().snapshot(&Snapshot::default());
    let mut expected: Vec<PathBuf> = counted.iter().map(|name| outer.path().join(name)).collect();
    expected.push(outer.path().join("app/innkeeper.toml"));
    expected.sort();
    assert_eq!(snapshot.paths(), expected);
    let folders: Vec<PathBuf> = ["app", "app/deep"].iter().map(|name| outer.path().join(name)).collect();
    assert_eq!(snapshot.folders().iter().cloned().collect::<Vec<_>>(), folders);
}

#[test]
fn what_links_lead_to_outside_of_the_project_counts() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    for name in ["sdk/src/lib.rs", "sdk/target/x", "shared/style.css"] {
        fs::create_dir_all(outside.path().join(name).parent().unwrap()).unwrap();
        fs::write(outside.path().join(name), "one").unwrap();
    }
    let mut project = Project::with("");
    let link = |target: &Path, name: &str| symlink(target, project.folder.path().join(name)).unwrap();
    link(&outside.path().join("sdk"), "sdk");
    link(&outside.path().join("shared/style.css"), "style.css");
    link(&project.folder.path().join("src"), "again");
    link(project.folder.path().parent().unwrap(), "up");
    link(Path::new("nowhere"), "broken");
    assert_eq!(project.reasons(LATER), ["sdk/src/lib.rs", "style.css"]);
    assert!(project.seen.folders().contains(&outside.path().join("shared").canonicalize().unwrap()));
    let root = std::path::absolute(project.folder.path()).unwrap();
    assert!(project.seen.folders().contains(&root.join("sdk/src")));
    fs::write(outside.path().join("sdk/src/lib.rs"), "two").unwrap();
    fs::write(outside.path().join("sdk/target/x"), "two").unwrap();
    assert_eq!(project.reasons(LATER), ["sdk/src/lib.rs"]);
    fs::write(outside.path().join("shared/style.css"), "two").unwrap();
    assert_eq!(project.reasons(LATER), ["style.css"]);
}

#[test]
fn versions_that_a_build_has_chosen_are_no_reason() {
    let mut project = Project::with("");
    project.write("Cargo.lock", "one");
    assert_eq!(project.reasons(AT_ONCE), [""; 0]);
    project.write("Cargo.lock", "two");
    project.write("src/main.rs", "two");
    assert_eq!(project.reasons(AT_ONCE), ["src/main.rs"]);
    project.write("Cargo.lock", "by hand");
    assert_eq!(project.reasons(LATER), ["Cargo.lock"]);
}

#[test]
fn a_project_may_say_what_counts() {
    let mut project = Project::with("watch = [\"src\", \"innkeeper.toml\"]\nignore = [\"*.md\"]");
    for name in ["other/a.rs", "src/a.md"] {
        project.write(name, "x");
    }
    assert_eq!(project.reasons(LATER), [""; 0]);
    project.write("src/deep/a.rs", "x");
    assert_eq!(project.reasons(LATER), ["src/deep/a.rs"]);
}

#[test]
fn what_changes_with_every_build_is_ignored_after_a_few() {
    let mut project = Project::with("");
    for number in 1..MOST_WEIGHT / BY_BUILD {
        project.write("stamp", &format!("{number}"));
        assert_eq!(project.reasons(BY_THE_BUILD), ["stamp"], "{number}");
    }
    for number in 0..3 {
        project.write("stamp", &format!("again {number}"));
        assert_eq!(project.reasons(BY_THE_BUILD), [""; 0]);
    }
    project.write("src/main.rs", "two");
    assert_eq!(project.reasons(BY_THE_BUILD), ["src/main.rs"]);
    project.write("stamp", "by hand");
    assert_eq!(project.reasons(LATER), ["stamp"], "a person has changed it in peace");
}

#[test]
fn who_saves_a_file_as_soon_as_its_page_is_there_is_not_ignored() {
    let mut project = Project::with("");
    for number in 0..15 {
        project.write("src/main.rs", &number.to_string());
        assert_eq!(project.reasons(AT_ONCE), ["src/main.rs"], "{number}");
    }
}

#[test]
fn a_log_is_ignored_sooner_and_stays_so() {
    let mut project = Project::with("");
    project.write("build.log", "one\n");
    assert_eq!(project.reasons(BY_THE_BUILD), ["build.log"]);
    project.write("build.log", "one\ntwo\n");
    assert_eq!(project.reasons(BY_THE_BUILD), ["build.log"]);
    project.write("build.log", "one\ntwo\nthree\n");
    assert_eq!(project.reasons(BY_THE_BUILD), [""; 0]);
    project.write("build.log", "one\ntwo\nthree\nfour\n");
    assert_eq!(project.reasons(LATER), [""; 0]);
}

#[test]
fn two_files_that_take_turns_do_not_go_on_for_ever() {
    let mut project = Project::with("");
    let mut builds = 0;
    for number in 0..40 {
        project.write(if number % 2 == 0 { "a" } else { "b" }, &number.to_string());
        builds += u32::from(!project.reasons(BY_THE_BUILD).is_empty());
    }
    assert_eq!(builds, 2 * (MOST_WEIGHT / BY_BUILD - 1));
}

#[test]
fn who_saves_the_same_file_now_and_then_is_never_ignored() {
    let mut project = Project::with("");
    for number in 0..20 {
        project.write("src/main.rs", &number.to_string());
        let since = if number % 3 == 0 { LATER } else { AT_ONCE };
        assert_eq!(project.reasons(since), ["src/main.rs"], "{number}");
    }
}

#[test]
fn a_bare_component_is_its_only_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.wasm");
    fs::write(&file, "1").unwrap();
    let project = crate::cli::project::Project::open(&file).unwrap();
    assert_eq!(project.home(), folder.path());
    let mut sources = Sources::new(&project, &folder.path().join("innkeeper-data")).unwrap();
    let one = sources.snapshot(&Snapshot::default());
    fs::write(folder.path().join("other"), "1").unwrap();
    let two = sources.snapshot(&one);
    assert!(sources.reasons(&one, &two, LATER).is_empty());
    fs::write(&file, "2").unwrap();
    let three = sources.snapshot(&two);
    assert_eq!(sources.reasons(&two, &three, LATER), [file]);
}
