//! What to do with a file that is no component.

use crate::guests::reading::Kind;

/// How a module is linked that answers requests, instead of running once.
pub(in crate::guests) const REACTOR: &str = "link it with -mexec-model=reactor (clang and zig cc; zig build-exe wants -fno-entry beside it), or build it with -buildmode=c-shared (go)";

/// What to do; begins with a separator. Empty where nothing is known.
pub(in crate::guests) fn about_kind(kind: Kind) -> String {
    let advice = match kind {
        Kind::Component | Kind::Other => return String::new(),
        Kind::Module => "make a component of it: innkeeper wrap CORE -o OUT",
        Kind::DraftComponent => {
            "build it again with a toolchain of today: those of before 2024 write the format of a draft"
        }
        Kind::UnknownVersion => "this host has version 1 of WebAssembly: build it for that",
        Kind::Cut => "the rest is missing: build it again, or copy it again",
        Kind::Empty => "build it again, or copy it again",
        Kind::Wat => "make a binary of it first: wasm-tools parse FILE -o FILE.wasm",
        Kind::Wit => "nothing in it can run: name the component that was built for it",
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
    };
    format!("; {advice}")
}
