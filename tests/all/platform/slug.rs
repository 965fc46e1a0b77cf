//! What a whole release build by the buildpack leaves: the slug that Heroku would run (T15, T17,
//! T18).
//!
//! `tests/slug build` makes it, in `tests/run` before the tests. Where that has not been done these
//! tests say that they are not run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::process::Serving;
use support::{Visitor, command, paths};
use tempfile::TempDir;

/// The most that the slug may have, compressed, in MB. Heroku takes 500.
const MOST_OF_SLUG: u64 = 60;

/// The most that the program may have, in MB. The templates of `new`, `wrap` and `inspect` take 1.7
/// of it.
const MOST_OF_PROGRAM: u64 = 32;

/// The newest glibc that it may ask for: that of heroku-24.
const GLIBC: (u32, u32) = (2, 39);

/// The most that a build from nothing may compute, in seconds. Heroku ends it after 15 minutes. It
/// takes a sixth of this on two idle cores, and may take three times as long on slow and busy ones:
/// what is found here is a build that has become several times longer.
const MOST_OF_COMPUTING: u64 = 90 * 60;

/// A build that has been done.
struct Slug {
    report: BTreeMap<String, String>,
}

impl Slug {
    /// The one of `tests/slug build`, if it is there.
    fn built(test: &str) -> Option<Self> {
        let Ok(report) = fs::read_to_string(Self::place().join("report")) else {
            say(&format!("not run: platform::slug::{test}: there is no slug; make it first: tests/slug build"));
            return None;
        };
        let pairs = report.lines().filter_map(|line| line.split_once(' '));
        Some(Self { report: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
    }

    fn place() -> PathBuf {
        paths::repository().join("target/slug")
    }

    fn app() -> PathBuf {
        Self::place().join("app")
    }

    fn program() -> PathBuf {
        Self::app().join("target/release/innkeeper")
    }

    fn seconds(&self, name: &str) -> u64 {
        self.report[name].parse().unwrap_or_else(|_| panic!("{name}: {}", self.report[name]))
    }
}

#[test]
fn t15_each_program_of_the_procfile_is_in_the_slug_which_is_small() {
    if Slug::built("t15_each_program_of_the_procfile_is_in_the_slug_which_is_small").is_none() {
        return;
    }
    let processes = processes();
    assert_eq!(processes.len(), 2, "{processes:?}");
    for (_, line) in processes {
        let program = Slug::app().join(line.split(' ').next().unwrap());
        assert!(program.starts_with(Slug::app().join("./target/release")), "{line}");
        assert!(Command::new(&program).arg("--version").output().unwrap().status.success(), "{line}");
    }
    let size = fs::metadata(Slug::place().join("slug.tgz")).unwrap().len();
    say(&format!("slug: {} MB compressed (of {MOST_OF_SLUG})", size.div_ceil(1_000_000)));
    assert!(size <= MOST_OF_SLUG * 1_000_000, "{size} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_the_program_runs_where_it_was_not_built() {
    let Some(slug) = Slug::built("t15_the_program_runs_where_it_was_not_built") else { return };
    assert!(!Path::new(&slug.report["build"]).exists());
    let place = TempDir::new().unwrap();
    let app = place.path().join("app");
    let copied = Command::new("cp").arg("-a").args([&Slug::app(), &app]).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let processes = processes();
    let run = |line: &str| {
        let mut command = tokio::process::Command::new("bash");
        command.arg("-c").arg(format!("exec {line}")).current_dir(&app).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("HOME", &app).env("DATABASE_URL", "sqlite:./data");
        command.env("PORT", "0").env("INNKEEPER_LOG_FORMAT", "text").kill_on_drop(true);
        command
    };
    command::finish(run(&processes["release"]), Duration::from_secs(60)).await.succeeded();
    let web = Serving::start(run(&processes["web"]));
    let mut visitor = Visitor::of(Arc::new(Mutex::new(web.address().await)));
    visitor.get("/_innkeeper/live").await.expect(200);
    web.signal("TERM");
    assert!(web.ended().await.success());
}

#[test]
fn t15_the_program_holds_no_path_of_its_build() {
    let Some(slug) = Slug::built("t15_the_program_holds_no_path_of_its_build") else { return };
    // What the paths are written as instead: the search finds what is there.
    assert!(!places_of("/cargo/registry/src/").is_empty());
    for place in ["build", "cache", "cargo_home", "home"] {
        let path = &slug.report[place];
        assert!(path.len() > 1, "{place} is {path}");
        let found = places_of(&format!("{path}/"));
        assert!(found.is_empty(), "{place}, {path}, {} times: {:?}", found.len(), &found[..found.len().min(5)]);
    }
}

#[test]
fn t17_the_program_needs_only_the_c_library() {
    if Slug::built("t17_the_program_needs_only_the_c_library").is_none() {
        return;
    }
    let program = Slug::program();
    let listed = printed(Command::new("ldd").arg(&program));
    let needed: BTreeSet<&str> = listed.split_whitespace().filter(|word| word.contains(".so")).collect();
    let names = needed.iter().map(|path| path.rsplit('/').next().unwrap());
    let known = [
        "linux-vdso.so.1",
        "libc.so.6",
        "libm.so.6",
        "libgcc_s.so.1",
        "ld-linux-x86-64.so.2",
        "ld-linux-aarch64.so.1",
    ];
    let others: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
    assert!(others.is_empty() && listed.contains("libc.so.6"), "{others:?}: {listed}");

    let symbols = printed(Command::new("readelf").args(["--version-info", "--wide"]).arg(&program));
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|text| {
        let end = text.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(text.len());
        let mut numbers = text[..end].split('.').map(|number| number.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    let newest = versions.max().expect("a version that it asks for");
    say(&format!("program: asks for glibc {}.{} (of {}.{})", newest.0, newest.1, GLIBC.0, GLIBC.1));
    assert!(newest <= GLIBC, "{newest:?}");
}

#[test]
fn t17_the_program_is_small() {
    if Slug::built("t17_the_program_is_small").is_none() {
        return;
    }
    let size = fs::metadata(Slug::program()).unwrap().len();
    say(&format!("program: {:.1} MB (of {MOST_OF_PROGRAM})", size as f64 / 1e6));
    assert!(size <= MOST_OF_PROGRAM * 1_000_000, "{size} bytes");
}

#[test]
fn t18_a_build_from_nothing_fits_its_time() {
    let Some(slug) = Slug::built("t18_a_build_from_nothing_fits_its_time") else { return };
    let (computed, passed) = (slug.seconds("cpu_seconds"), slug.seconds("wall_seconds"));
    say(&format!("release build: {computed} s of computing (of {MOST_OF_COMPUTING}) in {passed} s"));
    // One that has compiled nothing would be fast.
    assert!((60..=MOST_OF_COMPUTING).contains(&computed), "{computed} s");
}

/// Name and command of each kind of process in the slug.
fn processes() -> BTreeMap<String, String> {
    let text = fs::read_to_string(Slug::app().join("Procfile")).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(name, command)| (name.to_owned(), command.to_owned())).collect()
}

/// Each place where a text stands in the program, with what comes after it.
fn places_of(text: &str) -> Vec<String> {
    let pattern = format!("\\Q{text}\\E[ -~]{{0,80}}");
    let mut grep = Command::new("grep");
    grep.args(["-aoP", "-e", &pattern]).arg(Slug::program()).env("LC_ALL", "C");
    let output = grep.output().unwrap();
    // 1 says that there is none.
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Says it where a test that passes is heard too.
fn say(line: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
