//! Text that must not be printed.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A password or token: `Debug` and `Display` print `***`, only [`Secret::expose`] gives the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes charge of a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it; never for a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DatabaseOptions, Environment, app_target, variables};
    use super::*;

    /// The password as written, and as it is after percent-decoding.
    const PASSWORDS: [&str; 2] = ["hunt%65r2", "hunter2"];
    const URLS: [&str; 20] = [
        "postgres://u:PASSWORD@db.example:5432/d",
        "postgresql://u:PASSWORD@localhost/d?sslmode=disable&colour=red",
        "postgres://u:PASSWORD@/d?host=/run/pg",
        "postgres://u@h/d?password=PASSWORD&sslcert=x",
        "postgres://u:PASSWORD@h/d?sslmode=disable",
        "postgres://u:PASSWORD@h/d?sslmode=PASSWORD",
        "postgres://u:PASSWORD@h/d?port=PASSWORD",
        "postgres://u:PASSWORD@h",
        "postgres://:PASSWORD@h/d",
        "postgres://u:PASSWORD@/d",
        "postgres://u:PASSWORD@h:port/d",
        "postgres://u:PASSWORD#x@h/d",
        "postgres://u:PASSWORD?x@h/d",
        "postgres://u:1?PASSWORD=x@h/d",
        "postgres://u:PASSWORD/x@h/d",
        "postgres://u:x@PASSWORD@h:p/d",
        "postgres://u:PASSWORD%ff@h/d",
        "mysql://u:PASSWORD@h/d",
        "u:PASSWORD@h/d",
        "PASSWORD:u@h/d",
    ];

    /// Everything that can be printed of a configuration, or of the attempt to make one.
    fn printed(options: &DatabaseOptions, environment: &Environment) -> String {
        let app = app_target(environment, "DATABASE_URL");
        let config = Config::load(options, environment);
        let mut text = format!("{options:?} {environment:?} {app:?} {config:?}");
        for error in [app.as_ref().err(), config.as_ref().err()].into_iter().flatten() {
            text.push_str(&error.to_string());
        }
        for decision in config.iter().map(|config| &config.database).chain(app.iter()) {
            text.push_str(&decision.target.describe());
            text.push_str(&decision.reason);
            text.push_str(&decision.all_notes().cloned().collect::<String>());
            text.extend(decision.pooler.iter().map(|pooler| pooler.describe()));
        }
        text
    }

    #[test]
    fn no_password_is_ever_printed() {
        let names = variables().into_iter().map(|variable| variable.name.replace('*', "ROSE"));
        let names: Vec<String> = names.collect();
        for (url, password) in URLS.iter().flat_map(|url| PASSWORDS.map(|password| (url, password))) {
            let url = url.replace("PASSWORD", password);
            let mut texts = Vec::new();
            let options = DatabaseOptions {
                database_url: Some(url.clone()),
                database_var: Some(url.clone()),
                ..DatabaseOptions::default()
            };
            texts.push(printed(&options, &Environment::default()));
            let options = DatabaseOptions { database_url: None, ..options };
            texts.push(printed(&options, &Environment::default()));
            // What is no URL at all is a path where a path is wanted, and paths are printed.
            let is_path =
                |name: &&String| ["INNKEEPER_CODE_CACHE", "INNKEEPER_DATABASE_CA"].contains(&name.as_str());
            for name in names.iter().filter(|name| url.contains("://") || !is_path(name)) {
                let home = ("DATABASE_URL", "postgres://u:other@db.example:5432/d");
                let pairs = [home, (name.as_str(), url.as_str())];
                texts.push(printed(&DatabaseOptions::default(), &Environment::from_pairs(pairs)));
            }
            for text in texts {
                assert!(!PASSWORDS.iter().any(|password| text.contains(password)), "{url}: {text}");
            }
        }
    }

    #[test]
    fn a_secret_prints_as_stars_and_is_given_on_demand() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
