//! Settings of an app: what `innkeeper.toml` says and the registry keeps as JSON.

use crate::config::{DEFAULT_FOLLOWER_LAG, check_follower_var, parse_follower_lag};
use crate::storage::Transactions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;

/// Bytes of the name of a value that a guest reads.
const LONGEST_NAME: usize = 200;
/// Bytes of such a value.
const LONGEST_VALUE: usize = 64 << 10;
/// Bytes of all names and values together.
const MOST_CONFIG: usize = 1 << 20;
/// Other origins.
const MOST_ORIGINS: usize = 100;
/// Bytes of one.
const LONGEST_ORIGIN: usize = 300;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is kept together.
    pub transactions: TransactionsSetting,
    /// What the guest reads through `wasi:config`. No place for secrets: whoever can read the
    /// registry or an export can read it.
    pub config: BTreeMap<String, String>,
    /// What becomes of requests that come from other origins with a visitor's session.
    #[serde(rename = "cross-origin", skip_serializing_if = "is_default")]
    pub cross_origin: CrossOrigin,
    /// Other origins, such as `https://shop.example`, from which such requests may come.
    #[serde(rename = "trusted-origins", skip_serializing_if = "is_default")]
    pub trusted_origins: Vec<String>,
    /// The variable with the URL of a follower of the app's database, which may answer
    /// transactions that only read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower: Option<String>,
    /// How far the follower may be behind, such as `5s`.
    #[serde(rename = "follower-lag", skip_serializing_if = "Option::is_none")]
    pub follower_lag: Option<String>,
}

/// Settings that say what goes without saying are not stored: a host of an earlier release, which
/// knows fewer, can go on reading them.
fn is_default<T: Default + PartialEq>(setting: &T) -> bool {
    *setting == T::default()
}

/// What becomes of requests that come from other origins with a visitor's session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// Which follower may answer what only reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowerChoice {
    /// The variable that holds its URL.
    pub var: String,
    /// How far it may be behind.
    pub lag: Duration,
}

impl Settings {
    /// An error where a setting says something that it cannot say.
    pub fn check(&self) -> Result<(), String> {
        if self.trusted_origins.len() > MOST_ORIGINS {
            return Err(format!("trusted-origins: more than {MOST_ORIGINS}"));
        }
        check_config(self.config.iter().map(|(name, value)| (name, value.as_str())))?;
        self.trusted_origins.iter().try_for_each(|text| trusted_origin(text).map(drop))?;
        self.follower_choice().map(drop)
    }

    /// The follower and how far it may be behind; an error for what can be neither.
    pub fn follower_choice(&self) -> Result<Option<FollowerChoice>, String> {
        let lag = self.follower_lag.as_deref().map(parse_follower_lag).transpose()?;
        // What goes before a setting of the version takes it back so.
        let Some(var) = self.follower.as_deref().filter(|var| !var.is_empty()) else { return Ok(None) };
        check_follower_var(var)?;
        Ok(Some(FollowerChoice { var: var.to_owned(), lag: lag.unwrap_or(DEFAULT_FOLLOWER_LAG) }))
    }

    /// See [`Origins`].
    pub fn origins(&self) -> Origins {
        Origins {
            allow_all: self.cross_origin == CrossOrigin::Allow,
            trusted: self.trusted_origins.iter().filter_map(|text| trusted_origin(text).ok()).collect(),
        }
    }
}

/// An error where one of the values that a guest reads has a name that it cannot have, or they are
/// too large: each process has them in memory.
pub(super) fn check_config<'a>(entries: impl Iterator<Item = (&'a String, &'a str)>) -> Result<(), String> {
    let mut whole = 0;
    for (name, value) in entries {
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(|c: char| c.is_control() || c == '=') {
            return Err(format!(
                "config {name:?}: a name has 1 to {LONGEST_NAME} bytes, no `=` and no control characters"
            ));
        }
        if value.len() > LONGEST_VALUE {
            return Err(format!("config {name}: a value has {LONGEST_VALUE} bytes at most"));
        }
        whole += name.len() + value.len();
    }
    match whole > MOST_CONFIG {
        true => Err(format!("config: all values together have {MOST_CONFIG} bytes at most")),
        false => Ok(()),
    }
}

/// An origin as browsers spell it, out of a setting; an error for what no browser ever says.
fn trusted_origin(text: &str) -> Result<String, String> {
    // A parser of URLs looks past some of these.
    if text.len() > LONGEST_ORIGIN || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        let shown: String = text.chars().take(LONGEST_ORIGIN).collect();
        return Err(format!("trusted-origins: {shown:?} is no origin such as https://shop.example"));
    }
    if text.contains('*') {
        return Err(format!(
            "trusted-origins: `{text}` is a pattern, which fits no origin: list each origin by itself"
        ));
    }
    match (parse_origin(text), Url::parse(text)) {
        (Some(origin), _) if has_usual_host(&origin) => Ok(origin.origin().ascii_serialization()),
        (Some(_), _) => Err(format!("trusted-origins: `{text}` has a host name that no browser visits")),
        (None, Ok(url)) if ["http", "https"].contains(&url.scheme()) => {
            let origin = url.origin().ascii_serialization();
            // Whoever writes a password there does not want to read it in a log.
            let shown = if text.contains('@') { &origin } else { text };
            Err(format!(
                "trusted-origins: `{shown}` is no origin, which ends with its host or port: write `{origin}`"
            ))
        }
        _ => Err(format!("trusted-origins: `{text}` is no origin such as https://shop.example")),
    }
}

/// Whether the host is an address, or a name of letters, digits, dashes and underscores.
fn has_usual_host(url: &Url) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    match url.domain() {
        Some(name) => name.strip_suffix('.').unwrap_or(name).split('.').all(is_label),
        None => url.host().is_some(),
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
        let settings = |text: &str| Settings { trusted_origins: vec![text.into()], ..Settings::default() };
        for (written, origin) in [
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("https://m\u{fc}ller.example", "https://xn--mller-kva.example"),
            ("https://a_b-c.example", "https://a_b-c.example"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(settings(written).check(), Ok(()), "{written}");
            assert_eq!(settings(written).origins().trusted, [origin], "{written}");
        }
        for (wrong, said) in [
            ("https://*.example", "`https://*.example` is a pattern"),
            ("https://shop.example:*", "is a pattern"),
            ("https://shop.example/", "write `https://shop.example`"),
            ("https://shop.example:443/a?b#c", "write `https://shop.example`"),
            ("https:shop.example", "write `https://shop.example`"),
            ("https://a:secret@shop.example", "`https://shop.example` is no origin"),
            ("https://a.example,b.example", "no browser visits"),
            ("https://a..example", "no browser visits"),
            ("shop.example", "is no origin such as"),
            ("shop.example:443", "is no origin such as"),
        ] {
            let problem = settings(wrong).check().unwrap_err();
            assert!(problem.starts_with("trusted-origins: ") && problem.contains(said), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
            assert!(settings(wrong).origins().trusted.is_empty(), "{wrong}");
        }
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
            assert!(settings(wrong).check().is_err(), "{wrong}");
        }
    }
}
