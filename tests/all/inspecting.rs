//! `innkeeper inspect`: what a file is, and what to do where it is no guest.

use std::path::Path;

use support::command::{self, Finished};
use support::{Engine, TestDatabase, paths};
use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentTypeRef, ComponentTypeSection, InstanceType, PrimitiveValType,
};

on_both_databases! { what_inspect_says_deploy_says_too }

/// A component that imports interfaces with a function and exports empty interfaces.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    let mut instance = InstanceType::new();
    instance.ty().function().params::<[(&str, PrimitiveValType); 0], _>([]).result(None);
    instance.export("x", ComponentTypeRef::Func(0));
    types.instance(&instance);
    let (mut imported, mut exported) = (ComponentImportSection::new(), ComponentExportSection::new());
    for import in imports {
        imported.import(*import, ComponentTypeRef::Instance(0));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.export_items(std::iter::empty::<(&str, ComponentExportKind, u32)>());
    for export in exports {
        let instance = u32::try_from(imports.len()).unwrap();
        exported.export(*export, ComponentExportKind::Instance, instance, None);
    }
    let mut component = Component::new();
    component.section(&types).section(&imported).section(&instances).section(&exported);
    component.finish()
}

/// Files that are no guests, with what is the matter and what to do.
fn no_guests() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    const HANDLER: &str = "wasi:http/incoming-handler@0.2.10";
    let module = |sections: &[u8]| [b"\0asm\x01\0\0\0", sections].concat();
    let with_start = module(b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\0\x0a\x04\x01\x02\0\x0b");
    let guest = std::fs::read(paths::guest("hello")).unwrap();
    let later = component(&["wasi:http/types@0.3.0"], &["wasi:http/handler@0.3.0"]);
    vec![
        ("later.wasm", later, "it was built for WASI 0.3", "web-app"),
        ("spin.wasm", component(&["fermyon:spin/key-value@2.0.0"], &[HANDLER]), "written for Spin", "storage/db"),
        (
            "cloud.wasm",
            component(&["wasmcloud:bus/lattice@1.0.0"], &[HANDLER]),
            "written for wasmCloud",
            "storage/db",
        ),
        ("program.wasm", component(&[], &["wasi:cli/run@0.2.6"]), "a program that runs once", "cdylib"),
        ("mute.wasm", component(&[], &[]), "it exports nothing", "web-app"),
        ("old.wasm", component(&["innkeeper:storage/db@0.2.0"], &[HANDLER]), "storage/db@0.2.0", "wit/ folder"),
        ("core.wasm", module(b""), "it is a core module", "innkeeper wrap"),
        ("start.wasm", with_start, "exports `_start`", "-mexec-model=reactor"),
        ("cut.wasm", guest[..guest.len() / 2].to_vec(), "unexpected end", "the file is not whole"),
        ("text.wasm", b"(component)".to_vec(), "it is WebAssembly as text", "wasm-tools parse"),
        ("packed.wasm", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "compressed by gzip", "gunzip"),
        ("native.wasm", b"\x7fELF\x02\x01\x01\xc8".to_vec(), "native code", "name the component"),
    ]
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file.to_str().unwrap().to_owned()
}

#[track_caller]
fn says(said: &Finished, file: &str, problem: &str, fix: &str) {
    for text in [file, problem, fix] {
        assert!(said.stderr.contains(text), "no {text:?}: {said}");
    }
}

async fn what_inspect_says_deploy_says_too(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, problem, fix) in no_guests() {
        let file = write(folder.path(), name, &bytes);
        says(&command::run(&["inspect", &file]).await.failed(), name, problem, fix);
        says(&command::on(&database, &["deploy", &file, "--app", "bad"]).await.failed(), name, problem, fix);
        let json = command::run(&["inspect", &file, "--json"]).await.failed().json();
        let only = &json["problems"][0];
        let (told, remedy) = (only["problem"].as_str().unwrap(), only["fix"].as_str().unwrap());
        assert!(told.contains(problem) && remedy.contains(fix) && json["problems"][1].is_null(), "{json}");
        assert_eq!(json["size"], bytes.len(), "{json}");
    }
}

#[tokio::test]
async fn a_guest_says_what_it_is_made_of() {
    let guest = paths::guest("page");
    let guest = guest.to_str().unwrap();
    let json = command::run(&["inspect", guest, "--json"]).await.succeeded().json();
    assert!(json["language"].as_str().unwrap().starts_with("Rust ("), "{json}");
    assert_eq!(
        (&json["kind"], &json["contract"]),
        (&"component".into(), &"innkeeper:storage@0.1.0".into()),
        "{json}"
    );
    let interfaces = json["interfaces"].as_array().unwrap();
    assert!(interfaces.contains(&"db".into()) && interfaces.contains(&"session".into()), "{json}");
    assert!(json["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "wit-component"), "{json}");
    let parts: u64 = json["sizes"].as_object().unwrap().values().map(|size| size.as_u64().unwrap()).sum();
    assert_eq!(json["size"], parts, "{json}");
    assert_eq!((&json["problem"], &json["unmet"]), (&serde_json::Value::Null, &serde_json::json!([])), "{json}");
    let people = command::run(&["inspect", guest]).await.succeeded();
    for text in ["this host can run it", "contract", "innkeeper:storage@0.1.0 (", "Rust (", "(code "] {
        assert!(people.stdout.contains(text), "no {text:?}: {people}");
    }
}

#[tokio::test]
async fn a_folder_that_is_no_project_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("out")).unwrap();
    std::fs::create_dir_all(folder.path().join("node_modules")).unwrap();
    std::fs::copy(paths::guest("hello"), folder.path().join("out/hello.wasm")).unwrap();
    for name in ["core.wasm", "node_modules/other.wasm", "note.txt"] {
        std::fs::write(folder.path().join(name), b"\0asm\x01\0\0\0").unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let json = command::run(&["inspect", path, "--json"]).await.succeeded().json();
    let list = json.as_array().unwrap();
    let kinds: Vec<(&str, bool)> =
        list.iter().map(|file| (file["kind"].as_str().unwrap(), file["problem"].is_null())).collect();
    assert_eq!(kinds, [("module", false), ("component", true)], "{json}");
    let people = command::run(&["inspect", path]).await.succeeded();
    let lines: Vec<&str> = people.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{people}");
    assert!(lines[1].starts_with("core.wasm") && lines[1].contains("innkeeper wrap"), "{people}");
    assert!(lines[2].starts_with("out/hello.wasm") && lines[2].contains("Rust ("), "{people}");
}
