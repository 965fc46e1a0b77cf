//! The operator's session: a signed cookie, which every host of the database can read and none has
//! to store.
//!
//! It says which token has opened it and when, never the token itself. Whether that token still
//! stands is asked at each request. The keys are those of the database, so exchanging them ends all
//! sessions.

use super::cookie::Cookie;
use crate::interfaces::blob_upload::Keyring;
use crate::storage::{Error, Result, hex};
use crate::web::admin::auth::TokenId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderValue;
use sha2::{Digest, Sha256};

/// The session's cookie. No app can have this name, so no app's session has it.
pub(super) const COOKIE: Cookie = Cookie("innkeeper-admin_session");
const SESSION: &str = "innkeeper dashboard session";
const FORM: &str = "innkeeper dashboard form";
/// A session ends so many seconds after it began.
const LONGEST: u64 = 8 * 3600;
/// A session ends when it was not used for so many seconds.
const IDLE: u64 = 3600;
/// A session that was used so many seconds ago is signed anew.
const RENEWED: u64 = 60;
/// Clocks of several hosts differ by so many seconds at most.
const SKEW: u64 = 60;
/// A cookie that is longer is none of ours.
const LONGEST_VALUE: usize = 1024;

/// What the cookie says. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// The token that has opened it.
    pub(super) token: TokenId,
    began: u64,
    used: u64,
    /// Makes it another one than all others.
    nonce: String,
}

impl Session {
    /// A new session for whoever has shown a token.
    pub(super) fn begin(token: TokenId, now: u64) -> Result<Self> {
        Ok(Self { token, began: now, used: now, nonce: nonce()? })
    }

    /// Reads the value of a cookie. None where it is not ours, or the session is over.
    ///
    /// `fingerprint` of the token is part of what is signed: another token of the same name does
    /// not take over its sessions.
    pub(super) fn read(
        value: &str,
        keyring: &Keyring,
        now: u64,
        fingerprint: impl FnOnce(&TokenId) -> String,
    ) -> Option<Self> {
        if value.len() > LONGEST_VALUE {
            return None;
        }
        let (text, seal) = split(value)?;
        let mut parts = text.split('.');
        let token = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        let began = parts.next()?.parse().ok()?;
        let used = parts.next()?.parse().ok()?;
        let nonce = parts.next()?.to_owned();
        let session = Self { token: TokenId::read(&token), began, used, nonce };
        let print = fingerprint(&session.token);
        let is_ours = keyring.is_sealed(SESSION, &format!("{text}.{print}"), seal) && session.text() == text;
        let began_before = |time: u64| time <= now.saturating_add(SKEW);
        let is_alive = began_before(session.began)
            && began_before(session.used)
            && now < session.began.saturating_add(LONGEST)
            && now < session.used.saturating_add(IDLE);
        (is_ours && is_alive).then_some(session)
    }

    /// Whether the value of a cookie names a key that is not known here, so that asking for keys
    /// may help.
    pub(super) fn has_unknown_key(value: &str, keyring: &Keyring) -> bool {
        value.len() <= LONGEST_VALUE && split(value).is_some_and(|(_, seal)| !keyring.knows(seal))
    }

    /// The session as it goes on after this use; none where the cookie is good for a while yet.
    pub(super) fn renewed(&self, now: u64) -> Option<Self> {
        (now >= self.used.saturating_add(RENEWED)).then(|| Self { used: now, ..self.clone() })
    }

    /// The cookie of the session.
    pub(super) fn cookie(&self, keyring: &Keyring, fingerprint: &str, https: bool) -> Result<HeaderValue> {
        let text = self.text();
        let seal = keyring.seal(SESSION, &format!("{text}.{fingerprint}"))?;
        Ok(COOKIE.set(&format!("{text}.{seal}"), https))
    }

    /// Names the session where it is written down that it was ended, and opens nothing.
    pub(super) fn id(&self) -> String {
        hex(&Sha256::digest(self.identity())).chars().take(32).collect()
    }

    /// When it ends at the latest.
    pub(super) fn ends_at(&self) -> u64 {
        self.began.saturating_add(LONGEST)
    }

    /// What a form of this session has to bring along.
    pub(super) fn form_key(&self, keyring: &Keyring) -> Result<String> {
        keyring.seal(FORM, &self.identity())
    }

    /// Whether a form is one of this session's.
    pub(super) fn is_form_key(&self, keyring: &Keyring, shown: &str) -> bool {
        keyring.is_sealed(FORM, &self.identity(), shown)
    }

    fn text(&self) -> String {
        let Self { token, began, used, nonce } = self;
        format!("{}.{began}.{used}.{nonce}", URL_SAFE_NO_PAD.encode(token.as_str()))
    }

    /// What stays the same as long as the session lasts.
    fn identity(&self) -> String {
        format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(self.token.as_str()), self.began, self.nonce)
    }
}

/// 128 random bits, in characters that a cookie may have.
pub(super) fn nonce() -> Result<String> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// The signed text and the seal, which has two parts.
fn split(value: &str) -> Option<(&str, &str)> {
    let (rest, _) = value.rsplit_once('.')?;
    let (text, _) = rest.rsplit_once('.')?;
    Some((text, value.get(text.len() + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::registry::Key;

    const NOW: u64 = 1_800_000_000;

    fn keyring() -> Keyring {
        let keyring = Keyring::default();
        keyring.put(vec![Key { id: "0badcafe".to_owned(), secret: [7; 32], created_at: 0 }]);
        keyring
    }

    fn print(token: &TokenId) -> String {
        format!("print of {}", token.as_str())
    }

    fn begin(token: &str) -> Session {
        Session::begin(TokenId::read(token), NOW).expect("random numbers")
    }

    fn value(session: &Session, keyring: &Keyring) -> String {
        let cookie = session.cookie(keyring, &print(&session.token), true).expect("there is a key");
        let text = cookie.to_str().expect("it is a text").to_owned();
        let (pair, rest) = text.split_once(';').expect("it has attributes");
        assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict; Secure");
        pair.strip_prefix("__Host-innkeeper-admin_session=").expect("its name").to_owned()
    }

    fn read(value: &str, keyring: &Keyring, now: u64) -> Option<Session> {
        Session::read(value, keyring, now, print)
    }

    #[test]
    fn a_session_is_read_back_until_it_is_over() {
        let keyring = keyring();
        let session = begin("ci; deploy.\u{fc}");
        let value = value(&session, &keyring);
        assert_eq!(read(&value, &keyring, NOW + 59).as_ref(), Some(&session));
        assert_eq!(read(&value, &keyring, NOW + IDLE - 1).as_ref(), Some(&session));
        assert_eq!(read(&value, &keyring, NOW + IDLE), None, "idle");
        assert_eq!(read(&value, &keyring, NOW - SKEW - 1), None, "from a future that no clock explains");
    }

    #[test]
    fn use_prolongs_a_session_and_not_for_ever() {
        let keyring = keyring();
        let mut session = begin("a");
        assert_eq!(session.renewed(NOW + RENEWED - 1), None);
        let form = session.form_key(&keyring).expect("there is a key");
        for hour in 1..=15 {
            let now = NOW + hour * 1800;
            session = session.renewed(now).expect("it was used long ago");
            assert_eq!(read(&value(&session, &keyring), &keyring, now + 1).as_ref(), Some(&session));
            assert!(session.is_form_key(&keyring, &form), "a form is good as long as the session");
        }
        session = session.renewed(NOW + LONGEST - 1).expect("it was used long ago");
        assert_eq!(read(&value(&session, &keyring), &keyring, NOW + LONGEST), None);
    }

    #[test]
    fn what_was_changed_is_no_session() {
        let keyring = keyring();
        let session = begin("operator");
        let good = value(&session, &keyring);
        let other = Session { token: TokenId::read("another"), ..session.clone() };
        let seal = good.splitn(5, '.').last().expect("a seal");
        let spliced = format!("{}.{seal}", other.text());
        let later = Session { began: NOW + 5, ..session.clone() };
        let prolonged = format!("{}.{seal}", later.text());
        for forged in
            ["", ".", "....", &good[1..], &good[..good.len() - 1], &spliced, &prolonged, &"x".repeat(2000)]
        {
            assert_eq!(read(forged, &keyring, NOW), None, "{forged}");
        }
        assert!(Session::read(&good, &keyring, NOW, |_| "print of a new token".to_owned()).is_none());
        let others = Keyring::default();
        others.put(vec![Key { id: "0badcafe".to_owned(), secret: [8; 32], created_at: 0 }]);
        assert_eq!(read(&good, &others, NOW), None);
        assert!(!Session::has_unknown_key(&good, &others));
        assert!(Session::has_unknown_key(&good, &Keyring::default()));
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let keyring = keyring();
        let [one, other] = ["a", "a"].map(begin);
        let form = one.form_key(&keyring).expect("there is a key");
        assert_ne!(one.id(), other.id());
        assert_eq!(one.id(), one.renewed(NOW + RENEWED).expect("it was used long ago").id());
        assert!(one.is_form_key(&keyring, &form) && !other.is_form_key(&keyring, &form));
        assert!(!one.is_form_key(&keyring, "") && !one.is_form_key(&keyring, &value(&one, &keyring)));
    }
}
