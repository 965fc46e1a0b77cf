//! URLs of Postgres databases, as libpq understands them.

use url::Url;

use super::database_url::{Parsed, decoded};
use super::query::Query;
use super::tls::{self, Wishes};
use super::{DatabaseTarget, PostgresHost, PostgresTarget, RootCertificate, Secret};

/// The port of a server whose URL names none.
const DEFAULT_PORT: u16 = 5432;
const FORM: &str = "expected postgres://user:password@host:port/database, with special characters percent-encoded";

/// Reads a URL whose scheme is known to be one of Postgres.
pub(super) fn parse(text: &str, authority: Option<&RootCertificate>) -> Parsed {
    if text.contains(char::is_control) {
        // The parser would leave them out, and a password would be another one without a word.
        return Err(format!("the URL holds a line break or other control character; {FORM}"));
    }
    let hostless = split_hostless(text);
    // The URL standard wants a host after the `@`; this one satisfies the parser and is not used.
    let complete = hostless.map(|(before, after)| format!("{before}unnamed{after}"));
    let url = Url::parse(complete.as_deref().unwrap_or(text));
    let url = url.map_err(|error| format!("{error}; {FORM}"))?;
    if url.fragment().is_some() {
        return Err(format!("the URL holds a bare #; {FORM}"));
    }
    let query = Query::read(url.query_pairs())?;
    let host = if hostless.is_some() { "" } else { url.host_str().unwrap_or_default() };
    let host = server(part("host", query.host.as_ref(), host)?)?;
    let (target, notes) = target(&url, host, query, authority)?;
    Ok((DatabaseTarget::Postgres(target), notes))
}

fn target(
    url: &Url,
    host: PostgresHost,
    query: Query,
    authority: Option<&RootCertificate>,
) -> Result<(PostgresTarget, Vec<String>), String> {
    // A URL that names a root of its own is not about the one that the environment names.
    let authority = authority.filter(|_| !query.names_root);
    let wishes = Wishes { mode: query.ssl_mode, url_names_root: query.names_root, authority };
    let ssl_mode = tls::decide(&host, &wishes)?;
    let target = PostgresTarget {
        host,
        port: query.port.or(url.port()).unwrap_or(DEFAULT_PORT),
        user: part("user", query.user.as_ref(), url.username())?,
        password: password(url, query.password)?,
        database: part("database", query.database.as_ref(), url.path().strip_prefix('/').unwrap_or_default())?,
        ssl_mode,
        ssl_root: query.ssl_root.or_else(|| authority.cloned()),
        application_name: query.application_name,
        connect_timeout: query.connect_timeout,
        options: query.options,
    };
    Ok((target, query.notes))
}

/// Splits `postgres://user:password@/name?host=/run/postgresql`, a usual way to name a socket, after its `@`.
fn split_hostless(text: &str) -> Option<(&str, &str)> {
    let start = text.find("://")? + "://".len();
    let rest = text.get(start..)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    text.split_at_checked(start + end).filter(|(before, _)| before.ends_with('@'))
}

/// A part that there must be; the query goes before the rest of the URL, as in libpq.
fn part(name: &str, from_query: Option<&String>, from_url: &str) -> Result<String, String> {
    let text = from_query.map_or_else(|| decoded(from_url), |text| Ok(text.clone()))?;
    if text.is_empty() {
        return Err(format!("the URL names no {name}; {FORM}"));
    }
    Ok(text)
}

fn server(host: String) -> Result<PostgresHost, String> {
    if host.contains(',') {
        return Err(format!("the URL names several hosts; {FORM}"));
    }
    Ok(PostgresHost::from_text(&host))
}

fn password(url: &Url, from_query: Option<Secret>) -> Result<Option<Secret>, String> {
    let from_url = decoded(url.password().unwrap_or_default())?;
    Ok(from_query.or_else(|| (!from_url.is_empty()).then(|| Secret::new(from_url))))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::SslMode;
    use super::*;

    fn read(text: &str) -> Result<PostgresTarget, String> {
        match parse(text, None)?.0 {
            DatabaseTarget::Postgres(target) => Ok(target),
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
            assert_eq!((&target.host, target.ssl_mode), (&socket, SslMode::Prefer), "{text}");
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
            ("postgres://u:a\nb@h/d", "the URL holds a line break"),
            ("postgres://u:12#p@h/d", "the URL holds a bare #"),
            ("postgres://u:%ff@h/d", "the URL holds percent-encoded bytes that are not text"),
            ("postgres://u:a%00b@h/d", "the URL holds percent-encoded bytes that are not text"),
            ("postgres://u:p@h/d?sslmode=on", "the URL has an unknown sslmode"),
            ("postgres://u:p@h/d?sslmode=prefer", "sslmode=prefer would send data unencrypted"),
            ("postgres://u:p@h/d?port=x", "port in the URL is not a whole number"),
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
