//! In Chromium, driven by Playwright. Without JavaScript, unless the walk is about scripts.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::{Engine, TestHost, Visitor, node, paths, until};

use super::{TOKEN, VARIABLE, shop};

on_both_databases! {
    an_operator_signs_in_looks_around_and_signs_out,
    a_version_is_rolled_back_after_a_confirmation,
    a_rollback_that_loses_something_wants_a_tick,
    a_component_is_deployed_by_a_form,
    a_canary_is_aborted_and_promoted,
    other_pages_can_do_and_read_nothing,
    everything_can_be_reached_by_the_keyboard,
    the_pages_are_accessible_in_light_and_dark_and_on_a_phone,
    figures_are_those_of_the_requests,
    the_log_can_be_filtered_by_request_and_level,
}

async fn walk(host: &TestHost, name: &str, more: &[&str]) -> Value {
    let url = host.url();
    let seen = node::run("dashboard.js", &[&[name, &url, TOKEN], more].concat()).await;
    assert_eq!(seen["problems"], json!([]), "{seen}");
    seen
}

#[track_caller]
fn says(value: &Value, parts: &[&str]) {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} in {text}");
}

async fn answers(host: &TestHost, text: &str) {
    let answers = async || host.visitor().get("/").await.text().contains(text).then_some(());
    until("the version answers", answers).await;
}

async fn an_operator_signs_in_looks_around_and_signs_out(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN).start().await;
    let seen = walk(&host, "sign-in", &[]).await;
    assert_eq!(
        (&seen["sentTo"], &seen["broughtTo"]),
        (&json!(super::SIGN_IN), &json!("/_innkeeper/admin/ui/limits"))
    );
    says(&seen["wrong"], &["does not open anything"]);
    says(&seen["limit"], &["2s", "INNKEEPER_CPU_PER_REQUEST"]);
    says(&seen["app"], &["probe", "v1"]);
    says(&seen["hosts"], &["alive"]);
    says(&seen["audit"], &["sign in", "127.0.0.1", "ok"]);
    let cookie = json!([{ "name": "innkeeper-admin_session", "httpOnly": true, "sameSite": "Strict", "path": "/", "expires": -1 }]);
    assert_eq!(seen["cookies"], cookie);
    assert_eq!((&seen["signedOut"], &seen["afterwards"]), (&json!("Sign in"), &json!("Sign in")));
    assert_eq!(seen["cookiesLeft"], 0);
    assert!(!host.logs().contains(TOKEN));
}

async fn a_version_is_rolled_back_after_a_confirmation(engine: Engine) {
    let host = shop(engine).await;
    answers(&host, "visits=").await;
    let seen = walk(&host, "rollback", &[]).await;
    says(&seen["active"], &["v2", "active"]);
    assert_eq!(seen["question"], "Roll back to version 1?");
    says(
        &seen["consequence"],
        &["All visitors of shop get version 1 in place of version 2", "rows, files and sessions"],
    );
    says(&seen["cancelled"], &["v2", "active"]);
    says(&seen["done"], &["Version 1 is active"]);
    says(&seen["now"], &["v1", "active"]);
    says(&seen["history"][4], &["<b>It is & was \"slow\"</b>"]);
    assert_eq!(seen["forward"], "Activate version 2?");
    answers(&host, "Hello, world!").await;
}

async fn a_rollback_that_loses_something_wants_a_tick(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(VARIABLE, TOKEN).start().await;
    let migrate = |name: &str, sql: &str, destroys: &[&str]| json!([{ "op": "db.migrate", "migrations": [{ "name": name, "statements": [sql], "destroys": destroys }] }]);
    let made = host
        .visitor()
        .probe(migrate("0001_notes", "create table notes (id integer primary key, old text)", &[]))
        .await;
    support::probe::all_ok(&made);
    host.swap("probe", "page").await;
    host.swap("probe", "probe").await;
    let lost =
        host.visitor().probe(migrate("0002_no_old", "alter table notes drop column old", &["notes.old"])).await;
    support::probe::all_ok(&lost);
    let seen = walk(&host, "force", &[]).await;
    says(&seen["consequence"], &["0002_no_old", "destroyed"]);
    says(&seen["stillAsked"], &["Roll back to version"]);
    says(&seen["done"], &["is active"]);
}

async fn a_component_is_deployed_by_a_form(engine: Engine) {
    let host = TestHost::with(engine).app("shop", "hello").env(VARIABLE, TOKEN).start().await;
    let (page, not_wasm) = (paths::guest("page"), paths::repository().join("README.md"));
    let paths = [&page, &not_wasm].map(|path| path.to_str().expect("a UTF-8 path"));
    let seen = walk(&host, "deploy", &paths).await;
    says(&seen["refused"], &["Nothing was deployed", "WebAssembly"]);
    assert_eq!(seen["kept"], "kept while it is tried again");
    says(&seen["done"], &["Version 2 is active"]);
    says(&seen["version"], &["v2", "active", "kept while it is tried again", "INNKEEPER_ADMIN_TOKEN"]);
    assert_eq!(seen["second"], "second");
    answers(&host, "visits=").await;
    host.visitor().get("/second").await.expect(200);
}

async fn a_canary_is_aborted_and_promoted(engine: Engine) {
    let host = TestHost::with(engine).app("shop", "hello").env(VARIABLE, TOKEN).start().await;
    let page = paths::guest("page");
    let seen = walk(&host, "canary", &[page.to_str().expect("a UTF-8 path")]).await;
    says(&seen["begun"], &["Version 2 answers a part of the visitors"]);
    says(&seen["sides"], &["Version 1", "active", "Version 2", "canary, 25 %"]);
    says(&seen["aborted"], &["Version 2 answers nobody any more"]);
    assert_eq!(seen["isOver"], true);
    says(&seen["question"], &["in place of version 1"]);
    says(&seen["promoted"], &["is active"]);
    answers(&host, "visits=").await;
}

async fn other_pages_can_do_and_read_nothing(engine: Engine) {
    let host = shop(engine).await;
    let other = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    let other = other.url().replace("127.0.0.1", "localhost");
    support::host::deploy(host.database(), "probe", "probe", &[]).await.succeeded();
    let answers = async || host.visitor().get("/probe/x").await.text().contains("no steps").then_some(());
    until("the app beside it answers", answers).await;
    let seen = walk(&host, "strangers", &[&other]).await;
    assert_eq!(seen["site"]["status"], 403, "{seen}");
    says(&seen["site"]["text"], &["sent by another site", "nothing was done"]);
    assert_eq!(seen["app"]["status"], 403, "{seen}");
    says(&seen["app"]["text"], &["of another session", "nothing was done"]);
    assert_eq!(seen["fetched"], json!({ "status": 403, "leaks": false }));
    assert!(!seen["framed"].as_str().expect("a text").contains("Versions"), "{seen}");
    assert_eq!((&seen["opened"], &seen["openedByPolicy"]), (&json!("severed"), &json!("severed")));
    assert_eq!(seen["policy"], "same-origin-allow-popups");
    assert_eq!(seen["signedInAs"], VARIABLE, "nobody is put into another one's session: {seen}");
    says(&seen["active"], &["v2", "active"]);
}

async fn everything_can_be_reached_by_the_keyboard(engine: Engine) {
    let host = shop(engine).await;
    let seen = walk(&host, "keyboard", &[]).await;
    assert_eq!((&seen["first"], &seen["skippedTo"]), (&json!("Skip to content"), &json!("content")));
    says(&seen["done"], &["Version 1 is active"]);
    assert_eq!(seen["end"], "Sign in");
    answers(&host, "Hello, world!").await;
}

async fn the_pages_are_accessible_in_light_and_dark_and_on_a_phone(engine: Engine) {
    let host = shop(engine).await;
    support::host::deploy(host.database(), "canary", "hello", &[]).await.succeeded();
    support::host::deploy(host.database(), "canary", "page", &["--canary", "20%"]).await.succeeded();
    for _ in 0..20 {
        host.visitor().get("/").await.expect(200);
    }
    // The style of a page does not depend on the database, and one scheme takes half a minute.
    let scheme = if engine == Engine::Postgres { "light" } else { "dark" };
    let seen = walk(&host, "looks", &[scheme]).await;
    assert_eq!((&seen["found"], &seen["wide"], &seen["looked"]), (&json!([]), &json!([]), &json!(26)), "{seen}");
}

async fn figures_are_those_of_the_requests(engine: Engine) {
    let host = TestHost::with(engine).app("hostile", "hostile").app("probe", "probe").env(VARIABLE, TOKEN);
    let host = host.start().await;
    let mut visitor = host.visitor();
    for status in [200, 200, 404, 500, 503] {
        let request = Visitor::with_steps("/probe/steps", &json!([{ "op": "respond", "status": status }]));
        visitor.send(request, Full::<Bytes>::default()).await.expect(status);
    }
    for _ in 0..3 {
        visitor.get("/trap").await.expect(500);
    }
    visitor.get("/never-set").await.expect(500);
    let seen = walk(&host, "figures", &[]).await;
    // Requests, errors of the app, traps, answers of the host in its place.
    assert_eq!(seen["probe"], json!([5, 2, 0, 0]), "{seen}");
    assert_eq!(seen["hostile"], json!([4, 0, 4, 0]), "{seen}");
    says(&seen["overview"], &["40.0 %"]);
}

async fn the_log_can_be_filtered_by_request_and_level(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("hello", "hello");
    let host = host.env(VARIABLE, TOKEN).env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let ask = async |path: &str, id: &str, steps: &Value| {
        let request = Visitor::with_steps(path, steps).header("x-request-id", id);
        host.visitor().send(request, Full::<Bytes>::default()).await
    };
    let (one, other) = ("11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    ask("/one", one, &json!([{ "op": "stdout", "text": "a <line> of the guest\n" }])).await.expect(200);
    ask("/other", other, &json!([{ "op": "trap" }])).await.expect(500);
    ask("/error", other, &json!([{ "op": "respond", "status": 500 }])).await.expect(500);
    ask("/hello", other, &json!([])).await.expect(200);
    let seen = walk(&host, "log", &[one]).await;
    says(&seen["all"], &["POST /one", "POST /other", "a <line> of the guest"]);
    assert!(!seen["all"].to_string().contains("/hello"), "lines of another app: {seen}");
    says(&seen["ofRequest"], &["200 POST /one", "a <line> of the guest"]);
    assert_eq!(seen["ofRequest"].as_array().map(Vec::len), Some(2), "{seen}");
    assert_eq!(seen["linked"], one);
    says(&seen["grave"], &["500 POST /other", "trapped"]);
    assert!(!seen["grave"].to_string().contains("/one"), "{seen}");
    // An error of the app is no warning of the host.
    assert!(!seen["grave"].to_string().contains("/error"), "{seen}");
    says(&seen["failed"], &["500 POST /error", "500 POST /other"]);
    assert_eq!(seen["failed"].as_array().map(Vec::len), Some(2), "{seen}");
    assert_eq!(seen["stillFiltered"], "failed");
}
