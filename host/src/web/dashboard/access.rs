//! Who may come in, and what they may do: those whose tokens the admin API takes too.

use crate::config::Secret;
use crate::operations;
use crate::storage::registry::Actor;
use crate::web::admin::auth::{self, Authenticator, TokenId};
use std::net::IpAddr;
use std::time::Duration;

/// Why somebody does not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no token that could open.
    Off,
    /// The token is none that stands.
    Wrong,
    /// Too many wrong ones were shown from this address: so long to wait.
    TooMany(Duration),
    /// The database cannot be asked.
    Unavailable,
}

/// What somebody may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope<'a> {
    /// Look.
    Read,
    /// Deploy to an app.
    Deploy(&'a str),
    /// Make another version of an app active.
    Rollback(&'a str),
    /// See who did what.
    Admin,
}

/// Somebody whose token stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    /// Names the token.
    pub(super) token: String,
    /// For the account of what was done.
    pub(super) actor: Actor,
    scopes: operations::Scopes,
}

/// Knows tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a>(pub(super) &'a Authenticator);

impl Authority {
    /// Whether this may be done.
    pub(super) fn allows(&self, scope: Scope<'_>) -> bool {
        self.scopes.allows(&match scope {
            Scope::Read => operations::Scope::Read,
            Scope::Deploy(app) => operations::Scope::Deploy(app.to_owned()),
            Scope::Rollback(app) => operations::Scope::Rollback(app.to_owned()),
            Scope::Admin => operations::Scope::Admin,
        })
    }
}

impl Access<'_> {
    /// Who shows a token.
    pub(super) async fn by_token(self, shown: &str, address: IpAddr) -> Result<Authority, Refusal> {
        let shown = Secret::new(shown);
        self.0.by_token(&shown, address).await.map(Authority::from).map_err(|refusal| match refusal {
            // Without a root token only a token of the registry could be meant.
            auth::Refusal::Wrong if self.0.is_switched_off_for(&shown) => Refusal::Off,
            refusal => refusal.into(),
        })
    }

    /// Who has shown a token of this name before, if it still stands.
    pub(super) async fn by_id(self, token: &str, address: IpAddr) -> Result<Authority, Refusal> {
        Ok(self.0.by_id(&TokenId::read(token), address).await?.into())
    }

    /// Tells a token from another one of the same name. No two tokens of the registry have one id.
    pub(super) fn fingerprint(self, token: &str) -> String {
        match TokenId::read(token) {
            TokenId::Root => self.0.root_fingerprint().unwrap_or_default(),
            TokenId::Registered(id) => id,
        }
    }
}

impl From<auth::Refusal> for Refusal {
    fn from(refusal: auth::Refusal) -> Self {
        match refusal {
            auth::Refusal::Missing | auth::Refusal::Wrong | auth::Refusal::Ended(_) => Self::Wrong,
            auth::Refusal::TooMany(wait) => Self::TooMany(wait),
            auth::Refusal::Unavailable => Self::Unavailable,
        }
    }
}

impl From<auth::Authority> for Authority {
    fn from(authority: auth::Authority) -> Self {
        let auth::Authority { token, actor, scopes } = authority;
        Self { token: token.as_str().to_owned(), actor, scopes }
    }
}
