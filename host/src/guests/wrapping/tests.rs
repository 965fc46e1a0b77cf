use super::{World, WrapError, caught, wrap};
use crate::guests::language;
use crate::guests::reading::Kind;
use std::fs;
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};
use wit_component::StringEncoding;
use wit_parser::Resolve;

const WIT: &str = "package a:b@1.2.3;
interface h { handle: func(a: u32, b: u32); }
world one { export h; }
world two {}";
const HANDLER: &str = "wasi:http/incoming-handler@0.2.10#handle";

const PREVIEW_1: &str = "wasi_snapshot_preview1";
/// Types of functions: that of most, of a handler, of `cabi_realloc`, of `sched_yield`.
const TYPES: [(&[ValType], &[ValType]); 4] =
    [(&[], &[]), (&[ValType::I32; 2], &[]), (&[ValType::I32; 4], &[ValType::I32]), (&[], &[ValType::I32])];

/// A module with these imports and, beside what each guest has, these exports: functions that do
/// nothing.
fn module(handler: &str, imports: &[(&str, &str)], exports: &[&str]) -> Vec<u8> {
    let (mut types, mut imported) = (TypeSection::new(), ImportSection::new());
    for (parameters, results) in TYPES {
        types.ty().function(parameters.iter().copied(), results.iter().copied());
    }
    for (module, name) in imports {
        imported.import(module, name, EntityType::Function(if *module == PREVIEW_1 { 3 } else { 0 }));
    }
    let (mut functions, mut exported, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    let own = [(handler, 1), ("cabi_realloc", 2)].into_iter().chain(exports.iter().map(|name| (*name, 0)));
    for ((name, ty), index) in own.zip(u32::try_from(imports.len()).unwrap()..) {
        functions.function(ty);
        exported.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        if ty == 2 {
            body.instructions().i32_const(0);
        }
        body.instructions().end();
        code.function(&body);
    }
    exported.export("memory", ExportKind::Memory, 0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut module = Module::new();
    module.section(&types).section(&imported).section(&functions).section(&memories);
    module.section(&exported).section(&code);
    module.finish()
}

fn refused(core: &[u8]) -> String {
    wrap(core, &World::Own, None).unwrap_err().to_string()
}

#[test]
fn a_module_becomes_a_component_and_always_the_same() {
    for (imports, is_adapted) in [(&[][..], false), (&[(PREVIEW_1, "sched_yield")][..], true)] {
        let core = module(HANDLER, imports, &["_initialize"]);
        let first = wrap(&core, &World::Own, None).unwrap();
        assert_eq!(Kind::of(&first.component), Kind::Component);
        assert_eq!((first.is_adapted, first.is_world_its_own), (is_adapted, false));
        assert_eq!(first.world, "innkeeper:storage/web-app@0.1.0");
        assert_eq!(wrap(&core, &World::Own, None).unwrap().component, first.component);
        assert!(matches!(wrap(&first.component, &World::Own, None), Err(WrapError::Component)));
    }
}

#[test]
fn a_component_may_say_its_language() {
    let core = module(HANDLER, &[], &[]);
    assert_eq!(language::of(&wrap(&core, &World::Own, None).unwrap().component), None);
    let wrapped = wrap(&core, &World::Own, Some("Zig 0.17.1")).unwrap();
    assert_eq!(language::of(&wrapped.component).as_deref(), Some("Zig 0.17.1"));
}

#[test]
fn what_only_debuggers_read_is_left_out() {
    let plain = module(HANDLER, &[], &[]);
    let section = |name: &str, data: &[u8]| {
        let content = [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), data].concat();
        [&[0, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    };
    let lines = section(".debug_line", b"start.zig\0");
    let debug = [section(".debug_info", b"much"), section(".debug_str", b"a.zig\0zig 0.17.1\0"), lines].concat();
    let with = |more: &[u8]| wrap(&[&plain, more].concat(), &World::Own, None).unwrap().component;
    let wrapped = with(&debug);
    assert!(!wrapped.windows(6).any(|window| window == b".debug"));
    assert_eq!(language::of(&wrapped).as_deref(), Some("Zig 0.17.1"), "what it alone says is kept");
    assert_eq!(with(&section(".debug_info", b"much")), with(&[]));
    assert_ne!(with(&section("mine", b"much")), with(&[]));
}

#[test]
fn another_world_may_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let wit = folder.path().join("world.wit");
    fs::write(&wit, WIT).unwrap();
    let world = |name: Option<&str>| World::Of { wit: wit.clone(), name: name.map(str::to_owned) };
    let core = module("a:b/h@1.2.3#handle", &[], &[]);
    assert_eq!(wrap(&core, &world(Some("one")), None).unwrap().world, "a:b/one@1.2.3");
    for unknown in [world(None), world(Some("three")), World::Of { wit: folder.path().join("no"), name: None }] {
        assert!(matches!(wrap(&core, &unknown, None), Err(WrapError::Wit(_))), "{unknown:?}");
    }
    let told = refused(&core);
    assert!(told.contains("`handle`") && told.contains("web-app@0.1.0 asks for it"), "{told}");
}

#[test]
fn a_module_keeps_the_world_that_it_says_itself() {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("world.wit", WIT).unwrap();
    let id = resolve.select_world(&[package], Some("one")).unwrap();
    let mut core = module("a:b/h@1.2.3#handle", &[], &[]);
    wit_component::embed_component_metadata(&mut core, &resolve, id, StringEncoding::UTF16).unwrap();
    let wrapped = wrap(&core, &World::Own, None).unwrap();
    assert_eq!((wrapped.world.as_str(), wrapped.is_world_its_own), ("a:b/one@1.2.3", true));
    let other = World::Of { wit: "anything".into(), name: None };
    assert!(matches!(wrap(&core, &other, None), Err(WrapError::HasWorld(name)) if name == "a:b/one@1.2.3"));
}

#[test]
fn what_cannot_be_a_component_is_told_why() {
    let told = refused(&module(HANDLER, &[("env", "foo"), ("gojs", "x"), (PREVIEW_1, "sched_yield")], &[]));
    assert!(told.contains("`env.foo`") && told.contains("`gojs.x`") && !told.contains("sched_yield"), "{told}");
    let told = refused(&module(HANDLER, &[], &["_start"]));
    assert!(told.contains("-mexec-model=reactor") && told.contains("-buildmode=c-shared"), "{told}");
    let told = refused(&module(HANDLER, &[("innkeeper:storage/db@0.2.0", "query")], &[]));
    assert!(told.contains("`innkeeper:storage/db@0.2.0::query`") && told.contains("wit/ folder"), "{told}");
    assert!(!told.contains("failed to decode world"), "{told}");
    let whole = module(HANDLER, &[], &["x"]);
    let told = refused(&whole[..whole.len() - 1]);
    assert!(told.contains("cannot be read") && told.contains("build it again"), "{told}");
    assert_eq!(told.matches("unexpected end").count(), 1, "{told}");
    for (bytes, kind) in [(&b"(module)"[..], "as text"), (b"", "empty"), (b"\x1f\x8b\x08", "gunzip")] {
        let told = refused(bytes);
        assert!(told.contains("no core WebAssembly module") && told.contains(kind), "{told}");
    }
}

#[test]
fn a_panic_of_the_encoder_is_an_error() {
    assert!(matches!(caught::<()>(|| panic!("as the encoder does")), Err(WrapError::GaveUp)));
    assert!(matches!(caught(|| Ok(1)), Ok(1)));
}
