//! An app's rows in the host tables, as they stand in the file of an export.

mod reading;
mod writing;

pub use reading::HostRows;

use serde::{Deserialize, Serialize};

/// A kept blob, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BlobRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// In bytes.
    pub size: u64,
    /// Of the bytes, in hexadecimal.
    pub sha256: String,
    /// The media type.
    pub content_type: String,
    /// The file's name.
    pub name: Option<String>,
    /// Microseconds since 1970.
    pub created: i64,
    /// The files that `innkeeper blobs import` has made it of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// A session with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionRow {
    /// The SHA-256 of its id, in hexadecimal. The id itself only its visitor has.
    pub id_hash: String,
    /// Who is signed in.
    pub user: Option<String>,
    /// Times in microseconds since 1970.
    pub created: i64,
    /// When it was last used.
    pub used: i64,
    /// How long it lives after its last use.
    pub idle_seconds: i64,
    /// When it ends if it is not used again.
    pub idle_expires: i64,
    /// When it ends whatever happens.
    pub expires: i64,
    /// Kind, name and value of each.
    pub values: Vec<(i64, String, String)>,
}

/// A migration that has been run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationRow {
    /// Its name.
    pub name: String,
    /// Of its text, in hexadecimal.
    pub sha256: String,
    /// Microseconds since 1970.
    pub applied: i64,
}

impl BlobRow {
    /// With what has no order of its own in one.
    pub fn in_order(mut self) -> Self {
        self.sources.sort_unstable();
        self
    }
}

impl SessionRow {
    /// As a host keeps it: the earlier of the two times says when it ends (see the migration
    /// `sessions_by_end`).
    pub fn as_kept(mut self) -> Self {
        self.idle_expires = self.idle_expires.min(self.expires);
        self.values.sort_unstable();
        self
    }
}

/// Bytes from hexadecimal digits; none where it is something else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::hex;

    #[test]
    fn hexadecimal_is_read_back() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0g"), None);
    }
}
