//! Variables of the environment that an app may be given as settings. What is the host's own, and
//! every database, is for no app: whoever may change the settings of one app would have all.

use super::{Config, Error};

/// How the names of variables begin that are the host's own.
const HOSTS_OWN: [&str; 5] = ["INNKEEPER_", "DATABASE_", "HEROKU_", "PG", "LD_"];
/// How the URLs of databases begin, in small letters.
const DATABASES: [&str; 3] = ["postgres:", "postgresql:", "sqlite:"];

impl Config {
    /// The value of a variable that an app reads as a setting.
    pub fn variable_for_apps(&self, name: &str) -> Result<String, Error> {
        self.check_variable_for_apps(name)?;
        let value = self.environment.get(name).ok_or_else(|| Error::NotSetHere { name: name.to_owned() })?;
        Ok(value.to_owned())
    }

    /// An error for a name that is none, or is not for apps. It need not be set: the command that
    /// names it may run elsewhere than the host.
    pub fn check_variable_for_apps(&self, name: &str) -> Result<(), Error> {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(Error::NoVariable);
        }
        let value = self.environment.get(name).unwrap_or_default().to_ascii_lowercase();
        let is_database = DATABASES.iter().any(|scheme| value.starts_with(scheme));
        if is_database || HOSTS_OWN.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(Error::NotForApps { name: name.to_owned() });
        }
        Ok(())
    }
}
