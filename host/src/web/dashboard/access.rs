//! Who may come in, and what they may do.

use crate::storage::registry::Actor;
use crate::web::operator::{NotAdmitted, Operator};
use std::net::IpAddr;
use std::time::Duration;

/// The token of the environment, which may do everything.
const ROOT: &str = "root";
/// How whoever has it is called where it is written down what they did.
const ROOT_NAME: &str = "INNKEEPER_ADMIN_TOKEN";

/// Why somebody does not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no token that could open.
    Off,
    /// The token is none that stands.
    Wrong,
    /// Too many wrong ones were shown from this address: so long to wait.
    TooMany(Duration),
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
}

/// Knows tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a>(pub(super) &'a Operator);

impl Authority {
    /// Whether this may be done.
    pub(super) fn allows(&self, _: Scope<'_>) -> bool {
        self.token == ROOT
    }
}

impl Access<'_> {
    /// Who shows a token.
    pub(super) async fn by_token(self, shown: &str, address: IpAddr) -> Result<Authority, Refusal> {
        self.0.admit(shown, address).map_err(|refused| match refused {
            NotAdmitted::Nobody => Refusal::Off,
            NotAdmitted::Wrong => Refusal::Wrong,
            NotAdmitted::TooMany(wait) => Refusal::TooMany(wait),
        })?;
        Ok(root(address))
    }

    /// Who has shown a token of this name before, if it still stands.
    pub(super) async fn by_id(self, token: &str, address: IpAddr) -> Result<Authority, Refusal> {
        if token != ROOT || self.0.fingerprint().is_none() {
            return Err(Refusal::Wrong);
        }
        Ok(root(address))
    }

    /// Tells a token from another one of the same name.
    pub(super) fn fingerprint(self, token: &str) -> String {
        Some(token).filter(|token| *token == ROOT).and_then(|_| self.0.fingerprint()).unwrap_or_default()
    }
}

fn root(address: IpAddr) -> Authority {
    Authority {
        token: ROOT.to_owned(),
        actor: Actor { name: ROOT_NAME.to_owned(), origin: Some(address.to_string()) },
    }
}
