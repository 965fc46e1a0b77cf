//! `innkeeper wrap`: core modules become components.

use std::path::{Path, PathBuf};

use support::command::{self, Finished};
use support::{Engine, TestHost, until};
use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, MemorySection, MemoryType, Module, TypeSection, ValType,
};

const I32: ValType = ValType::I32;
const HANDLER: &str = "wasi:http/incoming-handler@0.2.10#handle";
const HTTP: &str = "wasi:http/types@0.2.10";

/// A module as a compiler for wasm32-wasi leaves it, without a component type. It answers each
/// request with an empty page, and asks WASI preview 1 for something first.
fn core_module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [I32]);
    types.ty().function([I32], [I32]);
    types.ty().function([I32, I32, I32, I32, ValType::I64, I32, I32, I32, I32], []);
    types.ty().function([I32, I32], []);
    types.ty().function([], []);
    types.ty().function([I32; 4], [I32]);
    let mut imports = ImportSection::new();
    for (module, name, ty) in [
        ("wasi_snapshot_preview1", "sched_yield", 0),
        (HTTP, "[constructor]fields", 0),
        (HTTP, "[constructor]outgoing-response", 1),
        (HTTP, "[static]response-outparam.set", 2),
    ] {
        imports.import(module, name, EntityType::Function(ty));
    }
    let (mut functions, mut exports, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (name, index, ty) in [(HANDLER, 4, 3), ("_initialize", 5, 4), ("cabi_realloc", 6, 5)] {
        functions.function(ty);
        exports.export(name, ExportKind::Func, index);
    }
    let mut handle = Function::new([]);
    handle.instructions().call(0).drop().local_get(1).i32_const(0).call(1).call(2);
    handle.instructions().i32_const(0).i64_const(0).i32_const(0).i32_const(0).i32_const(0).i32_const(0);
    handle.instructions().call(3).end();
    let mut initialize = Function::new([]);
    initialize.instructions().end();
    let mut realloc = Function::new([]);
    realloc.instructions().global_get(0).end();
    for function in [handle, initialize, realloc] {
        code.function(&function);
    }
    let (mut memories, mut globals) = (MemorySection::new(), GlobalSection::new());
    memories.memory(MemoryType {
        minimum: 2,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let ty = GlobalType { val_type: I32, mutable: true, shared: false };
    globals.global(ty, &ConstExpr::i32_const(65_536));
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories);
    module.section(&globals).section(&exports).section(&code);
    module.finish()
}

async fn wrap(core: &Path, more: &[&str]) -> Finished {
    command::run(&[&["wrap", core.to_str().expect("UTF-8")], more].concat()).await
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_core_module_becomes_a_guest_that_answers() {
    let folder = tempfile::tempdir().unwrap();
    let core = write(folder.path(), "core.wasm", &core_module());
    let app = folder.path().join("app.wasm");
    let app = app.to_str().unwrap();
    let said = wrap(&core, &["-o", app]).await.succeeded();
    assert!(said.stdout.contains("a component for the world innkeeper:storage/web-app@0.1.0"), "{said}");
    let first = std::fs::read(app).unwrap();
    let json = wrap(&core, &["-o", app, "--json"]).await.succeeded().json();
    assert_eq!((&json["adapted"], &json["size"]), (&true.into(), &first.len().into()), "{json}");
    assert_eq!(std::fs::read(app).unwrap(), first, "the same module becomes the same component");
    command::run(&["inspect", app]).await.succeeded();
    let host = TestHost::with(Engine::Sqlite).start().await;
    command::on(host.database(), &["deploy", app, "--app", "wrapped", "--route", "/"]).await.succeeded();
    let mut visitor = host.visitor();
    until("the wrapped guest answers", async || (visitor.get("/").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn a_module_may_be_replaced_by_its_component() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "app.wasm", &core_module());
    let name = file.to_str().unwrap();
    wrap(&file, &["-o", name, "--language", "Wasm 3"]).await.succeeded();
    let report = command::run(&["inspect", name, "--json"]).await.succeeded().json();
    assert_eq!((&report["kind"], &report["language"]), (&"component".into(), &"Wasm 3".into()), "{report}");
    let again = wrap(&file, &["-o", name]).await.failed();
    assert!(again.stderr.contains("app.wasm: it is a component already"), "{again}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn what_cannot_be_wrapped_leaves_what_was_there_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = write(folder.path(), "out.wasm", b"before");
    let out_name = out.to_str().unwrap();
    let text = write(folder.path(), "app.c", b"int main(void) { return 0; }\n");
    let refused = wrap(&text, &["-o", out_name]).await.failed();
    assert!(refused.stderr.contains("app.c: it is a text"), "{refused}");
    let missing = wrap(&folder.path().join("none.wasm"), &["-o", out_name]).await.failed();
    assert!(missing.stderr.contains("none.wasm: no such file"), "{missing}");
    let whole = core_module();
    let cut = write(folder.path(), "cut.wasm", &whole[..whole.len() - 3]);
    let refused = wrap(&cut, &["-o", out_name]).await.failed();
    assert!(refused.stderr.contains("build it again"), "{refused}");
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
    let core = write(folder.path(), "core.wasm", &whole);
    let nowhere = wrap(&core, &["-o", "/dev/null"]).await.failed();
    assert!(nowhere.stderr.contains("cannot write /dev/null"), "{nowhere}");
    let mistyped = wrap(&core, &["-o", "-"]).await.failed();
    assert_eq!(mistyped.status.code(), Some(2), "{mistyped}");
}

#[tokio::test]
async fn another_world_is_named_by_its_wit() {
    let folder = tempfile::tempdir().unwrap();
    let wit = folder.path().join("wit");
    std::fs::create_dir(&wit).unwrap();
    std::fs::write(wit.join("world.wit"), "package my:app;\nworld empty {}\nworld other { import f: func(); }\n")
        .unwrap();
    let core = write(folder.path(), "core.wasm", b"\0asm\x01\0\0\0");
    let out = folder.path().join("out.wasm");
    let (wit, out) = (wit.to_str().unwrap(), out.to_str().unwrap());
    let said = wrap(&core, &["-o", out, "--wit", wit, "--world", "empty"]).await.succeeded();
    assert!(said.stdout.contains("for the world my:app/empty"), "{said}");
    let unnamed = wrap(&core, &["-o", out, "--wit", wit]).await.failed();
    assert!(unnamed.stderr.contains("the world cannot be read"), "{unnamed}");
    let alone = wrap(&core, &["-o", out, "--world", "empty"]).await.failed();
    assert!(alone.stderr.contains("--wit"), "{alone}");
}
