//! The keys that sign URLs and the operator's sessions, as this process knows them.

use crate::storage::registry::Key;
use crate::storage::{Error, Result};
use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;

/// Keeps signed URLs apart from what else the same key signs.
const URL: &str = "innkeeper url";

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

    /// Signs with the newest key: appends its id and the signature to a text that is the beginning
    /// of a query.
    pub(super) fn sign(&self, text: &str) -> Result<String> {
        let keys = self.0.load();
        let key = newest(&keys)?;
        let signed = format!("{text}&key={}", key.id);
        let signature = signature(key, URL, &signed);
        Ok(format!("{signed}&sig={signature}"))
    }

    /// Judges a text that names the key `id`. Takes the same time however much of the signature is
    /// right.
    pub(super) fn verify(&self, text: &str, id: &str, signature: &str) -> Verdict {
        self.judge(URL, text, id, signature)
    }

    /// Signs a text for a purpose. What is signed for one is worth nothing for another.
    pub fn seal(&self, purpose: &str, text: &str) -> Result<String> {
        let keys = self.0.load();
        let key = newest(&keys)?;
        Ok(format!("{}.{}", key.id, signature(key, purpose, text)))
    }

    /// Whether a seal is by a key that is known here, and made for this purpose and text.
    pub fn is_sealed(&self, purpose: &str, text: &str, seal: &str) -> bool {
        let (id, signature) = seal.split_once('.').unwrap_or_default();
        self.judge(purpose, text, id, signature) == Verdict::Good
    }

    /// Whether the key that a seal names is known here.
    pub fn knows(&self, seal: &str) -> bool {
        let id = seal.split_once('.').map_or("", |(id, _)| id);
        self.0.load().iter().any(|key| key.id == id)
    }

    fn judge(&self, purpose: &str, text: &str, id: &str, signature: &str) -> Verdict {
        let keys = self.0.load();
        let Some(key) = keys.iter().find(|key| key.id == id) else { return Verdict::UnknownKey };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Verdict::Forged };
        match mac(key, purpose, text).verify_slice(&signature) {
            Ok(()) => Verdict::Good,
            Err(_) => Verdict::Forged,
        }
    }
}

fn newest(keys: &[Key]) -> Result<&Key> {
    keys.first().ok_or_else(|| Error::unavailable("the keys for signing cannot be had right now"))
}

fn signature(key: &Key, purpose: &str, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(key, purpose, text).finalize().into_bytes())
}

fn mac(key: &Key, purpose: &str, text: &str) -> Hmac<Sha256> {
    // A key shorter than the hash's block is padded with zeros (RFC 2104).
    let mut block = [0u8; 64];
    block.iter_mut().zip(key.secret).for_each(|(to, from)| *to = from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(purpose.as_bytes());
    // No purpose has one, so none is the beginning of another with its text.
    mac.update(b"\0");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> Key {
        Key { id: id.to_owned(), secret: [byte; 32], created_at: 0 }
    }

    #[test]
    fn a_seal_holds_for_its_purpose_and_text_alone() {
        let keyring = Keyring::default();
        assert!(keyring.seal("a", "text").is_err(), "without a key nothing is sealed");
        keyring.put(vec![key("new", 1)]);
        let seal = keyring.seal("a", "text").expect("there is a key");
        assert!(keyring.is_sealed("a", "text", &seal) && keyring.knows(&seal));
        for (purpose, text) in [("b", "text"), ("a", "texts"), ("a", ""), ("", "atext"), ("at", "ext")] {
            assert!(!keyring.is_sealed(purpose, text, &seal), "{purpose} {text}");
        }
        for forged in ["", ".", "new", "new.", "new.AAAA", &seal[..seal.len() - 1], &format!("{seal}A")] {
            assert!(!keyring.is_sealed("a", "text", forged), "{forged}");
        }
    }

    #[test]
    fn older_keys_still_verify_and_unknown_ones_do_not() {
        let keyring = Keyring::default();
        keyring.put(vec![key("old", 1)]);
        let seal = keyring.seal("a", "text").expect("there is a key");
        keyring.put(vec![key("new", 2), key("old", 1)]);
        assert!(keyring.is_sealed("a", "text", &seal));
        keyring.put(vec![key("new", 2)]);
        assert!(!keyring.is_sealed("a", "text", &seal) && !keyring.knows(&seal));
        keyring.put(vec![key("old", 3)]);
        assert!(!keyring.is_sealed("a", "text", &seal) && keyring.knows(&seal));
    }
}
