//! The admin API: who may do what, how components come in, what becomes of deployments, and how the
//! command line speaks it.

mod access;
mod audit;
mod changes;
mod components;
mod crowding;
mod deployments;
mod endings;
mod native_code;
mod remote;
mod requests;
mod schemathesis;
mod secrecy;
mod tokens;
mod uploads;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::{Answer, Engine, TestHost, Visitor, command, paths};

const API: &str = "/_innkeeper/admin/api";
const ROOT_VARIABLE: &str = "INNKEEPER_ADMIN_TOKEN";
const ROOT: &str = "the-root-token-0123456789abcdef-of-a-test";

/// A host with the app `probe`, which knows the root token. On a slow disk many small changes are
/// in each other's way for a while.
async fn host(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("probe", "probe").env(ROOT_VARIABLE, ROOT);
    host.env("INNKEEPER_POOL_WAIT", "30s").start().await
}

/// A client of the API that shows a token.
struct Api {
    visitor: Visitor,
    token: Option<String>,
}

impl Api {
    fn new(visitor: Visitor, token: &str) -> Self {
        Self { visitor, token: Some(token.to_owned()) }
    }

    fn root(host: &TestHost) -> Self {
        Self::new(host.visitor(), ROOT)
    }

    fn nobody(host: &TestHost) -> Self {
        Self { visitor: host.visitor(), token: None }
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{API}{path}"));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    async fn send(&mut self, request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
        let answer = self.visitor.send(request, Full::new(body.into())).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path), Bytes::new()).await
    }

    async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request, body.to_string()).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    /// Makes a token with these scopes and returns its text.
    async fn make_token(&mut self, scopes: &[&str]) -> String {
        let made = self.post("/tokens", &json!({ "name": scopes.join(" "), "scopes": scopes })).await.expect(201);
        made.json()["token"].as_str().expect("a text").to_owned()
    }

    /// Brings a component in one piece, and returns its hash.
    async fn bring(&mut self, app: &str, bytes: &[u8]) -> String {
        let sha256 = support::bytes::sha256(bytes);
        let begun = json!({ "sha256": sha256, "size": bytes.len() });
        let upload = self.post(&format!("/apps/{app}/uploads"), &begun).await.expect(200).json();
        if let Some(id) = upload["id"].as_str() {
            let sent = self.piece(app, id, 0, bytes).await.expect(200).json();
            assert_eq!(sent["complete"], true, "{sent}");
        }
        sha256
    }

    async fn piece(&mut self, app: &str, id: &str, offset: usize, bytes: &[u8]) -> Answer {
        let request = self.request(Method::PATCH, &format!("/apps/{app}/uploads/{id}"));
        let request = request.header("content-type", "application/octet-stream").header("upload-offset", offset);
        self.send(request, Bytes::copy_from_slice(bytes)).await
    }

    /// Waits until a deployment has ended, and returns what is said of it.
    async fn ended(&mut self, app: &str, id: &str) -> Value {
        support::until("the deployment ends", async || {
            let view = self.get(&format!("/apps/{app}/deployments/{id}")).await.expect(200).json();
            view["ended_at"].is_string().then_some(view)
        })
        .await
    }
}

/// The bytes of a built guest.
fn component(guest: &str) -> Vec<u8> {
    std::fs::read(paths::guest(guest)).expect("the guest is built: tests/guests/build")
}

/// What `kind` an error has.
fn kind(answer: &Answer) -> String {
    answer.json()["kind"].as_str().expect("an error has a kind").to_owned()
}

/// Runs a command on a host by its URL.
async fn command_to(host: &str, token: &str, arguments: &[&str]) -> command::Finished {
    let mut command = command::innkeeper(&[arguments, &["--to", host]].concat());
    command.env("INNKEEPER_TOKEN", token);
    command::finish(command, support::COMPILE_DEADLINE).await
}
