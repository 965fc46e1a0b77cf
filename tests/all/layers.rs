//! The house rules that a compiler does not check: imports go downwards, and each outside thing is
//! known in one place.
//!
//! The test reads the host's source as tokens, so that text in comments and strings counts for
//! nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::names::named;

/// Bottom first. A module may import from those before it, and from itself.
const LAYERS: [&str; 10] =
    ["config", "outbound", "telemetry", "storage", "interfaces", "guests", "operations", "web", "cli", "main"];

/// What only some layers may name: a crate, a path, or a macro that prints.
const KNOWN_ONLY_IN: [(&[&str], &[&str]); 7] = [
    (&["sqlx", "rusqlite"], &["storage"]),
    (
        &["wasmtime", "wasmtime_wasi", "wasmtime_wasi_http", "wasmtime_wasi_config"],
        &["interfaces", "guests", "web"],
    ),
    (&["wasmparser", "wasm_metadata", "wit_component", "wit_parser"], &["guests"]),
    (&["hyper", "hyper_util"], &["telemetry", "web", "cli"]),
    (&["opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp", "opentelemetry_http"], &["telemetry"]),
    (&["std::env"], &["config"]),
    (&["print!", "println!", "eprint!", "eprintln!", "dbg!"], &["cli", "main"]),
];

/// A line that breaks a rule.
struct Violation {
    file: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file.display(), self.line, self.rule)
    }
}

#[test]
fn imports_go_downwards_and_each_outside_thing_is_known_in_one_place() {
    let source = support::paths::repository().join("host/src");
    let files = rust_files(&source);
    assert!(!files.is_empty(), "no source at {}", source.display());
    let violations = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).expect("a readable file");
        check(file.strip_prefix(&source).expect("a file below the source"), &text)
    });
    let violations: Vec<String> = violations.map(|violation| violation.to_string()).collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn planted_violations_are_found() {
    let planted = [
        ("storage/blobs.rs", "use crate::web::server;", "`storage` imports `web`, which lies above it"),
        ("config/env.rs", "use crate::{\n config::url, guests::{self, pool}};", "`config` imports `guests`"),
        ("guests/pool.rs", "fn f() { g(crate::cli::run()) }", "`guests` imports `cli`"),
        ("telemetry.rs", "use crate::storage::Database;", "`telemetry` imports `storage`"),
        ("web/admin/api.rs", "fn f(row: sqlx::postgres::PgRow) {}", "`sqlx` is known only in storage"),
        ("cli/doctor.rs", "use rusqlite::Connection;", "`rusqlite` is known only in storage"),
        ("storage/unit.rs", "use ::wasmtime::Store;", "`wasmtime` is known only in interfaces, guests, web"),
        ("guests/http.rs", "use hyper_util::rt::TokioIo;", "`hyper_util` is known only in telemetry, web, cli"),
        ("web/port.rs", "use std::{env, fs};", "`std::env` is known only in config"),
        ("web/port.rs", "let port = std::env::var(\"PORT\");", "`std::env` is known only in config"),
        ("storage/mod.rs", "fn f() { println!(\"{}\", 1) }", "`println!` is known only in cli, main"),
    ];
    for (file, text, rule) in planted {
        let found: Vec<String> = check(Path::new(file), text).iter().map(ToString::to_string).collect();
        assert!(matches!(&found[..], [one] if one.contains(rule)), "{file}: {text}: {found:?}");
    }
}

#[test]
fn what_the_rules_allow_is_not_reported() {
    let allowed = [
        ("web/server.rs", "use crate::{config::Limits, guests::registry, storage::Database, web::router};"),
        (
            "storage/sqlite/open.rs",
            "// use crate::web;\nuse rusqlite::Connection; const S: &str = \"crate::web::x\";",
        ),
        ("interfaces/db.rs", "pub(crate) fn f() { crate::interfaces::db::host::wasmtime::x() }"),
        ("main.rs", "fn main() { eprintln!(\"{}\", std::process::id()) }"),
        ("cli/mod.rs", "/// Prints with `println!` and reads `std::env`.\nfn run() { println!() }"),
    ];
    for (file, text) in allowed {
        let found: Vec<String> = check(Path::new(file), text).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{file}: {found:?}");
    }
}

fn check(file: &Path, text: &str) -> Vec<Violation> {
    let tokens = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let layer = layer(file);
    let broken =
        named(tokens).into_iter().filter_map(|named| Some((broken_rule(&layer, &named.what)?, named.line)));
    broken.map(|(rule, line)| Violation { file: file.to_owned(), line, rule }).collect()
}

/// `lib.rs` only lists the modules; it may see them all, as `main.rs` may.
fn layer(file: &Path) -> String {
    let first = file.iter().next().and_then(|name| name.to_str()).expect("a UTF-8 path");
    match first.strip_suffix(".rs").unwrap_or(first) {
        "lib" => "main".to_owned(),
        name => name.to_owned(),
    }
}

fn broken_rule(layer: &str, what: &str) -> Option<String> {
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    if let Some(imported) = what.strip_prefix("crate::") {
        let above = rank(imported)? > rank(layer).unwrap_or_else(|| panic!("`{layer}` is no known layer"));
        return above.then(|| format!("`{layer}` imports `{imported}`, which lies above it"));
    }
    let (_, places) = KNOWN_ONLY_IN.iter().find(|(things, _)| things.contains(&what))?;
    (!places.contains(&layer)).then(|| format!("`{what}` is known only in {}", places.join(", ")))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a readable directory").path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => rust_files(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}
