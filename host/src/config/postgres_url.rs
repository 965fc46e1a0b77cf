//! URLs of Postgres databases, as libpq reads them (PostgreSQL documentation, "Connection URIs").

use super::database_url::{self, Parsed};
use super::query::{self, Query};
use super::tls::{self, Wishes};
use super::{ChannelBinding, DatabaseTarget, PostgresHost, PostgresTarget, RootCertificate, Secret, SslMode};

/// The port of a server whose URL names none.
const DEFAULT_PORT: u16 = 5432;
const FORM: &str = "expected postgres://user:password@host:port/database, with special characters percent-encoded";

/// The parts of a URL, still percent-encoded.
#[derive(Default)]
struct Parts<'a> {
    user: &'a str,
    password: &'a str,
    host: &'a str,
    port: &'a str,
    database: &'a str,
    query: &'a str,
}

/// Reads a URL whose scheme is known to be one of Postgres.
pub(super) fn parse(text: &str, authority: Option<&RootCertificate>) -> Parsed {
    if text.contains(char::is_control) {
        // Whoever pastes a URL with one means another password.
        return Err(format!("the URL holds a line break or other control character; {FORM}"));
    }
    let parts = Parts::split(text)?;
    let query = Query::read(parts.query)?;
    let (target, notes) = target(&parts, query, authority)?;
    Ok((DatabaseTarget::Postgres(Box::new(target)), notes))
}

impl<'a> Parts<'a> {
    /// A `#` is a character like any other to libpq.
    fn split(text: &'a str) -> Result<Self, String> {
        let (_, rest) = text.split_once("://").ok_or_else(|| missing("host"))?;
        let (user, password, rest) = credentials(rest);
        let (server, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (database, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, port) = server_parts(server)?;
        Ok(Self { user, password, host, port, database: database.strip_prefix('/').unwrap_or_default(), query })
    }
}

/// User, password, and what comes after. What could not stand in the name of a host belongs to the
/// password even where it holds a bare `@`.
fn credentials(rest: &str) -> (&str, &str, &str) {
    let Some(first) = rest.find(['@', '/']).filter(|at| rest.get(*at..).is_some_and(|rest| rest.starts_with('@')))
    else {
        return ("", "", rest);
    };
    let after = rest.get(first + 1..).unwrap_or_default();
    let server = after.split(['/', '?']).next().unwrap_or_default();
    let last = server.rfind('@').map_or(first, |more| first + 1 + more);
    let (before, after) = (rest.get(..last).unwrap_or_default(), rest.get(last + 1..).unwrap_or_default());
    let (user, password) = before.split_once(':').unwrap_or((before, ""));
    (user, password, after)
}

/// Host and port; an IPv6 address stands in brackets.
fn server_parts(server: &str) -> Result<(&str, &str), String> {
    if server.contains(',') {
        return Err(several());
    }
    if server.starts_with('[') {
        let end = server.find(']').ok_or_else(|| format!("the URL holds a [ without a ] behind it; {FORM}"))?;
        let (host, port) = server.split_at(end + 1);
        return match port.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if port.is_empty() => Ok((host, "")),
            None => Err(format!("the URL holds something else than a port after the ]; {FORM}")),
        };
    }
    Ok(server.split_once(':').unwrap_or((server, "")))
}

fn target(
    parts: &Parts<'_>,
    query: Query,
    authority: Option<&RootCertificate>,
) -> Result<(PostgresTarget, Vec<String>), String> {
    let host = server(parts, &query)?;
    let reached = query.address.map_or_else(|| host.clone(), |address| PostgresHost::Tcp(address.to_string()));
    let ssl_mode = ssl_mode(&reached, &query, authority)?;
    // A URL that names a root of its own is not about the one that the environment names.
    let authority = authority.filter(|_| !query.names_root);
    let mut notes = query.notes;
    notes.extend(unused_mode(&reached, query.ssl_mode));
    let password = password(parts, query.password)?;
    match (query.has_password_file, &password) {
        (true, None) => return Err("passfile in the URL is not read: put the password into the URL".to_owned()),
        (true, Some(_)) => notes.push("the parameter passfile in the URL is not used".to_owned()),
        (false, _) => {}
    }
    let port = if parts.port.is_empty() { DEFAULT_PORT } else { query::port(&decoded(parts.port)?)? };
    let tls = query.tls.rules()?;
    check_protection(ssl_mode, query.login.channel_binding, tls.revoked.is_some())?;
    let target = PostgresTarget {
        host,
        address: query.address,
        port: query.port.unwrap_or(port),
        user: part("user", query.user.as_ref(), parts.user)?,
        password,
        database: part("database", query.database.as_ref(), parts.database)?,
        ssl_mode,
        ssl_root: query.ssl_root.or_else(|| authority.cloned()),
        tls,
        login: query.login,
        wants_writable: query.wants_writable,
        application_name: query.application_name.or(query.fallback_application_name),
        connect_timeout: query.connect_timeout,
        options: query.options,
    };
    Ok((target, notes))
}

fn server(parts: &Parts<'_>, query: &Query) -> Result<PostgresHost, String> {
    let named = query.host.clone().map_or_else(|| decoded(parts.host), Ok)?;
    if named.contains(',') {
        return Err(several());
    }
    match (named, query.address) {
        (named, Some(address)) if named.is_empty() || named.starts_with('/') => {
            Ok(PostgresHost::Tcp(address.to_string()))
        }
        (named, _) if named.is_empty() => Err(missing("host")),
        (named, _) => Ok(PostgresHost::from_text(&named)),
    }
}

fn ssl_mode(
    reached: &PostgresHost,
    query: &Query,
    authority: Option<&RootCertificate>,
) -> Result<SslMode, String> {
    let is_system = query.names_root && query.ssl_root.is_none();
    if is_system && query.ssl_mode.is_some_and(|mode| mode < SslMode::VerifyFull) {
        return Err(
            "sslrootcert=system in the URL needs sslmode=verify-full: anybody gets a certificate of such a root \
                    for some name"
                .to_owned(),
        );
    }
    let authority = authority.filter(|_| !query.names_root);
    let mode =
        tls::decide(reached, &Wishes { mode: query.ssl_mode, url_names_root: query.names_root, authority })?;
    if mode == SslMode::VerifyCa && query.ssl_root.is_none() {
        return Err(
            "sslmode=verify-ca in the URL needs an sslrootcert: anybody gets a certificate of the system's \
                    roots for some name. Use sslmode=verify-full"
                .to_owned(),
        );
    }
    Ok(mode)
}

/// What is said of a mode that means nothing to a socket, as in libpq.
fn unused_mode(reached: &PostgresHost, mode: Option<SslMode>) -> Option<String> {
    let PostgresHost::Socket(_) = reached else { return None };
    let mode = mode.filter(|mode| *mode >= SslMode::Require)?;
    Some(format!("sslmode={mode} in the URL is not used over a socket, through which nothing leaves this machine"))
}

/// Refuses wishes that nothing could come of.
fn check_protection(mode: SslMode, binding: ChannelBinding, has_revoked: bool) -> Result<(), String> {
    if binding == ChannelBinding::Require && mode == SslMode::Disable {
        return Err("channel_binding=require in the URL needs TLS, which is not used here: leave it out, or use \
                    sslmode=require over TCP"
            .to_owned());
    }
    if has_revoked && mode < SslMode::VerifyCa {
        return Err(
            "sslcrl in the URL needs sslmode=verify-ca or verify-full: nothing else looks at certificates"
                .to_owned(),
        );
    }
    Ok(())
}

/// A part that there must be; the query goes before the rest of the URL, as in libpq.
fn part(name: &str, from_query: Option<&String>, from_url: &str) -> Result<String, String> {
    let text = from_query.map_or_else(|| decoded(from_url), |text| Ok(text.clone()))?;
    if text.is_empty() { Err(missing(name)) } else { Ok(text) }
}

fn missing(name: &str) -> String {
    format!("the URL names no {name}; {FORM}")
}

/// What is said of a URL with more than one host.
pub(super) fn several() -> String {
    format!("the URL names several hosts: name the one that takes writes; {FORM}")
}

fn password(parts: &Parts<'_>, from_query: Option<Secret>) -> Result<Option<Secret>, String> {
    let from_url = decoded(parts.password)?;
    Ok(from_query.or_else(|| (!from_url.is_empty()).then(|| Secret::new(from_url))))
}

/// Undoes `%XX`, and nothing else. A `%` that begins nothing of the kind is refused, as in libpq:
/// it is most likely one of a password.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    let is_escape = |after: &str| {
        let mut digits = after.bytes().take(2);
        digits.len() == 2 && digits.all(|digit| digit.is_ascii_hexdigit())
    };
    if !text.split('%').skip(1).all(is_escape) {
        return Err(format!(
            "the URL holds a % that two hexadecimal digits do not follow: write %25 for it; {FORM}"
        ));
    }
    database_url::decoded(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::SslMode;
    use super::*;

    fn read(text: &str) -> Result<PostgresTarget, String> {
        match parse(text, None)?.0 {
            DatabaseTarget::Postgres(target) => Ok(*target),
            DatabaseTarget::Sqlite(_) => Err("not Postgres".to_owned()),
        }
    }

    #[test]
    fn every_part_is_read_and_percent_decoded() -> Result<(), String> {
        let target = read("postgres://ada%40inn:p%40ss%2F%25@db.example:6543/my%20inn")?;
        assert_eq!(target.host, PostgresHost::Tcp("db.example".to_owned()));
        assert_eq!((target.port, target.user.as_str()), (6543, "ada@inn"));
        assert_eq!(target.password, Some(Secret::new("p@ss/%")));
        assert_eq!((target.database.as_str(), target.ssl_mode), ("my inn", SslMode::Require));
        let plain = read("postgres://ada@db.example/inn")?;
        assert_eq!((plain.port, plain.password), (5432, None));
        Ok(())
    }

    #[test]
    fn only_percent_encoding_is_undone() -> Result<(), String> {
        let target =
            read("postgres://a+b:p+w%2B@h/d+e?application_name=x+y&options=-c+z&fallback_application_name=f")?;
        assert_eq!((target.user.as_str(), target.database.as_str()), ("a+b", "d+e"));
        assert_eq!(target.password, Some(Secret::new("p+w+")));
        assert_eq!((target.application_name.as_deref(), target.options.as_deref()), (Some("x+y"), Some("-c+z")));
        for (text, password) in [
            ("postgres://u:12#p@h/d", "12#p"),
            ("postgres://u:1?p@h/d", "1?p"),
            ("postgres://u:p@ss@h/d", "p@ss"),
            ("postgres://u:a:b[c]@h/d", "a:b[c]"),
            ("postgres://u:x@h/d?password=p+%70", "p+p"),
        ] {
            assert_eq!(read(text)?.password, Some(Secret::new(password)), "{text}");
        }
        let host = read("postgres://u@h?dbname=a/b@c#d")?;
        assert_eq!((host.host, host.database.as_str()), (PostgresHost::Tcp("h".to_owned()), "a/b@c#d"));
        Ok(())
    }

    #[test]
    fn a_wish_that_says_nothing_is_refused() {
        for (query, word) in [
            ("sslmode", "no ="),
            ("sslmode%3Dverify-full", "no ="),
            ("sslmode=", "sslmode"),
            ("channel_binding=", "channel_binding"),
            ("sslmode=verify-ca", "sslrootcert"),
        ] {
            let refused = read(&format!("postgres://u@db.example/d?{query}"));
            assert!(refused.as_ref().is_err_and(|text| text.contains(word)), "{query}: {refused:?}");
        }
        assert!(read("postgres://u@db.example/d?&application_name=&sslmode=verify-ca&sslrootcert=/r").is_ok());
    }

    #[test]
    fn wishes_that_are_honoured_are_kept() -> Result<(), String> {
        use super::super::{LoginMethod, TlsVersions};
        let target = read(
            "postgres://u@db.example/d?channel_binding=require&require_auth=scram-sha-256&sslcert=/c&sslkey=/k&sslsni=0\
             &ssl_min_protocol_version=TLSv1.3&target_session_attrs=read-write&hostaddr=10.0.0.1&sslrootcert=/r\
             &sslcrl=/l&sslmode=verify-full",
        )?;
        assert_eq!(target.login.channel_binding, ChannelBinding::Require);
        assert_eq!(target.login.methods, Some(vec![LoginMethod::Scram]));
        assert_eq!((target.tls.versions, target.tls.says_name), (TlsVersions::Only13, false));
        assert_eq!(target.tls.client.map(|client| client.key), Some("/k".into()));
        assert_eq!(target.tls.revoked, Some("/l".into()));
        assert_eq!((target.wants_writable, target.address), (true, Some([10, 0, 0, 1].into())));
        assert_eq!(read("postgres://u@h/d?ssl=true")?.ssl_mode, SslMode::Require);
        assert_eq!(read("postgres:///d?hostaddr=::1&user=u")?.host, PostgresHost::Tcp("::1".to_owned()));
        Ok(())
    }

    #[test]
    fn addresses_and_sockets_are_hosts() -> Result<(), String> {
        let tcp = |host: &str| PostgresHost::Tcp(host.to_owned());
        let socket = PostgresHost::Socket("/run/pg".into());
        assert_eq!(read("postgres://u:p@[2001:db8::1]:5433/d")?.host, tcp("2001:db8::1"));
        assert_eq!(read("postgres://u:p@10.0.0.1/d")?.host, tcp("10.0.0.1"));
        for text in [
            "postgres://u:p@%2Frun%2Fpg/d",
            "postgres://u:p@/d?host=/run/pg",
            "postgres://u:p@?host=/run/pg&dbname=d",
            "postgres:///d?host=%2Frun%2Fpg&user=u&password=p",
            "postgres://u:p@db.example/d?host=/run/pg",
        ] {
            let target = read(text)?;
            assert_eq!((&target.host, target.ssl_mode), (&socket, SslMode::Disable), "{text}");
            assert_eq!((target.user.as_str(), target.database.as_str()), ("u", "d"), "{text}");
            assert_eq!(target.password, Some(Secret::new("p")), "{text}");
        }
        Ok(())
    }

    #[test]
    fn the_query_is_read() -> Result<(), String> {
        let target = read(
            "postgres://u:p@h/d?sslmode=verify-ca&sslrootcert=/ca.pem&application_name=inn\
             &connect_timeout=7&options=-c%20search_path%3Dx&port=1234&keepalives=",
        )?;
        assert_eq!((target.ssl_mode, target.port), (SslMode::VerifyCa, 1234));
        assert_eq!(target.ssl_root, Some(RootCertificate::File("/ca.pem".into())));
        assert_eq!(target.application_name.as_deref(), Some("inn"));
        assert_eq!(target.connect_timeout, Some(Duration::from_secs(7)));
        assert_eq!(target.options.as_deref(), Some("-c search_path=x"));
        assert_eq!(read("postgres://u@h/d?sslmode=no-verify")?.ssl_mode, SslMode::Require);
        assert_eq!(read("postgres://u@h/d?connect_timeout=0")?.connect_timeout, None);
        Ok(())
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let cases = [
            ("postgres://h/d", "the URL names no user"),
            ("postgres://u:p@/d", "the URL names no host"),
            ("postgres:///d?user=u", "the URL names no host"),
            ("postgres:u@h/d", "the URL names no host"),
            ("postgres://u:p@h", "the URL names no database"),
            ("postgres://u:p@h/", "the URL names no database"),
            ("postgres://u:p@h:99999/d", "invalid port number"),
            ("postgres://u:p@h1,h2/d", "the URL names several hosts"),
            ("postgres://u:p@h/d?port=1,2", "the URL names several hosts"),
            ("postgres://u:p@h/d?hostaddr=10.0.0.1,10.0.0.2", "the URL names several hosts"),
            ("postgres://u:p@h:0/d", "invalid port number"),
            ("postgres://u:p@[::1/d", "the URL holds a [ without a ]"),
            ("postgres://u:p@[::1]x/d", "the URL holds something else than a port"),
            ("postgres://u:50%@h/d", "the URL holds a % that two hexadecimal digits do not follow"),
            ("postgres://u:5%0g@h/d", "the URL holds a % that two hexadecimal digits do not follow"),
            ("postgres://u@h/d?passfile=/x", "passfile in the URL is not read"),
            ("postgres://u@h/d?channel_binding=yes", "the URL has an unknown channel_binding"),
            (
                "postgres://u@/d?host=/run/pg&channel_binding=require",
                "channel_binding=require in the URL needs TLS",
            ),
            ("postgres://u@localhost/d?sslmode=disable&channel_binding=require", "channel_binding=require in the"),
            ("postgres://u@h/d?require_auth=gss", "require_auth in the URL leaves no method"),
            (
                "postgres://u@h/d?gssencmode=require",
                "the parameter gssencmode in the URL asks for encryption by GSSAPI",
            ),
            ("postgres://u@h/d?service=x", "the parameter service in the URL is not read"),
            (
                "postgres://u@h/d?target_session_attrs=standby",
                "the parameter target_session_attrs in the URL asks",
            ),
            ("postgres://u@h/d?sslcert=/x", "the URL has an sslcert and no sslkey"),
            ("postgres://u@h/d?sslcrl=/x", "sslcrl in the URL needs sslmode=verify-ca"),
            ("postgres://u@h/d?sslrootcert=system&sslmode=require", "sslrootcert=system in the URL needs"),
            ("postgres://u@h/d?ssl_max_protocol_version=TLSv1.1", "ssl_max_protocol_version in the URL wants"),
            ("postgres://u@h/d?SSLMODE=verify-full", "the parameter SSLMODE in the URL sounds as if"),
            ("postgres://u@h/d?ssl=1", "the parameter ssl in the URL is not the way"),
            ("postgres://u@10.0.0.1/d?hostaddr=127.0.0.x", "hostaddr in the URL is no IP address"),
            ("postgres://u@localhost/d?hostaddr=10.0.0.1&sslmode=disable", "sslmode=disable would send"),
            ("postgres://u:a\nb@h/d", "the URL holds a line break"),
            ("postgres://u:%ff@h/d", "the URL holds percent-encoded bytes that are not text"),
            ("postgres://u:a%00b@h/d", "the URL holds percent-encoded bytes that are not text"),
            ("postgres://u:p@h/d?sslmode=on", "the URL has an unknown sslmode"),
            ("postgres://u:p@h/d?sslmode=prefer", "sslmode=prefer would send data unencrypted"),
            ("postgres://u:p@h/d?port=x", "invalid port number in the URL"),
            ("postgres://u:p@localhost/d?sslmode=allow&host=h", "sslmode=allow would send"),
        ];
        for (text, start) in cases {
            let error = read(text).err().unwrap_or_default();
            assert!(error.starts_with(start), "{text}: {error}");
        }
    }

    #[test]
    fn a_root_certificate_asks_for_verification() -> Result<(), String> {
        let ca = RootCertificate::Pem("pem".to_owned());
        let read = |query: &str| match parse(&format!("postgres://u@h/d{query}"), Some(&ca))?.0 {
            DatabaseTarget::Postgres(target) => Ok((target.ssl_mode, target.ssl_root)),
            DatabaseTarget::Sqlite(_) => Err("not Postgres".to_owned()),
        };
        let file = RootCertificate::File("/ca.pem".into());
        assert_eq!(read("")?, (SslMode::VerifyFull, Some(ca.clone())));
        assert_eq!(read("?sslmode=require")?, (SslMode::VerifyFull, Some(ca.clone())));
        let own = "?sslmode=require&sslrootcert=/ca.pem";
        assert_eq!(read(own)?, (SslMode::VerifyCa, Some(file.clone())));
        assert_eq!(read("?sslrootcert=/ca.pem")?, (SslMode::VerifyFull, Some(file)));
        assert_eq!(read("?sslrootcert=system")?, (SslMode::VerifyFull, None));
        Ok(())
    }
}
