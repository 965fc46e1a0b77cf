//! POST: does what a form asks for, if it is one of the session's own and its token may.

use super::form::{self, Form};
use super::page::{Act, BASE, Page};
use super::pages::trouble;
use super::response::{html, see_other};
use super::visit::{Asked, Visit};
use super::{Dashboard, session};
use crate::operations::{AppView, ErrorKind, OperationError, Result, RollbackRequest};
use crate::web::body::Body;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use hyper::body::Incoming;

pub(super) const FOREIGN: &str =
    "this form is of another session, and nothing was done: go back, load the page again and repeat it";

impl Dashboard {
    pub(super) async fn act(&self, asked: &Asked<'_>, body: Incoming, page: &Page<'_>) -> Response<Body> {
        if let Page::Deploy(app) = page {
            return self.deploy(asked, body, *app).await;
        }
        let form = match form::read(&asked.head.headers, body).await {
            Ok(form) => form,
            Err(problem) => return trouble::unreadable(&problem.message),
        };
        match page {
            Page::SignOut if self.is_own(asked.visit, &form) => self.sign_out(asked).await,
            Page::Act(name, act) if self.is_own(asked.visit, &form) => self.change(asked, name, *act, &form).await,
            Page::Act(name, act) => {
                asked.note(act.of_api(), Some(name), StatusCode::FORBIDDEN, FOREIGN);
                trouble::refused(FOREIGN)
            }
            Page::SignOut => trouble::refused(FOREIGN),
            _ => trouble::nothing_here(),
        }
    }

    pub(super) fn is_own(&self, visit: &Visit, form: &Form) -> bool {
        let shown = form.get("csrf").unwrap_or_default();
        visit.session.is_form_key(self.registry.keyring(), shown)
    }

    async fn sign_out(&self, asked: &Asked<'_>) -> Response<Body> {
        let (actor, session) = (&asked.visit.authority.actor, &asked.visit.session);
        let ends_at = i64::try_from(session.ends_at()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        if let Err(error) = self.ended.end(self.registry.database(), &session.id(), ends_at).await {
            tracing::warn!(by = actor.name, "other hosts do not learn that a session was ended: {error}");
        }
        self.note(actor, "sign out").await;
        let mut response = see_other(&format!("{BASE}/sign-in"));
        response.headers_mut().append(SET_COOKIE, session::COOKIE.clear(asked.client.https));
        response
    }

    async fn change(&self, asked: &Asked<'_>, name: &str, act: Act, form: &Form) -> Response<Body> {
        if let Some(refusal) = asked.refusal(act.of_api(), Some(name)) {
            return refusal;
        }
        let error = match self.try_change(name, act, form, asked.visit).await {
            Ok(done) => return see_other(&format!("{BASE}/apps/{name}?done={done}")),
            Err(error) => error,
        };
        asked.note(act.of_api(), Some(name), status(error.kind), &error.message);
        // The question is asked again, with what is the case by now.
        let version = form.number("version").unwrap_or_default();
        match self.confirm(name, act, version, Some(&error.message), asked.visit).await {
            Ok(markup) => html(status(error.kind), markup),
            Err(_) => trouble::failed(asked.visit, &error),
        }
    }

    async fn try_change(&self, name: &str, act: Act, form: &Form, visit: &Visit) -> Result<String> {
        let note = form.get("note").map(str::to_owned);
        let actor = &visit.authority.actor;
        let version: Option<i64> = form.number("version")?;
        let app = self.operations.app(name).await?;
        if let Some(done) = done_before(&app, act, version) {
            return Ok(done);
        }
        // What the question was about has to be what is there.
        let expected: Option<i64> = form.number("instead-of")?;
        if expected != app.active {
            return Err(OperationError::conflict("another version was made active meanwhile: look again"));
        }
        match act {
            Act::Rollback => {
                let request = RollbackRequest { version, force: form.get("force").is_some(), note };
                let done = self.operations.rollback(actor, name, &request).await?;
                Ok(format!("active-{}", done.version))
            }
            Act::Promote => {
                is_canary(&app, version)?;
                let done = self.operations.promote(actor, name, note.as_deref()).await?;
                Ok(format!("active-{}", done.version))
            }
            Act::Abort => {
                is_canary(&app, version)?;
                let version = self.operations.abort(actor, name, note.as_deref()).await?;
                Ok(format!("aborted-{version}"))
            }
        }
    }
}

/// What was done where the form was sent twice.
fn done_before(app: &AppView, act: Act, version: Option<i64>) -> Option<String> {
    let version = version?;
    match act {
        Act::Rollback | Act::Promote if app.active == Some(version) => Some(format!("active-{version}")),
        _ => None,
    }
}

/// An error where the canary is another one than the question was about.
fn is_canary(app: &AppView, version: Option<i64>) -> Result<()> {
    match &app.canary {
        Some(canary) if Some(canary.version) == version => Ok(()),
        _ => Err(OperationError::conflict("the canary is another one by now, or has ended: look again")),
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
