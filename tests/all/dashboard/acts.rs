//! What the dashboard does: who may, what is written down, and what is not done twice.

use std::time::Duration;

use http::Request;
use support::gate::Gated;
use support::multipart::Multipart;
use support::{Answer, Engine, TestHost, Visitor, command, paths, until};

use super::{
    APP, HOME, ROLLBACK, TOKEN, VARIABLE, audited, create_token, form, form_key, hidden, send, shop, show_token,
    sign_in, sign_in_by,
};

on_both_databases! {
    acts_take_the_scopes_that_the_api_asks_for,
    a_token_sees_the_apps_that_it_is_for,
    refusals_and_failures_are_written_down,
    an_act_that_was_done_is_not_done_twice,
    the_address_cannot_make_news,
    a_new_app_is_a_new_one,
    components_are_bounded_and_failed_ones_are_told,
    only_who_may_deploy_takes_the_place_for_uploads,
    a_version_that_has_failed_is_not_activated_without_a_word,
}

const DEPLOY: &str = "/_innkeeper/admin/ui/apps/shop/deploy";
const NEW_APP: &str = "/_innkeeper/admin/ui/deploy";
const AUDIT: &str = "/_innkeeper/admin/ui/audit";

fn address(act: &str) -> String {
    format!("{APP}/{act}")
}

async fn canary(host: &TestHost) {
    support::host::deploy(host.database(), "shop", "probe", &["--canary", "20%"]).await.succeeded();
}

/// A form with a file as a browser sends it.
async fn deploy(
    host: &TestHost,
    visitor: &mut Visitor,
    path: &str,
    fields: &[(&str, &str)],
    file: &[u8],
) -> Answer {
    let key = form_key(visitor, path).await;
    let form = Multipart::new().field("csrf", &key);
    let form = fields.iter().fold(form, |form, (name, value)| form.field(name, value));
    let form = form.file("component", "guest.wasm", "application/wasm", file);
    let request = Request::post(path).header("origin", host.url()).header("content-type", form.content_type());
    send(visitor, request, form.body()).await
}

fn guest(name: &str) -> Vec<u8> {
    std::fs::read(paths::guest(name)).expect("a guest that was built")
}

async fn acts_take_the_scopes_that_the_api_asks_for(engine: Engine) {
    let host = shop(engine).await;
    canary(&host).await;
    let (_, rolls) = create_token(&host, "rolls", &["read", "rollback:shop"]).await;
    let (_, deploys) = create_token(&host, "deploys", &["read", "deploy:shop"]).await;
    let (mut rolls, mut deploys) = (sign_in_by(&host, &rolls).await, sign_in_by(&host, &deploys).await);
    let (page, other) = (rolls.get(APP).await.expect(200), deploys.get(APP).await.expect(200));
    assert!(page.text().contains("Abort the canary") && !page.text().contains("/promote\""), "{}", page.text());
    assert!(other.text().contains("Abort the canary") && other.text().contains("/promote\""));
    assert!(!other.text().contains("/rollback\""), "{}", other.text());
    let keys = [hidden(page.text(), "csrf"), hidden(other.text(), "csrf")];
    // Forms are for those who may send them.
    for act in ["promote", "deploy"] {
        rolls.get(&address(act)).await.expect(403);
    }
    deploys.get(ROLLBACK).await.expect(403);
    let [rolls_key, deploys_key] = keys;
    let body = |key: &str, version: u8| format!("version={version}&instead-of=2&csrf={key}");
    let refused = send(&mut rolls, form(&host, &address("promote")), body(&rolls_key, 3)).await.expect(403);
    assert!(refused.text().contains("lacks the scope deploy:shop"), "{}", refused.text());
    send(&mut deploys, form(&host, ROLLBACK), body(&deploys_key, 1)).await.expect(403);
    send(&mut rolls, form(&host, &address("abort")), body(&rolls_key, 3)).await.expect(303);
    canary(&host).await;
    send(&mut deploys, form(&host, &address("promote")), body(&deploys_key, 3)).await.expect(303);
    let refusals = async || {
        let refused: Vec<_> =
            audited(&host).await.into_iter().filter(|entry| entry[3].starts_with("403")).collect();
        let has = |who: &str, act: &str| {
            refused.iter().any(|entry| entry[0].starts_with(who) && entry[1] == act && entry[2] == "shop")
        };
        (has("token rolls", "promote") && has("token deploys", "rollback")).then_some(())
    };
    until("refusals are written down", refusals).await;
}

async fn a_token_sees_the_apps_that_it_is_for(engine: Engine) {
    let host = TestHost::with(engine).app("shop", "hello").app("blog", "hello").env(VARIABLE, TOKEN).start().await;
    let (_, token) = create_token(&host, "ci", &["deploy:shop"]).await;
    let mut visitor = sign_in_by(&host, &token).await;
    let page = visitor.get(HOME).await.expect(200).text().to_owned();
    assert!(page.contains(">shop</a>") && !page.contains("blog"), "{page}");
    assert!(!page.contains("Database") && !page.contains("/limits"), "what is the host's: {page}");
    visitor.get(APP).await.expect(200);
    visitor.get(DEPLOY).await.expect(200);
    for path in ["/_innkeeper/admin/ui/apps/blog", "/_innkeeper/admin/ui/apps/none", AUDIT] {
        visitor.get(path).await.expect(403);
    }
    deploy(&host, &mut visitor, DEPLOY, &[], &guest("page")).await.expect(303);
    let (_, keys) = create_token(&host, "keys", &["keys"]).await;
    let mut other = host.visitor();
    show_token(&host, &mut other, &keys, "").await.expect(303);
    other.get(HOME).await.expect(403);
}

async fn refusals_and_failures_are_written_down(engine: Engine) {
    let host = shop(engine).await;
    show_token(&host, &mut host.visitor(), "this is not the token", "").await.expect(403);
    let mut visitor = sign_in(&host).await;
    let key = form_key(&mut visitor, ROLLBACK).await;
    let missing = format!("version=99&instead-of=2&csrf={key}");
    send(&mut visitor, form(&host, ROLLBACK), missing).await.expect(404);
    send(&mut visitor, form(&host, ROLLBACK), "version=1&instead-of=2&csrf=guessed").await.expect(403);
    deploy(&host, &mut visitor, DEPLOY, &[("canary", "many")], b"x").await.expect(422);
    let failed = deploy(&host, &mut visitor, DEPLOY, &[("note", "a note")], b"no component").await.expect(422);
    assert!(failed.text().contains("Nothing was deployed") && failed.text().contains("a note"));
    let are_there = async || {
        let entries = audited(&host).await;
        let has = |who: &str, act: &str, result: &str| {
            entries.iter().any(|entry| entry[0] == who && entry[1] == act && entry[3].contains(result))
        };
        let all = has("unknown", "sign in", "401")
            && has(VARIABLE, "rollback", "404: app shop has no version 99")
            && has(VARIABLE, "rollback", "403: this form is of another session")
            && has(VARIABLE, "deploy", "422: canary")
            && has(VARIABLE, "deploy", "WebAssembly");
        all.then_some(())
    };
    until("all of it is written down", are_there).await;
}

async fn an_act_that_was_done_is_not_done_twice(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let body = format!("version=1&instead-of=2&csrf={}", form_key(&mut visitor, ROLLBACK).await);
    for _ in 0..2 {
        let done = send(&mut visitor, form(&host, ROLLBACK), body.clone()).await.expect(303);
        assert_eq!(done.header("location"), Some(&*format!("{APP}?done=active-1")));
    }
    let rollbacks = audited(&host).await.iter().filter(|entry| entry[1] == "rollback").count();
    assert_eq!(rollbacks, 1);
}

async fn the_address_cannot_make_news(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    for (done, is_so) in [("active-2", true), ("active-1", false), ("canary-2", false), ("aborted-2", false)] {
        let page = visitor.get(&format!("{APP}?done={done}")).await.expect(200).text().to_owned();
        assert_eq!(page.contains("class=\"note good\""), is_so, "{done}: {page}");
    }
}

async fn a_new_app_is_a_new_one(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let refused = deploy(&host, &mut visitor, NEW_APP, &[("app", "shop")], &guest("hello")).await.expect(409);
    assert!(refused.text().contains("There is an app shop already"), "{}", refused.text());
    assert!(refused.text().contains(&format!("href=\"{DEPLOY}\"")), "{}", refused.text());
    let versions = command::on(host.database(), &["versions", "shop", "--json"]).await.succeeded().json();
    assert_eq!(versions.as_array().map(Vec::len), Some(2), "{versions}");
    let done = deploy(&host, &mut visitor, NEW_APP, &[("app", "second")], &guest("hello")).await.expect(303);
    assert_eq!(done.header("location"), Some("/_innkeeper/admin/ui/apps/second?done=active-1"));
}

async fn components_are_bounded_and_failed_ones_are_told(engine: Engine) {
    let host = TestHost::with(engine).app("shop", "hello").env(VARIABLE, TOKEN);
    let host = host.env("INNKEEPER_COMPONENT_BYTES", "3MiB").start().await;
    let mut visitor = sign_in(&host).await;
    let large =
        deploy(&host, &mut visitor, DEPLOY, &[("note", "kept")], &vec![b'x'; 3 << 20 | 1]).await.expect(413);
    assert!(large.text().contains("INNKEEPER_COMPONENT_BYTES") && large.text().contains("value=\"kept\""));
    let fields: Vec<(String, &str)> = (0..20).map(|number| (format!("field-{number}"), "x")).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    deploy(&host, &mut visitor, DEPLOY, &fields, b"x").await.expect(422);
    // A failed one does not stand in the way of the next.
    for number in 0..10 {
        deploy(&host, &mut visitor, DEPLOY, &[], format!("no component {number}").as_bytes()).await.expect(422);
    }
    deploy(&host, &mut visitor, DEPLOY, &[], &guest("page")).await.expect(303);
}

async fn only_who_may_deploy_takes_the_place_for_uploads(engine: Engine) {
    let host = shop(engine).await;
    let (_, reads) = create_token(&host, "reads", &["read"]).await;
    let mut visitor = sign_in_by(&host, &reads).await;
    let key = form_key(&mut visitor, APP).await;
    let fields = Multipart::new().field("csrf", &key);
    let open = |path: &str| {
        Request::post(path).header("origin", host.url()).header("content-type", fields.content_type())
    };
    // The body does not end, and is not waited for.
    let (body, gate) = Gated::new("--", "");
    let answer = tokio::time::timeout(Duration::from_secs(20), visitor.open(open(DEPLOY), body)).await;
    assert_eq!(answer.expect("an answer at once").expect("an answer").status(), 403);
    drop(gate);
    // Whoever may deploy and has sent no file yet holds nothing.
    let mut slow = sign_in(&host).await;
    let (body, gate) = Gated::new("--", "");
    let request = open(DEPLOY);
    let waiting = tokio::spawn(async move { slow.open(request, body).await.map(|_| ()) });
    let mut visitor = sign_in(&host).await;
    deploy(&host, &mut visitor, DEPLOY, &[], &guest("hello")).await.expect(303);
    assert!(!waiting.is_finished(), "it waits for the rest of the form");
    waiting.abort();
    drop(gate);
}

async fn a_version_that_has_failed_is_not_activated_without_a_word(engine: Engine) {
    let host = TestHost::with(engine).app("shop", "probe").env(VARIABLE, TOKEN).start().await;
    support::host::deploy(host.database(), "shop", "hostile", &[]).await.succeeded();
    let traps = async || (host.visitor().get("/trap").await.status == 500).then_some(());
    until("the new version answers", traps).await;
    let mut visitor = sign_in(&host).await;
    let went_back = async || {
        host.visitor().get("/trap").await;
        visitor.get(APP).await.text().contains("The host went back by itself").then_some(())
    };
    until("the host goes back", went_back).await;
    let page = visitor.get(&format!("{ROLLBACK}?version=2")).await.expect(200).text().to_owned();
    assert!(page.contains("Version 2 has failed") && page.contains("class=\"danger\""), "{page}");
    assert!(page.contains("It trapped"), "{page}");
}
