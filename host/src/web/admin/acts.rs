//! Carrying out what was asked for.

use super::auth::TokenId;
use super::endpoint::Act;
use super::error::ApiError;
use super::{
    Admin, Admitted, CurrentToken, IDEMPOTENCY_KEY, KeyRotation, NoteRequest, PruneRequest, Reply, UPLOAD_LENGTH,
    UPLOAD_OFFSET, body,
};
use crate::guests::overrides::ConfigValue;
use crate::operations::shares::{Crowded, Share, Shares};
use crate::operations::{
    AppChanges, ConfigChanges, ConfigSource, DeploymentRequest, HostView, OperationError, Order, PIECE_BYTES,
    RollbackRequest, Scope, UploadRequest, UploadView, Uploader,
};
use crate::telemetry::log_ring::{Level, LinesWanted};
use crate::telemetry::recent::{self, AppTraffic};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Entries of the audit log where nothing is said.
const AUDIT_ENTRIES: u32 = 100;
/// Lines of a log where nothing is said, and at most.
const LOG_LINES: usize = 100;
const MOST_LOG_LINES: usize = 10_000;
/// How long to wait for a place.
const PATIENCE: Duration = Duration::from_secs(5);
const WASM: HeaderValue = HeaderValue::from_static("application/wasm");

type Replied = Result<Reply, ApiError>;

fn ok(value: &impl serde::Serialize) -> Replied {
    Reply::json(StatusCode::OK, value)
}

impl Admitted<'_> {
    fn app(&self) -> &str {
        self.call.app.as_deref().unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.call.id.as_deref().unwrap_or_default()
    }

    fn version(&self) -> Result<i64, ApiError> {
        let digits = self.id().bytes().all(|byte| byte.is_ascii_digit());
        let number = self.id().parse().ok().filter(|_| digits);
        number.ok_or_else(|| OperationError::not_found("the number of a version is a whole number").into())
    }

    fn sees_all(&self) -> bool {
        self.authority.allows(&Scope::Read)
    }

    /// Native code can do what the host can do, so to bring it takes a scope of its own.
    fn check_native(&self, is_native: bool) -> Result<(), ApiError> {
        let wanted = Scope::DeployNative(self.app().to_owned());
        if is_native && !self.authority.allows(&wanted) { Err(ApiError::lacks(&wanted)) } else { Ok(()) }
    }

    fn header(&self, name: &HeaderName) -> Result<Option<&str>, ApiError> {
        let mut values = self.head.headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(ApiError::unreadable(format!("the header {name} stands there twice")));
        }
        let text = first.map(HeaderValue::to_str).transpose();
        text.map_err(|_| ApiError::unreadable(format!("the header {name} is no text")))
    }

    async fn json<T: DeserializeOwned>(&self, body: Incoming) -> Result<T, ApiError> {
        body::json(&self.head.headers, body, None).await
    }

    async fn json_or_default<T: DeserializeOwned + Default>(&self, body: Incoming) -> Result<T, ApiError> {
        body::json(&self.head.headers, body, Some(T::default())).await
    }
}

impl Admin {
    /// Carries a request out.
    pub(super) async fn act(&self, admitted: Admitted<'_>, body: Incoming) -> Replied {
        match admitted.call.endpoint.act {
            Act::BeginUpload | Act::Upload | Act::Piece | Act::Deploy | Act::Deployment => {
                Box::pin(self.publish(&admitted, body)).await
            }
            Act::Hosts | Act::Engine | Act::Audit | Act::Limits | Act::Keys | Act::RotateKeys => {
                Box::pin(self.look_after_host(&admitted, body)).await
            }
            Act::Tokens | Act::CreateToken | Act::CurrentToken | Act::RevokeToken => {
                Box::pin(self.look_after_tokens(&admitted, body)).await
            }
            Act::Settings | Act::ChangeSettings | Act::Config | Act::ChangeConfig => {
                Box::pin(self.look_after_settings(&admitted, body)).await
            }
            Act::Document => Ok(self.document()),
            act => Box::pin(self.look_after_app(act, &admitted, body)).await,
        }
    }

    async fn look_after_app(&self, act: Act, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let (operations, app) = (&self.operations, admitted.app());
        let actor = &admitted.authority.actor;
        match act {
            Act::Apps => ok(&operations.apps().await?),
            Act::App => ok(&operations.app(app).await?),
            Act::DeleteApp => self.delete_app(admitted).await,
            Act::DeletionPlan => ok(&operations.deletion_plan(app).await?),
            Act::Versions => ok(&operations.versions(app).await?),
            Act::Version => {
                let number = admitted.version()?;
                let mut versions = operations.versions(app).await?.into_iter();
                let found = versions.find(|version| version.number == number);
                let none = || OperationError::not_found(format!("app {app} has no version {number}"));
                ok(&found.ok_or_else(none)?)
            }
            Act::Component => self.component(admitted).await,
            Act::Activations => ok(&operations.activations(app).await?),
            Act::RollbackPlan => ok(&operations.rollback_plan(app, admitted.query.number("version")?).await?),
            Act::Rollback => {
                let request: RollbackRequest = admitted.json_or_default(body).await?;
                ok(&operations.rollback(actor, app, &request).await?)
            }
            Act::Promote => {
                let request: NoteRequest = admitted.json_or_default(body).await?;
                ok(&operations.promote(actor, app, request.note.as_deref()).await?)
            }
            Act::Abort => {
                let request: NoteRequest = admitted.json_or_default(body).await?;
                operations.abort(actor, app, request.note.as_deref()).await?;
                ok(&operations.app(app).await?)
            }
            Act::Prunable => ok(&operations.prunable(app, admitted.query.number("keep")?).await?),
            Act::Prune => {
                let request: PruneRequest = admitted.json_or_default(body).await?;
                ok(&operations.prune(actor, app, request.keep).await?)
            }
            Act::Lagging => {
                operations.app(app).await?;
                let missing = || ApiError::unreadable("query: `generation` is missing");
                let generation = admitted.query.number("generation")?.ok_or_else(missing)?;
                ok(&operations.lagging(app, generation).await?)
            }
            Act::Logs => ok(&operations.logs(app, lines_wanted(admitted)?).await?),
            Act::Traffic => {
                operations.app(app).await?;
                let quiet = || AppTraffic { app: app.to_owned(), ..AppTraffic::default() };
                ok(&recent::of_app(app).unwrap_or_else(quiet))
            }
            _ => Err(ApiError::internal(&"an act that nobody carries out")),
        }
    }

    async fn look_after_settings(&self, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let (operations, app, actor) = (&self.operations, admitted.app(), &admitted.authority.actor);
        match admitted.call.endpoint.act {
            Act::ChangeSettings => {
                let changes: AppChanges = admitted.json(body).await?;
                self.check_routes(admitted, changes.routes.as_deref()).await?;
                ok(&operations.change_app(actor, app, &changes).await?)
            }
            Act::Config => ok(&operations.settings(app).await?.config),
            Act::ChangeConfig => {
                let changes: ConfigChanges = admitted.json(body).await?;
                self.check_variables(admitted, &changes).await?;
                ok(&operations.change_config(actor, app, changes).await?)
            }
            _ => ok(&operations.settings(app).await?),
        }
    }

    /// Whoever takes requests away from another app has to be allowed to change that one, too.
    async fn check_routes(&self, admitted: &Admitted<'_>, routes: Option<&[String]>) -> Result<(), ApiError> {
        for (other, route) in self.operations.displaced(admitted.app(), routes.unwrap_or_default()).await? {
            let (wanted, why) = match other {
                Some(other) => (Scope::Config(other), format!("another app answers at {route} so far")),
                None => {
                    (Scope::Admin, format!("no app answers at {route} so far, perhaps the host's own pages do"))
                }
            };
            if !admitted.authority.allows(&wanted) {
                return Err(ApiError::lacks(&wanted).because(&why));
            }
        }
        Ok(())
    }

    /// The host's environment has the secrets of all apps, and a guest could be made to show one.
    /// So an app is given another variable only by those who may do everything.
    async fn check_variables(&self, admitted: &Admitted<'_>, changes: &ConfigChanges) -> Result<(), ApiError> {
        if admitted.authority.allows(&Scope::Admin) {
            return Ok(());
        }
        let wanted = changes.set.values().filter_map(|value| match value {
            ConfigValue::FromEnv(variable) => Some(variable),
            ConfigValue::Value(_) => None,
        });
        let given = self.operations.settings(admitted.app()).await?.config;
        let has = |variable: &String| {
            given.iter().any(|entry| entry.source == ConfigSource::Environment && entry.shown == *variable)
        };
        match wanted.into_iter().find(|variable| !has(variable)) {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::lacks(&Scope::Admin).because("a variable of the host may be any app's secret"))
            }
        }
    }

    async fn delete_app(&self, admitted: &Admitted<'_>) -> Replied {
        let app = admitted.app();
        if admitted.query.text("confirm") != Some(app) {
            let text = format!("to delete the app say its name once more: ?confirm={app}");
            return Err(OperationError::invalid(text).into());
        }
        let keep_data = admitted.query.flag("keep-data")?;
        ok(&self.operations.delete_app(&admitted.authority.actor, app, keep_data).await?)
    }

    /// A component is held in memory until it has been taken: there are few at once.
    async fn component(&self, admitted: &Admitted<'_>) -> Replied {
        let (app, number) = (admitted.app(), admitted.version()?);
        let room = place(&self.downloads, admitted, "sends components to").await?;
        let (number, bytes) = self.operations.component(app, Some(number)).await?;
        let name = HeaderValue::from_str(&format!("attachment; filename=\"{app}-{number}.wasm\""));
        let headers: HeaderMap = name.ok().map(|name| (CONTENT_DISPOSITION, name)).into_iter().collect();
        let body = super::full(Bytes::from_owner(HeldComponent { bytes, _room: room }));
        Ok(Reply { status: StatusCode::OK, content_type: WASM, headers, body })
    }

    async fn publish(&self, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let (operations, app, id) = (&self.operations, admitted.app(), admitted.id());
        match admitted.call.endpoint.act {
            Act::BeginUpload => {
                let request: UploadRequest = admitted.json(body).await?;
                admitted.check_native(request.engine.is_some())?;
                let owner = admitted.authority.token.as_str();
                let uploader = Uploader { owner, sees_all: admitted.sees_all() };
                upload(&operations.begin_upload(uploader, app, &request).await?)
            }
            Act::Upload => upload(&operations.upload(app, id).await?),
            Act::Piece => self.piece(admitted, body).await,
            Act::Deploy => {
                let key = admitted.header(&IDEMPOTENCY_KEY)?.map(str::to_owned);
                let token = match &admitted.authority.token {
                    TokenId::Root => None,
                    TokenId::Registered(id) => Some(id.clone()),
                };
                let actor = admitted.authority.actor.clone();
                let order = Order { actor, token, sees_all: admitted.sees_all(), key };
                let request: DeploymentRequest = admitted.json(body).await?;
                admitted.check_native(request.native.is_some())?;
                self.check_routes(admitted, request.deploy.routes.as_deref()).await?;
                let view = self.queue.submit(order, app, request).await?;
                Reply::json(StatusCode::ACCEPTED, &view)
            }
            _ => ok(&operations.deployment(app, id).await?),
        }
    }

    async fn piece(&self, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let (app, id) = (admitted.app(), admitted.id());
        let wanted = || ApiError::unreadable("the header Upload-Offset says where the piece begins, in bytes");
        let offset: u64 =
            admitted.header(&UPLOAD_OFFSET)?.and_then(|text| text.parse().ok()).ok_or_else(wanted)?;
        let _room = place(&self.pieces, admitted, "takes pieces from").await?;
        let piece = body::piece(&admitted.head.headers, body, PIECE_BYTES).await?;
        match self.operations.add_piece(app, id, offset, &piece).await {
            Ok(view) => upload(&view),
            Err(error) => match self.operations.upload(app, id).await {
                // Whoever is wrong about how far it is goes on from here.
                Ok(view) => Err(ApiError::from(error).with(UPLOAD_OFFSET, view.offset)),
                Err(_) => Err(error.into()),
            },
        }
    }

    async fn look_after_host(&self, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let operations = &self.operations;
        match admitted.call.endpoint.act {
            Act::Hosts => {
                let hosts = operations.hosts().await?.into_iter();
                ok(&hosts.map(|host| seen_by(host, admitted)).collect::<Vec<_>>())
            }
            Act::Engine => ok(&operations.engine()),
            Act::Audit => {
                let most = admitted.query.number("limit")?.unwrap_or(AUDIT_ENTRIES);
                let before = admitted.query.number("before")?;
                ok(&operations.audit(admitted.query.text("app"), before, most).await?)
            }
            Act::Limits => ok(&operations.limits()),
            Act::Keys => ok(&operations.keys().await?),
            _ => {
                let request: KeyRotation = admitted.json_or_default(body).await?;
                ok(&operations.rotate_keys(&admitted.authority.actor, request.revoke).await?)
            }
        }
    }

    async fn look_after_tokens(&self, admitted: &Admitted<'_>, body: Incoming) -> Replied {
        let (operations, authority) = (&self.operations, admitted.authority);
        match admitted.call.endpoint.act {
            Act::Tokens => ok(&operations.tokens().await?),
            Act::CreateToken => {
                let request = admitted.json(body).await?;
                let made = operations.create_token(&authority.actor, &authority.scopes, &request).await?;
                Reply::json(StatusCode::CREATED, &made)
            }
            Act::RevokeToken => {
                let revoked = operations.revoke_token(&authority.actor, admitted.id()).await?;
                self.auth.forget();
                ok(&revoked)
            }
            _ => ok(&CurrentToken {
                id: authority.token.as_str().to_owned(),
                name: authority.actor.name.clone(),
                scopes: authority.scopes.names(),
            }),
        }
    }
}

fn lines_wanted<'a>(admitted: &'a Admitted<'_>) -> Result<LinesWanted<'a>, ApiError> {
    let query = &admitted.query;
    let level = match query.text("level") {
        None => None,
        Some(text) => {
            let level = serde_json::from_value::<Level>(text.into());
            let wrong = |_| ApiError::unreadable("query: `level` is trace, debug, info, warn or error");
            Some(level.map_err(wrong)?)
        }
    };
    Ok(LinesWanted {
        app: None,
        since: query.number("since")?,
        request_id: query.text("request"),
        level,
        most: query.number("limit")?.unwrap_or(LOG_LINES).min(MOST_LOG_LINES),
    })
}

/// A place among those that are held in memory. Routers end a request after half a minute, so
/// nobody waits for one that long.
async fn place(shares: &Shares, admitted: &Admitted<'_>, what: &str) -> Result<Share, ApiError> {
    shares.take(admitted.authority.token.as_str(), PATIENCE).await.map_err(|crowded| {
        let by = match crowded {
            Crowded::Own => "this token",
            Crowded::Others => "others",
        };
        ApiError::crowded(&format!("the host {what} {by} already, as many as it can at once"))
    })
}

fn upload(view: &UploadView) -> Replied {
    Ok(ok(view)?.with(UPLOAD_OFFSET, view.offset).with(UPLOAD_LENGTH, view.size))
}

/// A host without the apps that the caller may not see.
fn seen_by(mut host: HostView, admitted: &Admitted<'_>) -> HostView {
    let scopes = &admitted.authority.scopes;
    host.loading.retain(|app| scopes.show_app(app));
    host.problems.retain(|problem| scopes.show_app(&problem.app));
    host.ending.retain(|app| scopes.show_app(app));
    host
}

/// The bytes of a component, and its place among those that are being sent.
struct HeldComponent {
    bytes: Vec<u8>,
    _room: Share,
}

impl AsRef<[u8]> for HeldComponent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
