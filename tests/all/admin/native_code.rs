//! Code that the deployer's machine has compiled: who may bring it, and what becomes of it.

use super::{Api, ROOT, ROOT_VARIABLE, command_to, component, host, kind};
use crate::fairness::wasm::{Function, hello_with};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::{COMPILE_DEADLINE, Engine, TestDatabase, TestHost, Visitor, bytes, command, paths, until};
use tempfile::TempDir;

on_both_databases! {
    a_host_need_not_compile_what_the_deployer_has_compiled,
    code_takes_a_scope_of_its_own_and_the_engine_of_the_host,
    a_scope_that_is_gone_by_its_turn_takes_no_code,
    code_that_is_not_what_it_has_to_be_is_not_taken,
    code_that_was_changed_on_its_way_is_not_looked_at,
    code_that_has_not_answered_is_not_kept,
    two_orders_may_name_the_same_code,
}

/// More than the compiler is done with in a second.
const MANY_STEPS: usize = 20_000;
const MAGIC: &[u8] = b"innkeeper sent 1";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A host that keeps its code in a folder of its own, and compiles for so long at most.
async fn host_in(engine: Engine, machine: &Path, compile_time: &str) -> TestHost {
    let host = TestHost::with(engine).env(ROOT_VARIABLE, ROOT).env("INNKEEPER_COMPILE_TIME", compile_time);
    host.env("INNKEEPER_CODE_CACHE", machine.to_str().expect("UTF-8")).start().await
}

/// The files of code in the folder of a machine that are those of a component.
fn kept(machine: &Path, sha256: &str) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(machine).expect("a folder").flatten().map(|entry| entry.path());
    let is_code = |path: &std::path::PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(sha256) && name.ends_with(".code")
    };
    files.filter(is_code).collect()
}

/// What a deployer's machine makes of a component.
#[derive(Clone)]
struct Code {
    component: String,
    engine: String,
    size: u64,
    packed: Vec<u8>,
}

impl Code {
    /// Compiled by a command, which keeps it in a file: a mark of 16 bytes, the size, the id of the
    /// key, the signature, the code.
    async fn of(guest: &str) -> Self {
        let (cache, database) = (folder(), TestDatabase::fresh(Engine::Sqlite).await);
        let file = paths::guest(guest);
        let arguments = ["deploy", file.to_str().expect("UTF-8"), "--app", "app", "--no-smoke"];
        let mut deploy = command::innkeeper(&[&arguments[..], &database.arguments()].concat());
        deploy.env("INNKEEPER_CODE_CACHE", cache.path());
        command::finish(deploy, COMPILE_DEADLINE).await.succeeded();
        let component = bytes::sha256(&component(guest));
        let [file] = &kept(cache.path(), &component)[..] else { panic!("one file of code") };
        let name = file.file_stem().and_then(|name| name.to_str()).expect("UTF-8");
        let engine = name.split_once('-').expect("component and engine").1.to_owned();
        let sealed = fs::read(file).expect("a file");
        let size = u64::from_le_bytes(sealed[16..24].try_into().expect("eight bytes"));
        Self { component, engine, size, packed: sealed[64..].to_vec() }
    }

    /// In the form in which it is brought.
    fn sent(&self) -> Vec<u8> {
        let size = self.size.to_le_bytes();
        [MAGIC, &unhex(&self.component), &unhex(&self.engine), &size, &self.packed].concat()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect()
}

async fn engine_of(api: &mut Api) -> String {
    api.get("/engine").await.expect(200).json()["digest"].as_str().expect("a digest").to_owned()
}

/// Brings code in one piece, and returns its hash and the id of its upload.
async fn bring_code(api: &mut Api, app: &str, engine: &str, code: &[u8]) -> (String, String) {
    let sha256 = bytes::sha256(code);
    let wanted = json!({ "sha256": sha256, "size": code.len(), "engine": engine });
    let upload = api.post(&format!("/apps/{app}/uploads"), &wanted).await.expect(200).json();
    let id = upload["id"].as_str().expect("an upload").to_owned();
    let sent = api.piece(app, &id, 0, code).await.expect(200).json();
    assert_eq!(sent["complete"], true, "{sent}");
    (sha256, id)
}

/// Deploys, and returns what is said of it in the end.
async fn deployed(api: &mut Api, app: &str, wanted: &Value) -> Value {
    let ordered = api.post(&format!("/apps/{app}/deployments"), wanted).await.expect(202).json();
    api.ended(app, ordered["id"].as_str().expect("an id")).await
}

async fn a_host_need_not_compile_what_the_deployer_has_compiled(engine: Engine) {
    let machine = folder();
    let mut host = host_in(engine, machine.path(), "1s").await;
    let mut root = Api::root(&host);
    let (_folder, large) = hello_with(&Function::Steps(MANY_STEPS));
    let sha256 = bytes::sha256(&fs::read(&large).expect("a file"));
    let deploy = ["deploy", large.to_str().expect("UTF-8"), "--app", "large", "--route", "/large", "--json"];
    // Without the scope the host compiles, and has too little time for that.
    let token = root.make_token(&["deploy:large"]).await;
    let refused = command_to(&host.url(), &token, &deploy).await.failed();
    assert!(
        refused.stderr.contains("the host compiles") && refused.stderr.contains("deploy-native:large"),
        "{refused}"
    );
    assert!(refused.stderr.contains("INNKEEPER_COMPILE_TIME"), "{refused}");
    let token = root.make_token(&["deploy:large", "deploy-native:large"]).await;
    let done = command_to(&host.url(), &token, &deploy).await.succeeded();
    assert!(done.stderr.contains("compiled here"), "{done}");
    assert_eq!((&done.json()["native"], &done.json()["native_refused"]), (&json!(true), &json!(null)), "{done}");
    let live = async || host.visitor().try_get("/large").await.filter(|answer| answer.status == 200);
    until("the app answers", live).await;
    let entries = root.get("/audit?app=large").await.expect(200).json();
    let noted: Vec<&Value> =
        entries.as_array().expect("a list").iter().filter(|entry| entry["action"] == "deploy-native").collect();
    assert_eq!(noted.iter().map(|entry| &entry["result"]).collect::<Vec<_>>(), ["taken", "brought"], "{entries}");
    for noted in noted {
        assert!(noted["detail"].as_str().expect("a text").contains("native code by the deployer"), "{noted}");
        assert_eq!(noted["sha256"], json!(sha256));
        assert!(noted["by"].as_str().expect("who").contains("deploy:large deploy-native:large"), "{noted}");
    }
    let table = host.database().host_table("component_uploads");
    let left = format!("select count(*) from {table} where owner = '{}'", &token[10..22]);
    let ended = async || (host.database().host_rows(&left).await == [["0"]]).then_some(());
    until("the uploads of what was deployed end", ended).await;
    // The host has signed it, and finds it again.
    host.restart().await;
    assert_eq!(host.visitor().get("/large").await.expect(200).text(), "Hello, world!");
    assert!(!host.logs().contains("fetching: compiled"), "{}", host.logs());
}

async fn code_takes_a_scope_of_its_own_and_the_engine_of_the_host(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let own = engine_of(&mut root).await;
    let view = root.get("/engine").await.expect(200).json();
    assert!(view["target"].as_str().is_some_and(|target| target.contains('-')), "{view}");
    let upload = |size: u64, engine: &str| json!({ "sha256": "1".repeat(64), "size": size, "engine": engine });
    let order = json!({ "sha256": bytes::sha256(&component("probe")), "native": "1".repeat(64) });
    for (scopes, lacking) in [
        (&["deploy:probe"][..], "deploy-native:probe"),
        (&["deploy:probe", "deploy-native:other"], "deploy-native:probe"),
        (&["deploy-native:probe"], "deploy:probe"),
    ] {
        let token = root.make_token(scopes).await;
        let mut api = Api::new(host.visitor(), &token);
        let begun = api.post("/apps/probe/uploads", &upload(10, &own)).await.expect(403);
        let ordered = api.post("/apps/probe/deployments", &order).await.expect(403);
        for refused in [begun, ordered] {
            assert_eq!(refused.json()["scope"], lacking, "{scopes:?}: {refused:?}");
        }
    }
    let token = root.make_token(&["deploy:probe", "deploy-native:probe"]).await;
    let mut api = Api::new(host.visitor(), &token);
    for other in ["0".repeat(64), own[1..].to_owned(), String::new()] {
        let refused = api.post("/apps/probe/uploads", &upload(10, &other)).await.expect(409);
        assert!(refused.text().contains(&own) && kind(&refused) == "conflict", "{refused:?}");
    }
    api.post("/apps/probe/uploads", &upload(97 << 20, &own)).await.expect(413);
    api.post("/apps/probe/uploads", &upload(0, &own)).await.expect(400);
    let refused = api.post("/apps/probe/deployments", &order).await.expect(409);
    assert!(refused.text().contains("the compiled code is not here"), "{refused:?}");
    // What has begun is not there yet.
    api.post("/apps/probe/uploads", &upload(10, &own.to_uppercase())).await.expect(200);
    api.post("/apps/probe/deployments", &order).await.expect(409);
    let wrong = json!({ "sha256": order["sha256"], "native": "1" });
    api.post("/apps/probe/deployments", &wrong).await.expect(400);
}

async fn a_scope_that_is_gone_by_its_turn_takes_no_code(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:probe", "deploy-native:probe"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let own = engine_of(&mut api).await;
    let (native, _) = bring_code(&mut api, "probe", &own, b"whatever it is").await;
    let slow = root.bring("slow", &component("probe")).await;
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": 20_000 }]));
    let first = json!({ "sha256": slow, "deploy": { "smoke": { "path": path } } });
    root.post("/apps/slow/deployments", &first).await.expect(202);
    let wanted = json!({ "sha256": bytes::sha256(&component("probe")), "native": native });
    let waiting = api.post("/apps/probe/deployments", &wanted).await.expect(202).json();
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    let table = host.database().host_table("tokens");
    let fewer = format!("update {table} set scopes = 'deploy:probe' where id = '{}'", &token[10..22]);
    host.database().host_rows(&fewer).await;
    let ended = root.ended("probe", waiting["id"].as_str().expect("an id")).await;
    assert_eq!((&ended["state"], &ended["error"]["kind"]), (&json!("failed"), &json!("conflict")), "{ended}");
    assert!(ended["error"]["message"].as_str().expect("why").contains("deploy-native:probe"), "{ended}");
}

async fn code_that_is_not_what_it_has_to_be_is_not_taken(engine: Engine) {
    let machine = folder();
    let host = host_in(engine, machine.path(), "60s").await;
    let mut root = Api::root(&host);
    let (own, code) = (engine_of(&mut root).await, Code::of("hello").await);
    assert_eq!(code.engine, own, "command and host have the same engine");
    let sha256 = root.bring("hello", &component("hello")).await;
    let junk = vec![7; 4_096];
    for (what, sent, said) in [
        ("nothing of it", junk.clone(), "no compiled code"),
        ("its head alone", code.sent()[..80].to_vec(), "no compiled code"),
        ("another component", Code { component: "0".repeat(64), ..code.clone() }.sent(), "another component"),
        ("another engine", Code { engine: "0".repeat(64), ..code.clone() }.sent(), "another engine"),
        ("junk behind the head", Code { packed: junk, ..code.clone() }.sent(), "cannot load"),
        ("its first half", code.sent()[..code.packed.len() / 2].to_vec(), "cannot load"),
        ("another size", Code { size: code.size + 1, ..code.clone() }.sent(), "cannot load"),
        ("an endless size", Code { size: u64::MAX, ..code.clone() }.sent(), "cannot load"),
    ] {
        let (native, _) = bring_code(&mut root, "hello", &own, &sent).await;
        let wanted = json!({ "sha256": sha256, "native": native });
        let ended = deployed(&mut root, "hello", &wanted).await;
        let made = &ended["deployed"];
        // The host has compiled it.
        assert_eq!((&ended["state"], &made["native"]), (&json!("done"), &json!(false)), "{what}: {ended}");
        assert!(made["native_refused"].as_str().expect("why").contains(said), "{what}: {ended}");
        // Before that it would write the file again.
        let live = async || host.visitor().try_get("/").await.filter(|answer| answer.status == 200);
        until("the host has loaded it", live).await;
        let [own_code] = &kept(machine.path(), &sha256)[..] else { panic!("{what}: its own code is kept") };
        fs::remove_file(own_code).expect("a file of our own");
    }
    let (native, _) = bring_code(&mut root, "hello", &own, &code.sent()).await;
    let ended = deployed(&mut root, "hello", &json!({ "sha256": sha256, "native": native })).await;
    assert_eq!(ended["deployed"]["native"], true, "{ended}");
    // Nobody looks at what the host has code for.
    let (native, _) = bring_code(&mut root, "hello", &own, &[7; 100]).await;
    let ended = deployed(&mut root, "hello", &json!({ "sha256": sha256, "native": native })).await;
    assert_eq!(
        (&ended["deployed"]["native"], &ended["deployed"]["native_refused"]),
        (&json!(false), &json!(null))
    );
    let entries = root.get("/audit?app=hello").await.expect(200).json();
    for result in [
        "brought",
        "taken",
        "not needed: the host had code of its own",
        "refused: it is no compiled code, or that of another release of Innkeeper",
    ] {
        assert!(entries.as_array().expect("a list").iter().any(|entry| entry["result"] == result), "{entries}");
    }
    let live = async || host.visitor().try_get("/").await.filter(|answer| answer.status == 200);
    assert_eq!(until("the app answers", live).await.text(), "Hello, world!");
    assert!(!host.logs().contains("ERROR") && !host.logs().contains("panicked"), "{}", host.logs());
}

async fn code_that_was_changed_on_its_way_is_not_looked_at(engine: Engine) {
    let machine = folder();
    let host = host_in(engine, machine.path(), "60s").await;
    let mut root = Api::root(&host);
    let (own, code) = (engine_of(&mut root).await, Code::of("hello").await.sent());
    let sha256 = root.bring("hello", &component("hello")).await;
    let wanted = json!({ "sha256": bytes::sha256(&code), "size": code.len(), "engine": own });
    for at in [0, 20, 60, 85, 120, code.len() / 2, code.len() - 1] {
        let mut changed = code.clone();
        changed[at] ^= 1;
        let upload = root.post("/apps/hello/uploads", &wanted).await.expect(200).json();
        let id = upload["id"].as_str().expect("an upload");
        assert_eq!(kind(&root.piece("hello", id, 0, &changed).await.expect(422)), "unfit", "{at}");
        root.get(&format!("/apps/hello/uploads/{id}")).await.expect(404);
        let order = json!({ "sha256": sha256, "native": wanted["sha256"] });
        root.post("/apps/hello/deployments", &order).await.expect(409);
    }
    // The same in the database, where it lies until its turn.
    let (native, id) = bring_code(&mut root, "hello", &own, &code).await;
    let table = host.database().host_table("component_upload_parts");
    host.database().host_rows(&format!("update {table} set data = 'x' where upload = '{id}'")).await;
    let ended = deployed(&mut root, "hello", &json!({ "sha256": sha256, "native": native })).await;
    assert_eq!((&ended["state"], &ended["error"]["kind"]), (&json!("failed"), &json!("conflict")), "{ended}");
    assert_eq!(kept(machine.path(), &sha256).len(), 0);
    root.get("/apps/hello").await.expect(404);
}

async fn code_that_has_not_answered_is_not_kept(engine: Engine) {
    let machine = folder();
    let host = host_in(engine, machine.path(), "60s").await;
    let mut root = Api::root(&host);
    let (own, code) = (engine_of(&mut root).await, Code::of("hostile").await);
    let sha256 = root.bring("app", &component("hostile")).await;
    let (trap, none) = (json!({ "path": "/trap" }), json!({ "skip": true }));
    for (smoke, state, files) in [(trap, "failed", 0), (none, "done", 1)] {
        let (native, _) = bring_code(&mut root, "app", &own, &code.sent()).await;
        let wanted = json!({ "sha256": sha256, "native": native, "deploy": { "smoke": smoke } });
        let ended = deployed(&mut root, "app", &wanted).await;
        assert_eq!(ended["state"], state, "{smoke}: {ended}");
        assert_eq!(kept(machine.path(), &sha256).len(), files, "{smoke}");
    }
}

async fn two_orders_may_name_the_same_code(engine: Engine) {
    let machine = folder();
    let host = host_in(engine, machine.path(), "60s").await;
    let mut root = Api::root(&host);
    let (own, code) = (engine_of(&mut root).await, Code::of("hello").await);
    let sha256 = root.bring("hello", &component("hello")).await;
    let (native, _) = bring_code(&mut root, "hello", &own, &code.sent()).await;
    let wanted = |note: &str| json!({ "sha256": sha256, "native": native, "deploy": { "note": note } });
    // Both are there before the first has its turn.
    let slow = root.bring("slow", &component("probe")).await;
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": 20_000 }]));
    let before = json!({ "sha256": slow, "deploy": { "smoke": { "path": path } } });
    root.post("/apps/slow/deployments", &before).await.expect(202);
    let mut ids = Vec::new();
    for note in ["first", "second"] {
        let view = root.post("/apps/hello/deployments", &wanted(note)).await.expect(202).json();
        ids.push(view["id"].as_str().expect("an id").to_owned());
    }
    let (first, second) = (root.ended("hello", &ids[0]).await, root.ended("hello", &ids[1]).await);
    assert_eq!((&first["state"], &second["state"]), (&json!("done"), &json!("done")), "{first} {second}");
    assert_eq!(
        (&first["deployed"]["native"], &second["deployed"]["native_refused"]),
        (&json!(true), &json!(null))
    );
}
