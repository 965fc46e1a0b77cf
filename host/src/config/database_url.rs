//! Database URLs: `postgres://`, `postgresql://` and `sqlite:`, percent-decoded.
//!
//! What goes wrong here is told with the name of the variable and never with any part of the URL
//! but its scheme.

use percent_encoding::percent_decode_str;

use super::{DatabaseTarget, Error, RootCertificate, postgres_url, sqlite_url};

const SCHEMES: &str = "use postgres://, postgresql:// or sqlite:";

/// A database URL, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl {
    /// The database that it names.
    pub target: DatabaseTarget,
    /// What of it is not used, and why; each begins with the variable or option that holds the URL.
    pub notes: Vec<String>,
}

impl DatabaseUrl {
    /// Reads a URL; `name` is the variable or option that holds it, for errors and notes.
    ///
    /// `authority` is what `INNKEEPER_DATABASE_CA` holds; an `sslrootcert` in the URL goes before
    /// it.
    pub fn parse(name: &str, text: &str, authority: Option<&RootCertificate>) -> Result<Self, Error> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let parsed = match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => postgres_url::parse(text, authority),
            "sqlite" => sqlite_url::parse(rest),
            _ => Err(unknown_scheme(scheme, rest)),
        };
        let error = |problem| Error::DatabaseUrl { name: name.to_owned(), problem };
        let (target, notes) = parsed.map_err(error)?;
        let notes = notes.into_iter().map(|note| format!("{name}: {note}")).collect();
        Ok(Self { target, notes })
    }
}

/// A target and what is to be said about it, or what is wrong with the URL.
pub(super) type Parsed = Result<(DatabaseTarget, Vec<String>), String>;

/// Text from a URL with its `%` escapes undone.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    match percent_decode_str(text).decode_utf8() {
        // Postgres and the file system both end their texts with a NUL.
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err("the URL holds percent-encoded bytes that are not text".to_owned()),
    }
}

/// Before `://` stands a scheme; before a mere colon could stand anything, even half a password.
fn unknown_scheme(scheme: &str, rest: &str) -> String {
    let plain = scheme.len() <= 20 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && !scheme.is_empty() && rest.starts_with("//") {
        format!("the scheme {scheme}:// is not supported; {SCHEMES}")
    } else {
        format!("not a database URL; {SCHEMES}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<String> {
        DatabaseUrl::parse("ROSE_URL", text, None).err().map(|error| error.to_string())
    }

    #[test]
    fn other_schemes_are_refused_with_the_list() {
        assert_eq!(
            problem("mysql://u:hunter2@h/d").as_deref(),
            Some("ROSE_URL: the scheme mysql:// is not supported; use postgres://, postgresql:// or sqlite:")
        );
        for text in ["", "hunter2", "hunter2:u@h/d", "//h/d", "://h/d", "u.hunter2://x"] {
            assert_eq!(
                problem(text).as_deref(),
                Some("ROSE_URL: not a database URL; use postgres://, postgresql:// or sqlite:")
            );
        }
    }

    #[test]
    fn schemes_are_read_in_any_case_and_without_white_space() -> Result<(), Error> {
        for text in ["Postgres://u@h/d", " postgresql://u@h/d\n"] {
            let url = DatabaseUrl::parse("ROSE_URL", text, None)?;
            assert_eq!(url.target.describe(), "postgres://u@h:5432/d (TLS require)");
        }
        let url = DatabaseUrl::parse("ROSE_URL", "SQLite:data", None)?;
        assert_eq!(url.target.describe(), "sqlite:data");
        Ok(())
    }

    #[test]
    fn notes_name_the_variable() -> Result<(), Error> {
        let url = DatabaseUrl::parse("ROSE_URL", "postgres://u@h/d?pgbouncer=true", None)?;
        assert_eq!(url.notes, ["ROSE_URL: the parameter pgbouncer in the URL is not used"]);
        Ok(())
    }
}
