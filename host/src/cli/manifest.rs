//! `innkeeper.toml`, read key by key: whatever is wrong is said with its line, and a key that is
//! not known with the nearest one that is.

use crate::config::{check_follower_var, nearest, parse_follower_lag};
use crate::guests::settings::{CrossOrigin, Settings, TransactionsSetting};
use crate::storage::registry::check_name;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) build: Option<String>,
    pub(super) component: String,
    /// The command that tests the app while it is served.
    pub(super) test: Option<String>,
    /// What `dev` builds again for; empty: every file that is not ignored.
    pub(super) watch: Vec<String>,
    /// What `dev` does not build again for.
    pub(super) ignore: Vec<String>,
    pub(super) settings: Settings,
}

/// Every key, in the order in which the file is usually written.
const KEYS: [&str; 12] = [
    "name",
    "build",
    "component",
    "test",
    "watch",
    "ignore",
    "transactions",
    "cross-origin",
    "trusted-origins",
    "follower",
    "follower-lag",
    "config",
];

/// What is wrong, and in which line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub(super) struct ManifestError {
    line: usize,
    message: String,
}

impl Manifest {
    /// Reads the text of the file.
    pub(super) fn parse(text: &str) -> Result<Self, ManifestError> {
        let reader = Reader { text };
        let parsed = DeTable::parse(text).map_err(|error| reader.error(error.span(), error.message()))?;
        let table = parsed.get_ref();
        let (mut manifest, mut has_component) = (Self::default(), false);
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            match name {
                "name" => manifest.name = Some(reader.checked(name, value, |name| check_name(name).err())?),
                "build" => manifest.build = Some(reader.text(name, value)?),
                "component" => {
                    has_component = true;
                    let empty = |path: &str| path.is_empty().then_some("it is empty");
                    manifest.component = reader.checked(name, value, empty)?;
                }
                "test" => manifest.test = Some(reader.text(name, value)?),
                "watch" => manifest.watch = reader.texts(name, value)?,
                "ignore" => manifest.ignore = reader.texts(name, value)?,
                "transactions" => manifest.settings.transactions = reader.choice(name, value, &TRANSACTIONS)?,
                "cross-origin" => manifest.settings.cross_origin = reader.choice(name, value, &CROSS_ORIGIN)?,
                "trusted-origins" => manifest.settings.trusted_origins = reader.origins(name, value)?,
                "follower" => {
                    let var = reader.checked(name, value, |var| check_follower_var(var).err())?;
                    manifest.settings.follower = Some(var);
                }
                "follower-lag" => {
                    let lag = reader.checked(name, value, |lag| parse_follower_lag(lag).err())?;
                    manifest.settings.follower_lag = Some(lag);
                }
                "config" => manifest.settings.config = reader.table(name, value)?,
                _ => return Err(reader.error(Some(key.span()), &unknown(name))),
            }
        }
        if !has_component {
            let message = "`component` is missing: the path of the component that the build makes";
            return Err(reader.error(None, message));
        }
        Ok(manifest)
    }
}

const TRANSACTIONS: [(&str, TransactionsSetting); 2] =
    [("request", TransactionsSetting::Request), ("statement", TransactionsSetting::Statement)];
const CROSS_ORIGIN: [(&str, CrossOrigin); 2] = [("refuse", CrossOrigin::Refuse), ("allow", CrossOrigin::Allow)];

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads values of the types that are wanted.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn error(&self, span: Option<Range<usize>>, message: &str) -> ManifestError {
        let before = span.and_then(|span| self.text.get(..span.start)).unwrap_or_default();
        ManifestError { line: 1 + before.matches('\n').count(), message: message.to_owned() }
    }

    fn text(&self, key: &str, value: &Value<'_>) -> Result<String, ManifestError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            other => Err(self.wrong_type(key, value, "a text in quotes", other)),
        }
    }

    /// A text against which `problem` has nothing.
    fn checked<E: std::fmt::Display>(
        &self,
        key: &str,
        value: &Value<'_>,
        problem: impl Fn(&str) -> Option<E>,
    ) -> Result<String, ManifestError> {
        let text = self.text(key, value)?;
        match problem(&text) {
            Some(problem) => Err(self.error(Some(value.span()), &format!("`{key}`: {problem}"))),
            None => Ok(text),
        }
    }

    fn texts(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ManifestError> {
        let DeValue::Array(list) = value.get_ref() else {
            return Err(self.wrong_type(key, value, "a list of texts in quotes", value.get_ref()));
        };
        list.iter().map(|item| self.text(&format!("an item of {key}"), item)).collect()
    }

    fn origins(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ManifestError> {
        let origins = self.texts(key, value)?;
        let DeValue::Array(list) = value.get_ref() else { return Ok(origins) };
        for (item, text) in list.iter().zip(&origins) {
            let alone = Settings { trusted_origins: vec![text.clone()], ..Settings::default() };
            alone.check().map_err(|problem| self.error(Some(item.span()), &problem))?;
        }
        Ok(origins)
    }

    fn table(&self, key: &str, value: &Value<'_>) -> Result<BTreeMap<String, String>, ManifestError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong_type(key, value, "a table of texts", value.get_ref()));
        };
        let entry = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Value<'_>)| {
            let name: &str = name.get_ref();
            Ok((name.to_owned(), self.text(&format!("{key}.{name}"), value)?))
        };
        table.iter().map(entry).collect()
    }

    fn choice<T: Copy>(&self, key: &str, value: &Value<'_>, choices: &[(&str, T)]) -> Result<T, ManifestError> {
        let text = self.text(key, value)?;
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let wrong = || {
            let message = format!("`{key}` has to be {}, not \"{text}\"", names.join(" or "));
            self.error(Some(value.span()), &message)
        };
        choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(wrong)
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str, found: &DeValue<'_>) -> ManifestError {
        let found = match found {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(Some(value.span()), &format!("`{key}` has to be {wanted}, not {found}"))
    }
}

/// What to say of a key that is none.
fn unknown(key: &str) -> String {
    if ["route", "routes"].contains(&key) {
        return format!(
            "unknown key `{key}`: routes are the app's and no version's: --route of `deploy` or `apps set`"
        );
    }
    match nearest(key, KEYS.into_iter()) {
        Some(nearest) => format!("unknown key `{key}`: did you mean `{nearest}`?"),
        None => format!("unknown key `{key}`: known are {}", KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Manifest::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn everything_that_may_be_said_is_read() {
        let manifest = Manifest::parse(
            "name = \"shop\"\nbuild = \"./build\"\ncomponent = \"shop.wasm\"\ntest = \"./check\"\nwatch = [\"src\"]\nignore = [\"*.log\"]\n\
             transactions = \"statement\"\ncross-origin = \"allow\"\ntrusted-origins = [\"https://a.example\"]\n\
             [config]\ncolour = \"blue\"\n",
        );
        let manifest = manifest.unwrap();
        assert_eq!((manifest.name.as_deref(), manifest.component.as_str()), (Some("shop"), "shop.wasm"));
        assert_eq!(manifest.test.as_deref(), Some("./check"));
        assert_eq!((manifest.watch, manifest.ignore), (vec!["src".to_owned()], vec!["*.log".to_owned()]));
        assert_eq!(manifest.settings.transactions, TransactionsSetting::Statement);
        assert_eq!(manifest.settings.cross_origin, CrossOrigin::Allow);
        assert_eq!(manifest.settings.trusted_origins, ["https://a.example"]);
        assert_eq!(manifest.settings.config["colour"], "blue");
        assert_eq!(Manifest::parse("component = \"a.wasm\"").unwrap().settings, Settings::default());
    }

    #[test]
    fn every_key_of_the_settings_is_known() {
        let settings = Settings {
            cross_origin: CrossOrigin::Allow,
            trusted_origins: vec!["https://a.example".into()],
            follower: Some("ROSE_URL".into()),
            follower_lag: Some("5s".into()),
            ..Settings::default()
        };
        let stored = serde_json::to_value(settings).unwrap();
        let unknown: Vec<&String> =
            stored.as_object().unwrap().keys().filter(|key| !KEYS.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        for (text, said) in [
            ("component = \"a\"\nbuidl = \"x\"", "line 2: unknown key `buidl`: did you mean `build`?"),
            (
                "component = \"a\"\n\n# x\ntrusted_origins = []",
                "line 4: unknown key `trusted_origins`: did you mean `trusted-origins`?",
            ),
            ("component = \"a\"\n[confg]\na = \"b\"", "line 2: unknown key `confg`: did you mean `config`?"),
            ("Component = \"a\"", "line 1: unknown key `Component`: did you mean `component`?"),
            (
                "component = \"a\"\ntransaction = \"request\"",
                "line 2: unknown key `transaction`: did you mean `transactions`?",
            ),
            (
                "component = \"a\"\nroute = \"/\"",
                "line 2: unknown key `route`: routes are the app's and no version's: --route of `deploy` or `apps set`",
            ),
            (
                "component = \"a\"\nvolume = 11",
                "line 2: unknown key `volume`: known are name, build, component, test, watch, ignore, transactions, cross-origin, \
                 trusted-origins, follower, follower-lag, config",
            ),
        ] {
            assert_eq!(problem(text), said);
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_with_its_line_and_what_is_wanted() {
        for (text, said) in [
            ("component = 1", "line 1: `component` has to be a text in quotes, not a number"),
            ("component = \"a\"\nbuild = [\"x\"]", "line 2: `build` has to be a text in quotes, not a list"),
            (
                "component = \"a\"\n[config]\nsize = 3",
                "line 3: `config.size` has to be a text in quotes, not a number",
            ),
            (
                "component = \"a\"\n[config.deep]\nsize = \"3\"",
                "line 2: `config.deep` has to be a text in quotes, not a table",
            ),
            ("component = \"a\"\nconfig = \"x\"", "line 2: `config` has to be a table of texts, not a text"),
            (
                "component = \"a\"\nignore = \"x\"",
                "line 2: `ignore` has to be a list of texts in quotes, not a text",
            ),
            (
                "component = \"a\"\nwatch = [\n\"x\",\ntrue]",
                "line 4: `an item of watch` has to be a text in quotes, not true or false",
            ),
            (
                "component = \"a\"\ntransactions = \"all\"",
                "line 2: `transactions` has to be \"request\" or \"statement\", not \"all\"",
            ),
            (
                "component = \"a\"\ncross-origin = true",
                "line 2: `cross-origin` has to be a text in quotes, not true or false",
            ),
            (
                "component = \"a\"\ntrusted-origins = [\n\"https://a.example\",\n\"a.example\"]",
                "line 4: trusted-origins: `a.example` is no origin such as https://shop.example",
            ),
            (
                "name = \"A\"\ncomponent = \"a\"",
                "line 1: `name`: app name \"A\": a name has 1 to 40 lower-case letters, digits and hyphens and begins with a letter",
            ),
            ("component = \"\"", "line 1: `component`: it is empty"),
            ("name = \"a\"", "line 1: `component` is missing: the path of the component that the build makes"),
        ] {
            assert_eq!(problem(text), said);
        }
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_line() {
        for (text, line) in [("component = \"a\"\nbuild = x y", 2), ("component = \"a\"\ncomponent = \"b\"", 2)] {
            let said = problem(text);
            assert!(said.starts_with(&format!("line {line}: ")), "{said}");
        }
    }
}
