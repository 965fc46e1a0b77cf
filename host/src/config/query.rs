//! The query of a Postgres URL: `?sslmode=require&application_name=inn`.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use super::{RootCertificate, Secret, SslMode};

/// The parameters that the host understands, each as given; empty ones count as absent.
#[derive(Default)]
pub(super) struct Query {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: Option<SslMode>,
    /// Whether `sslrootcert` is there; `system` names a root, but no file.
    pub(super) names_root: bool,
    pub(super) ssl_root: Option<RootCertificate>,
    pub(super) application_name: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) options: Option<String>,
    /// A note for each parameter that is not used.
    pub(super) notes: Vec<String>,
}

impl Query {
    /// Sorts parameters into their fields; of two with one name the last counts.
    pub(super) fn read<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, String> {
        let mut query = Self::default();
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            if value.contains('\0') {
                return Err("the query of the URL holds a NUL byte".to_owned());
            }
            query.set(&name, value.into_owned())?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(number(name, &value)?),
            "user" => self.user = Some(value),
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = Some(value),
            "sslmode" => self.ssl_mode = Some(ssl_mode(&value)?),
            "sslrootcert" => self.set_root(&value),
            "application_name" => self.application_name = Some(value),
            "connect_timeout" => self.connect_timeout = timeout(number(name, &value)?),
            "options" => self.options = Some(value),
            _ => self.notes.push(ignored(name)),
        }
        Ok(())
    }

    /// `system` is libpq's word for the roots that the system trusts.
    fn set_root(&mut self, value: &str) {
        self.names_root = true;
        self.ssl_root = (value != "system").then(|| RootCertificate::File(PathBuf::from(value)));
    }
}

/// `no-verify` is what Node.js calls `require`, and Heroku's documents for it say so.
fn ssl_mode(value: &str) -> Result<SslMode, String> {
    if value == "no-verify" { Ok(SslMode::Require) } else { value.parse() }
}

/// Zero seconds means "for ever" to libpq; this host always waits with a deadline, so it counts as unset.
fn timeout(seconds: u16) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
}

fn number(name: &str, value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("{name} in the URL is not a whole number from 0 to 65535"))
}

/// The name is printed only where it looks like one: a password with a bare `?` in it puts its rest here.
fn ignored(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain && name.len() <= 30 {
        format!("the parameter {name} in the URL is not used")
    } else {
        "a parameter with an unknown name in the URL is not used".to_owned()
    }
}
