//! The environment as plain data. This file alone asks the process for its variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::Error;
use super::units::Quantity;

/// What a shell takes where there is no PATH.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The command line, the name of the program first.
pub fn arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().collect()
}

/// Where the system keeps what lasts no longer than a process.
pub fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// The file of this program. Where it has been replaced meanwhile, a name that leads to what runs.
pub fn own_program() -> PathBuf {
    let current = std::env::current_exe().ok().filter(|path| path.exists());
    current.unwrap_or_else(|| PathBuf::from(format!("/proc/{}/exe", std::process::id())))
}

/// The variable PATH, with another folder before all others.
pub fn path_variable(first: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    let folders = [first.to_owned()].into_iter().chain(std::env::split_paths(&path));
    // Only a name with a colon cannot be joined, and the folder then comes alone.
    std::env::join_paths(folders).unwrap_or_else(|_| first.into())
}

/// The kind of machine that this process runs on: what decides whether it can run native code.
pub fn machine() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

/// A snapshot of environment variables. `Debug` prints their names and never their values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process.
    ///
    /// A name that is not UTF-8 is left out. A value that is not UTF-8 is kept as an empty one, so
    /// that the variable counts as unset and whoever decides by it can say so.
    pub fn from_process() -> Self {
        Self::from_os(std::env::vars_os())
    }

    fn from_os(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let variables = variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().unwrap_or_default())));
        Self { variables: variables.collect() }
    }

    /// Variables as given, for tests and tools.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: variables.collect() }
    }

    /// The value of a variable without white space around it; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a variable is there, but holds nothing.
    pub fn is_empty(&self, name: &str) -> bool {
        self.variables.contains_key(name) && self.get(name).is_none()
    }

    /// Whether this process is a Heroku dyno: its disk is lost at each restart, and a router stands
    /// before it.
    pub fn is_dyno(&self) -> bool {
        self.get("DYNO").is_some()
    }

    /// All variable names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A switch: `1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.parsed(name, "1 or 0 (on or off)", |value| match value {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// A whole number within bounds.
    pub fn number(&self, name: &str, bounds: RangeInclusive<u32>) -> Result<Option<u32>, Error> {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.parsed(name, &expected, |value| value.parse().ok().filter(|number| bounds.contains(number)))
    }

    /// A variable read by `parse` from its lower-case text; `expected` completes the error:
    /// "NAME=value: not ...".
    pub fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let wrong = || Error::value(name, value, expected);
        parse(&value.to_ascii_lowercase()).map(Some).ok_or_else(wrong)
    }

    /// The path of a file or directory. A URL is refused: it could hold a password, and paths are
    /// printed.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        match self.get(name) {
            Some(value) if value.contains("://") => Err(Error::value(name, value, "a path")),
            value => Ok(value.map(PathBuf::from)),
        }
    }

    /// A size, duration or count, by the type that is asked for.
    pub(super) fn quantity<Q: Quantity>(&self, name: &str) -> Result<Option<Q>, Error> {
        self.parsed(name, Q::EXPECTED, Q::parse)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        Environment::from_pairs([("INNKEEPER_X", value)])
    }

    #[test]
    fn an_empty_variable_counts_as_unset_and_can_be_told() {
        for value in ["", "  \n"] {
            let environment = environment(value);
            assert_eq!(environment.get("INNKEEPER_X"), None);
            assert!(environment.is_empty("INNKEEPER_X"));
        }
        assert!(!environment("1").is_empty("INNKEEPER_X"));
        assert!(!environment("1").is_empty("INNKEEPER_Y"));
        assert_eq!(environment(" a b\n").get("INNKEEPER_X"), Some("a b"));
    }

    #[test]
    fn a_number_out_of_bounds_is_told_with_its_variable_and_bounds() {
        for value in ["abc", "0", "501", "-1", "5.0"] {
            let result = environment(value).number("INNKEEPER_X", 1..=500);
            let text = result.err().map(|error| error.to_string());
            let expected = format!("INNKEEPER_X={value}: not a whole number from 1 to 500");
            assert_eq!(text, Some(expected));
        }
        assert_eq!(environment("500").number("INNKEEPER_X", 1..=500), Ok(Some(500)));
        assert_eq!(environment("").number("INNKEEPER_X", 1..=500), Ok(None));
    }

    #[test]
    fn a_flag_is_on_off_or_an_error() {
        for (value, on) in [("1", true), ("On", true), ("TRUE", true), ("0", false), ("off", false)] {
            assert_eq!(environment(value).flag("INNKEEPER_X"), Ok(Some(on)), "{value}");
        }
        let text = environment("maybe").flag("INNKEEPER_X").err().map(|error| error.to_string());
        assert_eq!(text.as_deref(), Some("INNKEEPER_X=maybe: not 1 or 0 (on or off)"));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf8_counts_as_unset() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(vec![0xff]);
        let pairs = [("INNKEEPER_X".into(), odd.clone()), (odd, "1".into())];
        let environment = Environment::from_os(pairs.into_iter());
        assert!(environment.is_empty("INNKEEPER_X"));
        assert_eq!(environment.names().count(), 1);
    }

    #[test]
    fn a_path_is_no_url() {
        assert_eq!(environment("/Tmp").path("INNKEEPER_X"), Ok(Some("/Tmp".into())));
        assert_eq!(environment("").path("INNKEEPER_X"), Ok(None));
        assert!(environment("postgres://u:hunter2@h/d").path("INNKEEPER_X").is_err());
    }

    #[test]
    fn debug_prints_names_only() {
        assert_eq!(format!("{:?}", environment("hunter2")), r#"{"INNKEEPER_X"}"#);
    }

    #[test]
    fn the_process_has_variables() {
        assert!(Environment::from_process().names().count() > 0);
    }
}
