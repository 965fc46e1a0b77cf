//! Tokens of the admin API: making, listing, making worthless.

use super::scopes::Scopes;
use super::{OperationError, Operations, Result, time};
use crate::config::Secret;
use crate::storage::now_micros;
use crate::storage::registry::token_text::{self, NewText};
use crate::storage::registry::{Actor, Token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a name.
const LONGEST_NAME: usize = 100;
/// Scopes of a token. They are written down as a whole.
const MOST_SCOPES: usize = 100;
/// How long a token is good where nothing says otherwise.
pub const USUAL_LIFE: &str = "90d";
/// Says that a token has no end.
pub const NEVER: &str = "never";
/// Units of a time, in microseconds.
const UNITS: [(&str, i64); 7] = [
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("w", 7 * 86_400_000_000),
    ("y", 365 * 86_400_000_000),
];
/// Ten years.
const LONGEST_LIFE: i64 = 3_650 * 86_400_000_000;

/// A token that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// For people, such as the name of the machine that has it.
    #[schema(min_length = 1, max_length = 100, example = "ci of the blog")]
    pub name: String,
    /// What it allows: `read`, `deploy:APP`, `deploy-native:APP`, `rollback:APP`, `config:APP`,
    /// `keys`, `admin`. APP may be `*`.
    #[schema(min_items = 1, max_items = 100, example = json!(["read", "deploy:blog"]))]
    pub scopes: Vec<String>,
    /// How long it is good, such as `90d` or `12h`, or `never`; none: 90 days.
    #[schema(example = "90d")]
    #[serde(default)]
    pub expires: Option<String>,
}

/// A token, without the text that opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Names it; the second part of its text.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// Whether it opens.
    pub state: TokenState,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// Who has made it.
    pub created_by: String,
    /// From when it is good no more (RFC 3339); none: it has no end.
    pub expires_at: Option<String>,
    /// When it was shown last, to the minute (RFC 3339).
    pub last_used_at: Option<String>,
    /// Since when it is worthless (RFC 3339).
    pub revoked_at: Option<String>,
}

/// Whether a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody has made it worthless.
    Revoked,
}

/// A token that was just made. Its text is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// What opens. It is kept nowhere.
    pub token: String,
    /// What there is to know of it.
    pub about: TokenView,
}

/// Never the text.
impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Operations {
    /// Makes a token. `granter` is what the maker may do: nobody gives more than they have.
    pub async fn create_token(&self, actor: &Actor, granter: &Scopes, request: &TokenRequest) -> Result<NewToken> {
        let name = request.name.trim();
        let is_name = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
        if !is_name {
            return Err(OperationError::invalid(format!(
                "name: a token has a name of 1 to {LONGEST_NAME} characters, without control characters"
            )));
        }
        if request.scopes.len() > MOST_SCOPES {
            return Err(OperationError::invalid(format!("scopes: a token has {MOST_SCOPES} at most")));
        }
        let scopes = Scopes::read(request.scopes.iter().map(String::as_str))?;
        if scopes.is_empty() {
            return Err(OperationError::invalid("scopes: a token has at least one, such as read or deploy:APP"));
        }
        if !granter.cover(&scopes) {
            return Err(OperationError::invalid(format!(
                "scopes: nobody can give more than they have, which is {}",
                granter.names().join(", ")
            )));
        }
        let life = lifetime(request.expires.as_deref().unwrap_or(USUAL_LIFE))?;
        let NewText { id, text } = NewText::random()?;
        let created_at = now_micros();
        let token = Token {
            id,
            name: name.to_owned(),
            sha256: token_text::digest(text.expose().as_bytes()),
            scopes: scopes.store(),
            created_at,
            created_by: actor.name.clone(),
            expires_at: life.map(|life| created_at.saturating_add(life)),
            last_used_at: None,
            revoked_at: None,
        };
        let detail = format!("{} ({}): {}", token.name, token.id, token.scopes);
        self.database().add_token(&token, actor, &detail).await?;
        Ok(NewToken { token: text.expose().to_owned(), about: view(token, created_at) })
    }

    /// All tokens, the newest first, also those that open no more.
    pub async fn tokens(&self) -> Result<Vec<TokenView>> {
        let now = now_micros();
        Ok(self.database().tokens().await?.into_iter().map(|token| view(token, now)).collect())
    }

    /// One token.
    pub async fn token(&self, id: &str) -> Result<TokenView> {
        let found = self.database().token(id).await?.ok_or_else(|| no_such_token(id))?;
        Ok(view(found, now_micros()))
    }

    /// Makes a token worthless. Every host refuses it within seconds.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<TokenView> {
        let token = self.token(id).await?;
        let detail = format!("{} ({id})", token.name);
        if !self.database().revoke_token(id, actor, &detail).await? {
            return Err(OperationError::conflict(format!("token {id} is worthless already")));
        }
        self.token(id).await
    }
}

fn no_such_token(id: &str) -> OperationError {
    // Whoever mistakes the text for the id must not find it in a log.
    let shown = if token_text::is_in(id.as_bytes()) {
        "of that text: the id is the 12 digits after innkeeper_"
    } else {
        id
    };
    OperationError::not_found(format!("there is no token {shown}: innkeeper token list shows them"))
}

/// How a token is called where it is written down who did something.
pub fn actor_name(token: &Token) -> String {
    format!("token {} ({})", token.name, token.id)
}

/// Whether a token opens at a time.
pub fn state(token: &Token, now: i64) -> TokenState {
    if token.revoked_at.is_some() {
        TokenState::Revoked
    } else if token.expires_at.is_some_and(|end| end <= now) {
        TokenState::Expired
    } else {
        TokenState::Active
    }
}

/// Whether a text is this token.
pub fn is_token(token: &Token, text: &Secret) -> bool {
    token_text::has_digest(text.expose().as_bytes(), &token.sha256)
}

/// Microseconds; none for what has no end.
fn lifetime(text: &str) -> Result<Option<i64>> {
    let text = text.trim();
    if text == NEVER {
        return Ok(None);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
    let factor = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, factor)| *factor);
    let life = number.parse().ok().zip(factor).and_then(|(number, factor): (i64, i64)| number.checked_mul(factor));
    life.filter(|life| (1..=LONGEST_LIFE).contains(life)).map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(20).collect();
        OperationError::invalid(format!(
            "expires {shown:?}: not a time such as 90d, 12h or 2w, at most 10y, nor {NEVER}"
        ))
    })
}

fn view(token: Token, now: i64) -> TokenView {
    TokenView {
        state: state(&token, now),
        scopes: Scopes::restore(&token.scopes).names(),
        id: token.id,
        name: token.name,
        created_at: time(token.created_at),
        created_by: token.created_by,
        expires_at: token.expires_at.map(time),
        last_used_at: token.last_used_at.map(time),
        revoked_at: token.revoked_at.map(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_has_a_unit_or_no_end() {
        for (text, seconds) in
            [("90d", 7_776_000), ("12h", 43_200), ("1s", 1), ("2w", 1_209_600), ("30min", 1_800)]
        {
            assert_eq!(lifetime(text).unwrap(), Some(seconds * 1_000_000), "{text}");
        }
        assert_eq!(lifetime("never").unwrap(), None);
        for wrong in ["", "90", "d", "0d", "-1d", "1.5d", "11y", "99999999999999999999d", "90 days", "ever"] {
            let error = lifetime(wrong).unwrap_err().message;
            assert!(error.contains("such as 90d"), "{wrong}: {error}");
        }
    }
}
