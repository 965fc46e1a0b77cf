//! The keys that sign compiled code.

use super::key_file;
use crate::config::CodeKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

pub(super) const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 8;
/// What is made of a text is kept apart from anything else that somebody may make of it.
const GIVEN: &[u8] = b"innkeeper code key 1 given";
const PASSWORD: &[u8] = b"innkeeper code key 1 password";
/// Who can read a signature can try passwords with it. This makes each try as dear as a few
/// thousand, and costs a process some ten milliseconds, once.
const ROUNDS: u32 = 20_000;

/// A key that signs code. Never printed.
#[derive(Clone)]
pub(super) struct SigningKey {
    key: [u8; KEY_BYTES],
    id: [u8; ID_BYTES],
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(super) fn new(key: [u8; KEY_BYTES]) -> Self {
        let mut id = [0; ID_BYTES];
        let mut mac = mac(&key);
        mac.update(b"innkeeper code key id\0");
        id.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        Self { key, id }
    }

    fn of_text(text: &str, purpose: &[u8]) -> Self {
        let mut key = [0; KEY_BYTES];
        pbkdf2::pbkdf2_hmac::<Sha256>(text.as_bytes(), purpose, ROUNDS, &mut key);
        Self::new(key)
    }

    /// The key in a file, which is made where there is none.
    pub(super) fn in_file(path: &Path) -> io::Result<Self> {
        key_file::open(path).map(Self::new)
    }

    /// Tells keys apart and says nothing about them.
    pub(super) fn id(&self) -> &[u8; ID_BYTES] {
        &self.id
    }

    pub(super) fn mac(&self) -> Hmac<Sha256> {
        mac(&self.key)
    }
}

fn mac(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // A key shorter than the hash's block is padded with zeros (RFC 2104).
    let mut block = [0u8; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// The key that all hosts of a database have, made when it is first needed.
#[derive(Debug)]
pub struct SharedKey {
    from: CodeKey,
    key: OnceLock<Option<SigningKey>>,
}

impl SharedKey {
    /// By the configuration.
    pub fn new(from: CodeKey) -> Self {
        Self { from, key: OnceLock::new() }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.get().is_some()
    }

    /// None where there is none, or it cannot be read; the latter is logged once.
    pub(super) fn get(&self) -> Option<&SigningKey> {
        let open = || match &self.from {
            CodeKey::Given(text) => Some(SigningKey::of_text(text.expose(), GIVEN)),
            CodeKey::Password(text) => Some(SigningKey::of_text(text.expose(), PASSWORD)),
            CodeKey::File(path) => match SigningKey::in_file(path) {
                Ok(key) => Some(key),
                Err(error) => {
                    let file = path.display();
                    tracing::warn!("compiled code is not shared with other processes, because of {file}: {error}");
                    None
                }
            },
            CodeKey::Missing => None,
        };
        self.key.get_or_init(open).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn id(key: CodeKey) -> [u8; ID_BYTES] {
        *SharedKey::new(key).get().unwrap().id()
    }

    #[test]
    fn a_text_makes_the_same_key_everywhere_and_another_for_each_purpose() {
        let given = |text: &str| id(CodeKey::Given(Secret::new(text)));
        let password = |text: &str| id(CodeKey::Password(Secret::new(text)));
        assert_eq!(given("hunter2"), given("hunter2"));
        assert!(given("hunter2") != given("hunter3") && given("hunter2") != password("hunter2"));
        assert!(SharedKey::new(CodeKey::Missing).get().is_none());
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = SigningKey::new([65; KEY_BYTES]);
        let shared = SharedKey::new(CodeKey::Given(Secret::new("hunter2")));
        let printed = format!("{key:?} {shared:?} {:?}", shared.get());
        assert!(!printed.contains("65") && !printed.contains("hunter2"), "{printed}");
    }
}
