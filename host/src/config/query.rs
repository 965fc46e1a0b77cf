//! The query of a Postgres URL: `?sslmode=require&application_name=inn`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::login::LoginRules;
use super::postgres_url::decoded;
use super::tls_rules::{TlsParameters, version};
use super::{RootCertificate, Secret, SslMode, parameters};

/// The parameters that the host understands, each as given; empty ones count as absent.
#[derive(Default)]
pub(super) struct Query {
    pub(super) host: Option<String>,
    /// `hostaddr`.
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: Option<SslMode>,
    /// Whether `sslrootcert` is there; `system` names a root, but no file.
    pub(super) names_root: bool,
    pub(super) ssl_root: Option<RootCertificate>,
    pub(super) tls: TlsParameters,
    pub(super) login: LoginRules,
    pub(super) wants_writable: bool,
    /// Whether `passfile` is there.
    pub(super) has_password_file: bool,
    pub(super) application_name: Option<String>,
    pub(super) fallback_application_name: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) options: Option<String>,
    /// A note for each parameter that is not used.
    pub(super) notes: Vec<String>,
}

impl Query {
    /// Sorts parameters into their fields; of two with one name the last counts. As in libpq a plus
    /// is a plus.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter
                .split_once('=')
                .ok_or("a parameter in the query of the URL has no =: write name=value")?;
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !value.is_empty() {
                query.set(&name, value)?;
            } else if ["sslmode", "channel_binding"].contains(&name.as_str()) {
                return Err(format!("{name} in the URL has no value"));
            }
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "host" => self.host = Some(value),
            "hostaddr" => self.address = Some(address(&value)?),
            "port" => self.port = Some(port(&value)?),
            "user" => self.user = Some(value),
            "password" => self.password = Some(Secret::new(value)),
            "passfile" => self.has_password_file = true,
            "dbname" => self.database = Some(value),
            "application_name" => self.application_name = Some(value),
            "fallback_application_name" => self.fallback_application_name = Some(value),
            "connect_timeout" => self.connect_timeout = timeout(number(name, &value)?),
            "options" => self.options = Some(value),
            _ => return self.set_protection(name, value),
        }
        Ok(())
    }

    fn set_protection(&mut self, name: &str, value: String) -> Result<(), String> {
        match (name, value.as_str()) {
            ("sslmode", _) => self.ssl_mode = Some(ssl_mode(&value)?),
            ("ssl", "true") => self.ssl_mode = Some(SslMode::Require),
            ("sslrootcert", _) => self.set_root(&value),
            ("sslcert", _) => self.tls.certificate = Some(PathBuf::from(value)),
            ("sslkey", _) => self.tls.key = Some(PathBuf::from(value)),
            ("sslcertmode", "disable") => self.tls.certificate_is_off = true,
            ("sslcrl", _) => self.tls.revoked = Some(PathBuf::from(value)),
            ("sslsni", _) => self.tls.hides_name = value == "0",
            ("ssl_min_protocol_version", _) => self.tls.min = Some(version(name, &value)?),
            ("ssl_max_protocol_version", _) => self.tls.max = Some(version(name, &value)?),
            ("channel_binding", _) => self.login.set_channel_binding(&value)?,
            ("require_auth", _) => self.login.set_methods(&value)?,
            ("target_session_attrs", "read-write") => self.wants_writable = true,
            // The host takes no other.
            ("target_session_attrs", "primary") => {}
            _ => return self.pass_over(name, &value),
        }
        Ok(())
    }

    fn pass_over(&mut self, name: &str, value: &str) -> Result<(), String> {
        if let Some(why) = parameters::refusal(name, value) {
            return Err(format!("{} {why}", parameters::shown(name)));
        }
        self.notes.extend(parameters::unused(name, value));
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

/// Zero seconds means "for ever" to libpq; this host always waits with a deadline, so it counts as
/// unset.
fn timeout(seconds: u16) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
}

fn number(name: &str, value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("{name} in the URL is not a whole number from 0 to 65535"))
}

/// The port of a server, which is at least 1.
pub(super) fn port(value: &str) -> Result<u16, String> {
    if value.contains(',') {
        return Err(super::postgres_url::several());
    }
    let port = value.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "invalid port number in the URL: it is a whole number from 1 to 65535".to_owned())
}

fn address(value: &str) -> Result<IpAddr, String> {
    if value.contains(',') {
        return Err(super::postgres_url::several());
    }
    value.parse().map_err(|_| "hostaddr in the URL is no IP address".to_owned())
}
