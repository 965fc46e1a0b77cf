//! What a token allows.

use super::{OperationError, token_text};
use crate::config::nearest;
use crate::storage::registry::check_name;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Stands for every app.
const EVERY_APP: &str = "*";
/// Scopes that are about the host, then those that are about an app.
const OF_HOST: [&str; 3] = ["read", "keys", "admin"];
const OF_APP: [&str; 4] = ["deploy", "deploy-native", "rollback", "config"];

/// One thing that a token may allow. The app may be `*`, which means every app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To look at everything but tokens. No value that an app's guest reads is ever shown.
    Read,
    /// To deploy to an app, to end its canary, and to remove its old versions.
    Deploy(String),
    /// To deploy code to an app that the deployer's machine has compiled. Such code can do what the
    /// host can do.
    DeployNative(String),
    /// To go back to another version of an app, and to end its canary.
    Rollback(String),
    /// To change settings of an app.
    Config(String),
    /// To look at the keys that sign URLs, and to exchange them.
    Keys,
    /// Everything, and to make tokens and delete apps.
    Admin,
}

impl Scope {
    /// The app that it is about.
    fn app(&self) -> Option<&str> {
        match self {
            Self::Deploy(app) | Self::DeployNative(app) | Self::Rollback(app) | Self::Config(app) => Some(app),
            Self::Read | Self::Keys | Self::Admin => None,
        }
    }

    /// Whether this allows all that `wanted` does.
    fn covers(&self, wanted: &Self) -> bool {
        let is_same_kind = std::mem::discriminant(self) == std::mem::discriminant(wanted);
        *self == Self::Admin || (is_same_kind && (self == wanted || self.app() == Some(EVERY_APP)))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Deploy(app) => write!(f, "deploy:{app}"),
            Self::DeployNative(app) => write!(f, "deploy-native:{app}"),
            Self::Rollback(app) => write!(f, "rollback:{app}"),
            Self::Config(app) => write!(f, "config:{app}"),
            Self::Keys => f.write_str("keys"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

impl FromStr for Scope {
    type Err = OperationError;

    fn from_str(text: &str) -> Result<Self, OperationError> {
        let (kind, app) = match text.split_once(':') {
            Some((kind, app)) => (kind, Some(app)),
            None => (text, None),
        };
        let scope = match (kind, app) {
            ("read", None) => Self::Read,
            ("keys", None) => Self::Keys,
            ("admin", None) => Self::Admin,
            ("deploy", Some(app)) => Self::Deploy(app.to_owned()),
            ("deploy-native", Some(app)) => Self::DeployNative(app.to_owned()),
            ("rollback", Some(app)) => Self::Rollback(app.to_owned()),
            ("config", Some(app)) => Self::Config(app.to_owned()),
            _ => return Err(unknown(text, kind, app)),
        };
        match scope.app() {
            Some(app) if app != EVERY_APP => match check_name(app) {
                Ok(()) => Ok(scope),
                Err(error) => Err(OperationError::invalid(format!("scope {text:?}: {}", error.message))),
            },
            _ => Ok(scope),
        }
    }
}

/// Says what was meant, if that can be guessed.
fn unknown(text: &str, kind: &str, app: Option<&str>) -> OperationError {
    if token_text::is_in(text.as_bytes()) {
        return OperationError::invalid("scopes: this is a token, and not what one allows");
    }
    let nearest = nearest(kind, OF_HOST.into_iter().chain(OF_APP));
    let message = match nearest {
        Some(known) if OF_HOST.contains(&known) => format!("no scope {text:?}: did you mean `{known}`?"),
        Some(known) => {
            let app = app.filter(|app| !app.is_empty()).unwrap_or("APP");
            let hint = if app == "APP" { ", with the name of an app or * for every app" } else { "" };
            format!("no scope {text:?}: did you mean `{known}:{app}`{hint}?")
        }
        None => {
            let of_app: Vec<String> = OF_APP.iter().map(|kind| format!("{kind}:APP")).collect();
            format!("no scope {text:?}: known are {}, {}", OF_HOST.join(", "), of_app.join(", "))
        }
    };
    OperationError::invalid(message)
}

/// All that a token allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything.
    pub fn all() -> Self {
        Self(BTreeSet::from([Scope::Admin]))
    }

    /// Reads scopes one by one.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, OperationError> {
        texts.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Reads what [`Self::store`] has written. A scope that this release does not know allows
    /// nothing.
    pub fn restore(text: &str) -> Self {
        Self(text.split(' ').filter_map(|scope| scope.parse().ok()).collect())
    }

    /// As one text.
    pub fn store(&self) -> String {
        self.names().join(" ")
    }

    /// As texts, one for each.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(Scope::to_string).collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is allowed.
    pub fn allows(&self, wanted: &Scope) -> bool {
        self.0.iter().any(|scope| scope.covers(wanted))
    }

    /// Whether all that `others` allow is allowed.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|wanted| self.allows(wanted))
    }

    /// Whether an app may be looked at: by who may look at everything, and by who may do something
    /// to it.
    pub fn show_app(&self, app: &str) -> bool {
        let is_about = |scope: &Scope| scope.app().is_some_and(|about| about == app || about == EVERY_APP);
        self.allows(&Scope::Read) || self.0.iter().any(is_about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::read(text.split(' ')).unwrap()
    }

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn each_scope_allows_itself_and_nothing_else() {
        let all = ["read", "keys", "admin", "deploy:a", "deploy-native:a", "rollback:a", "config:a"];
        for given in all {
            for wanted in all {
                let allowed = given == wanted || given == "admin";
                assert_eq!(scopes(given).allows(&scope(wanted)), allowed, "{given} {wanted}");
            }
        }
    }

    #[test]
    fn a_scope_is_about_its_app_or_about_every_app() {
        for (given, wanted, allowed) in [
            ("deploy:a", "deploy:b", false),
            ("deploy:a", "deploy:ab", false),
            ("deploy:*", "deploy:b", true),
            ("deploy:a", "deploy:*", false),
            ("rollback:*", "deploy:b", false),
            ("deploy:*", "deploy-native:b", false),
        ] {
            assert_eq!(scopes(given).allows(&scope(wanted)), allowed, "{given} {wanted}");
        }
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        assert!(scopes("admin").cover(&scopes("read deploy:* keys admin")));
        assert!(scopes("read deploy:*").cover(&scopes("deploy:a read")));
        for more in ["deploy:*", "admin", "keys", "deploy-native:a"] {
            assert!(!scopes("read deploy:a").cover(&scopes(more)), "{more}");
        }
    }

    #[test]
    fn an_app_is_shown_to_who_may_do_something_to_it() {
        for (given, shown) in [
            ("read", true),
            ("admin", true),
            ("config:a", true),
            ("deploy:*", true),
            ("deploy:b", false),
            ("keys", false),
        ] {
            assert_eq!(scopes(given).show_app("a"), shown, "{given}");
        }
    }

    #[test]
    fn what_is_no_scope_is_told_the_nearest_one() {
        let problem = |text: &str| text.parse::<Scope>().unwrap_err().message;
        for (text, hint) in [
            ("raed", "did you mean `read`?"),
            ("Read", "did you mean `read`?"),
            ("deply:blog", "did you mean `deploy:blog`?"),
            ("deploy_native:blog", "did you mean `deploy-native:blog`?"),
            ("deploy", "did you mean `deploy:APP`, with the name of an app or * for every app?"),
            ("read:blog", "did you mean `read`?"),
            ("everything", "known are read, keys, admin, deploy:APP"),
            ("deploy:", "app name \"\""),
            ("deploy:Blog", "app name \"Blog\""),
            ("deploy:a b", "app name \"a b\""),
            ("", "known are read"),
        ] {
            assert!(problem(text).contains(hint), "{text}: {}", problem(text));
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let given = scopes("deploy:blog read config:*");
        assert_eq!(Scopes::restore(&given.store()), given);
        assert_eq!(Scopes::restore("read of-a-later-release"), scopes("read"));
        assert!(Scopes::restore("").is_empty());
    }
}
