//! What the caller of an endpoint has to be allowed.

use super::error::ApiError;
use crate::operations::{Scope, Scopes};

/// What a caller has to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Need {
    /// Nothing: not even a token.
    Nothing,
    /// Any token.
    Token,
    Read,
    /// `read`, or any scope that is about the app.
    SeeApp,
    Deploy,
    Rollback,
    /// `rollback` or `deploy`.
    Abort,
    Config,
    Keys,
    /// `read` or `keys`.
    SeeKeys,
    Admin,
}

impl Need {
    /// An error that names the scope that is missing.
    pub(super) fn check(self, scopes: &Scopes, app: Option<&str>) -> Result<(), ApiError> {
        self.missing(scopes, app).map_or(Ok(()), |scope| Err(ApiError::lacks(&scope)))
    }

    /// The scope that is missing, or one of those of which one would do.
    pub(in crate::web) fn missing(self, scopes: &Scopes, app: Option<&str>) -> Option<Scope> {
        let app = app.unwrap_or_default();
        let any = |wanted: &[Scope]| match wanted {
            wanted if wanted.iter().any(|scope| scopes.allows(scope)) => None,
            wanted => wanted.first().cloned(),
        };
        match self {
            Self::Nothing | Self::Token => None,
            Self::SeeApp if scopes.show_app(app) => None,
            Self::Read | Self::SeeApp => any(&[Scope::Read]),
            Self::Deploy => any(&[Scope::Deploy(app.to_owned())]),
            Self::Rollback => any(&[Scope::Rollback(app.to_owned())]),
            Self::Abort => any(&[Scope::Rollback(app.to_owned()), Scope::Deploy(app.to_owned())]),
            Self::Config => any(&[Scope::Config(app.to_owned())]),
            Self::Keys => any(&[Scope::Keys]),
            Self::SeeKeys => any(&[Scope::Read, Scope::Keys]),
            Self::Admin => any(&[Scope::Admin]),
        }
    }

    /// For people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "Takes no token.",
            Self::Token => "Takes any token.",
            Self::Read => "Takes the scope `read`.",
            Self::SeeApp => "Takes the scope `read`, or any scope that is about the app.",
            Self::Deploy => "Takes the scope `deploy:APP`.",
            Self::Rollback => "Takes the scope `rollback:APP`.",
            Self::Abort => "Takes the scope `rollback:APP` or `deploy:APP`.",
            Self::Config => "Takes the scope `config:APP`.",
            Self::Keys => "Takes the scope `keys`.",
            Self::SeeKeys => "Takes the scope `read` or `keys`.",
            Self::Admin => "Takes the scope `admin`.",
        }
    }
}
