use super::samples::{around, component, component_of_types, module};
use super::{Kind, Problem, Report, check, of_features, read};
use crate::guests::contract;
use crate::guests::engine::{self, EngineSettings};
use wasm_encoder::{
    CodeSection, FieldType, Function, FunctionSection, MemorySection, MemoryType, Module, StorageType, TagKind,
    TagSection, TagType, TypeSection, ValType,
};
use wasmtime::component::Component;

const HANDLER: &str = "wasi:http/incoming-handler@0.2.10";

/// The only problem of a file.
#[track_caller]
fn only(bytes: &[u8]) -> Problem {
    let problems = read(bytes).problems;
    let [problem] = &problems[..] else { panic!("not one: {problems:?}") };
    assert_eq!(check(bytes), problems, "whoever compiles says the same");
    problem.clone()
}

#[track_caller]
fn tells(bytes: &[u8], problem: &str, fix: &str) {
    let told = only(bytes);
    assert!(told.problem.contains(problem) && told.fix.contains(fix), "no {problem:?} and {fix:?}: {told}");
}

#[test]
fn a_guest_has_no_problem_and_says_what_it_uses() {
    let imports = ["innkeeper:storage/db@0.1.0", "innkeeper:storage/session@0.1.0", "wasi:cli/stderr@0.2.6"];
    let report = read(&component(&imports, &[HANDLER]));
    assert_eq!((report.kind, report.problem.as_deref()), ("component", None), "{report:?}");
    assert_eq!(report.contract.as_deref(), Some("innkeeper:storage@0.1.0"));
    assert_eq!(report.interfaces, ["db", "session"]);
    assert_eq!(report.wasi, ["0.2.6", "0.2.10"]);
    assert_eq!((report.imports, report.exports), (imports.map(str::to_owned).to_vec(), vec![HANDLER.to_owned()]));
    // Types are known by their description: nobody has to bring them.
    let report = read(&component_of_types("some:where/types@1.0.0", HANDLER));
    assert_eq!((report.unmet.len(), report.problem), (0, None));
}

#[test]
fn a_component_for_something_else_is_told_what_to_do() {
    tells(&component(&["wasi:http/types@0.3.0"], &["wasi:http/handler@0.3.0"]), "WASI 0.3", "web-app");
    let spin = ["fermyon:spin/key-value@2.0.0", "fermyon:spin/sqlite@2.0.0"];
    tells(&component(&spin, &[HANDLER]), "written for Spin", "innkeeper:storage/db");
    tells(&component(&["wasmcloud:bus/lattice@1.0.0"], &[HANDLER]), "written for wasmCloud", "innkeeper:storage");
    tells(&component(&["wasi:cli/stdout@0.2.6"], &["wasi:cli/run@0.2.6"]), "runs once", "cdylib");
    tells(&component(&[], &[]), "exports nothing", "web-app");
    tells(&component(&[], &["a:b/c@0.1.0"]), "answers no requests", "web-app");
    tells(&component(&["innkeeper:storage/db@0.2.0"], &[HANDLER]), "db@0.2.0", "innkeeper:storage@0.1.0");
    tells(
        &component(&["wasi:keyvalue/store@0.2.0-draft"], &[HANDLER]),
        "store@0.2.0-draft",
        "innkeeper:storage/db",
    );
    let several = read(&component(&["wasi:logging/logging", "other:thing/it"], &["wasi:cli/run@0.2.0"]));
    assert_eq!((several.problems.len(), several.unmet.len()), (3, 2), "{several:?}");
}

#[test]
fn a_file_with_any_number_of_problems_has_a_short_text() {
    let imports: Vec<String> = (0..900).map(|number| format!("a{number}:b/c")).collect();
    let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
    let report = read(&component(&imports, &[HANDLER]));
    assert_eq!(report.problems.len(), 900);
    let text = report.problem.unwrap();
    assert!(text.contains("there is no a0:b here") && text.ends_with(" ...") && text.len() < 9000, "{text}");
}

#[test]
fn components_that_are_nested_without_end_are_not_read_to_the_end() {
    let mut nested = wasm_encoder::Component::new();
    for _ in 0..200 {
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::NestedComponentSection(&nested));
        nested = outer;
    }
    tells(&nested.finish(), "nests more than 100", "build it again");
}

#[test]
fn a_package_of_interfaces_is_no_component() {
    let (resolve, package) = contract::resolve().unwrap();
    let bytes = wit_component::encode(&resolve, package).unwrap();
    tells(&bytes, "WIT package", "name the component");
    assert_eq!(read(&bytes).kind, "wit-package");
}

#[test]
fn a_core_module_is_told_how_it_becomes_a_component() {
    let preview_1 = ("wasi_snapshot_preview1", "fd_write");
    for handle in ["wasi:http/incoming-handler@0.2.10#handle", "cm32p2|wasi:http/incoming-handler@0.2|handle"] {
        let core = module(&[preview_1], &["_initialize", handle]);
        tells(&core, "core module and no component", "innkeeper wrap");
    }
    tells(&module(&[preview_1], &["_initialize"]), "answers no requests", "innkeeper wit prints");
    tells(&module(&[preview_1], &["_start"]), "exports `_start`", "-mexec-model=reactor");
    let spin = ("fermyon:spin/key-value@2.0.0", "[static]store.open");
    tells(&module(&[spin, preview_1], &[]), "written for Spin", "innkeeper:storage/db");
    let of_newer_names = ("cm32p2|wasmcloud:bus/lattice@1.0.0", "f");
    tells(&module(&[of_newer_names], &[]), "imports `wasmcloud:bus/lattice@1.0.0`", "");
    tells(&module(&[("env", "emscripten_notify_memory_growth")], &[]), "`env.emscripten", "zig cc");
    let shortened = [("a", "a"), ("a", "b")];
    tells(&module(&shortened, &[]), "`a.a`, `a.b`", "Emscripten");
    let shared = [("env", "memory"), ("env", "__memory_base"), ("GOT.mem", "x")];
    tells(&module(&shared, &[]), "`env.memory`", "shared library");
    tells(&module(&[("env", "console.log")], &[]), "`env.console.log`", "AssemblyScript");
    let threads = [("env", "memory"), ("wasi", "thread-spawn"), preview_1];
    tells(&module(&threads, &["_start"]), "`env.memory`, `wasi.thread-spawn`", "have no threads");
    tells(&module(&[("wbg", "__wbindgen_throw"), preview_1], &[]), "`wbg.__wbindgen_throw`", "wasm32-wasip2");
    tells(&module(&[("gojs", "runtime.wasmExit")], &["_start"]), "`gojs.runtime.wasmExit`", "GOOS=wasip1");
    let report = read(&module(&[preview_1], &[]));
    assert_eq!((report.kind, report.wasi), ("module", vec!["preview 1".to_owned()]));
}

#[test]
fn a_file_that_is_no_webassembly_is_told_what_it_is() {
    for (bytes, problem, fix) in [
        (&b""[..], "empty", "build it again"),
        (b"\0asm\x0d\0", "first bytes", "rest is missing"),
        (b"(module)", "as text", "wasm-tools parse"),
        (b"\xef\xbb\xbf(module)", "as text", "wasm-tools parse"),
        (b"<!DOCTYPE html>\n<title>404", "an HTML page", "get it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS", "git lfs pull"),
        (b"\x1f\x8b\x08\0", "compressed by gzip", "gunzip"),
        (b"\x7fELF\x02\x01\x01\xc8", "native code", "name the component"),
        (b"\0asm\x0a\0\x01\0", "draft", "toolchain of today"),
    ] {
        tells(bytes, problem, fix);
    }
}

#[test]
fn a_file_that_is_cut_off_is_told_so_wherever_it_is_cut() {
    let whole = component(&["innkeeper:storage/db@0.1.0"], &[HANDLER]);
    for end in 9..whole.len() {
        let Report { problems, .. } = read(&whole[..end]);
        // Cut between two sections it is a smaller component.
        assert!(!problems.is_empty(), "cut after {end} of {}", whole.len());
    }
    tells(&whole[..whole.len() - 1], "unexpected end", "not whole");
}

#[test]
fn the_parts_of_a_file_are_as_large_as_the_whole() {
    for bytes in [module(&[("a", "b")], &["c"]), component(&["a:b/c"], &[HANDLER]), b"text".to_vec()] {
        let Report { size, sizes, .. } = read(&bytes);
        if Kind::of(&bytes) != Kind::Text {
            assert_eq!(sizes.code + sizes.data + sizes.debug + sizes.custom + sizes.other, size, "{sizes:?}");
        }
    }
}

const PLAIN: MemoryType =
    MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };

/// A module with memories.
fn with_memories(memories: &[MemoryType]) -> Module {
    let (mut section, mut module) = (MemorySection::new(), Module::new());
    for memory in memories {
        section.memory(*memory);
    }
    module.section(&section);
    module
}

/// A module with a function that takes nothing, gives nothing and consists of these instructions.
fn with_code(write: impl Fn(&mut wasm_encoder::InstructionSink<'_>)) -> Module {
    let (mut types, mut functions, mut code, mut memories) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new(), MemorySection::new());
    types.ty().function([], []);
    functions.function(0);
    memories.memory(PLAIN);
    let mut body = Function::new([]);
    write(&mut body.instructions());
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&code);
    module
}

fn with_types(write: impl Fn(&mut TypeSection)) -> Module {
    let (mut types, mut module) = (TypeSection::new(), Module::new());
    write(&mut types);
    module.section(&types);
    module
}

fn with_tag() -> Module {
    let mut module = with_types(|types| types.ty().function([], []));
    let mut tags = TagSection::new();
    tags.tag(TagType { kind: TagKind::Exception, func_type_idx: 0 });
    module.section(&tags);
    module
}

#[test]
fn features_that_the_engine_does_not_have_are_named() {
    let engine =
        engine::build_compiler(EngineSettings { instances: 1, memory_bytes: 1 << 20 }, None).unwrap().engine;
    let int = FieldType { element_type: StorageType::Val(ValType::I32), mutable: false };
    let shared = MemoryType { shared: true, maximum: Some(2), ..PLAIN };
    let cases = [
        (with_memories(&[PLAIN]), None),
        (with_memories(&[MemoryType { memory64: true, ..PLAIN }]), None),
        (with_code(|code| _ = code.end()), None),
        (with_code(|code| _ = code.i32_const(0).i32x4_splat().drop().end()), None),
        (with_code(|code| _ = code.i32_const(0).i32x4_splat().i32x4_relaxed_trunc_f32x4_s().drop().end()), None),
        (with_code(|code| _ = code.return_call(0).end()), None),
        (with_memories(&[shared]), Some("threads")),
        (with_code(|code| _ = code.atomic_fence().end()), Some("threads")),
        (with_types(|types| types.ty().struct_([int])), Some("garbage collection")),
        (with_types(|types| types.ty().function([ValType::EXTERNREF], [])), Some("garbage collection")),
        (with_tag(), Some("exceptions")),
        (
            with_code(|code| _ = code.try_(wasm_encoder::BlockType::Empty).catch_all().end().end()),
            Some("exceptions in their old form"),
        ),
        (
            with_code(|code| {
                code.i64_const(0).i64_const(0).i64_const(0).i64_const(0).i64_add128().drop().drop().end();
            }),
            Some("wide-arithmetic"),
        ),
        (with_memories(&[MemoryType { page_size_log2: Some(0), ..PLAIN }]), Some("custom-page-sizes")),
        (
            with_types(|types| {
                types.ty().function([], []);
                types.ty().cont(&wasm_encoder::ContType(0));
            }),
            Some("stack switching"),
        ),
    ];
    for (module, missing) in cases {
        let bytes = around(&module);
        let problems = of_features(&bytes);
        let compiled = Component::from_binary(&engine, &bytes);
        assert_eq!(problems.is_empty(), compiled.is_ok(), "{missing:?}: {problems:?}: {:?}", compiled.err());
        match missing {
            None => assert_eq!(problems, []),
            Some(name) => {
                let first = problems.first().unwrap();
                assert!(first.problem.contains(name) && !first.fix.is_empty(), "{name}: {problems:?}");
            }
        }
    }
}
