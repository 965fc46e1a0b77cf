//! The checksum of what one request brings (tus protocol 1.0, extension "checksum").

use super::headers;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The algorithms, as they are announced.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

/// A checksum that is being computed, and what it has to be.
#[derive(Debug)]
pub(super) struct Checksum {
    hasher: Hasher,
    expected: Vec<u8>,
}

#[derive(Debug)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// Reads `Upload-Checksum`. None where the algorithm is another or the value is malformed.
    pub(super) fn read(header: &str) -> Option<Self> {
        let (algorithm, value) = header.split_once(' ')?;
        let (hasher, length) = match algorithm.to_ascii_lowercase().as_str() {
            "sha1" => (Hasher::Sha1(Sha1::new()), 20),
            "sha256" => (Hasher::Sha256(Sha256::new()), 32),
            _ => return None,
        };
        let expected = headers::base64(value).filter(|bytes| bytes.len() == length)?;
        Some(Self { hasher, expected })
    }

    /// Takes more bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the bytes are those that were sent.
    pub(super) fn holds(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Checksum;

    #[test]
    fn a_checksum_holds_for_its_bytes() {
        for header in [
            "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "SHA1 Kq5sNclPz7QV2-lfQIuc6R7oRu0",
            "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
        ] {
            let mut checksum = Checksum::read(header).unwrap();
            checksum.update(b"hello ");
            checksum.update(b"world");
            assert!(checksum.holds(), "{header}");
            assert!(!Checksum::read(header).unwrap().holds(), "{header}");
        }
        for header in ["md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1", "sha1 *", "sha1 Kq5s"] {
            assert!(Checksum::read(header).is_none(), "{header}");
        }
    }
}
