//! How a connection to Postgres is protected: the one place that decides it.
//!
//! Drivers fall back to plaintext without a word where the mode is `prefer`, which is their
//! default. Off loopback this host never does: the least there is `require`, and a URL that asks
//! for less is refused.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Environment, Error, PostgresHost};

/// Setting: whom to trust, for every database whose URL names no `sslrootcert` of its own.
const DATABASE_CA: &str = "INNKEEPER_DATABASE_CA";

/// How TLS is used, weakest first, with the meanings of libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only if the server insists.
    Allow,
    /// TLS if the server can.
    Prefer,
    /// TLS or nothing, the server's certificate unchecked.
    Require,
    /// The certificate must come from a trusted root.
    VerifyCa,
    /// And it must name the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// The name that `sslmode` has in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        let names = || Self::ALL.map(Self::as_str).join(", ");
        known.ok_or_else(|| format!("the URL has an unknown sslmode; use one of {}", names()))
    }
}

/// The certificate (or several) that a server's own must descend from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCertificate {
    /// A PEM file.
    File(PathBuf),
    /// PEM text.
    Pem(String),
}

impl RootCertificate {
    /// `INNKEEPER_DATABASE_CA`: PEM text itself, because a dyno has no files of its own, or the
    /// path of a PEM file.
    pub fn from_environment(environment: &Environment) -> Result<Option<Self>, Error> {
        match environment.get(DATABASE_CA) {
            // Many tools can only write a text of several lines into a variable with `\n` for the
            // line ends.
            Some(text) if text.contains("-----BEGIN") => Ok(Some(Self::Pem(text.replace("\\n", "\n")))),
            _ => Ok(environment.path(DATABASE_CA)?.map(Self::File)),
        }
    }
}

/// What one URL and the environment say about TLS.
pub(super) struct Wishes<'a> {
    /// `sslmode` of the URL.
    pub(super) mode: Option<SslMode>,
    /// Whether the URL has an `sslrootcert`.
    pub(super) url_names_root: bool,
    /// `INNKEEPER_DATABASE_CA`.
    pub(super) authority: Option<&'a RootCertificate>,
}

/// The mode that is used, or what to change in the URL.
pub(super) fn decide(host: &PostgresHost, wishes: &Wishes<'_>) -> Result<SslMode, String> {
    let loopback = host.is_loopback();
    match wishes.mode {
        // As in libpq: what goes through a socket does not leave this machine.
        _ if matches!(host, PostgresHost::Socket(_)) => Ok(SslMode::Disable),
        Some(mode) if mode < SslMode::Require && !loopback => Err(too_weak(mode)),
        Some(mode) if mode < SslMode::Require => Ok(mode),
        _ if wishes.authority.is_some() => Ok(SslMode::VerifyFull),
        None if wishes.url_names_root => Ok(SslMode::VerifyFull),
        None if loopback => Ok(SslMode::Prefer),
        None => Ok(SslMode::Require),
        // As libpq does: who names a root with `require` wants it checked.
        Some(SslMode::Require) if wishes.url_names_root => Ok(SslMode::VerifyCa),
        Some(mode) => Ok(mode),
    }
}

fn too_weak(mode: SslMode) -> String {
    format!(
        "sslmode={mode} would send data unencrypted to another machine, which is refused; \
         leave sslmode out or use require, verify-ca or verify-full"
    )
}

#[cfg(test)]
mod tests {
    use super::SslMode::{Allow, Disable, Prefer, Require, VerifyCa, VerifyFull};
    use super::*;

    fn decided(host: &str, mode: Option<SslMode>, root: bool, ca: bool) -> Result<SslMode, String> {
        let certificate = RootCertificate::File("ca.pem".into());
        let authority = ca.then_some(&certificate);
        let wishes = Wishes { mode, url_names_root: root, authority };
        decide(&PostgresHost::from_text(host), &wishes)
    }

    #[test]
    fn off_loopback_it_is_never_less_than_require() {
        let cases = [
            (None, Require, VerifyFull, VerifyFull),
            (Some(Require), Require, VerifyCa, VerifyFull),
            (Some(VerifyCa), VerifyCa, VerifyCa, VerifyFull),
            (Some(VerifyFull), VerifyFull, VerifyFull, VerifyFull),
        ];
        for (asked, plain, root, ca) in cases {
            assert_eq!(decided("db.example", asked, false, false), Ok(plain), "{asked:?}");
            assert_eq!(decided("db.example", asked, true, false), Ok(root), "{asked:?} root");
            assert_eq!(decided("db.example", asked, false, true), Ok(ca), "{asked:?} ca");
        }
        for mode in [Disable, Allow, Prefer] {
            for ca in [false, true] {
                let error = decided("10.0.0.1", Some(mode), false, ca).err();
                assert!(error.is_some_and(|text| text.contains(mode.as_str())), "{mode}");
            }
        }
    }

    #[test]
    fn on_loopback_the_url_decides() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(decided(host, None, false, false), Ok(Prefer));
            assert_eq!(decided(host, None, false, true), Ok(VerifyFull));
            for mode in SslMode::ALL {
                assert_eq!(decided(host, Some(mode), false, false), Ok(mode));
            }
            assert_eq!(decided(host, Some(Disable), false, true), Ok(Disable));
            assert_eq!(decided(host, Some(Require), false, true), Ok(VerifyFull));
        }
        for mode in SslMode::ALL.map(Some).into_iter().chain([None]) {
            assert_eq!(decided("/tmp", mode, true, true), Ok(Disable), "a socket");
        }
    }

    #[test]
    fn a_root_certificate_is_a_path_or_the_text() -> Result<(), Error> {
        let root =
            |value: &str| RootCertificate::from_environment(&Environment::from_pairs([(DATABASE_CA, value)]));
        assert_eq!(root(" ")?, None);
        assert_eq!(root("/etc/ca.pem")?, Some(RootCertificate::File("/etc/ca.pem".into())));
        let text = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----";
        assert_eq!(root(text)?, Some(RootCertificate::Pem(text.to_owned())));
        assert_eq!(root(&text.replace('\n', "\\n"))?, Some(RootCertificate::Pem(text.to_owned())));
        assert!(root("postgres://u:hunter2@h/d").is_err());
        Ok(())
    }
}
