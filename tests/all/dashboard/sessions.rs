//! How a session begins, is kept apart from what others plant, and ends.

use http::Request;
use http::header::COOKIE;
use support::{Engine, TestHost};

use super::{APP, HOME, SIGN_IN, TOKEN, VARIABLE, create_token, form, form_key, hidden, send, shop, sign_in};

on_both_databases! {
    signing_out_ends_the_session_and_not_only_the_cookie,
    a_cookie_that_somebody_plants_locks_nobody_out,
    a_form_for_a_token_is_good_in_the_browser_that_has_got_it,
    a_link_of_another_site_finds_the_session,
}

const SESSION: &str = "innkeeper-admin_session";
const SIGN_OUT: &str = "/_innkeeper/admin/ui/sign-out";

async fn signing_out_ends_the_session_and_not_only_the_cookie(engine: Engine) {
    let mut host = shop(engine).await;
    let mut visitor = sign_in(&host).await;
    let (copy, key) = (visitor.jar.header().expect("a session"), form_key(&mut visitor, HOME).await);
    let other = sign_in(&host).await.jar.header().expect("a session");
    send(&mut visitor, form(&host, SIGN_OUT), format!("csrf={key}")).await.expect(303);
    assert!(visitor.jar.all().all(|(name, _)| name != SESSION), "{:?}", visitor.jar);
    host.visitor().get_with(HOME, "cookie", &copy).await.expect(303);
    let rollback = form(&host, "/_innkeeper/admin/ui/apps/shop/rollback").header(COOKIE, &copy);
    let answer = send(&mut host.visitor(), rollback, format!("version=1&instead-of=2&csrf={key}")).await;
    assert_eq!(answer.expect(303).header("location"), Some(SIGN_IN));
    assert!(host.visitor().get("/").await.text().contains("visits="), "nothing was done");
    if engine == Engine::Postgres {
        let (_twin, mut twin) = host.twin().await;
        twin.get_with(HOME, "cookie", &copy).await.expect(303);
        twin.get_with(HOME, "cookie", &other).await.expect(200);
    }
    host.restart().await;
    host.visitor().get_with(HOME, "cookie", &copy).await.expect(303);
    host.visitor().get_with(HOME, "cookie", &other).await.expect(200);
}

async fn a_cookie_that_somebody_plants_locks_nobody_out(engine: Engine) {
    let host = TestHost::with(engine).env(VARIABLE, TOKEN).start().await;
    let own = sign_in(&host).await.jar.header().expect("a session");
    for planted in [format!("{SESSION}=x"), format!("{SESSION}=b3BlcmF0b3I.1.1.AAAA.00000000.AAAA")] {
        for cookies in [format!("{planted}; {own}"), format!("{own}; {planted}")] {
            host.visitor().get_with(HOME, "cookie", &cookies).await.expect(200);
        }
    }
    host.visitor().get_with(HOME, "cookie", &format!("{own}; {own}")).await.expect(200);
    let others = sign_in(&host).await.jar.header().expect("a session");
    host.visitor().get_with(HOME, "cookie", &format!("{own}; {others}")).await.expect(303);
    let cookies = format!("{SESSION}=x; {SESSION}=y");
    let page = host.visitor().get_with(SIGN_IN, "cookie", &cookies).await.expect(200);
    assert!(page.text().contains("several cookies"), "{}", page.text());
}

async fn a_form_for_a_token_is_good_in_the_browser_that_has_got_it(engine: Engine) {
    let host = shop(engine).await;
    let (_, others) = create_token(&host, "others", &["read"]).await;
    let page = host.visitor().get(SIGN_IN).await.expect(200);
    let others_key = hidden(page.text(), "key");
    let mut visitor = host.visitor();
    let own_key = hidden(visitor.get(SIGN_IN).await.expect(200).text(), "key");
    for key in ["", "x", &others_key] {
        let answer = send(&mut visitor, form(&host, SIGN_IN), format!("token={others}&key={key}")).await;
        assert!(answer.expect(403).text().contains("was not made for this browser"), "{key}");
        assert!(visitor.jar.all().all(|(name, _)| name != SESSION), "{:?}", visitor.jar);
    }
    send(&mut visitor, form(&host, SIGN_IN), format!("token={TOKEN}&key={own_key}")).await.expect(303);
    // Nobody is put into another one's session.
    let answer = send(&mut visitor, form(&host, SIGN_IN), format!("token={others}&key={own_key}")).await;
    assert!(answer.expect(409).text().contains("signed in already"));
    assert!(visitor.get(APP).await.expect(200).text().contains(VARIABLE));
    assert_eq!(visitor.get(SIGN_IN).await.expect(303).header("location"), Some(HOME));
}

async fn a_link_of_another_site_finds_the_session(engine: Engine) {
    let host = shop(engine).await;
    let from_elsewhere = || Request::get(APP).header("sec-fetch-site", "cross-site");
    // The browser keeps the cookie back, so this page makes it ask for the same address once more.
    let answer = send(&mut host.visitor(), from_elsewhere(), "").await.expect(200);
    assert_eq!(answer.header("refresh"), Some(&*format!("0; url={APP}")));
    assert!(!answer.text().contains("Versions"), "{}", answer.text());
    let again = Request::get(APP).header("sec-fetch-site", "same-origin");
    send(&mut host.visitor(), again, "").await.expect(303);
    let mut visitor = sign_in(&host).await;
    send(&mut visitor, from_elsewhere(), "").await.expect(200);
}
