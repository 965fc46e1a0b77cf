//! Writes bindings of the world `innkeeper:storage/web-app` for the SDKs whose languages generate
//! them ahead of time.
//!
//! `innkeeper-wit-bindings c DIR` writes `web_app.h` and `web_app.c`; Zig and C++ use them too.
//! `innkeeper-wit-bindings go DIR MODULE` writes packages that are imported as `MODULE/imports/...`
//! and `MODULE/exports/...`.
//! `innkeeper-wit-bindings rust DIR` writes `bindings.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

const USAGE: &str = "usage: innkeeper-wit-bindings c DIR
       innkeeper-wit-bindings go DIR MODULE
       innkeeper-wit-bindings rust DIR";

/// What the Rust SDK has no use for: requests of the app's own, trailers, and what Rust's standard
/// library has. That is a quarter of the code.
const RUST_SKIPS: &[&str] = &[
    "[constructor]fields",
    "[constructor]outgoing-request",
    "[constructor]request-options",
    "[method]error.to-debug-string",
    "[method]fields.append",
    "[method]fields.clone",
    "[method]fields.delete",
    "[method]fields.get",
    "[method]fields.has",
    "[method]fields.set",
    "[method]future-incoming-response.get",
    "[method]future-incoming-response.subscribe",
    "[method]future-trailers.get",
    "[method]future-trailers.subscribe",
    "[method]incoming-request.authority",
    "[method]incoming-request.scheme",
    "[method]incoming-response.consume",
    "[method]incoming-response.headers",
    "[method]incoming-response.status",
    "[method]input-stream.blocking-skip",
    "[method]input-stream.read",
    "[method]input-stream.skip",
    "[method]input-stream.subscribe",
    "[method]outgoing-request.authority",
    "[method]outgoing-request.body",
    "[method]outgoing-request.headers",
    "[method]outgoing-request.method",
    "[method]outgoing-request.path-with-query",
    "[method]outgoing-request.scheme",
    "[method]outgoing-request.set-authority",
    "[method]outgoing-request.set-method",
    "[method]outgoing-request.set-path-with-query",
    "[method]outgoing-request.set-scheme",
    "[method]outgoing-response.headers",
    "[method]outgoing-response.status-code",
    "[method]output-stream.blocking-flush",
    "[method]output-stream.blocking-splice",
    "[method]output-stream.blocking-write-zeroes-and-flush",
    "[method]output-stream.flush",
    "[method]output-stream.splice",
    "[method]output-stream.write-zeroes",
    "[method]pollable.ready",
    "[method]request-options.between-bytes-timeout",
    "[method]request-options.connect-timeout",
    "[method]request-options.first-byte-timeout",
    "[method]request-options.set-between-bytes-timeout",
    "[method]request-options.set-connect-timeout",
    "[method]request-options.set-first-byte-timeout",
    "[static]incoming-body.finish",
    "get-all",
    "get-stderr",
    "get-stdout",
    "http-error-code",
    "now",
    "poll",
    "resolution",
    "subscribe-duration",
    "subscribe-instant",
];

/// Types that Rust can compare, sort and use as keys.
const RUST_ORDERED: &[&str] = &["date", "time", "datetime"];
const ORDER: &str = "#[derive(Eq, PartialOrd, Ord, Hash)]";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mut generator, folder) = match arguments.as_slice() {
        ["c", folder] => (c(), folder),
        ["go", folder, module] => (go(module), folder),
        ["rust", folder] => (rust(), folder),
        _ => bail!(USAGE),
    };
    write(&generate(generator.as_mut())?, Path::new(folder))
}

/// `innkeeper wrap` embeds the world, so C needs no object file that carries it.
fn c() -> Box<dyn WorldGenerator> {
    wit_bindgen_c::Opts { no_object_file: true, ..Default::default() }.build()
}

fn go(module: &str) -> Box<dyn WorldGenerator> {
    wit_bindgen_go::Opts { pkg_name: Some(module.to_owned()), quiet: true, ..Default::default() }.build()
}

/// `#[derive(PartialEq)]` is left off where a type holds a resource.
fn rust() -> Box<dyn WorldGenerator> {
    let options = wit_bindgen_rust::Opts {
        format: true,
        generate_all: true,
        pub_export_macro: true,
        default_bindings_module: Some("innkeeper_sdk::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        additional_derive_ignore: vec!["stream-error".to_owned()],
        additional_type_attributes: RUST_ORDERED
            .iter()
            .map(|name| (format!("innkeeper:storage/db@0.1.0/{name}"), ORDER.to_owned()))
            .collect(),
        skip: RUST_SKIPS.iter().map(|name| (*name).to_owned()).collect(),
        ..Default::default()
    };
    Box::new(options.build())
}

fn generate(generator: &mut dyn WorldGenerator) -> Result<Files> {
    let wit = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit).with_context(|| format!("{} is no WIT package", wit.display()))?;
    let world = resolve.select_world(&[package], Some("web-app"))?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

fn write(files: &Files, folder: &Path) -> Result<()> {
    for (name, bytes) in files.iter() {
        // Rust has one file, which is a module of the SDK.
        let name = if name == "web_app.rs" { "bindings.rs" } else { name };
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
