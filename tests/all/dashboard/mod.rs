//! The operator's dashboard: as a person uses it in a browser, and as others would misuse it.

mod acts;
mod browser;
mod doors;
mod origins;
mod outages;
mod sessions;

use bytes::Bytes;
use http::Request;
use http::request::Builder;
use http_body_util::Full;
use serde_json::Value;
use support::{Answer, Engine, TestHost, Visitor, command};

const VARIABLE: &str = "INNKEEPER_ADMIN_TOKEN";
const TOKEN: &str = "a-token-of-the-operator,0123456789=";
const HOME: &str = "/_innkeeper/admin/";
const SIGN_IN: &str = "/_innkeeper/admin/ui/sign-in";
const APP: &str = "/_innkeeper/admin/ui/apps/shop";
const ROLLBACK: &str = "/_innkeeper/admin/ui/apps/shop/rollback";
const FORM: &str = "application/x-www-form-urlencoded";

/// A host with an app `shop` of two versions, the second of which is active.
async fn shop(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("shop", "hello").env(VARIABLE, TOKEN).start().await;
    host.swap("shop", "page").await;
    host
}

async fn send(visitor: &mut Visitor, request: Builder, body: impl Into<Bytes>) -> Answer {
    visitor.send(request, Full::new(body.into())).await
}

/// A form as a browser on the dashboard's own page sends it.
fn form(host: &TestHost, path: &str) -> Builder {
    Request::post(path).header("origin", host.url()).header("content-type", FORM)
}

/// Fills in the form for a token, which leads to a page.
async fn show_token(host: &TestHost, visitor: &mut Visitor, token: &str, to: &str) -> Answer {
    let key = hidden(visitor.get(SIGN_IN).await.expect(200).text(), "key");
    send(visitor, form(host, SIGN_IN), format!("token={token}&to={to}&key={key}")).await
}

async fn sign_in(host: &TestHost) -> Visitor {
    sign_in_by(host, TOKEN).await
}

async fn sign_in_by(host: &TestHost, token: &str) -> Visitor {
    let mut visitor = host.visitor();
    let answer = show_token(host, &mut visitor, token, "").await.expect(303);
    assert_eq!(answer.header("location"), Some(HOME));
    visitor
}

/// What stands in the hidden field of a page's forms.
async fn form_key(visitor: &mut Visitor, path: &str) -> String {
    hidden(visitor.get(path).await.expect(200).text(), "csrf")
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().expect("an end").to_owned()
}

/// A new token: its id and its text.
async fn create_token(host: &TestHost, name: &str, scopes: &[&str]) -> (String, String) {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let arguments: Vec<&str> = ["token", "create", "--name", name, "--json"].into_iter().chain(scopes).collect();
    let created = command::on(host.database(), &arguments).await.succeeded().json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
    (text(&created["about"]["id"]), text(&created["token"]))
}

/// Entries of the audit log, the newest first: who, what, about which app, with which result.
async fn audited(host: &TestHost) -> Vec<[String; 4]> {
    let entries = command::on(host.database(), &["audit", "--json"]).await.succeeded().json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |entry: &Value| ["by", "action", "app", "result"].map(|name| text(&entry[name]));
    entries.as_array().expect("a list").iter().map(entry).collect()
}
