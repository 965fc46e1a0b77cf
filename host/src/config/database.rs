//! Which database the host stores in, as plain data: what a driver needs, and a text that hides the
//! password.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LoginRules, RootCertificate, Secret, SslMode, TlsRules};

/// Where data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseTarget {
    /// A Postgres server.
    Postgres(Box<PostgresTarget>),
    /// A directory of SQLite files: `innkeeper.sqlite` and one `apps/NAME.sqlite` for each app.
    Sqlite(PathBuf),
}

impl DatabaseTarget {
    /// A text for people, without the password.
    pub fn describe(&self) -> String {
        match self {
            Self::Postgres(target) => target.describe(),
            Self::Sqlite(directory) => format!("sqlite:{}", directory.display()),
        }
    }

    /// Where it is, for people: server and name, or the whole path of the directory.
    pub fn place(&self) -> String {
        match self {
            Self::Postgres(target) => {
                let PostgresTarget { host, port, database, .. } = &**target;
                match host {
                    PostgresHost::Tcp(_) => format!("Postgres {host}:{port}/{database}"),
                    PostgresHost::Socket(directory) => {
                        format!("Postgres /{database} (socket in {}, port {port})", directory.display())
                    }
                }
            }
            Self::Sqlite(directory) => {
                let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
                // `./` is no part of a name.
                let whole: PathBuf = whole.components().collect();
                format!("SQLite in {}", whole.display())
            }
        }
    }
}

impl DatabaseTarget {
    /// Whether both are the same place, reached with the same credential.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Postgres(one), Self::Postgres(other)) => one.is_same_database(other) && one.user == other.user,
            (Self::Sqlite(one), Self::Sqlite(other)) => plain(one) == plain(other),
            _ => false,
        }
    }

    /// Whether connections to the one may serve those who name the other: the same place and
    /// credential, and the same wishes for protection.
    pub fn is_reached_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Postgres(one), Self::Postgres(also)) => self.is_same(other) && one.has_same_protection(also),
            _ => self.is_same(other),
        }
    }
}

/// A directory in the one spelling that can be compared.
fn plain(directory: &Path) -> PathBuf {
    let directory = directory.canonicalize().or_else(|_| std::path::absolute(directory));
    directory.unwrap_or_default()
}

/// One Postgres database and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresTarget {
    /// The server.
    pub host: PostgresHost,
    /// Where it is, where the URL says so; else its name is looked up.
    pub address: Option<IpAddr>,
    /// The port, for a socket the number in its file name.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// Its password; none where the server trusts the connection or asks a certificate.
    pub password: Option<Secret>,
    /// The name of the database.
    pub database: String,
    /// How TLS is used, already decided: it is never less than `require` off loopback.
    pub ssl_mode: SslMode,
    /// Whom to trust with `verify-ca` and `verify-full`; none = the roots of the system.
    pub ssl_root: Option<RootCertificate>,
    /// What else is wanted of TLS.
    pub tls: TlsRules,
    /// What is wanted of the login.
    pub login: LoginRules,
    /// Whether a server that takes no writes for now is refused.
    pub wants_writable: bool,
    /// The name that the server shows for the connection, where the URL gives one.
    pub application_name: Option<String>,
    /// How long to wait for a connection, where the URL says.
    pub connect_timeout: Option<Duration>,
    /// Command line options for the session (`-c name=value`), where the URL gives them.
    pub options: Option<String>,
}

impl PostgresTarget {
    /// Whether both are the same database on the same server, by their names.
    pub fn is_same_database(&self, other: &Self) -> bool {
        let place = |target: &Self| (target.host.clone(), target.address, target.port, target.database.clone());
        place(self) == place(other)
    }

    /// Whether both ask the same of TLS and of the login.
    fn has_same_protection(&self, other: &Self) -> bool {
        (self.ssl_mode, &self.ssl_root, &self.tls) == (other.ssl_mode, &other.ssl_root, &other.tls)
            && (&self.login, &self.password) == (&other.login, &other.password)
    }

    /// A text for people, without the password: `postgres://user:***@host:5432/name (TLS require)`.
    pub fn describe(&self) -> String {
        let Self { user, port, database, ssl_mode, .. } = self;
        let password = if self.password.is_some() { ":***" } else { "" };
        match &self.host {
            PostgresHost::Tcp(_) => {
                let host = &self.host;
                let at = self.address.map_or_else(String::new, |address| format!(", at {address}"));
                format!("postgres://{user}{password}@{host}:{port}/{database} (TLS {ssl_mode}{at})")
            }
            PostgresHost::Socket(directory) => {
                let directory = directory.display();
                format!("postgres://{user}{password}@/{database} (socket in {directory}, port {port})")
            }
        }
    }
}

/// The server of a Postgres database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresHost {
    /// A host name or an IP address, without brackets.
    Tcp(String),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

impl PostgresHost {
    /// Whether nothing that is sent there leaves this machine.
    ///
    /// A name other than `localhost` counts as remote whatever it resolves to, because that may
    /// change.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Tcp(host) => match host.parse::<IpAddr>() {
                Ok(address) => address.to_canonical().is_loopback(),
                Err(_) => host.eq_ignore_ascii_case("localhost"),
            },
        }
    }

    /// A host as a URL names it: a path is a socket.
    pub(super) fn from_text(text: &str) -> Self {
        if text.starts_with('/') {
            return Self::Socket(PathBuf::from(text));
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        Self::Tcp(bare.to_owned())
    }
}

impl fmt::Display for PostgresHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host) if host.contains(':') => write!(formatter, "[{host}]"),
            Self::Tcp(host) => formatter.write_str(host),
            Self::Socket(directory) => Path::display(directory).fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, password: Option<&str>) -> PostgresTarget {
        PostgresTarget {
            host: PostgresHost::from_text(host),
            port: 5432,
            user: "ada".to_owned(),
            password: password.map(Secret::new),
            database: "inn".to_owned(),
            ssl_mode: SslMode::Require,
            ssl_root: None,
            address: None,
            tls: TlsRules::default(),
            login: LoginRules::default(),
            wants_writable: false,
            application_name: None,
            connect_timeout: None,
            options: None,
        }
    }

    #[test]
    fn a_description_hides_the_password() {
        assert_eq!(
            target("db.example", Some("hunter2")).describe(),
            "postgres://ada:***@db.example:5432/inn (TLS require)"
        );
        assert_eq!(target("[::1]", None).describe(), "postgres://ada@[::1]:5432/inn (TLS require)");
        assert_eq!(
            target("/run/postgresql", Some("hunter2")).describe(),
            "postgres://ada:***@/inn (socket in /run/postgresql, port 5432)"
        );
        assert_eq!(DatabaseTarget::Sqlite("data".into()).describe(), "sqlite:data");
    }

    #[test]
    fn what_is_reached_otherwise_shares_no_connections() {
        let one = target("db.example", Some("hunter2"));
        let strict = PostgresTarget { ssl_mode: SslMode::VerifyFull, ..one.clone() };
        let elsewhere = PostgresTarget { address: Some([10, 0, 0, 1].into()), ..one.clone() };
        let named = PostgresTarget { application_name: Some("a".to_owned()), ..one.clone() };
        let [one, stale, strict, elsewhere, named] =
            [one, target("db.example", Some("other")), strict, elsewhere, named]
                .map(|target| DatabaseTarget::Postgres(Box::new(target)));
        assert!(one.is_same(&stale) && one.is_same(&strict) && !one.is_same(&elsewhere));
        assert!(one.is_reached_alike(&named) && !one.is_reached_alike(&stale) && !one.is_reached_alike(&strict));
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let here =
            ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1", "/tmp"];
        for host in here {
            assert!(PostgresHost::from_text(host).is_loopback(), "{host}");
        }
        let away =
            ["localhost.example", "127.example", "10.0.0.1", "0.0.0.0", "::", "128.0.0.1", "2001:db8::1", "127.1"];
        for host in away {
            assert!(!PostgresHost::from_text(host).is_loopback(), "{host}");
        }
    }
}
