//! The keys that sign URLs, as this process knows them.

use crate::storage::keys::Key;
use crate::storage::{Error, Result};
use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;

/// Keeps what is signed here apart from anything else that the same key might sign one day.
const PURPOSE: &[u8] = b"innkeeper url\0";

/// All keys, the newest first: that one signs, all of them verify.
#[derive(Debug, Default)]
pub struct Keyring(ArcSwap<Vec<Key>>);

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is by the key that it names.
    Good,
    /// It is not.
    Forged,
    /// No such key is known here.
    UnknownKey,
}

impl Keyring {
    /// Replaces all keys; the newest comes first.
    pub fn put(&self, keys: Vec<Key>) {
        self.0.store(Arc::new(keys));
    }

    /// Signs with the newest key: appends its id and the signature to a text that is the beginning of a query.
    pub(super) fn sign(&self, text: &str) -> Result<String> {
        let keys = self.0.load();
        let key =
            keys.first().ok_or_else(|| Error::unavailable("the keys for signing cannot be had right now"))?;
        let signed = format!("{text}&key={}", key.id);
        let signature = URL_SAFE_NO_PAD.encode(mac(key, &signed).finalize().into_bytes());
        Ok(format!("{signed}&sig={signature}"))
    }

    /// Judges a text that names the key `id`. Takes the same time however much of the signature is right.
    pub(super) fn verify(&self, text: &str, id: &str, signature: &str) -> Verdict {
        let keys = self.0.load();
        let Some(key) = keys.iter().find(|key| key.id == id) else { return Verdict::UnknownKey };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Verdict::Forged };
        match mac(key, text).verify_slice(&signature) {
            Ok(()) => Verdict::Good,
            Err(_) => Verdict::Forged,
        }
    }
}

fn mac(key: &Key, text: &str) -> Hmac<Sha256> {
    // A key shorter than the hash's block is padded with zeros (RFC 2104).
    let mut block = [0u8; 64];
    block.iter_mut().zip(key.secret).for_each(|(to, from)| *to = from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(PURPOSE);
    mac.update(text.as_bytes());
    mac
}
