//! Commands that act on a host elsewhere, by its admin API: what `--to` names.

mod compiling;
mod deploying;
mod transport;

use super::logs::LogQuery;
use crate::config::{Environment, RemoteConfig};
use crate::operations::{
    ActivationView, AppChanges, AppView, AuditView, ConfigChanges, Deleted, DeletionPlan, HostView, KeyView,
    Lagging, LogView, NewToken, PrunedView, RollbackPlan, RollbackRequest, RolledBack, SettingsView, TokenRequest,
    TokenView, VersionView,
};
use crate::web::admin::{KeyRotation, NoteRequest, PATH, PruneRequest};
use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::{HeaderName, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::{Answer, Call, Transport};

/// What stands for itself in a path (RFC 3986 calls it unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const JSON: &str = "application/json";

/// A client of the admin API. Each method is the one of [`super::control::Control`].
pub(super) struct Client {
    transport: Transport,
}

/// A request that is being put together.
struct Asking<'c> {
    client: &'c Client,
    call: Call,
}

impl Client {
    /// The host at a URL, with the token of the environment.
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        let remote = RemoteConfig::new(url, &Environment::from_process())?;
        Ok(Self { transport: Transport::new(remote)? })
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> &str {
        self.transport.place()
    }

    fn ask(&self, method: Method, segments: &[&str]) -> Asking<'_> {
        let path: Vec<String> =
            segments.iter().map(|segment| utf8_percent_encode(segment, ESCAPED).to_string()).collect();
        let is_repeatable = method == Method::GET;
        let target = format!("{PATH}/{}", path.join("/"));
        Asking { client: self, call: Call { method, target, headers: Vec::new(), body: None, is_repeatable } }
    }

    async fn get<T: DeserializeOwned>(&self, segments: &[&str]) -> anyhow::Result<T> {
        self.ask(Method::GET, segments).answer().await
    }

    async fn post<T: DeserializeOwned>(&self, segments: &[&str], body: &impl Serialize) -> anyhow::Result<T> {
        self.ask(Method::POST, segments).json(body)?.answer().await
    }

    pub(super) async fn apps(&self) -> anyhow::Result<Vec<AppView>> {
        self.get(&["apps"]).await
    }

    pub(super) async fn app(&self, app: &str) -> anyhow::Result<AppView> {
        self.get(&["apps", app]).await
    }

    pub(super) async fn versions(&self, app: &str) -> anyhow::Result<Vec<VersionView>> {
        self.get(&["apps", app, "versions"]).await
    }

    pub(super) async fn activations(&self, app: &str) -> anyhow::Result<Vec<ActivationView>> {
        self.get(&["apps", app, "activations"]).await
    }

    pub(super) async fn component(&self, app: &str, version: Option<i64>) -> anyhow::Result<(i64, Vec<u8>)> {
        let number = match version {
            Some(version) => version,
            None => self.app(app).await?.active.with_context(|| format!("app {app} has no active version"))?,
        };
        let segments = ["apps", app, "versions", &number.to_string(), "component"];
        let answer = self.ask(Method::GET, &segments).send().await?;
        Ok((number, answer.body.to_vec()))
    }

    pub(super) async fn rollback_plan(&self, app: &str, version: Option<i64>) -> anyhow::Result<RollbackPlan> {
        let asking = self.ask(Method::GET, &["apps", app, "rollback"]);
        asking.query("version", version.map(|version| version.to_string())).answer().await
    }

    /// Says which version is meant: to go back twice would go back two versions.
    pub(super) async fn rollback(&self, app: &str, request: &RollbackRequest) -> anyhow::Result<RolledBack> {
        let version = match request.version {
            Some(version) => version,
            None => self.rollback_plan(app, None).await?.to,
        };
        self.post(&["apps", app, "rollback"], &RollbackRequest { version: Some(version), ..request.clone() }).await
    }

    pub(super) async fn promote(&self, app: &str, note: Option<&str>) -> anyhow::Result<RolledBack> {
        self.post(&["apps", app, "promote"], &noted(note)).await
    }

    pub(super) async fn abort(&self, app: &str, note: Option<&str>) -> anyhow::Result<i64> {
        let canary = self.app(app).await?.canary.map(|canary| canary.version);
        let _: AppView = self.post(&["apps", app, "abort"], &noted(note)).await?;
        canary.ok_or_else(|| anyhow!("{app} had no canary when asked; one that was made meanwhile was ended"))
    }

    pub(super) async fn settings(&self, app: &str) -> anyhow::Result<SettingsView> {
        self.get(&["apps", app, "settings"]).await
    }

    pub(super) async fn change_config(&self, app: &str, changes: &ConfigChanges) -> anyhow::Result<SettingsView> {
        self.ask(Method::PATCH, &["apps", app, "config"]).json(changes)?.answer().await
    }

    pub(super) async fn change_app(&self, app: &str, changes: &AppChanges) -> anyhow::Result<SettingsView> {
        let asking = self.ask(Method::PATCH, &["apps", app, "settings"]).json(changes)?;
        asking.repeatable().answer().await
    }

    pub(super) async fn deletion_plan(&self, app: &str) -> anyhow::Result<DeletionPlan> {
        self.get(&["apps", app, "deletion"]).await
    }

    pub(super) async fn delete_app(&self, app: &str, keep_data: bool) -> anyhow::Result<Deleted> {
        let asking = self.ask(Method::DELETE, &["apps", app]).query("confirm", Some(app.to_owned()));
        asking.query("keep-data", keep_data.then(|| "true".to_owned())).answer().await
    }

    pub(super) async fn prunable(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        let asking = self.ask(Method::GET, &["apps", app, "prune"]);
        asking.query("keep", keep.map(|keep| keep.to_string())).answer().await
    }

    pub(super) async fn prune(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        self.post(&["apps", app, "prune"], &PruneRequest { keep }).await
    }

    pub(super) async fn hosts(&self) -> anyhow::Result<Vec<HostView>> {
        self.get(&["hosts"]).await
    }

    pub(super) async fn lagging(&self, app: &str, generation: i64) -> anyhow::Result<Vec<Lagging>> {
        let asking = self.ask(Method::GET, &["apps", app, "lagging"]);
        asking.query("generation", Some(generation.to_string())).answer().await
    }

    pub(super) async fn audit(
        &self,
        app: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> anyhow::Result<Vec<AuditView>> {
        let asking = self.ask(Method::GET, &["audit"]).query("app", app.map(str::to_owned));
        let asking = asking.query("before", before.map(|before| before.to_string()));
        asking.query("limit", Some(most.to_string())).answer().await
    }

    pub(super) async fn logs(&self, app: &str, query: &LogQuery) -> anyhow::Result<LogView> {
        let asking = self.ask(Method::GET, &["apps", app, "logs"]);
        let asking = asking.query("since", query.since.map(|since| since.to_string()));
        let asking = asking.query("request", query.request.clone()).query("level", query.level.clone());
        asking.query("limit", Some(query.limit.to_string())).answer().await
    }

    pub(super) async fn keys(&self) -> anyhow::Result<Vec<KeyView>> {
        self.get(&["keys"]).await
    }

    pub(super) async fn rotate_keys(&self, revoke: bool) -> anyhow::Result<KeyView> {
        self.post(&["keys"], &KeyRotation { revoke }).await
    }

    pub(super) async fn tokens(&self) -> anyhow::Result<Vec<TokenView>> {
        self.get(&["tokens"]).await
    }

    pub(super) async fn create_token(&self, request: &TokenRequest) -> anyhow::Result<NewToken> {
        self.post(&["tokens"], request).await
    }

    pub(super) async fn revoke_token(&self, id: &str) -> anyhow::Result<TokenView> {
        self.ask(Method::DELETE, &["tokens", id]).answer().await
    }
}

fn noted(note: Option<&str>) -> NoteRequest {
    NoteRequest { note: note.map(str::to_owned) }
}

impl Asking<'_> {
    fn query(mut self, name: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            let border = if self.call.target.contains('?') { '&' } else { '?' };
            let value = utf8_percent_encode(&value, ESCAPED);
            self.call.target.push_str(&format!("{border}{name}={value}"));
        }
        self
    }

    fn json(mut self, value: &impl Serialize) -> anyhow::Result<Self> {
        self.call.body = Some((JSON, serde_json::to_vec(value)?.into()));
        Ok(self)
    }

    fn bytes(mut self, bytes: Bytes) -> Self {
        self.call.body = Some(("application/octet-stream", bytes));
        self
    }

    fn header(mut self, name: HeaderName, value: String) -> Self {
        self.call.headers.push((name, value));
        self
    }

    /// Says that it does the same when it comes twice.
    fn repeatable(mut self) -> Self {
        self.call.is_repeatable = true;
        self
    }

    async fn send(self) -> anyhow::Result<Answer> {
        let answer = self.client.transport.send(&self.call).await?;
        self.client.transport.expect(answer)
    }

    async fn answer<T: DeserializeOwned>(self) -> anyhow::Result<T> {
        let place = self.client.place().to_owned();
        let answer = self.send().await?;
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{place}: an answer that this release of the command does not understand"))
    }
}
