//! What to do with a component that this host cannot run, by what the engine says of it.

/// What a message of the compiler speaks of, in lower case, and what to do. The first that fits
/// counts.
const FEATURES: &[(&[&str], &str)] = &[
    (
        &["thread", "shared memor", "atomic"],
        "guests have no threads: build it without them (in C and C++ without -pthread, in Rust for wasm32-wasip2 and without the feature atomics)",
    ),
    (
        &["exception", "legacy_exceptions", "try_table"],
        "guests have no exceptions of WebAssembly: build it without them (in C and C++ with -fno-exceptions and without setjmp, in Rust with panic = \"abort\")",
    ),
    (&["memory64", "32-bit linear memory"], "guests have 32-bit memories: build it for wasm32-wasip2"),
    (
        &["async", "error-context", "error_context"],
        "this host runs WASI 0.2, where all calls are synchronous: build it for wasm32-wasip2, not for WASI 0.3",
    ),
    (
        &[
            "gc ",
            "`gc`",
            "(gc)",
            "gc_types",
            "garbage",
            "function-references",
            "function references",
            "reference types",
        ],
        "guests have no garbage collector of the engine's: use a compiler that brings its own memory management, as those for \
         Rust, C, Go (TinyGo), Python (componentize-py) and JavaScript (ComponentizeJS) do; Kotlin/Wasm, Dart and wasm_of_ocaml want one",
    ),
    (
        &["proposal", "not enabled", "be enabled", "not supported", "unsupported", "feature"],
        "this host has what WebAssembly 2.0 has: switch the other features off in the toolchain, or build it for wasm32-wasip2",
    ),
];

/// What is in WASI 0.2, beside `wasi:http`.
const WASI: &[&str] = &["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/// What the compiler says of a component that it does not take, and what to do.
pub(super) fn with_remedy(error: &wasmtime::Error) -> String {
    let message = format!("{error:#}");
    let remedy = about_compiling(&message);
    message + &remedy
}

/// What to do; begins with a separator. Empty where nothing better is known than what the compiler
/// says.
fn about_compiling(message: &str) -> String {
    let message = message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let found = FEATURES.iter().find(|(words, _)| speaks_of(words));
    found.map(|(_, advice)| format!("; {advice}")).unwrap_or_default()
}

/// What to do where a component imports what the linker does not have.
pub(super) fn about_imports(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(import) = quoted.find(|name| name.contains(':')) else {
        return "a guest may import innkeeper:storage, WASI 0.2 and wasi:config only".into();
    };
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = name.split_once('/').unwrap_or((name, ""));
    match package.split_once(':') {
        Some(("innkeeper", "storage")) => {
            "build the guest with the wit/ folder of this version of Innkeeper".into()
        }
        Some(("wasi", "config")) => {
            "this host has wasi:config/store@0.2.0-rc.1: build the guest with that version".into()
        }
        Some(("wasi", part)) if WASI.contains(&part) && !is_0_2(version) => {
            let asked = if version.is_empty() { "another version".into() } else { format!("version {version}") };
            format!(
                "it was built for {asked} of {package}, and this host has 0.2: build it for WASI 0.2 (wasm32-wasip2)"
            )
        }
        Some(("wasi", part)) if WASI.contains(&part) => {
            format!(
                "this host has {package}@0.2, but not {interface} as the guest wants it: build it for the released WASI 0.2"
            )
        }
        _ => format!(
            "there is no {package} here: a guest may import innkeeper:storage, wasi:config and of WASI 0.2 {}; leave the import out, or \
             compose the guest with a component that exports it",
            WASI.join(", ")
        ),
    }
}

/// A release of WASI 0.2, and no draft before it.
fn is_0_2(version: &str) -> bool {
    version.starts_with("0.2.") && !version.contains('-')
}

#[cfg(test)]
mod tests {
    use super::{about_compiling, about_imports};

    #[test]
    fn what_the_compiler_does_not_take_has_a_remedy() {
        for (message, remedy) in [
            ("threads must be enabled for shared memories (at offset 0x1c)", "without -pthread"),
            ("exceptions proposal not enabled", "-fno-exceptions"),
            ("struct types are not supported without the gc feature", "garbage collector"),
            ("rec group usage requires `gc` proposal to be enabled", "garbage collector"),
            ("canonical ABI memory is not a 32-bit linear memory", "wasm32-wasip2"),
            ("requires the component model async feature", "WASI 0.3"),
            ("wide arithmetic support is not enabled", "switch the other features off"),
        ] {
            let advice = about_compiling(message);
            assert!(advice.starts_with("; ") && advice.contains(remedy), "{message}: {advice}");
        }
        assert_eq!(about_compiling("unexpected end-of-file"), "");
    }

    #[test]
    fn advice_about_an_import_does_not_contradict_it() {
        let missing = |import: &str| {
            about_imports(&format!(
                "linking failed: component imports instance `{import}`, but a matching implementation was not found in the linker"
            ))
        };
        for (import, has, has_not) in [
            (
                "wasi:http/outgoing-handler@0.2.0-rc-2023-12-05",
                "it was built for version 0.2.0-rc-2023-12-05",
                "there is no",
            ),
            ("wasi:http/outgoing-handler@0.3.0", "this host has 0.2", "there is no"),
            ("wasi:http/outgoing-handler", "another version of wasi:http", "there is no"),
            ("wasi:http/client@0.2.3", "not client as the guest wants it", "it was built for"),
            ("wasi:keyvalue/store@0.2.0-draft", "there is no wasi:keyvalue here", "it was built for"),
            ("fermyon:spin/llm@2.0.0", "there is no fermyon:spin here", "WASI 0.2 (wasm32"),
            ("innkeeper:storage/db@0.9.0", "wit/ folder", "WASI"),
            ("wasi:config/runtime@0.2.0-draft", "wasi:config/store@0.2.0-rc.1", "there is no"),
        ] {
            let advice = missing(import);
            assert!(advice.contains(has) && !advice.contains(has_not), "{import}: {advice}");
        }
    }
}
