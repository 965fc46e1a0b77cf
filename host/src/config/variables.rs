//! Every variable that the host reads, for `innkeeper serve --help` and the documents.

use serde::Serialize;

use super::{Environment, Limits};

/// One variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name; a `*` stands for any text.
    pub name: &'static str,
    /// What holds where it is not set.
    pub default: String,
    /// What it says, in one line.
    pub meaning: &'static str,
}

/// Name, default and meaning of what is not a limit.
const SETTINGS: [(&str, &str, &str); 41] = [
    (
        "INNKEEPER_LOG",
        "warn,sqlx=error,innkeeper=info,guest=info,request=info",
        "what is logged: level, or target=level, separated by commas",
    ),
    ("DATABASE_URL", "none", "the database: postgres://, postgresql:// or sqlite:"),
    ("HEROKU_POSTGRESQL_*_URL", "none", "the database where DATABASE_URL is not set and only one is attached"),
    (
        "DATABASE_CONNECTION_POOL_URL",
        "none",
        "transaction pooler of DATABASE_URL: guests reach the database through it",
    ),
    ("INNKEEPER_DATABASE_VAR", "none", "name of the variable that holds the database URL instead"),
    (
        "INNKEEPER_DATABASE_CA",
        "none",
        "PEM file or PEM text of the database's root certificate; makes TLS verify-full",
    ),
    (
        "INNKEEPER_POOLER",
        "on",
        "off = use no pooler; all = the database's own URL is one of a transaction pooler (known of 127.0.0.1:6000)",
    ),
    (
        "INNKEEPER_POOL_SIZE",
        "5",
        "most connections to Postgres for guests, 1 to 500; the host has 3 more of its own",
    ),
    (
        "INNKEEPER_APP_POOL_SIZE",
        "3",
        "most connections to each Postgres database that an app names for itself, 1 to 500",
    ),
    (
        "INNKEEPER_FOLLOWER_POOL_SIZE",
        "2",
        "most connections to each follower that an app names (apps set --follower-var), 1 to 500",
    ),
    (
        "INNKEEPER_LISTEN",
        "1",
        "0 = no connection of its own over which Postgres says that the registry has changed; it is asked once a second anyway",
    ),
    ("INNKEEPER_ALLOW_EPHEMERAL", "0", "1 = SQLite even on a dyno, whose disk is lost at each restart"),
    (
        "INNKEEPER_SQLITE_SYNCHRONOUS",
        "full",
        "full = commits survive a power failure; normal = faster, the last ones may not",
    ),
    (
        "INNKEEPER_CODE_CACHE",
        "with SQLite: DATA/code-cache, else a temporary one",
        "directory for compiled components",
    ),
    (
        "INNKEEPER_CODE_KEY",
        "with SQLite: a file in DATA, else made of the database's password",
        "at least 32 random characters that sign compiled components in the database; the same for all hosts and those who deploy",
    ),
    ("INNKEEPER_MEMORY", "what the system grants", "memory that this process may use, such as 512MiB"),
    (
        "INNKEEPER_THREADS",
        "half of the processes that the system allows, 48 to 256",
        "most threads of this process, 48 to 4096",
    ),
    ("PORT", "8080", "port that serve listens at"),
    ("INNKEEPER_TRUST_PROXY", "1 on a dyno, else 0", "1 = believe X-Forwarded-*, because a router writes them"),
    (
        "INNKEEPER_HTTPS",
        "off",
        "redirect = requests by plain http are sent to https; strict = and browsers remember it for a year; where a router is believed",
    ),
    (
        "INNKEEPER_ADMIN_TOKEN",
        "none",
        "at least 32 random characters: the token that may do everything, beside those of innkeeper token create",
    ),
    (
        "INNKEEPER_DASHBOARD_HOST",
        "every host name",
        "host name that is the dashboard's alone: it answers nowhere else, and no app answers there",
    ),
    ("INNKEEPER_TOKEN", "none", "the token with which commands speak to a host that --to names"),
    ("INNKEEPER_LOG_FORMAT", "json on a dyno, else text", "json, logfmt or text"),
    (
        "INNKEEPER_LOG_SAMPLES",
        "20s on a dyno, else off",
        "how often a line with sample#, count# and measure# goes into the log, for log add-ons; or off",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "none", "URL of a collector that takes traces and metrics over http/protobuf"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "that of all, with /v1/traces", "URL for traces"),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "that of all, with /v1/metrics", "URL for metrics"),
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "none",
        "headers for the collector, name=value with commas between; never printed. _TRACES_ and _METRICS_ as above, here and below",
    ),
    (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "http/protobuf",
        "nothing else is spoken: with grpc or http/json nothing is sent",
    ),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "milliseconds that a collector has for an answer"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "none", "nothing else is done"),
    ("OTEL_SERVICE_NAME", "HEROKU_APP_NAME, else innkeeper", "what this host is called in traces and metrics"),
    ("OTEL_RESOURCE_ATTRIBUTES", "none", "what else is said of it, name=value with commas between"),
    (
        "OTEL_TRACES_SAMPLER",
        "parentbased_always_on",
        "which requests are traced: always_on, always_off, traceidratio, or one of them behind parentbased_",
    ),
    ("OTEL_TRACES_SAMPLER_ARG", "1", "the part of requests for traceidratio, from 0 to 1"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "60000", "milliseconds between two exports of metrics"),
    (
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "cumulative",
        "cumulative, delta or lowmemory, as the collector wants its counts",
    ),
    ("OTEL_*_EXPORTER", "otlp", "none = no TRACES or no METRICS"),
    ("OTEL_SDK_DISABLED", "false", "true = neither traces nor metrics are sent"),
    ("DYNO", "none", "set by Heroku: the disk is lost at each restart and a router stands before the host"),
];

/// Variables by which other clients of Postgres are told to protect a connection.
const PROTECTION_OF_LIBPQ: [&str; 9] = [
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCERT",
    "PGSSLMINPROTOCOLVERSION",
    "PGCHANNELBINDING",
    "PGREQUIREAUTH",
    "PGREQUIRESSL",
    "PGGSSENCMODE",
];

/// What a project's own commands read, and this program does not: `dev` sets INNKEEPER_DEV, `test`
/// INNKEEPER_URL, and authors may set INNKEEPER_BUILD.
const OF_PROJECTS: [&str; 3] = ["INNKEEPER_BUILD", "INNKEEPER_DEV", "INNKEEPER_URL"];

/// All variables that are read: settings first, then limits.
pub fn variables() -> Vec<Variable> {
    let settings = SETTINGS.into_iter().map(|(name, default, meaning)| Variable {
        name,
        default: default.to_owned(),
        meaning,
    });
    let limits = Limits::default().table().into_iter().map(|row| Variable {
        name: row.variable,
        default: row.default,
        meaning: row.meaning,
    });
    settings.chain(limits).collect()
}

/// A sentence for each variable that looks like one of ours and is not read, with the nearest one
/// that is, and for those of other clients that ask for protection.
pub(super) fn unknown(environment: &Environment) -> Vec<String> {
    let known: Vec<&str> = variables().into_iter().map(|variable| variable.name).collect();
    let is_known = |name: &str| {
        known.contains(&name)
            || OF_PROJECTS.contains(&name)
            || known.contains(&name.replace("_TRACES_", "_").replace("_METRICS_", "_").as_str())
    };
    let is_ours = |name: &str| name.starts_with("INNKEEPER_") || name.starts_with("OTEL_EXPORTER_OTLP_");
    let is_unknown = |name: &&str| is_ours(name) && !name.contains("_OTLP_LOGS_") && !is_known(name);
    let sentence = |name: &str| {
        if name.starts_with("OTEL_") && ["_CERTIFICATE", "_CLIENT_KEY"].iter().any(|end| name.ends_with(end)) {
            return format!(
                "{name} is set and not read: a collector proves its name to the certificates of this system, or to \
                 those in SSL_CERT_FILE"
            );
        }
        let distance = |other: &&&str| strsim::damerau_levenshtein(name, other);
        let nearest = known.iter().min_by_key(distance).copied().unwrap_or_default();
        format!("{name} is set, and no such variable is known: the nearest is {nearest}")
    };
    let unread = environment.names().filter(|name| PROTECTION_OF_LIBPQ.contains(name));
    let unread = unread
        .map(|name| format!("{name} is set and not read: what it asks for belongs into the URL of the database"));
    environment.names().filter(is_unknown).map(sentence).chain(unread).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SOURCES: [&str; 12] = [
        include_str!("candidates.rs"),
        include_str!("choice.rs"),
        include_str!("code_key.rs"),
        include_str!("detect.rs"),
        include_str!("limits.rs"),
        include_str!("memory.rs"),
        include_str!("mod.rs"),
        include_str!("otlp.rs"),
        include_str!("pooler.rs"),
        include_str!("remote.rs"),
        include_str!("tls.rs"),
        include_str!("web.rs"),
    ];

    #[test]
    fn every_variable_that_is_read_is_listed_once() {
        let names: Vec<&str> = variables().into_iter().map(|variable| variable.name).collect();
        let listed: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(listed.len(), names.len());
        let code = SOURCES.iter().filter_map(|source| source.split("#[cfg(test)]").next());
        for constant in code.flat_map(|code| code.split("&str = \"").skip(1)) {
            let name = constant.split('"').next().unwrap_or_default();
            let is_variable =
                name.starts_with("INNKEEPER_") || name.starts_with("OTEL_") || name.ends_with("_URL");
            assert!(!is_variable || listed.contains(name), "{name}");
        }
    }
    #[test]
    fn a_variable_that_is_mistyped_is_told_with_the_nearest() {
        let pairs = [("INNKEEPER_POOLSIZE", "hunter2"), ("INNKEEPER_POOL_SIZE", "5"), ("POOL", "1")];
        let told = unknown(&Environment::from_pairs(pairs));
        let sentence =
            "INNKEEPER_POOLSIZE is set, and no such variable is known: the nearest is INNKEEPER_POOL_SIZE";
        assert_eq!(told, [sentence]);
        let told = unknown(&Environment::from_pairs([
            ("OTEL_EXPORTER_OTLP_ENDPONT", "hunter2"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "100"),
            ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "a.pem"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://c"),
        ]));
        let [typo, certificate] = &told[..] else { panic!("{told:?}") };
        assert!(typo.ends_with("the nearest is OTEL_EXPORTER_OTLP_ENDPOINT"), "{typo}");
        assert!(certificate.contains("_TRACES_CERTIFICATE is set and not read"), "{certificate}");
        let told = unknown(&Environment::from_pairs([("PGSSLMODE", "verify-full"), ("PGHOST", "x")]));
        assert_eq!(told, ["PGSSLMODE is set and not read: what it asks for belongs into the URL of the database"]);
    }
}
