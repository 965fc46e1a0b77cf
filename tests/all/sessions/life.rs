//! From the first write to the end: ids, users, tokens, cookies.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op};
use support::{Engine, Visitor};

use super::{get, probe, renew, set};

on_both_databases! {
    renewing_gives_a_new_id_and_keeps_the_values,
    a_destroyed_session_is_gone,
    every_session_of_a_user_can_be_ended,
    a_token_is_good_for_its_form_and_its_visitor,
    a_session_ends_when_its_time_is_over,
    a_cookie_that_the_host_did_not_give_opens_nothing,
    an_app_never_sees_the_cookie,
    of_two_cookies_none_counts,
    a_new_session_lives_as_long_as_it_is_told,
    a_session_is_as_it_was_when_its_commit_fails,
}

async fn renewing_gives_a_new_id_and_keeps_the_values(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("cart", "3 apples")])).await);
    let mut before = visitor.clone();
    all_ok(&visitor.probe(json!([renew(Some("Ada"))])).await);
    assert_ne!(visitor.jar.header(), before.jar.header());
    let results = visitor.probe(json!([op("session.get-user"), get("cart")])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&json!("Ada"), &json!("3 apples")));
    let dead = before.probe(json!([op("session.get-user"), get("cart")])).await;
    assert_eq!((ok(&dead[0]), ok(&dead[1])), (&Value::Null, &Value::Null));
}

async fn a_destroyed_session_is_gone(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1"), renew(Some("Ada"))])).await);
    let mut before = visitor.clone();
    all_ok(&visitor.probe(json!([op("session.destroy")])).await);
    assert_eq!(host.database().count("probe", "sessions").await, 0);
    assert_eq!(ok(&before.probe_one(get("a")).await), &Value::Null);
    all_ok(&before.probe(json!([set("b", "1"), op("session.destroy"), set("c", "1")])).await);
    assert_eq!(ok(&before.probe_one(op("session.get-keys")).await), &json!(["c"]));
}

async fn every_session_of_a_user_can_be_ended(engine: Engine) {
    let (host, mut laptop) = probe(engine).await;
    let (mut phone, mut other) = (host.visitor(), host.visitor());
    for (visitor, user) in [(&mut laptop, "Ada"), (&mut phone, "Ada"), (&mut other, "Grace")] {
        all_ok(&visitor.probe(json!([renew(Some(user))])).await);
    }
    let ended = laptop.probe_one(json!({ "op": "session.destroy-all", "user": "Ada" })).await;
    assert_eq!(ok(&ended), 2);
    for (visitor, user) in [(&mut laptop, Value::Null), (&mut phone, Value::Null), (&mut other, json!("Grace"))] {
        assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), &user);
    }
}

async fn a_token_is_good_for_its_form_and_its_visitor(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let token = |form: &str| json!({ "op": "session.csrf-token", "form": form });
    let results = visitor.probe(json!([token("buy"), token("buy"), token("sell")])).await;
    let [buy, again, sell] = [&results[0], &results[1], &results[2]].map(ok);
    assert!(buy.as_str().is_some_and(|token| token.len() >= 20) && buy == again && buy != sell, "{results:?}");
    let check = |form: &str, token: &Value| json!({ "op": "session.csrf-check", "form": form, "token": token });
    let checks =
        json!([check("buy", buy), check("sell", buy), check("buy", &json!("")), check("buy", &json!("x"))]);
    let said: Vec<Value> = visitor.probe(checks).await.iter().map(|result| ok(result).clone()).collect();
    assert_eq!(said, [true, false, false, false]);
    assert_eq!(ok(&host.visitor().probe_one(check("buy", buy)).await), false);
    all_ok(&visitor.probe(json!([renew(None)])).await);
    assert_eq!(ok(&visitor.probe_one(check("buy", buy)).await), false, "renewed");
}

async fn a_session_ends_when_its_time_is_over(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let expiry = json!({ "op": "session.set-expiry", "absolute-seconds": 1 });
    all_ok(&visitor.probe(json!([set("a", "1"), expiry])).await);
    let ended = async || ok(&visitor.probe_one(get("a")).await).is_null().then_some(());
    support::until("the session ends", ended).await;
}

async fn a_cookie_that_the_host_did_not_give_opens_nothing(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let (name, value) =
        visitor.jar.all().next().map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a cookie");
    let shorter = value[..value.len() - 1].to_owned();
    let swapped: String = value.chars().rev().collect();
    for forged in
        [shorter, format!("{value}x"), swapped, String::new(), "' or 1=1 --".to_owned(), "%00".to_owned()]
    {
        let mut forger = host.visitor();
        forger.jar.put(&name, &forged);
        assert_eq!(ok(&forger.probe_one(get("a")).await), &Value::Null, "{forged}");
        all_ok(&forger.probe(json!([set("b", "1")])).await);
        let given = forger.jar.all().find(|(other, _)| *other == name).map(|(_, value)| value.to_owned());
        assert_ne!(given.as_deref(), Some(&*forged), "an id that the visitor chose is never taken on");
    }
    assert_eq!(host.database().count("probe", "sessions").await, 7);
}

async fn an_app_never_sees_the_cookie(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let session: Vec<String> = visitor.jar.all().map(|(_, value)| value.to_owned()).collect();
    visitor.jar.put("own", "of the app");
    let headers = visitor.probe_one(op("echo-headers")).await.to_string();
    assert!(headers.contains("own=of the app"), "{headers}");
    assert!(session.iter().all(|value| !headers.contains(value)), "{headers}");
}

async fn of_two_cookies_none_counts(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let mut planter = host.visitor();
    all_ok(&planter.probe(json!([set("a", "2")])).await);
    let [own, planted] = [&visitor, &planter].map(|visitor| visitor.jar.header().expect("a session"));
    let fat = format!("{own}; fat={}", "x".repeat(16 << 10));
    for (cookie, found) in
        [(format!("{own}; {planted}"), Value::Null), (format!("{own}; {own}"), json!("1")), (fat, json!("1"))]
    {
        let request = Visitor::with_steps("/steps", &json!([get("a")])).header("cookie", cookie);
        let answer = host.visitor().send(request, super::empty()).await.expect(200).json();
        assert_eq!(ok(&answer[0]), &found);
    }
    let lines = Visitor::with_steps("/steps", &json!([get("a")])).header("cookie", own).header("cookie", planted);
    assert_eq!(ok(&host.visitor().send(lines, super::empty()).await.expect(200).json()[0]), &Value::Null);
}

async fn a_new_session_lives_as_long_as_it_is_told(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let day = json!({ "op": "session.set-expiry", "idle-seconds": 86_400, "absolute-seconds": 86_400 });
    all_ok(&visitor.probe(json!([renew(Some("Ada")), day])).await);
    assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), "Ada");
}

async fn a_session_is_as_it_was_when_its_commit_fails(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let create = "create table refers (name text primary key, parent text references refers (name) \
                  deferrable initially deferred)";
    let broken = "insert into refers (name, parent) values ('child', 'nobody')";
    let sql = |sql: &str| json!({ "op": "db.execute", "sql": sql, "params": [] });
    all_ok(&visitor.probe(json!([sql(create), set("cart", "3 apples")])).await);
    let user = op("session.get-user");
    let steps = json!([renew(Some("Ada")), sql(broken), op("db.commit"), user, op("db.rollback"), user]);
    let results = visitor.probe(steps).await;
    assert!(results[2].get("error").is_some(), "{results:?}");
    assert_eq!((code(&results[3]), ok(&results[5])), ("closed", &Value::Null));
    assert_eq!(ok(&visitor.probe_one(get("cart")).await), "3 apples");
}
