//! Signed URLs: what they allow is written in them, and signed. A path of the host's, then a query
//! whose last parameter is the signature over everything before it.

use super::SendOptions;
use super::keyring::{Keyring, Verdict};
use crate::storage::{Result, now_micros};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Write;

/// The paths of signed downloads begin so; app and blob follow.
pub const DOWNLOADS: &str = "/_innkeeper/blobs/";
/// The paths of signed uploads begin so; app and blob follow.
pub const UPLOADS: &str = "/_innkeeper/uploads/";

/// What a signed URL is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The app.
    pub app: String,
    /// The blob.
    pub id: String,
    /// Seconds since 1970 until which it is good.
    pub until: i64,
    /// What it allows.
    pub grant: Grant,
}

/// What a signed URL allows.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant {
    /// To fetch the blob.
    Download(SendOptions),
    /// To upload it.
    Upload(UploadRules),
}

/// What may be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRules {
    /// Bytes at most.
    pub most: u64,
    /// Accepted media types; empty: any.
    pub accept: Vec<String>,
}

/// Why a signed URL is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no signed URL of this host's, or has been changed.
    Forged,
    /// Its time is over.
    Expired,
    /// It names a key that is not known here: perhaps a new one.
    UnknownKey,
}

impl Link {
    /// Writes the URL: path and query.
    pub(super) fn sign(&self, keyring: &Keyring) -> Result<String> {
        let (place, more) = match &self.grant {
            Grant::Download(options) => (DOWNLOADS, download_query(options)),
            Grant::Upload(rules) => (UPLOADS, upload_query(rules)),
        };
        keyring.sign(&format!("{place}{}/{}?until={}{more}", self.app, self.id, self.until))
    }

    /// Reads a URL that somebody presents.
    pub fn read(path_and_query: &str, keyring: &Keyring) -> std::result::Result<Self, Refused> {
        let (signed, signature) = path_and_query.rsplit_once("&sig=").ok_or(Refused::Forged)?;
        let (path, query) = signed.split_once('?').ok_or(Refused::Forged)?;
        match keyring.verify(signed, parameter(query, "key").unwrap_or_default(), signature) {
            Verdict::Good => {}
            Verdict::Forged => return Err(Refused::Forged),
            Verdict::UnknownKey => return Err(Refused::UnknownKey),
        }
        let link = Self::from_signed(path, query).ok_or(Refused::Forged)?;
        if link.until <= now_micros() / 1_000_000 { Err(Refused::Expired) } else { Ok(link) }
    }

    /// Reads what the host has written itself.
    fn from_signed(path: &str, query: &str) -> Option<Self> {
        let (rest, grant) = match path.strip_prefix(DOWNLOADS) {
            Some(rest) => (rest, Grant::Download(download_options(query)?)),
            None => (path.strip_prefix(UPLOADS)?, Grant::Upload(upload_rules(query)?)),
        };
        let (app, id) = rest.split_once('/')?;
        let until = parameter(query, "until")?.parse().ok()?;
        Some(Self { app: app.to_owned(), id: id.to_owned(), until, grant })
    }
}

fn download_query(options: &SendOptions) -> String {
    let mut query = String::new();
    if let Some(name) = &options.name {
        let _ = write!(query, "&name={}", URL_SAFE_NO_PAD.encode(name));
    }
    if options.download {
        query.push_str("&download=1");
    }
    if let Some(seconds) = options.max_age {
        let _ = write!(query, "&age={seconds}");
    }
    query
}

fn download_options(query: &str) -> Option<SendOptions> {
    let name = parameter(query, "name").map(decoded);
    let max_age = parameter(query, "age").map(|seconds| seconds.parse().ok());
    Some(SendOptions {
        name: swap(name)?,
        download: parameter(query, "download").is_some(),
        max_age: swap(max_age)?,
    })
}

fn upload_query(rules: &UploadRules) -> String {
    let accept: Vec<String> =
        rules.accept.iter().map(|one| format!("&accept={}", URL_SAFE_NO_PAD.encode(one))).collect();
    format!("&most={}{}", rules.most, accept.concat())
}

fn upload_rules(query: &str) -> Option<UploadRules> {
    let accept = query.split('&').filter_map(|pair| pair.strip_prefix("accept="));
    Some(UploadRules {
        most: parameter(query, "most")?.parse().ok()?,
        accept: accept.map(decoded).collect::<Option<_>>()?,
    })
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn swap<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(None) => None,
        Some(value) => Some(value),
        None => Some(None),
    }
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::registry::Key;

    fn key(id: &str, byte: u8) -> Key {
        Key { id: id.into(), secret: [byte; 32], created_at: 0 }
    }

    fn link(grant: Grant, until: i64) -> Link {
        Link { app: "blog".into(), id: "0123456789abcdef0123456789abcdef".into(), until, grant }
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let keyring = Keyring::default();
        keyring.put(vec![key("a", 1)]);
        let options = SendOptions { name: Some("Grüße &sig=x.png".into()), download: true, max_age: Some(60) };
        let rules = UploadRules { most: 5_000_000_000, accept: vec!["image/*".into(), "application/pdf".into()] };
        for grant in [Grant::Download(options), Grant::Download(SendOptions::default()), Grant::Upload(rules)] {
            let link = link(grant, i64::MAX);
            let text = link.sign(&keyring).expect("there is a key");
            assert_eq!(Link::read(&text, &keyring), Ok(link), "{text}");
        }
    }

    #[test]
    fn keys_can_be_exchanged() {
        let (keyring, download) = (Keyring::default(), link(Grant::Download(SendOptions::default()), i64::MAX));
        assert!(download.sign(&keyring).is_err());
        keyring.put(vec![key("old", 1)]);
        let text = download.sign(&keyring).expect("there is a key");
        keyring.put(vec![key("new", 2), key("old", 1)]);
        assert_eq!(Link::read(&text, &keyring), Ok(download.clone()));
        assert!(download.sign(&keyring).expect("there is a key").contains("&key=new&"));
        keyring.put(vec![key("new", 2)]);
        assert_eq!(Link::read(&text, &keyring), Err(Refused::UnknownKey));
        keyring.put(vec![key("old", 3)]);
        assert_eq!(Link::read(&text, &keyring), Err(Refused::Forged));
    }

    #[test]
    fn a_link_ends() {
        let keyring = Keyring::default();
        keyring.put(vec![key("a", 1)]);
        let text = link(Grant::Download(SendOptions::default()), now_micros() / 1_000_000).sign(&keyring);
        assert_eq!(Link::read(&text.expect("there is a key"), &keyring), Err(Refused::Expired));
    }
}
