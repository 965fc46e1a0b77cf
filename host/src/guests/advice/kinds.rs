//! What to do with a file that is no component.

use crate::guests::reading::Kind;

/// How a module is linked that answers requests, instead of running once.
pub(in crate::guests) const REACTOR: &str = "link it with -mexec-model=reactor (clang and zig cc; zig build-exe wants -fno-entry beside it), or build it with --no-entry (emcc), with -buildmode=c-shared (go), or as a library with crate-type cdylib for wasm32-wasip2 (Rust)";

/// What to do with a module that runs once, by its language.
pub(in crate::guests) fn about_program(language: Option<&str>) -> String {
    let wrap = "; then make a component of it: innkeeper wrap CORE -o OUT";
    match language.and_then(|language| language.split(' ').next()) {
        Some("Rust") => "make it a library (crate-type cdylib, no main.rs) and build that for wasm32-wasip2, which makes a component of it".to_owned(),
        Some("Go") => format!("build it with -buildmode=c-shared{wrap}"),
        _ => format!("{REACTOR}{wrap}"),
    }
}

/// What to do. Empty where nothing is known.
pub(in crate::guests) fn about_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Component | Kind::Other => "",
        Kind::Module => "make a component of it: innkeeper wrap CORE -o OUT",
        Kind::DraftComponent => {
            "build it again with a toolchain of today: those of before 2024 write the format of a draft"
        }
        Kind::UnknownVersion => "this host has version 1 of WebAssembly: build it for that",
        Kind::Cut => "the rest is missing: build it again, or copy it again",
        Kind::Empty => "build it again, or copy it again",
        Kind::Wat => "make a binary of it first: wasm-tools parse FILE -o FILE.wasm",
        Kind::Wit => "nothing in it can run: name the component that was built for it",
        Kind::Page => {
            "a server has answered with a page instead of the file: look at the address, and get it again"
        }
        Kind::GitPointer => "get the file itself first: git lfs pull",
        Kind::Text => "name the component that the build makes of it",
        Kind::Compressed("gzip") => "unpack it first: gunzip FILE",
        Kind::Compressed("zstd") => "unpack it first: zstd -d FILE",
        Kind::Compressed("bzip2") => "unpack it first: bunzip2 FILE",
        Kind::Compressed(_) => "unpack it first: unxz FILE",
        Kind::Archive(_) => "unpack it first, and name the component in it",
        Kind::Native => {
            "it is for one engine and one kind of machine, and no host runs code that it did not compile: name the component of which it was made"
        }
        Kind::Program => "build it for wasm32-wasip2",
    }
}
