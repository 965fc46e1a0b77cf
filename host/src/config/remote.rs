//! Whom a command speaks to that acts on a host elsewhere, and by which token.

use super::{Environment, Error, Secret};
use url::{Host, Url};

const TOKEN: &str = "INNKEEPER_TOKEN";

/// A host elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteConfig {
    /// Its scheme and authority. Never with a password, a query or a path.
    pub url: Url,
    /// What it is shown.
    pub token: Secret,
}

impl RemoteConfig {
    /// Checks a URL, and takes the token from the environment. A token would be readable on the way
    /// over plain http, so that goes to this machine only.
    pub fn new(url: &str, environment: &Environment) -> Result<Self, Error> {
        let wrong =
            |name: &str, problem: &str| Error::Remote { name: name.to_owned(), problem: problem.to_owned() };
        let url = parse(url).map_err(|problem| wrong("--to", problem))?;
        let unset = || wrong(TOKEN, "not set: --to needs a token, such as `innkeeper token create` makes");
        let token = environment.get(TOKEN).ok_or_else(unset)?;
        match token.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self { url, token: Secret::new(token) }),
            false => Err(wrong(TOKEN, "not a token, which has visible ASCII characters only")),
        }
    }
}

fn parse(text: &str) -> Result<Url, &'static str> {
    const NO_URL: &str = "not the URL of a host, such as https://blog.example";
    let url = Url::parse(text).map_err(|_| NO_URL)?;
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
        return Err(NO_URL);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL without user and password is wanted: the token comes from INNKEEPER_TOKEN");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("the URL of a host without a path is wanted, such as https://blog.example");
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() == "https" || is_here {
        true => Ok(url),
        false => {
            Err("https is wanted: over plain http, everybody on the way to another machine could read the token")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(url: &str, token: &str) -> Result<RemoteConfig, String> {
        let environment = Environment::from_pairs([(TOKEN, token)]);
        RemoteConfig::new(url, &environment).map_err(|error| error.to_string())
    }

    #[test]
    fn https_goes_anywhere_and_plain_http_to_this_machine() {
        for url in [
            "https://blog.example",
            "https://blog.example/",
            "https://blog.example:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
            "http://a.localhost",
        ] {
            assert!(remote(url, "t").is_ok(), "{url}");
        }
        for url in [
            "http://blog.example",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "blog.example",
            "localhost:8080",
            "ftp://h",
            "https://",
            "https://u:hunter2@h",
            "https://h/path",
            "https://h?x=1",
            "https://h#x",
        ] {
            let error = remote(url, "t").unwrap_err();
            assert!(error.contains("--to") && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn a_token_is_wanted_and_not_printed() {
        let given = remote("https://h", "hunter2").unwrap();
        assert!(!format!("{given:?}").contains("hunter2"));
        assert!(remote("https://h", "").unwrap_err().contains("INNKEEPER_TOKEN"));
        let error = remote("https://h", "hunter2 hunter3").unwrap_err();
        assert!(error.contains("INNKEEPER_TOKEN") && !error.contains("hunter"), "{error}");
    }
}
