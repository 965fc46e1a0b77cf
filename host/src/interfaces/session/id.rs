//! The id of a session: 256 random bits that only the visitor's browser keeps.

use crate::storage::sessions::IdHash;
use crate::storage::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// A session's id. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; BYTES]);

impl SessionId {
    /// A new id from the operating system's random numbers.
    pub fn random() -> Result<Self> {
        let mut bytes = [0u8; BYTES];
        getrandom::fill(&mut bytes).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
        Ok(Self(bytes))
    }

    /// Reads the value of a cookie; none if it cannot be an id.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The value for the cookie.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored in place of the id.
    pub(super) fn hash(&self) -> IdHash {
        Sha256::digest(self.0).into()
    }

    /// A token that only someone with this id can have got, for one form.
    pub(super) fn csrf_token(&self, form: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.csrf(form).finalize().into_bytes())
    }

    /// Whether a token is the one for this form. Takes the same time however much of it is right.
    pub(super) fn csrf_check(&self, form: &str, token: &str) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else { return false };
        self.csrf(form).verify_slice(&token).is_ok()
    }

    fn csrf(&self, form: &str) -> Hmac<Sha256> {
        // A key shorter than the hash's block is padded with zeros (RFC 2104).
        let mut key = [0u8; 64];
        key.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
        mac.update(b"innkeeper csrf\0");
        mac.update(form.as_bytes());
        mac
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(***)")
    }
}
