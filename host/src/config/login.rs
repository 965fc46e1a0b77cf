//! How the host lets a server of Postgres ask who it is, with the words of libpq.

/// Whether a login is bound to the TLS connection over which it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where the server offers it.
    #[default]
    Prefer,
    /// A server that cannot gets no login.
    Require,
}

/// A way in which a server finds out who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMethod {
    /// It does not ask.
    None,
    /// The password as it is.
    Password,
    /// A hash of the password.
    Md5,
    /// A proof on both sides that the password is known.
    Scram,
}

impl LoginMethod {
    const ALL: [Self; 4] = [Self::None, Self::Password, Self::Md5, Self::Scram];
    /// What libpq knows besides, and the host does not speak.
    const OTHERS: [&str; 3] = ["gss", "sspi", "oauth"];

    /// The name that it has in `require_auth`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::Scram => "scram-sha-256",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// What a URL says about the login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRules {
    /// `channel_binding`.
    pub channel_binding: ChannelBinding,
    /// `require_auth`: the methods that are let through; none = all.
    pub methods: Option<Vec<LoginMethod>>,
}

impl LoginRules {
    /// Whether a server may ask in this way.
    pub fn allow(&self, method: LoginMethod) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(&method))
    }

    pub(super) fn set_channel_binding(&mut self, value: &str) -> Result<(), String> {
        self.channel_binding = match value {
            "disable" => ChannelBinding::Disable,
            "prefer" => ChannelBinding::Prefer,
            "require" => ChannelBinding::Require,
            _ => {
                return Err(
                    "the URL has an unknown channel_binding; use one of disable, prefer, require".to_owned()
                );
            }
        };
        Ok(())
    }

    /// A list of methods, or of methods that are not to be used, each with a `!`.
    pub(super) fn set_methods(&mut self, value: &str) -> Result<(), String> {
        let words: Vec<&str> = value.split(',').map(str::trim).collect();
        let without: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix('!')).collect();
        if !without.is_empty() && without.len() != words.len() {
            return Err("require_auth in the URL mixes methods with and without !".to_owned());
        }
        let is_without = !without.is_empty();
        let named = if is_without { without } else { words };
        if let Some(unknown) =
            named.iter().position(|word| LoginMethod::named(word).is_none() && !LoginMethod::OTHERS.contains(word))
        {
            return Err(format!(
                "require_auth in the URL names a method that is unknown, as number {}; use {}",
                unknown + 1,
                LoginMethod::ALL.map(LoginMethod::as_str).join(", ")
            ));
        }
        let is_named = |method: &LoginMethod| named.contains(&method.as_str());
        let methods: Vec<LoginMethod> =
            LoginMethod::ALL.into_iter().filter(|method| is_named(method) != is_without).collect();
        if methods.is_empty() {
            return Err(format!(
                "require_auth in the URL leaves no method that this host speaks; it speaks {}",
                LoginMethod::ALL.map(LoginMethod::as_str).join(", ")
            ));
        }
        self.methods = Some(methods);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::LoginMethod::{Md5, None, Password, Scram};
    use super::*;

    fn methods(value: &str) -> Result<Vec<LoginMethod>, String> {
        let mut rules = LoginRules::default();
        rules.set_methods(value)?;
        Ok(rules.methods.unwrap_or_default())
    }

    #[test]
    fn methods_are_listed_or_left_out() {
        assert_eq!(methods("scram-sha-256"), Ok(vec![Scram]));
        assert_eq!(methods("scram-sha-256,none"), Ok(vec![None, Scram]));
        assert_eq!(methods("!password,!none"), Ok(vec![Md5, Scram]));
        assert_eq!(methods("gss,md5"), Ok(vec![Md5]));
        assert_eq!(methods("!gss"), Ok(vec![None, Password, Md5, Scram]));
        for wrong in ["gss", "scram", "", "md5,!none", "!none,!password,!md5,!scram-sha-256"] {
            assert!(methods(wrong).is_err(), "{wrong}");
        }
    }
}
