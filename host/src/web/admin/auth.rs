//! Who calls: the operator by the root token of the environment, or whoever shows a token of the
//! registry. A token goes into the field Authorization and nowhere else.
//!
//! A token that was found is believed for two seconds, so a request costs a query now and then, and
//! one that was revoked opens nothing any more after that time. What has not the shape of a token
//! costs no query. Look-ups of what is not known come one after the other, so a flood of guesses
//! takes one connection at most.
//!
//! Wrong tokens are counted by address, and so are those that have ended. The right one always
//! opens: it cannot be guessed at any speed, and whoever shares an address must not be able to lock
//! an operator out.

use super::super::operator::Attempts;
use super::super::refusals::Refusals;
use crate::config::Secret;
use crate::operations::{Scope, Scopes, TokenState, token_text, tokens};
use crate::storage::registry::{Actor, Token};
use crate::storage::{Database, hex, now_micros};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// How the operator's own token is called.
const ROOT: &str = "INNKEEPER_ADMIN_TOKEN";
/// How long a token that was found is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// The last use is written down not more than so often.
const USE_NOTED: Duration = Duration::from_secs(60);
/// Tokens that are remembered at most.
const MOST: usize = 1_000;

/// What a 401 asks for.
pub(in crate::web) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"innkeeper\"");

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Authority {
    /// By what they are known.
    pub(in crate::web) token: TokenId,
    /// How they are called where it is written down what they did.
    pub(in crate::web) actor: Actor,
    /// What they may do.
    pub(in crate::web) scopes: Scopes,
}

/// By what a caller is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) enum TokenId {
    /// The token of the environment.
    Root,
    /// A token of the registry.
    Registered(String),
}

impl TokenId {
    /// Reads what [`Self::as_str`] has written.
    pub(in crate::web) fn read(text: &str) -> Self {
        match text {
            "root" => Self::Root,
            id => Self::Registered(id.to_owned()),
        }
    }

    /// As text. No id of the registry is `root`.
    pub(in crate::web) fn as_str(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Registered(id) => id,
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) enum Refusal {
    /// Nothing was shown.
    Missing,
    /// What was shown is no token.
    Wrong,
    /// It was one.
    Ended(EndedToken),
    /// Too much that is no token was shown: how long to wait.
    TooMany(Duration),
    /// The database cannot be asked.
    Unavailable,
}

/// A token that opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct EndedToken {
    /// How it ended.
    pub(in crate::web) state: TokenState,
    /// How its owner is called where it is written down what they tried.
    pub(in crate::web) actor: Actor,
}

impl Refusal {
    /// For whoever is refused.
    pub(in crate::web) fn message(&self) -> &'static str {
        match self {
            Self::Missing => "wanted: the header Authorization: Bearer TOKEN; `innkeeper token create` makes one",
            Self::Wrong => "this is no token of this host: `innkeeper token list` shows which there are",
            Self::Ended(EndedToken { state: TokenState::Revoked, .. }) => {
                "this token was revoked: `innkeeper token create` makes another"
            }
            Self::Ended(_) => "the time of this token is over: `innkeeper token create` makes another",
            Self::TooMany(_) => "too many tokens from this address that open nothing",
            Self::Unavailable => "the database does not answer: try again in a moment",
        }
    }
}

/// Finds out who calls, and bounds how often that is guessed.
pub(in crate::web) struct Authenticator {
    root: Option<Secret>,
    attempts: Attempts,
    database: Database,
    known: Mutex<HashMap<String, Known>>,
    lookup: Semaphore,
    tasks: TaskTracker,
    refusals: Refusals,
}

/// A token that was found lately.
#[derive(Debug, Clone)]
struct Known {
    token: Arc<Token>,
    found: Instant,
    /// When its use was written down.
    noted: Option<Instant>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("has_root", &self.root.is_some()).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// `root` opens everything. Wrong tokens may be shown so often a minute from each address.
    pub(in crate::web) fn new(
        root: Option<Secret>,
        attempts: u32,
        database: Database,
        tasks: TaskTracker,
    ) -> Self {
        let (known, lookup) = (Mutex::default(), Semaphore::new(1));
        let refusals = Refusals::new(database.clone(), tasks.clone());
        Self { root, attempts: Attempts::new(attempts), database, known, lookup, tasks, refusals }
    }

    /// Where it is written down who was refused what.
    pub(in crate::web) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Whether there is a token of the environment.
    pub(in crate::web) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// Whether a text that opens nothing could not have been meant for anything here: there is no
    /// token of the environment, and it has not the shape of one of the registry.
    pub(in crate::web) fn is_switched_off_for(&self, presented: &Secret) -> bool {
        !self.has_root() && token_text::id_of(presented.expose().as_bytes()).is_none()
    }

    /// Tells one token of the environment from another, and nothing of what it is.
    pub(in crate::web) fn root_fingerprint(&self) -> Option<String> {
        self.root.as_ref().map(|root| hex(&token_text::digest(root.expose().as_bytes())))
    }

    /// Who calls, by the head of a request.
    pub(in crate::web) async fn by_headers(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Authority, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(shown) = values.next() else { return Err(Refusal::Missing) };
        match bearer(shown).filter(|_| values.next().is_none()) {
            Some(presented) => self.by_token(&presented, address).await,
            None => Err(self.wrong(address)),
        }
    }

    /// Who calls, by the text of a token.
    pub(in crate::web) async fn by_token(
        &self,
        presented: &Secret,
        address: IpAddr,
    ) -> Result<Authority, Refusal> {
        let text = presented.expose().as_bytes();
        let is_root = |root: &Secret| token_text::has_digest(text, &token_text::digest(root.expose().as_bytes()));
        if self.root.as_ref().is_some_and(is_root) {
            return Ok(root_authority(address));
        }
        let Some(id) = token_text::id_of(text) else { return Err(self.wrong(address)) };
        match self.find(id).await? {
            Some(token) if tokens::is_token(&token, presented) => {
                self.authority(&token, address).map_err(|refusal| self.counted(refusal, address))
            }
            _ => Err(self.wrong(address)),
        }
    }

    /// Whether somebody who has signed in by a token still may do what it allows.
    pub(in crate::web) async fn by_id(&self, id: &TokenId, address: IpAddr) -> Result<Authority, Refusal> {
        match id {
            TokenId::Root if self.has_root() => Ok(root_authority(address)),
            TokenId::Root => Err(ended(ROOT.to_owned(), TokenState::Revoked, address)),
            TokenId::Registered(id) => match self.find(id).await? {
                Some(token) => self.authority(&token, address),
                None => Err(ended(format!("token ({id})"), TokenState::Revoked, address)),
            },
        }
    }

    /// Forgets what was found: this host has changed a token.
    pub(in crate::web) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn authority(&self, token: &Token, address: IpAddr) -> Result<Authority, Refusal> {
        match tokens::state(token, now_micros()) {
            TokenState::Active => {}
            state => return Err(ended(tokens::actor_name(token), state, address)),
        }
        self.note_use(token);
        Ok(Authority {
            token: TokenId::Registered(token.id.clone()),
            actor: Actor { name: tokens::actor_name(token), origin: Some(address.to_string()) },
            scopes: Scopes::restore(&token.scopes),
        })
    }

    fn wrong(&self, address: IpAddr) -> Refusal {
        self.counted(Refusal::Wrong, address)
    }

    /// What is said of a token that opens nothing, unless there have been too many of them.
    fn counted(&self, refusal: Refusal, address: IpAddr) -> Refusal {
        match self.attempts.note(address, Instant::now()) {
            Ok(()) => refusal,
            Err(wait) => Refusal::TooMany(wait),
        }
    }

    async fn find(&self, id: &str) -> Result<Option<Arc<Token>>, Refusal> {
        if let Some(token) = self.remembered(id) {
            return Ok(Some(token));
        }
        let _turn = self.lookup.acquire().await.map_err(|_| Refusal::Unavailable)?;
        // Whoever came before may have asked the same.
        if let Some(token) = self.remembered(id) {
            return Ok(Some(token));
        }
        let found = self.database.token(id).await.map_err(|error| {
            tracing::warn!("cannot look up a token: {error}");
            Refusal::Unavailable
        })?;
        Ok(found.map(|token| self.remember(token)))
    }

    fn remembered(&self, id: &str) -> Option<Arc<Token>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).filter(|known| known.found.elapsed() < BELIEVED).map(|known| Arc::clone(&known.token))
    }

    fn remember(&self, token: Token) -> Arc<Token> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        let noted = known.get(&token.id).and_then(|known| known.noted);
        let (id, token) = (token.id.clone(), Arc::new(token));
        known.insert(id, Known { token: Arc::clone(&token), found: Instant::now(), noted });
        token
    }

    /// Writes down that a token was shown, unless that was done a moment ago.
    fn note_use(&self, token: &Token) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = known.get_mut(&token.id) else { return };
        if entry.noted.is_some_and(|noted| noted.elapsed() < USE_NOTED) {
            return;
        }
        entry.noted = Some(Instant::now());
        drop(known);
        let (database, id) = (self.database.clone(), token.id.clone());
        self.tasks.spawn(async move {
            if let Err(error) = database.note_token_use(&id).await {
                tracing::debug!("cannot write down that a token was used: {error}");
            }
        });
    }
}

fn ended(name: String, state: TokenState, address: IpAddr) -> Refusal {
    Refusal::Ended(EndedToken { state, actor: Actor { name, origin: Some(address.to_string()) } })
}

fn root_authority(address: IpAddr) -> Authority {
    let actor = Actor { name: ROOT.to_owned(), origin: Some(address.to_string()) };
    Authority { token: TokenId::Root, actor, scopes: Scopes::all() }
}

/// What follows the scheme, whose name is compared without case (RFC 9110, section 11.1).
fn bearer(value: &HeaderValue) -> Option<Secret> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    is_bearer.then(|| Secret::new(String::from_utf8_lossy(token.trim_ascii())))
}

impl Authority {
    /// Whether something is allowed.
    pub(in crate::web) fn allows(&self, scope: &Scope) -> bool {
        self.scopes.allows(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DatabaseOptions, Environment};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// Over a database that is never asked.
    fn authenticator(root: Option<&str>) -> Authenticator {
        let options = DatabaseOptions { data_dir: Some("/nowhere".into()), ..DatabaseOptions::default() };
        let config = Config::load(&options, &Environment::default()).unwrap();
        let database = Database::open(&config).unwrap();
        Authenticator::new(root.map(Secret::new), 10, database, TaskTracker::new())
    }

    async fn ask(authenticator: &Authenticator, values: &[&str], address: IpAddr) -> Result<Authority, Refusal> {
        let headers = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect();
        authenticator.by_headers(&headers, address).await
    }

    #[tokio::test]
    async fn only_the_token_opens() {
        let right = format!("Bearer {TOKEN}");
        for shown in [right.as_str(), "bearer  0123456789abcdef0123456789abcdef"] {
            let authority = ask(&authenticator(Some(TOKEN)), &[shown], HERE).await.unwrap();
            assert_eq!((authority.token, authority.scopes), (TokenId::Root, Scopes::all()));
        }
        let wrongs = ["", "Bearer", "Bearer ", TOKEN, "Basic 0123456789abcdef0123456789abcdef"];
        for wrong in wrongs.into_iter().chain(["Bearer 0123456789abcdef0123456789abcdeg"]) {
            assert_eq!(ask(&authenticator(Some(TOKEN)), &[wrong], HERE).await, Err(Refusal::Wrong), "{wrong}");
        }
        let authenticator = authenticator(Some(TOKEN));
        assert_eq!(ask(&authenticator, &[], HERE).await, Err(Refusal::Missing));
        assert_eq!(ask(&authenticator, &[&right, &right], HERE).await, Err(Refusal::Wrong));
        assert_eq!(ask(&self::authenticator(None), &[&right], HERE).await, Err(Refusal::Wrong));
    }

    #[tokio::test]
    async fn wrong_tokens_are_bounded_and_lock_nobody_out() {
        let authenticator = authenticator(Some(TOKEN));
        for _ in 0..10 {
            assert_eq!(ask(&authenticator, &["Bearer wrong"], HERE).await, Err(Refusal::Wrong));
        }
        let refused = ask(&authenticator, &["Bearer wrong"], HERE).await;
        assert!(matches!(refused, Err(Refusal::TooMany(wait)) if wait <= Duration::from_secs(60)), "{refused:?}");
        let right = format!("Bearer {TOKEN}");
        assert!(ask(&authenticator, &[&right], HERE).await.is_ok(), "the operator is not locked out");
        assert_eq!(ask(&authenticator, &[], HERE).await, Err(Refusal::Missing), "no token is no guess");
        let elsewhere = "192.0.2.7".parse().unwrap();
        assert_eq!(ask(&authenticator, &["Bearer wrong"], elsewhere).await, Err(Refusal::Wrong));
    }

    #[tokio::test]
    async fn what_is_signed_in_by_the_root_token_ends_with_it() {
        let with = authenticator(Some(TOKEN));
        assert!(with.by_id(&TokenId::Root, HERE).await.is_ok());
        let without = authenticator(None).by_id(&TokenId::Root, HERE).await;
        assert_eq!(without, Err(ended(ROOT.to_owned(), TokenState::Revoked, HERE)));
    }

    #[test]
    fn the_token_is_not_printed() {
        assert_eq!(format!("{:?}", authenticator(Some(TOKEN))), "Authenticator { has_root: true, .. }");
    }
}
