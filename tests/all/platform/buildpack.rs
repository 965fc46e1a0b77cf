//! The buildpack in `bin/`: what it leaves, what it keeps, and how it takes a binary that others
//! have compiled (T15).
//!
//! Compiler and rustup are stand-ins here, scripts in the cache, where the buildpack would have
//! installed them. [`super::slug`] looks at a build by the real ones.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};
use support::paths;
use tempfile::TempDir;

/// Copies a program to where cargo puts it; with files of this build and of another one.
const CARGO: &str = r#"#!/bin/sh
out=$CARGO_TARGET_DIR/release
case "$*" in
*json*)
    echo '{"reason":"compiler-artifact","filenames":["/t/release/deps/libused-aaaaaaaaaaaaaaaa.rlib"]}'
    echo '{"reason":"build-script-executed","out_dir":"/t/release/build/used-cccccccccccccccc/out"}'
    exit ;;
esac
{ echo "cargo $*"; env; } >>"${0%/bin/cargo}/asked"
[ ! -e "${0%/bin/cargo}/broken" ] || { echo 'error: it does not compile' >&2; exit 101; }
mkdir -p "$out/deps" "$out/.fingerprint/used-aaaaaaaaaaaaaaaa" "$out/build/used-cccccccccccccccc"
mkdir -p "$out/build/old-dddddddddddddddd" "$CARGO_HOME/registry/src" "$RUSTUP_HOME/toolchains/1.2.3-x"
touch "$out/deps/libused-aaaaaaaaaaaaaaaa.rlib" "$out/deps/libold-bbbbbbbbbbbbbbbb.rlib" "$out/deps/plain"
cp /bin/true "$out/innkeeper"
"#;

/// One application that is being built.
struct Build {
    place: TempDir,
}

impl Build {
    /// This repository, as the platform hands it over.
    fn of_the_tree() -> Self {
        let build = Self::of_nothing();
        let copy = Command::new(paths::repository().join("tests/slug")).arg("tree").arg(build.app()).output();
        assert!(copy.as_ref().is_ok_and(|copy| copy.status.success()), "{copy:?}");
        build
    }

    fn of_nothing() -> Self {
        let build = Self { place: TempDir::new().unwrap() };
        let bin = build.cache().join("cargo/bin");
        for folder in [&bin, &build.app(), &build.config()] {
            fs::create_dir_all(folder).unwrap();
        }
        for (name, script) in [("rustup", "#!/bin/sh\n"), ("rustc", "#!/bin/sh\n"), ("cargo", CARGO)] {
            fs::write(bin.join(name), script).unwrap();
            let mode = Command::new("chmod").arg("755").arg(bin.join(name)).status();
            assert!(mode.is_ok_and(|status| status.success()));
        }
        build
    }

    fn app(&self) -> PathBuf {
        self.place.path().join("app")
    }

    fn cache(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    fn config(&self) -> PathBuf {
        self.place.path().join("config")
    }

    fn program(&self) -> PathBuf {
        self.app().join("target/release/innkeeper")
    }

    fn set(&self, name: &str, value: &str) {
        fs::write(self.config().join(name), value).unwrap();
    }

    fn compile(&self) -> Output {
        let mut command = Command::new(paths::repository().join("bin/compile"));
        command.args([self.app(), self.cache(), self.config()]).current_dir(self.place.path());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/app").output().unwrap()
    }

    /// What the stand-in for cargo was asked for, and its environment; nothing where it was not.
    fn asked(&self) -> String {
        fs::read_to_string(self.cache().join("cargo/asked")).unwrap_or_default()
    }
}

#[test]
fn t15_compile_leaves_the_program_and_no_sources() {
    let build = Build::of_the_tree();
    build.set("DATABASE_URL", "postgres://u:hunter2@db.example/d");
    let detected = Command::new(paths::repository().join("bin/detect")).arg(build.app()).output().unwrap();
    assert_eq!(detected.stdout, b"Innkeeper\n");
    succeeded(&build.compile());
    assert!(Command::new(build.program()).status().unwrap().success());
    for (path, stays) in [("Procfile", true), ("host", false), ("wit", false), ("tests", false), ("bin", true)] {
        assert_eq!(build.app().join(path).exists(), stays, "{path}");
    }
    let asked = build.asked();
    let cache = build.cache().display().to_string();
    let remaps =
        [("/app", "/home"), (&format!("{cache}/target"), "/target"), (&format!("{cache}/cargo"), "/cargo")]
            .map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    for line in [
        "cargo build --locked --release --package innkeeper",
        "RUSTUP_TOOLCHAIN=stable",
        &format!("CARGO_TARGET_DIR={cache}/target"),
        &format!("CARGO_ENCODED_RUSTFLAGS={}", remaps.join("\u{1f}")),
    ] {
        assert!(asked.lines().any(|said| said == line), "no {line:?} in {asked}");
    }
    assert!(!asked.contains("hunter2"), "a build must not reach the database: {asked}");
}

#[test]
fn t15_the_cache_keeps_what_the_build_has_used() {
    let build = Build::of_the_tree();
    succeeded(&build.compile());
    for (path, stays) in [
        ("target/release/deps/libused-aaaaaaaaaaaaaaaa.rlib", true),
        ("target/release/.fingerprint/used-aaaaaaaaaaaaaaaa", true),
        ("target/release/build/used-cccccccccccccccc", true),
        ("target/release/deps/plain", true),
        ("target/release/deps/libold-bbbbbbbbbbbbbbbb.rlib", false),
        ("target/release/build/old-dddddddddddddddd", false),
        ("rustup/toolchains/1.2.3-x", false),
        ("cargo/registry/src", false),
        ("cargo/bin/cargo", true),
    ] {
        assert_eq!(build.cache().join(path).exists(), stays, "{path}");
    }
}

#[test]
fn t15_a_build_that_fails_leaves_no_program() {
    let build = Build::of_the_tree();
    fs::create_dir_all(build.app().join("target/release")).unwrap();
    fs::write(build.program(), "of an earlier time").unwrap();
    fs::write(build.cache().join("cargo/broken"), "").unwrap();
    refused(&build.compile(), "it does not compile");
    assert!(!build.program().exists());
}

#[test]
fn t15_a_repository_of_somebody_is_not_touched() {
    let build = Build::of_the_tree();
    fs::create_dir(build.app().join(".git")).unwrap();
    refused(&build.compile(), "is a git repository");
    assert!(build.app().join("host/Cargo.toml").exists() && build.asked().is_empty());
}

#[test]
fn t15_detect_knows_what_it_can_build() {
    let build = Build::of_nothing();
    let detect = || Command::new(paths::repository().join("bin/detect")).arg(build.app()).output().unwrap();
    refused(&detect(), "neither Innkeeper's source nor a Procfile");
    fs::write(build.app().join("Procfile"), "web: ./target/release/innkeeper serve\n").unwrap();
    assert!(detect().status.success());
    refused(&build.compile(), "set INNKEEPER_BINARY");
}

#[test]
fn t15_a_released_binary_is_taken_instead_of_compiling() {
    let binary = fs::read("/bin/true").unwrap();
    let server = serve(vec![("/innkeeper", Answer::Bytes(binary.clone()))]);
    let nothing_but_a_procfile = Build::of_nothing();
    for build in [Build::of_the_tree(), nothing_but_a_procfile] {
        build.set("INNKEEPER_BINARY", &format!("http://{server}/innkeeper#sha256={}\n", sum(&binary)));
        succeeded(&build.compile());
        assert_eq!(fs::read(build.program()).unwrap(), binary);
        assert!(Command::new(build.program()).status().unwrap().success());
        assert_eq!(names(&build.app().join("target/release")), ["innkeeper"]);
        assert!(build.asked().is_empty() && !build.app().join("host").exists());
    }
}

#[test]
fn t15_a_binary_that_cannot_be_sure_is_refused() {
    let program = fs::read("/bin/true").unwrap();
    let (mut of_another_machine, torn) = (program.clone(), program[..200].to_vec());
    of_another_machine[18..20].copy_from_slice(&[0xf3, 0]);
    let page = b"<!doctype html><p>Sign in".to_vec();
    let of = |path: &str, bytes: &[u8]| format!("{path}#sha256={}", sum(bytes));
    let cases = [
        ("/program".to_owned(), "append the binary's SHA-256"),
        (format!("/program#sha256={}", &sum(&program)[1..]), "append the binary's SHA-256"),
        (of("/program", b"another"), "and not "),
        (of("/nothing?signature=hunter2", &program), "/nothing could not be fetched"),
        (of("/away", &program), "/away could not be fetched"),
        (of("/page", &page), "no ELF file"),
        (of("/other", &of_another_machine), "is for another kind of machine"),
        (of("/torn", &torn), "does not run here"),
    ];
    let server = serve(vec![
        ("/program", Answer::Bytes(program.clone())),
        ("/away", Answer::Redirect("file:///bin/true")),
        ("/page", Answer::Bytes(page)),
        ("/other", Answer::Bytes(of_another_machine)),
        ("/torn", Answer::Bytes(torn)),
    ]);
    let elsewhere = [
        ("http://innkeeper.invalid/program", "must begin with https://"),
        ("http://127.0.0.1.innkeeper.invalid/program", "must begin with https://"),
        ("http://127.0.0.1:hunter2@innkeeper.invalid/program", "must begin with https://"),
        ("file:///bin/true", "must begin with https://"),
        ("https://u:hunter2@127.0.0.1:1/program", "https://127.0.0.1:1/program could not be fetched"),
    ]
    .map(|(url, said)| (of(url, &program), said));
    let here = cases.map(|(path, said)| (format!("http://{server}{path}"), said));
    let build = Build::of_the_tree();
    for (value, said) in here.into_iter().chain(elsewhere) {
        build.set("INNKEEPER_BINARY", &value);
        let output = build.compile();
        refused(&output, said);
        let printed = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&printed).contains("hunter2"), "{value}");
        // Neither a part of it nor the sources are used up.
        assert_eq!(names(&build.app().join("target/release")), [""; 0], "{value}");
        assert!(build.app().join("host/Cargo.toml").exists() && build.asked().is_empty());
        assert_eq!(names(build.place.path()).len(), 3, "{value}: {:?}", names(build.place.path()));
    }
}

#[test]
fn t15_the_other_buildpack_takes_a_released_binary_too() {
    let binary = fs::read("/bin/true").unwrap();
    let server = serve(vec![("/innkeeper", Answer::Bytes(binary.clone()))]);
    let build = Build::of_the_tree();
    // As it reads the file, before it installs Rust.
    let read = || {
        let script = ". \"$BUILD_DIR/RustConfig\"\nset -eu\necho \"$VERSION, $RUST_CARGO_BUILD_FLAGS\"";
        let mut command = Command::new("bash");
        command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/app");
        command.env("BUILD_DIR", build.app()).env("CACHE_DIR", build.cache()).env("ENV_DIR", build.config());
        command.output().unwrap()
    };
    assert_eq!(read().stdout, b"stable, --locked --release --package innkeeper\n");
    build.set("INNKEEPER_BINARY", &format!("http://{server}/innkeeper#sha256={}", sum(&binary)));
    let output = read();
    succeeded(&output);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("stable"), "nothing is left to do: {output:?}");
    assert_eq!(fs::read(build.program()).unwrap(), binary);
    build.set("INNKEEPER_BINARY", &format!("http://{server}/innkeeper#sha256={}", sum(b"another")));
    refused(&read(), "and not ");
    assert!(!build.program().exists());
}

/// What the server says to a path; 404 to others.
enum Answer {
    Bytes(Vec<u8>),
    Redirect(&'static str),
}

/// A server of files, for as long as the tests run.
fn serve(files: Vec<(&'static str, Answer)>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match socket.read(&mut part) {
                    Ok(1..) => request.extend_from_slice(&part[..]),
                    _ => break,
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (head, body) = match files.iter().find(|(file, _)| *file == path) {
                Some((_, Answer::Bytes(bytes))) => ("200 OK".to_owned(), &bytes[..]),
                Some((_, Answer::Redirect(to))) => (format!("302 Found\r\nLocation: {to}"), &b""[..]),
                None => ("404 Not Found".to_owned(), &b"no such file"[..]),
            };
            let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _the_client_may_have_left = socket.write_all(&[head.as_bytes(), body].concat());
        }
    });
    address
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names in a folder, hidden ones too; none where there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn refused(output: &Output, said: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains(said), "no {said:?} in {errors}");
}
