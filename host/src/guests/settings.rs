//! Settings of an app: what `innkeeper.toml` says and the registry keeps as JSON.

use crate::storage::Transactions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is kept together.
    pub transactions: TransactionsSetting,
    /// What the guest reads through `wasi:config`. No place for secrets: whoever can read the registry or an export can read it.
    pub config: BTreeMap<String, String>,
    /// What becomes of requests that come from other origins with a visitor's session.
    #[serde(rename = "cross-origin", skip_serializing_if = "is_default")]
    pub cross_origin: CrossOrigin,
    /// Other origins, such as `https://shop.example`, from which such requests may come.
    #[serde(rename = "trusted-origins", skip_serializing_if = "is_default")]
    pub trusted_origins: Vec<String>,
}

/// Settings that say what goes without saying are not stored: a host of an earlier release, which knows fewer, can go on reading them.
fn is_default<T: Default + PartialEq>(setting: &T) -> bool {
    *setting == T::default()
}

/// What becomes of requests that come from other origins with a visitor's session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrossOrigin {
    /// They do not reach the guest.
    #[default]
    Refuse,
    /// They do: the guest looks out for itself.
    Allow,
}

/// From where requests with a visitor's session may come, beside the app's own pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// From anywhere.
    pub allow_all: bool,
    /// From these, as browsers spell them.
    pub trusted: Vec<String>,
}

impl Settings {
    /// An error where a setting says something that it cannot say.
    pub fn check(&self) -> Result<(), String> {
        match self.trusted_origins.iter().find(|text| parse_origin(text).is_none()) {
            Some(text) => Err(format!("trusted-origins: `{text}` is no origin such as https://shop.example")),
            None => Ok(()),
        }
    }

    /// See [`Origins`].
    pub fn origins(&self) -> Origins {
        let trusted = self.trusted_origins.iter().filter_map(|text| parse_origin(text));
        Origins {
            allow_all: self.cross_origin == CrossOrigin::Allow,
            trusted: trusted.map(|url| url.origin().ascii_serialization()).collect(),
        }
    }
}

/// Reads an origin: scheme, host and perhaps a port, and nothing else.
pub fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    let (_, rest) = text.split_once("://")?;
    let is_bare = !rest.contains(['/', '?', '#', '@', '\\']) && url.path() == "/";
    is_bare.then_some(url)
}

/// The spelling of [`Transactions`] in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransactionsSetting {
    /// Everything that a request writes is kept together.
    #[default]
    Request,
    /// Every statement by itself.
    Statement,
}

impl From<TransactionsSetting> for Transactions {
    fn from(setting: TransactionsSetting) -> Self {
        match setting {
            TransactionsSetting::Request => Self::Request,
            TransactionsSetting::Statement => Self::Statement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_without_saying_is_not_stored() {
        let stored = serde_json::to_string(&Settings::default()).unwrap();
        assert_eq!(stored, r#"{"transactions":"request","config":{}}"#);
        let settings = Settings {
            cross_origin: CrossOrigin::Allow,
            trusted_origins: vec!["https://a.example".into()],
            ..Settings::default()
        };
        let stored = serde_json::to_string(&settings).unwrap();
        assert!(stored.contains(r#""cross-origin":"allow","trusted-origins":["https://a.example"]"#), "{stored}");
        assert_eq!(serde_json::from_str::<Settings>(&stored).unwrap(), settings);
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        let spelled = |text| parse_origin(text).map(|url| url.origin().ascii_serialization());
        assert_eq!(spelled("https://Shop.example:443").as_deref(), Some("https://shop.example"));
        assert_eq!(spelled("http://localhost:8081").as_deref(), Some("http://localhost:8081"));
        for wrong in [
            "shop.example",
            "https://shop.example/",
            "https://shop.example/a",
            "https://a@shop.example",
            "null",
            "*",
            "ftp://shop.example",
            "https://",
            "https:shop.example",
        ] {
            let settings = Settings { trusted_origins: vec![wrong.into()], ..Settings::default() };
            assert!(settings.check().is_err(), "{wrong}");
        }
    }
}
