//! What to do with a core module that imports what no component gives it.

use std::collections::BTreeMap;

/// Imports of a module that are named together; of more only their number is said.
const NAMED: usize = 3;
/// How names begin that only Emscripten's script has.
const EMSCRIPTEN: [&str; 8] =
    ["emscripten_", "_emscripten", "__syscall_", "invoke_", "_embind", "_emval", "setTempRet0", "getTempRet0"];
const OF_EMSCRIPTEN: &str =
    "Emscripten builds for its own script: build it with `zig cc -target wasm32-wasi` or the WASI SDK";
const SHARED_LIBRARY: &str = "it is a shared library: link it statically, without -shared, -fPIC and SIDE_MODULE";
/// Modules from which linkers import what is defined nowhere.
const OF_LINKERS: [&str; 5] = ["env", "a", "GOT.mem", "GOT.func", "wasi"];
/// What AssemblyScript takes from the script around it: `Name.member`, and these.
const ASSEMBLYSCRIPT: [&str; 3] = ["abort", "seed", "trace"];

/// What nothing has, and what to do: those with the same advice together.
pub(in crate::guests) fn about_core_imports<'i>(
    imports: impl Iterator<Item = (&'i str, &'i str)>,
    world: &str,
) -> Vec<(String, String)> {
    let imports: Vec<_> = imports.collect();
    let whole = of_whole(&imports);
    let mut by_advice: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, name) in imports {
        let whole = whole.filter(|_| OF_LINKERS.contains(&module));
        let advice = whole.map_or_else(|| about_one(module, name, world), str::to_owned);
        by_advice.entry(advice).or_default().push(format!("`{module}.{name}`"));
    }
    by_advice.into_iter().map(|(advice, names)| (listed(&names), advice)).collect()
}

/// A few of the names, and how many more there are.
pub(in crate::guests) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What to do about all that a linker leaves open, where some of the imports show what made the
/// module.
fn of_whole(imports: &[(&str, &str)]) -> Option<&'static str> {
    let has = |is: &dyn Fn(&str, &str) -> bool| imports.iter().any(|(module, name)| is(module, name));
    let is_of_emscripten = |module: &str, name: &str| {
        let is_internal = name.starts_with('_') && name.ends_with("_js");
        module == "env" && (EMSCRIPTEN.iter().any(|start| name.starts_with(start)) || is_internal)
    };
    // Emscripten shortens names: its module is `a`, and functions have a letter or two.
    let is_shortened = |module: &str, name: &str| module == "a" && name.len() <= 2;
    if has(&|module, _| module == "GOT.mem" || module == "GOT.func") || has(&|_, name| name == "__memory_base") {
        Some(SHARED_LIBRARY)
    } else if has(&|_, name| name == "__linear_memory") {
        Some("it is an object file: link it to a module first")
    } else if has(&is_of_emscripten)
        || imports.iter().filter(|(module, name)| is_shortened(module, name)).count() > 1
    {
        Some(OF_EMSCRIPTEN)
    } else if has(&|module, name| module == "wasi" && name.starts_with("thread")) {
        Some(super::features::NO_THREADS)
    } else if has(&|module, name| module == "env" && name.starts_with("napi_")) {
        Some("it is an extension of Node.js: build the program itself for wasm32-wasip2")
    } else {
        None
    }
}

/// What to do about one of them.
fn about_one(module: &str, name: &str, world: &str) -> String {
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    let advice = match module {
        "env" if begins(&["__cxa_", "_Unwind_"]) => {
            "exceptions of C++ are not linked: compile with -fno-exceptions"
        }
        "env" if begins(&["setjmp", "longjmp", "__wasm_setjmp", "__wasm_longjmp"]) => {
            "there is no setjmp here: build it without"
        }
        "env" if ["memory", "__linear_memory"].contains(&name) => {
            "a guest has a memory of its own: link without --import-memory, and link object files before they are wrapped"
        }
        "env" if begins(&["__indirect_function_table", "__stack_pointer", "__table_base"]) => {
            "it is an object file or a shared library: link it to a module first"
        }
        "env"
            if ASSEMBLYSCRIPT.contains(&name)
                || name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.contains('.') =>
        {
            "AssemblyScript wants it of a script: compile with `--use abort=`, and without console, Date, Math.random and process"
        }
        "env" => {
            "declared, and defined nowhere: link the file or library that has it, and link without --allow-undefined"
        }
        "go" | "gojs" => "it was built for a browser: build with GOOS=wasip1 GOARCH=wasm and -buildmode=c-shared",
        "wasi_unstable" => "it is of WASI before preview 1: build it with a toolchain of today",
        module if module == "wbg" || module.starts_with("__wbindgen") => {
            "wasm-bindgen builds for scripts: build it for wasm32-wasip2, without crates that need a browser"
        }
        _ => {
            return format!(
                "the world {world} has no such import: leave it out, or wrap it for another world (innkeeper wrap with --wit and --world)"
            );
        }
    };
    advice.to_owned()
}

/// What to do where a component cannot be made, by what the encoder says; begins with a separator.
/// Empty where nothing better is known.
pub(in crate::guests) fn about_wrapping(message: &str, world: &str) -> String {
    let says = |text: &str| message.contains(text);
    let advice = if says("type mismatch for function") {
        format!("the bindings are of another version than the world {world}: make them again from its WIT")
    } else if says("failed to resolve import `innkeeper:storage/") {
        format!(
            "the world {world} has no such import: make the bindings again from the wit/ folder of this version of Innkeeper"
        )
    } else if says("failed to resolve import `") {
        format!(
            "the world {world} has no such import: leave it out, or name a world that has it with --wit and --world"
        )
    } else if says("adapter module did not export") {
        "WASI preview 1 has no such function: build it with a toolchain of today".to_owned()
    } else if says("failed to find export of") {
        format!(
            "the world {world} asks for it: link the file that defines and exports it (in C the bindings of wit-bindgen do)"
        )
    } else if says("cabi_realloc") {
        "export it: the bindings of wit-bindgen do".to_owned()
    } else {
        return String::new();
    };
    format!("; {advice}")
}

#[cfg(test)]
mod tests {
    use super::{about_core_imports, about_wrapping};

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        for (module, name, remedy) in [
            ("env", "emscripten_memcpy_js", "Emscripten"),
            ("env", "__cxa_throw", "-fno-exceptions"),
            ("env", "memory", "--import-memory"),
            ("env", "foo", "defined nowhere"),
            ("GOT.mem", "foo", "statically"),
            ("gojs", "runtime.wasmExit", "-buildmode=c-shared"),
            ("wbg", "__wbg_log", "wasm-bindgen"),
            ("__wbindgen_placeholder__", "__wbindgen_throw", "wasm-bindgen"),
            ("wasi", "thread-spawn", "-pthread"),
            ("other", "foo", "the world a:b/c has no such import"),
        ] {
            let told = about_core_imports([(module, name)].into_iter(), "a:b/c");
            let [(told, advice)] = &told[..] else { panic!("{told:?}") };
            assert!(*told == format!("`{module}.{name}`") && advice.contains(remedy), "{told}: {advice}");
        }
    }

    #[test]
    fn imports_with_the_same_remedy_are_told_together() {
        let imports =
            [("env", "a"), ("env", "b"), ("env", "__cxa_throw"), ("env", "c"), ("env", "d"), ("go", "x")];
        let told = about_core_imports(imports.into_iter(), "w");
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().any(|(names, _)| names == "`env.a`, `env.b`, `env.c` and 1 more"), "{told:?}");
    }

    #[test]
    fn what_the_encoder_says_has_a_remedy() {
        for (message, remedy) in [
            (
                "module was not valid: failed to resolve import `innkeeper:storage/db@0.2.0::query`: module requires an import interface named `innkeeper:storage/db@0.2.0`",
                "wit/ folder",
            ),
            (
                "failed to resolve import `wasi:sockets/tcp@0.2.0::x`: module requires an import interface named `y`",
                "--wit",
            ),
            (
                "failed to find export of interface `wasi:http/incoming-handler@0.2.10` function `handle`",
                "link the file that defines",
            ),
            ("adapter module did not export `foo`", "no such function"),
            ("module does not export a function named `cabi_realloc`", "export it"),
            ("failed to resolve import `a:b/c::d`: type mismatch for function `d`", "another version"),
        ] {
            let told = about_wrapping(message, "w");
            assert!(told.starts_with("; ") && told.contains(remedy), "{message}: {told}");
        }
        assert_eq!(about_wrapping("unexpected end", "w"), "");
    }
}
