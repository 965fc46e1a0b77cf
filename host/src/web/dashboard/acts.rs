//! POST: does what a form asks for, if it is one of the session's own and its token may.

use super::access::Scope;
use super::form::{self, Form};
use super::page::{Act, BASE, HOME, Page};
use super::pages::{deploy, trouble};
use super::response::{html, see_other};
use super::{Client, Dashboard, Visit, session};
use crate::operations::{
    AppView, DeployRequest, Deployed, ErrorKind, OperationError, Result, RollbackRequest, SmokeRequest,
};
use crate::web::body::Body;
use bytes::Bytes;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::timeout;

const FOREIGN: &str =
    "this form is of another session, and nothing was done: go back, load the page again and repeat it";
/// How long an answer waits for a deployment. Heroku's router gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(20);
const BUSY: &str = "another component is being uploaded: try again in a moment";

impl Dashboard {
    pub(super) async fn act(
        &self,
        head: &Parts,
        body: Incoming,
        page: &Page<'_>,
        visit: &Visit,
        client: Client<'_>,
    ) -> Response<Body> {
        if let Page::Deploy(app) = page {
            return self.deploy(head, body, *app, visit).await;
        }
        let form = match form::read(&head.headers, body).await {
            Ok(form) => form,
            Err(problem) => return trouble::refused(&problem),
        };
        if !self.is_own(visit, &form) {
            return trouble::refused(FOREIGN);
        }
        match page {
            Page::SignOut => self.sign_out(visit, client).await,
            Page::Act(name, act) => self.change(name, *act, &form, visit).await,
            _ => trouble::nothing_here(),
        }
    }

    fn is_own(&self, visit: &Visit, form: &Form) -> bool {
        let shown = form.get("csrf").unwrap_or_default();
        visit.session.is_form_key(self.registry.keyring(), shown)
    }

    async fn sign_out(&self, visit: &Visit, client: Client<'_>) -> Response<Body> {
        self.note(&visit.authority, "sign out").await;
        let mut response = see_other(&format!("{BASE}/sign-in"));
        response.headers_mut().append(SET_COOKIE, session::ended(client.https));
        response
    }

    async fn change(&self, name: &str, act: Act, form: &Form, visit: &Visit) -> Response<Body> {
        if !visit.authority.allows(Scope::Rollback(name)) {
            return trouble::not_yours(visit, "make another version of this app active");
        }
        let done = self.try_change(name, act, form, visit).await;
        let error = match done {
            Ok(done) => return see_other(&format!("{BASE}/apps/{name}?done={done}")),
            Err(error) => error,
        };
        // The question is asked again, with what is the case by now.
        let version = form.number("version").unwrap_or_default();
        match self.confirm(name, act, version, Some(&error.message), visit).await {
            Ok(markup) => html(status(error.kind), markup),
            Err(_) => trouble::failed(visit, &error),
        }
    }

    async fn try_change(&self, name: &str, act: Act, form: &Form, visit: &Visit) -> Result<String> {
        let note = form.get("note").map(str::to_owned);
        let actor = &visit.authority.actor;
        // What the question was about has to be what is there.
        let expected: Option<i64> = form.number("instead-of").map_err(OperationError::invalid)?;
        let app = self.operations.app(name).await?;
        if expected != app.active {
            return Err(OperationError::conflict("another version was made active meanwhile: look again"));
        }
        match act {
            Act::Rollback => {
                let version = form.number("version").map_err(OperationError::invalid)?;
                let request = RollbackRequest { version, force: form.get("force").is_some(), note };
                self.operations
                    .rollback(actor, name, &request)
                    .await
                    .map(|done| format!("active-{}", done.version))
            }
            Act::Promote | Act::Abort => {
                self.is_canary(&app, form)?;
                if act == Act::Promote {
                    let done = self.operations.promote(actor, name, note.as_deref()).await?;
                    return Ok(format!("active-{}", done.version));
                }
                self.operations
                    .abort(actor, name, note.as_deref())
                    .await
                    .map(|version| format!("aborted-{version}"))
            }
        }
    }

    /// An error where the canary is another one than the question was about.
    fn is_canary(&self, app: &AppView, form: &Form) -> Result<()> {
        let version: Option<i64> = form.number("version").map_err(OperationError::invalid)?;
        match &app.canary {
            Some(canary) if Some(canary.version) == version => Ok(()),
            _ => Err(OperationError::conflict("the canary is another one by now, or has ended: look again")),
        }
    }

    async fn deploy(&self, head: &Parts, body: Incoming, app: Option<&str>, visit: &Visit) -> Response<Body> {
        let Ok(_turn) = self.uploads.try_acquire() else { return trouble::unavailable(BUSY) };
        let is_allowed = |form: &Form| {
            let name = app.or(form.get("app")).unwrap_or_default();
            self.is_own(visit, form) && visit.authority.allows(Scope::Deploy(name))
        };
        let most = self.registry.limits().component_bytes;
        let form = match form::read_with_file(&head.headers, body, most, is_allowed).await {
            Ok(form) => form,
            Err(problem) => return trouble::refused(&problem),
        };
        let name = app.or(form.get("app")).unwrap_or_default().to_owned();
        if !self.is_own(visit, &form) {
            return trouble::refused(FOREIGN);
        }
        if !visit.authority.allows(Scope::Deploy(&name)) {
            return trouble::not_yours(visit, "deploy to this app");
        }
        let error = match self.try_deploy(&name, &form, visit).await {
            Ok(None) => {
                let place = if app.is_some() { format!("{BASE}/apps/{name}") } else { HOME.to_owned() };
                return see_other(&format!("{place}?done=begun-0"));
            }
            Ok(Some(done)) => {
                let kind = if done.canary.is_some() { "canary" } else { "active" };
                return see_other(&format!("{BASE}/apps/{name}?done={kind}-{}", done.version));
            }
            Err(error) => error,
        };
        let found = match app {
            Some(name) => self.operations.app(name).await.ok(),
            None => None,
        };
        let tried = deploy::Tried { form: &form, problem: &error.message };
        html(status(error.kind), deploy::page(visit, found.as_ref(), Some(&tried)))
    }

    /// Deploys in a task of its own: whoever closes the window does not stop it half-way. Nothing
    /// where it goes on for longer than a router waits for an answer.
    async fn try_deploy(&self, name: &str, form: &Form, visit: &Visit) -> Result<Option<Deployed>> {
        if form.file.is_empty() {
            return Err(OperationError::invalid("choose a component: a file that ends in .wasm"));
        }
        let request = DeployRequest {
            note: form.get("note").map(str::to_owned),
            canary: form.number("canary").map_err(OperationError::invalid)?,
            smoke: SmokeRequest {
                path: form.get("smoke").map(str::to_owned),
                skip: form.get("skip-smoke").is_some(),
            },
            ..DeployRequest::default()
        };
        let (operations, actor) = (self.operations.clone(), visit.authority.actor.clone());
        let (name, component): (String, Bytes) = (name.to_owned(), form.file.clone());
        let task = self.tasks.spawn(async move {
            let ended = operations.deploy(&actor, &name, component, None, &request, |_| {}).await;
            if let Err(error) = &ended {
                tracing::warn!(app = name, "not deployed: {error}");
            }
            ended
        });
        match timeout(PATIENCE, task).await {
            Err(_) => Ok(None),
            Ok(Ok(ended)) => ended.map(Some),
            Ok(Err(_)) => Err(OperationError::new(ErrorKind::Internal, "the deployment was broken off")),
        }
    }
}

/// The status of a page that says why something was not done.
pub(super) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid | ErrorKind::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
