//! Where the host listens, whom it believes and how it writes its log.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::units::Quantity;
use super::{Environment, Error, Secret};

/// The port of `serve` where `PORT` is not set, and of `dev`.
pub const DEFAULT_PORT: u16 = 8080;
const PORT: &str = "PORT";
const TRUST_PROXY: &str = "INNKEEPER_TRUST_PROXY";
const HTTPS: &str = "INNKEEPER_HTTPS";
const LOG_FORMAT: &str = "INNKEEPER_LOG_FORMAT";
const LOG_SAMPLES: &str = "INNKEEPER_LOG_SAMPLES";
/// As often as Heroku logs what it measures of a dyno.
const USUAL_SAMPLES: Duration = Duration::from_secs(20);
const ADMIN_TOKEN: &str = "INNKEEPER_ADMIN_TOKEN";
const DASHBOARD_HOST: &str = "INNKEEPER_DASHBOARD_HOST";
/// Fewer characters could be guessed.
const TOKEN_CHARACTERS: usize = 32;

/// The host towards its network and its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebConfig {
    /// At which port `serve` listens, at every address of this machine; 0 = any free one.
    pub serve_port: u16,
    /// Where `dev` listens: this machine alone, at 8080 whatever `PORT` says.
    pub dev_address: SocketAddr,
    /// Whether `X-Forwarded-*` is believed, because a router that writes it stands before every
    /// connection.
    pub trust_proxy: bool,
    /// What becomes of requests that have come to the router by plain http.
    pub https: HttpsRule,
    /// The shape of log lines.
    pub log_format: LogFormat,
    /// How often a line of samples goes into the log; none: never.
    pub log_samples: Option<Duration>,
    /// With what the operator proves to be the operator; none: what is the operator's is switched
    /// off.
    pub admin_token: Option<Secret>,
    /// The host name that is the dashboard's alone, in lower case; none: the dashboard answers
    /// under every name, and shares it with apps.
    pub dashboard_host: Option<String>,
}

/// What becomes of requests that have come to the router by plain http.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpsRule {
    /// They are answered like others.
    #[default]
    Off,
    /// They are sent to the same address by https.
    Redirect,
    /// That, and browsers are told to come by https alone for a year.
    Strict,
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// Pairs such as those of Heroku's router, `at=info status=200`, for machines and people.
    Logfmt,
    /// Text, for people.
    Text,
}

impl WebConfig {
    /// Reads `PORT`, `INNKEEPER_TRUST_PROXY`, `INNKEEPER_HTTPS`, `INNKEEPER_LOG_FORMAT`,
    /// `INNKEEPER_LOG_SAMPLES`, `INNKEEPER_ADMIN_TOKEN` and `INNKEEPER_DASHBOARD_HOST`.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        let port = environment.parsed(PORT, "a port from 0 to 65535", |text| text.parse().ok())?;
        let is_dyno = environment.is_dyno();
        Ok(Self {
            serve_port: port.unwrap_or(DEFAULT_PORT),
            dev_address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), DEFAULT_PORT),
            trust_proxy: environment.flag(TRUST_PROXY)?.unwrap_or(is_dyno),
            https: https(environment)?,
            log_format: log_format(environment)?,
            log_samples: log_samples(environment)?,
            admin_token: admin_token(environment)?,
            dashboard_host: environment.parsed(
                DASHBOARD_HOST,
                "a host name such as admin.example.org, without scheme, port and path",
                host_name,
            )?,
        })
    }
}

/// The token has to fit into a header, and its text into no error.
fn admin_token(environment: &Environment) -> Result<Option<Secret>, Error> {
    let Some(token) = environment.get(ADMIN_TOKEN) else { return Ok(None) };
    if token.len() < TOKEN_CHARACTERS || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token { name: ADMIN_TOKEN.to_owned(), characters: TOKEN_CHARACTERS });
    }
    Ok(Some(Secret::new(token)))
}

/// The spelling in which names of hosts are compared: lower case, without the dot at the end.
fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then(|| name.to_ascii_lowercase())
}

fn https(environment: &Environment) -> Result<HttpsRule, Error> {
    let given = environment.parsed(HTTPS, "off, redirect or strict", |text| match text {
        "off" => Some(HttpsRule::Off),
        "redirect" => Some(HttpsRule::Redirect),
        "strict" => Some(HttpsRule::Strict),
        _ => None,
    })?;
    Ok(given.unwrap_or_default())
}

fn log_format(environment: &Environment) -> Result<LogFormat, Error> {
    let given = environment.parsed(LOG_FORMAT, "json, logfmt or text", |text| match text {
        "json" => Some(LogFormat::Json),
        "logfmt" => Some(LogFormat::Logfmt),
        "text" => Some(LogFormat::Text),
        _ => None,
    })?;
    let usual = if environment.is_dyno() { LogFormat::Json } else { LogFormat::Text };
    Ok(given.unwrap_or(usual))
}

fn log_samples(environment: &Environment) -> Result<Option<Duration>, Error> {
    let expected = "off, or a duration of at least 1s such as 20s";
    let given = environment.parsed(LOG_SAMPLES, expected, |text| match text {
        "off" | "0" => Some(None),
        text => Duration::parse(text).filter(|every| every.as_secs() > 0).map(Some),
    })?;
    Ok(given.unwrap_or_else(|| environment.is_dyno().then_some(USUAL_SAMPLES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(pairs: &[(&str, &str)]) -> Result<WebConfig, Error> {
        WebConfig::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn a_laptop_listens_at_8080_and_believes_nobody() -> Result<(), Error> {
        let web = web(&[])?;
        assert_eq!(web.serve_port, 8080);
        assert_eq!(web.dev_address.to_string(), "127.0.0.1:8080");
        assert_eq!((web.trust_proxy, web.log_format), (false, LogFormat::Text));
        Ok(())
    }

    #[test]
    fn a_dyno_listens_at_its_port_and_believes_its_router() -> Result<(), Error> {
        let dyno = web(&[("DYNO", "web.1"), ("PORT", "5006")])?;
        assert_eq!(dyno.serve_port, 5006);
        assert_eq!((dyno.trust_proxy, dyno.log_format), (true, LogFormat::Json));
        Ok(())
    }

    #[test]
    fn settings_go_before_what_a_dyno_has() -> Result<(), Error> {
        let web = web(&[("DYNO", "web.1"), (TRUST_PROXY, "0"), (LOG_FORMAT, "Text")])?;
        assert_eq!((web.trust_proxy, web.log_format), (false, LogFormat::Text));
        Ok(())
    }

    #[test]
    fn samples_are_for_dynos_unless_they_are_asked_for() -> Result<(), Error> {
        assert_eq!(web(&[])?.log_samples, None);
        assert_eq!(web(&[("DYNO", "web.1")])?.log_samples, Some(USUAL_SAMPLES));
        assert_eq!(web(&[("DYNO", "web.1"), (LOG_SAMPLES, "off")])?.log_samples, None);
        assert_eq!(web(&[(LOG_SAMPLES, "1min")])?.log_samples, Some(Duration::from_secs(60)));
        assert!(web(&[(LOG_SAMPLES, "500ms")]).is_err());
        Ok(())
    }

    #[test]
    fn the_operators_token_is_long_and_not_printed() -> Result<(), Error> {
        let token = "0123456789abcdef0123456789abcdef";
        let given = web(&[(ADMIN_TOKEN, token)])?;
        assert_eq!(given.admin_token, Some(Secret::new(token)));
        assert!(!format!("{given:?}").contains(token));
        assert_eq!(web(&[(ADMIN_TOKEN, "")])?.admin_token, None);
        for wrong in [&token[1..], "0123456789abcdef 0123456789abcdef", "0123456789abcdef0123456789abcdeé"] {
            let error = web(&[(ADMIN_TOKEN, wrong)]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("INNKEEPER_ADMIN_TOKEN: at least 32 characters"), "{error}");
            assert!(!error.contains("abcdef"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn the_dashboards_host_is_a_name() -> Result<(), Error> {
        assert_eq!(web(&[])?.dashboard_host, None);
        let given = web(&[(DASHBOARD_HOST, "Admin.Example.org.")])?;
        assert_eq!(given.dashboard_host.as_deref(), Some("admin.example.org"));
        for wrong in ["https://admin.example.org", "admin.example.org:8080", "admin.example.org/", "a..b", "a b"] {
            assert!(web(&[(DASHBOARD_HOST, wrong)]).is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn wrong_settings_are_named() {
        let cases = [
            (PORT, "abc", "PORT=abc: not a port from 0 to 65535"),
            (PORT, "70000", "PORT=70000: not a port from 0 to 65535"),
            (LOG_FORMAT, "xml", "INNKEEPER_LOG_FORMAT=xml: not json, logfmt or text"),
            (HTTPS, "yes", "INNKEEPER_HTTPS=yes: not off, redirect or strict"),
            (TRUST_PROXY, "x", "INNKEEPER_TRUST_PROXY=x: not 1 or 0 (on or off)"),
        ];
        for (name, value, text) in cases {
            let error = web(&[(name, value)]).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(text));
        }
    }
}
