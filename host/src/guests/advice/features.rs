//! What to do where a component uses features of WebAssembly that the engine does not have.

use wasmparser::WasmFeatures;

/// A proposal or several that go together, by the name that people know.
#[derive(Debug)]
pub(in crate::guests) struct Feature {
    pub(in crate::guests) flags: WasmFeatures,
    pub(in crate::guests) name: &'static str,
    pub(in crate::guests) fix: &'static str,
}

pub(super) const NO_THREADS: &str = "guests have no threads: build it without them (in C and C++ without -pthread, in Rust for wasm32-wasip2 and without the feature atomics)";
const NO_EXCEPTIONS: &str = "guests have no exceptions of WebAssembly: build it without them (in C and C++ with -fno-exceptions and without setjmp, in Rust with panic = \"abort\")";
const NO_GC: &str = "guests have no garbage collector of the engine's: use a compiler that brings its own memory management, as those for \
     Rust, C, Go, Python (componentize-py) and JavaScript (ComponentizeJS) do; Kotlin/Wasm, Dart and wasm_of_ocaml want one";
const SHORT_MEMORY: &str = "guests have 32-bit memories: build it for wasm32-wasip2";
/// WASI 0.3 as a whole.
pub(in crate::guests) const NO_ASYNC: &str = "this host runs WASI 0.2, where all calls are synchronous: build it for wasm32-wasip2 and the world innkeeper:storage/web-app, without async functions, not for WASI 0.3";
const UNFINISHED: &str = "this host has the component model of WASI 0.2: leave it out of the WIT";
const OTHERWISE: &str = "this host has what WebAssembly 3.0 has without garbage collection, exceptions and threads: switch it off in the toolchain, or build it for wasm32-wasip2";

const fn feature(flags: WasmFeatures, name: &'static str, fix: &'static str) -> Feature {
    Feature { flags, name, fix }
}

/// What the engine does not have. The first that is found is the one to be told of several that
/// come together.
pub(in crate::guests) const FEATURES: &[Feature] = &[
    feature(
        WasmFeatures::CM_ASYNC
            .union(WasmFeatures::CM_ASYNC_STACKFUL)
            .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
            .union(WasmFeatures::CM_THREADING)
            .union(WasmFeatures::CM_ERROR_CONTEXT),
        "async functions, streams and futures of the component model (WASI 0.3)",
        NO_ASYNC,
    ),
    feature(
        WasmFeatures::THREADS.union(WasmFeatures::SHARED_EVERYTHING_THREADS),
        "threads (shared memories, atomics)",
        NO_THREADS,
    ),
    feature(WasmFeatures::LEGACY_EXCEPTIONS, "exceptions in their old form (legacy-exceptions)", NO_EXCEPTIONS),
    feature(WasmFeatures::STACK_SWITCHING, "stack switching (continuations)", OTHERWISE),
    feature(WasmFeatures::EXCEPTIONS, "exceptions (exception-handling)", NO_EXCEPTIONS),
    feature(WasmFeatures::CUSTOM_DESCRIPTORS, "custom descriptors", NO_GC),
    feature(WasmFeatures::GC_TYPES, "garbage collection (gc, externref)", NO_GC),
    feature(WasmFeatures::CM_GC, "garbage collection in the component model", NO_GC),
    feature(WasmFeatures::CM64, "64-bit memories (memory64)", SHORT_MEMORY),
    feature(
        WasmFeatures::WIDE_ARITHMETIC,
        "128-bit arithmetic (wide-arithmetic)",
        "switch it off: -mno-wide-arithmetic, in Rust -Ctarget-feature=-wide-arithmetic",
    ),
    feature(
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "memories with other pages (custom-page-sizes)",
        "link it without --page-size",
    ),
    feature(WasmFeatures::MEMORY_CONTROL, "memory control", OTHERWISE),
    feature(WasmFeatures::COMPACT_IMPORTS, "the compact form of imports", OTHERWISE),
    feature(WasmFeatures::CM_VALUES, "values in the component model", UNFINISHED),
    feature(WasmFeatures::CM_NESTED_NAMES, "nested names in the component model", UNFINISHED),
    feature(WasmFeatures::CM_FIXED_LENGTH_LISTS, "lists of a fixed length", UNFINISHED),
    feature(WasmFeatures::CM_MAP, "maps of the component model", UNFINISHED),
    feature(WasmFeatures::CM_IMPLEMENTS, "several imports of one interface (implements)", UNFINISHED),
    feature(WasmFeatures::CM_CANON_NAMES, "versions beside names in the component model", UNFINISHED),
];

const ONE_MEMORY: &str = "each module of a guest has one memory: build it without several (multi-memory)";
const LARGE_MEMORY: &str = "its memory begins larger than it may become (INNKEEPER_MEMORY_PER_INSTANCE): link it with a smaller stack or less static data";

/// What a message of the compiler speaks of, in lower case, and what to do. The first that fits
/// counts.
const BY_MESSAGE: &[(&[&str], &str)] = &[
    (&["defined memories count"], ONE_MEMORY),
    (&["memory has a minimum byte size"], LARGE_MEMORY),
    (&["thread", "shared memor", "atomic"], NO_THREADS),
    (&["exception", "legacy_exceptions", "try_table"], NO_EXCEPTIONS),
    (&["memory64", "32-bit linear memory"], SHORT_MEMORY),
    (&["async", "error-context", "error_context"], NO_ASYNC),
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
        NO_GC,
    ),
    (&["proposal", "not enabled", "be enabled", "not supported", "unsupported", "feature"], OTHERWISE),
];

/// What to do about what the compiler says; begins with a separator. Empty where nothing better is
/// known than that.
pub(super) fn about_compiling(message: &str) -> String {
    let message = message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let found = BY_MESSAGE.iter().find(|(words, _)| speaks_of(words));
    found.map(|(_, advice)| format!("; {advice}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::about_compiling;

    #[test]
    fn what_the_compiler_does_not_take_has_a_remedy() {
        for (message, remedy) in [
            ("threads must be enabled for shared memories (at offset 0x1c)", "without -pthread"),
            ("exceptions proposal not enabled", "-fno-exceptions"),
            ("struct types are not supported without the gc feature", "garbage collector"),
            ("rec group usage requires `gc` proposal to be enabled", "garbage collector"),
            ("canonical ABI memory is not a 32-bit linear memory", "wasm32-wasip2"),
            ("requires the component model async feature", "WASI 0.3"),
            ("wide arithmetic support is not enabled", "switch it off"),
            ("defined memories count of 2 exceeds the per-instance limit of 1", "one memory"),
            ("memory has a minimum byte size of 9 which exceeds the limit of 8 bytes", "INNKEEPER_MEMORY"),
        ] {
            let advice = about_compiling(message);
            assert!(advice.starts_with("; ") && advice.contains(remedy), "{message}: {advice}");
        }
        assert_eq!(about_compiling("unexpected end-of-file"), "");
    }
}
