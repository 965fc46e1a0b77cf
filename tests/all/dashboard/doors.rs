//! Who comes in, and what nobody else learns.

use http::header::{COOKIE, HOST, LOCATION};
use http::request::Builder;
use http::{Method, Request};
use serde_json::json;
use support::probe::op;
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

use super::{
    APP, FORM, HOME, ROLLBACK, SIGN_IN, TOKEN, VARIABLE, create_token, form, form_key, hidden, send, shop,
    show_token, sign_in, sign_in_by,
};

on_both_databases! {
    only_a_token_opens_and_wrong_ones_are_few_a_minute,
    without_a_session_there_is_nothing_but_the_form,
    no_guest_sees_the_session,
    a_form_needs_its_origin_and_its_key,
    a_token_shows_and_does_only_what_its_scopes_allow,
    a_session_is_good_on_every_host_and_ends_with_its_token,
    answers_tell_browsers_to_be_strict,
    over_http_only_on_the_same_machine,
}

async fn only_a_token_opens_and_wrong_ones_are_few_a_minute(engine: Engine) {
    let host = TestHost::with(engine).env(VARIABLE, TOKEN).start().await;
    let mut visitor = host.visitor();
    for wrong in ["", "x", &TOKEN[1..], &format!("{TOKEN}x"), &TOKEN.to_uppercase()] {
        let answer = show_token(&host, &mut visitor, wrong, "").await.expect(403);
        assert!(answer.text().contains("does not open anything here"), "{}", answer.text());
        assert_eq!(answer.header("set-cookie"), None);
    }
    for _ in 0..5 {
        show_token(&host, &mut visitor, "x", "").await.expect(403);
    }
    let many = show_token(&host, &mut visitor, "x", "").await.expect(429);
    let wait: u64 = many.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    sign_in(&host).await.get(HOME).await.expect(200);
    assert!(!host.logs().contains(TOKEN), "the token is not logged");
}

async fn without_a_session_there_is_nothing_but_the_form(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = host.visitor();
    for (path, place) in [
        (HOME.to_owned(), SIGN_IN.to_owned()),
        (APP.to_owned(), format!("{SIGN_IN}?to=%2F_innkeeper%2Fadmin%2Fui%2Fapps%2Fshop")),
        ("/_innkeeper/admin/ui/audit".to_owned(), format!("{SIGN_IN}?to=%2F_innkeeper%2Fadmin%2Fui%2Faudit")),
        ("/_innkeeper/admin".to_owned(), HOME.to_owned()),
        ("/_innkeeper/admin/ui".to_owned(), HOME.to_owned()),
    ] {
        let answer = visitor.get(&path).await.expect(303);
        assert_eq!((answer.header("location"), answer.body.len()), (Some(place.as_str()), 0), "{path}");
    }
    let answer = send(&mut visitor, form(&host, ROLLBACK), "version=1").await.expect(303);
    assert_eq!(answer.header("location"), Some(SIGN_IN));
    visitor.get("/_innkeeper/admin/ui/nothing").await.expect(404);
    for forged in ["x", "a.b.c.d.e.f", "b3BlcmF0b3I.1.1.AAAA.00000000.AAAA"] {
        visitor.jar.put("innkeeper-admin_session", forged);
        assert_eq!(visitor.get(HOME).await.expect(303).header("location"), Some(SIGN_IN));
    }
    // Where it leads afterwards is a page of the dashboard, whatever the form says.
    for elsewhere in ["https://evil.example/", "//evil.example/", "/shop", "/_innkeeper/admin/ui/sign-out"] {
        let answer = show_token(&host, &mut host.visitor(), TOKEN, elsewhere).await.expect(303);
        assert_eq!(answer.header("location"), Some(HOME), "{elsewhere}");
    }
    let token = host.visitor().get_with(HOME, "authorization", &format!("Bearer {TOKEN}")).await;
    assert_eq!(token.status, 303, "the token itself is no session");
}

async fn no_guest_sees_the_session(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("admin", "probe").env(VARIABLE, TOKEN);
    let host = host.env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let mut visitor = host.visitor();
    let page = visitor.get_with(SIGN_IN, "x-forwarded-proto", "https").await.expect(200);
    let key = hidden(page.text(), "key");
    let secure = form(&host, SIGN_IN).header("x-forwarded-proto", "https");
    let secure = secure.header("sec-fetch-site", "same-origin");
    let answer = send(&mut visitor, secure, format!("token={TOKEN}&key={key}")).await.expect(303);
    let cookie = answer.header("set-cookie").expect("a session").to_owned();
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(pair.starts_with("__Host-innkeeper-admin_session="), "{cookie}");
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure");
    let plain = sign_in(&host).await.jar.header().expect("a session");
    assert!(plain.starts_with("innkeeper-admin_session=") && !plain.contains(TOKEN), "{plain}");
    for path in ["/steps", "/admin/steps"] {
        for cookies in [pair, &plain, &format!("a=1; {pair}; b=2"), &format!("{plain}, c=3")] {
            let request = Visitor::with_steps(path, &json!([op("echo-headers")])).header(COOKIE, cookies);
            let seen = send(&mut host.visitor(), request, "").await.expect(200).text().to_owned();
            let values = [pair, &plain].map(|pair| pair.split_once('=').expect("a pair").1);
            assert!(values.iter().all(|value| !seen.contains(value)), "{seen}");
        }
    }
}

async fn a_form_needs_its_origin_and_its_key(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let key = form_key(&mut visitor, ROLLBACK).await;
    let right = format!("version=1&instead-of=2&csrf={key}");
    let others = form_key(&mut sign_in(&host).await, ROLLBACK).await;
    let origin = host.url();
    let plain = || Request::post(ROLLBACK).header("content-type", FORM);
    let own = |request: Builder| request.header("origin", &origin);
    for (request, body, status) in [
        (plain(), right.clone(), 403),
        (plain().header("origin", "http://evil.example"), right.clone(), 403),
        (plain().header("origin", "null"), right.clone(), 403),
        (own(plain()).header("sec-fetch-site", "cross-site"), right.clone(), 403),
        (own(plain()).header("sec-fetch-site", "same-site"), right.clone(), 403),
        (own(plain()).header("sec-fetch-mode", "cors"), right.clone(), 403),
        (own(plain()).header("sec-fetch-dest", "iframe"), right.clone(), 403),
        (own(plain()), "version=1&instead-of=2".to_owned(), 403),
        (own(plain()), "version=1&instead-of=2&csrf=".to_owned(), 403),
        (own(plain()), format!("version=1&instead-of=2&csrf={others}"), 403),
        (own(Request::post(ROLLBACK)).header("content-type", "text/plain"), right.clone(), 422),
        (own(plain()), format!("{right}&note={}", "x".repeat(40_000)), 422),
    ] {
        let answer = send(&mut visitor, request, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        send(&mut visitor, own(Request::builder().method(method).uri(ROLLBACK)), "").await.expect(405);
    }
    assert!(host.visitor().get("/").await.text().contains("visits="), "nothing was done");
    let late = send(&mut visitor, own(plain()), format!("version=1&instead-of=1&csrf={key}")).await.expect(409);
    assert!(late.text().contains("another version was made active meanwhile"), "{}", late.text());
    let done = send(&mut visitor, own(plain()), right).await.expect(303);
    assert_eq!(done.header("location"), Some(&*format!("{APP}?done=active-1")));
    let answers = async || (host.visitor().get("/").await.text() == "Hello, world!").then_some(());
    until("version 1 answers", answers).await;
}

async fn a_token_shows_and_does_only_what_its_scopes_allow(engine: Engine) {
    let host = shop(engine).await;
    let (id, reads) = create_token(&host, "looks", &["read"]).await;
    let mut visitor = sign_in_by(&host, &reads).await;
    let page = visitor.get(APP).await.expect(200).text().to_owned();
    assert!(page.contains("token looks") && !page.contains("Roll back") && !page.contains("/deploy\""), "{page}");
    visitor.get("/_innkeeper/admin/ui/audit").await.expect(200);
    let key = form_key(&mut visitor, APP).await;
    let body = format!("version=1&instead-of=2&csrf={key}");
    let refused = send(&mut visitor, form(&host, ROLLBACK), body).await.expect(403);
    assert!(refused.text().contains("Your token may not do this"), "{}", refused.text());
    let (_, other) = create_token(&host, "other", &["read", "rollback:blog"]).await;
    let mut other = sign_in_by(&host, &other).await;
    let body = format!("version=1&instead-of=2&csrf={}", form_key(&mut other, APP).await);
    send(&mut other, form(&host, ROLLBACK), body).await.expect(403);
    assert!(host.visitor().get("/").await.text().contains("visits="), "nothing was done");
    let (_, may) = create_token(&host, "may", &["read", "rollback:shop"]).await;
    let mut may = sign_in_by(&host, &may).await;
    let body = format!("version=1&instead-of=2&csrf={}", form_key(&mut may, ROLLBACK).await);
    send(&mut may, form(&host, ROLLBACK), body).await.expect(303);
    let history = visitor.get(APP).await.expect(200).text().to_owned();
    assert!(history.contains("token may ("), "{history}");
    command::on(host.database(), &["token", "revoke", &id]).await.succeeded();
    let ended = async || (visitor.get(HOME).await.status == 303).then_some(());
    until("a revoked token ends its sessions", ended).await;
    show_token(&host, &mut host.visitor(), &reads, "").await.expect(403);
}

async fn a_session_is_good_on_every_host_and_ends_with_its_token(engine: Engine) {
    let mut host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let cookie = visitor.jar.header().expect("a session");
    host.restart().await;
    visitor.get(HOME).await.expect(200);
    if engine == Engine::Postgres {
        let (_twin, mut other) = host.twin().await;
        other.get_with(HOME, "cookie", &cookie).await.expect(200);
        other.get(HOME).await.expect(303);
    }
    let database: &TestDatabase = host.database();
    command::on(database, &["keys", "rotate", "--revoke"]).await.succeeded();
    let ended = async || (visitor.get(HOME).await.status == 303).then_some(());
    until("the exchange of the keys ends the session", ended).await;
}

async fn answers_tell_browsers_to_be_strict(engine: Engine) {
    let host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let page = visitor.get(APP).await.expect(200);
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    for directive in [
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.split("; ").any(|one| one == directive), "{policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    for path in [APP, HOME, SIGN_IN, "/_innkeeper/admin/ui/apps/missing", "/_innkeeper/admin/ui/nothing"] {
        let answer = visitor.get(path).await;
        for (name, value) in [
            ("content-security-policy", policy.as_str()),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        assert!(!answer.text().contains("<script") && !answer.text().contains(" style="), "{path}");
    }
    let (_, rest) = page.text().split_once("rel=\"stylesheet\" href=\"").expect("a style sheet");
    let style = rest.split('"').next().expect("an end").to_owned();
    let sheet = host.visitor().get(&style).await.expect(200);
    assert_eq!(sheet.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(sheet.header("cache-control").is_some_and(|value| value.contains("immutable")));
    host.visitor().get(&style.replace("style-", "style-0")).await.expect(404);
    let live = visitor.get(&format!("{APP}?live=1")).await.expect(200);
    assert_eq!((live.header("refresh"), page.header("refresh")), (Some("5"), None));
}

async fn over_http_only_on_the_same_machine(engine: Engine) {
    let host = TestHost::with(engine).env(VARIABLE, TOKEN).env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let ask = async |name: &str, scheme: &str| {
        let request = Request::get(SIGN_IN).header(HOST, name).header("x-forwarded-proto", scheme);
        send(&mut host.visitor(), request, "").await
    };
    ask("inn.example", "https").await.expect(200);
    let refused = ask("inn.example", "http").await.expect(403);
    assert!(refused.text().contains("Come by https"), "{}", refused.text());
    ask("localhost:8080", "http").await.expect(200);
    assert_eq!(ask("inn.example", "https").await.header(LOCATION.as_str()), None);
}
