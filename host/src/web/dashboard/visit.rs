//! Somebody who is signed in: what they may do, and what they are refused.

use super::pages::trouble;
use super::session::Session;
use super::{Client, Parts};
use crate::operations::Scope;
use crate::web::admin::auth::{Authenticator, Authority, TokenId};
use crate::web::admin::{Act, rules_of};
use crate::web::body::Body;
use crate::web::refusals::Refused;
use http::{Response, StatusCode};

/// Characters of a path that are written down.
const LONGEST_PATH: usize = 200;

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) authority: Authority,
    pub(super) session: Session,
    /// What their forms bring along.
    pub(super) form_key: String,
    /// Microseconds since 1970.
    pub(super) now: i64,
}

/// A request of somebody who is signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) head: &'a Parts,
    pub(super) client: Client<'a>,
    pub(super) visit: &'a Visit,
}

impl Visit {
    /// The scope that is missing for something that the admin API does; none: it may be done.
    pub(super) fn lacks(&self, act: Act, app: Option<&str>) -> Option<Scope> {
        rules_of(act).1.missing(&self.authority.scopes, app)
    }

    /// Whether something that the admin API does may be done.
    pub(super) fn may(&self, act: Act, app: Option<&str>) -> bool {
        self.lacks(act, app).is_none()
    }

    /// Whether there may be an app that they may see.
    pub(super) fn sees_some_app(&self) -> bool {
        let is_of_app = |scope: &String| scope.contains(':');
        self.may(Act::Apps, None) || self.authority.scopes.names().iter().any(is_of_app)
    }

    /// Whether there is any app, there already or not, to which they may deploy.
    pub(super) fn may_deploy_something(&self) -> bool {
        let is_deploy = |scope: &String| scope.starts_with("deploy:");
        self.may(Act::Deploy, Some("*")) || self.authority.scopes.names().iter().any(is_deploy)
    }
}

impl Asked<'_> {
    /// The answer to who may not do something; none where they may.
    pub(super) fn refusal(&self, act: Act, app: Option<&str>) -> Option<Response<Body>> {
        let scope = self.visit.lacks(act, app)?;
        self.note(act, app, StatusCode::FORBIDDEN, &format!("this token lacks the scope {scope}"));
        Some(trouble::not_yours(self.visit, &scope))
    }

    /// The answer to who may not deploy to an app; where none is named, to who may deploy to none.
    pub(super) fn deploy_refusal(&self, app: Option<&str>) -> Option<Response<Body>> {
        match app {
            None if self.visit.may_deploy_something() => None,
            app => self.refusal(Act::Deploy, app.or(Some("*"))),
        }
    }

    /// Writes down that something was refused, or was not done.
    pub(super) fn note(&self, act: Act, app: Option<&str>, status: StatusCode, why: &str) {
        let (asked, result) = (describe(self.head), format!("{}: {why}", status.as_u16()));
        let refused = Refused { action: rules_of(act).0, app, asked: &asked, result: &result };
        self.client.authenticator.refusals().note(&self.visit.authority.actor, refused);
    }
}

/// What was asked for, without its query.
pub(super) fn describe(head: &Parts) -> String {
    let path: String = head.uri.path().chars().take(LONGEST_PATH).collect();
    format!("{} {path}", head.method)
}

/// Tells a token from another one of the same name. No two tokens of the registry have one id.
pub(super) fn fingerprint(authenticator: &Authenticator, token: &TokenId) -> String {
    match token {
        TokenId::Root => authenticator.root_fingerprint().unwrap_or_default(),
        TokenId::Registered(id) => id.clone(),
    }
}
