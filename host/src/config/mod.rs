//! The configuration: environment and command line become plain data, checked once, before anything
//! acts on it.
//!
//! This is the only part of the host that reads the environment, and it never connects, creates or
//! writes anything. No text that it makes (errors, reasons, notes, `Debug`) holds a password or a
//! database URL.
//!
//! Start reading at [`Config::load`]; the decision about the database is [`detect()`], the bounds
//! of guests are the list in `limits.rs`, and [`variables()`] lists every variable that is read.

pub mod allocator;
mod app_database;
mod app_variables;
mod candidates;
mod choice;
mod code_key;
mod connections;
mod database;
mod database_url;
mod detect;
mod dyno;
mod env;
mod error;
mod follower;
mod granted;
mod limits;
mod login;
mod memory;
mod nearest;
mod otlp;
#[cfg(test)]
pub(crate) mod own_process;
mod parameters;
mod pooler;
mod postgres_url;
mod query;
mod remote;
mod secret;
mod sqlite_url;
mod threads;
mod tls;
mod tls_rules;
mod units;
mod variables;
mod web;

use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

pub use candidates::POOL_URL;
pub use code_key::CodeKey;
pub use database::{DatabaseTarget, PostgresHost, PostgresTarget};
pub use database_url::DatabaseUrl;
pub use detect::{DEFAULT_DATA_DIRECTORY, DatabaseOptions, Decision, Source, app_target, detect};
pub use dyno::{DYNO_SIZES, DynoSize};
pub use env::{Environment, arguments, machine, own_program, path_variable, temporary_folder};
pub use error::Error;
pub use follower::{DEFAULT_FOLLOWER_LAG, check_follower_var, parse_follower_lag};
pub use limits::{LimitRow, Limits};
pub use login::{ChannelBinding, LoginMethod, LoginRules};
use memory::MEMORY;
pub use memory::{MemoryBudget, memory_bytes, sqlite_heap};
pub use nearest::nearest;
pub use otlp::{OtlpConfig, OtlpEndpoint, OtlpSampler, OtlpTemporality};
pub use remote::RemoteConfig;
pub use secret::Secret;
use threads::THREADS;
pub use threads::{ThreadBudget, threads};
pub use tls::{RootCertificate, SslMode};
pub use tls_rules::{ClientCertificate, TlsRules, TlsVersions};
pub use variables::{Variable, variables};
pub use web::{DEFAULT_PORT, HttpsRule, LogFormat, WebConfig};

/// Connections to Postgres where nothing says otherwise: few enough for several dynos on Heroku's
/// smallest plan.
pub const DEFAULT_POOL_SIZE: u32 = 5;
/// Connections for the host's own needs beside those for guests: readiness, polling and sweeping go
/// on while guests hold all of theirs.
pub const HOST_POOL_SIZE: u32 = 2;
/// Connections to each database that an app names for itself, where nothing says otherwise.
pub const DEFAULT_APP_POOL_SIZE: u32 = 3;
/// Connections to each follower that apps name, where nothing says otherwise.
pub const DEFAULT_FOLLOWER_POOL_SIZE: u32 = 2;
/// No plan of Heroku takes more connections.
const MAX_POOL_SIZE: u32 = 500;
const POOL_SIZE: &str = "INNKEEPER_POOL_SIZE";
const APP_POOL_SIZE: &str = "INNKEEPER_APP_POOL_SIZE";
const FOLLOWER_POOL_SIZE: &str = "INNKEEPER_FOLLOWER_POOL_SIZE";
/// Where Linux says what the machine is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The users of this system, a line for each.
const USERS: &str = "/etc/passwd";
const COMPILE_MEMORY: &str = "INNKEEPER_COMPILE_MEMORY";
const CODE_CACHE: &str = "INNKEEPER_CODE_CACHE";
const LISTEN: &str = "INNKEEPER_LISTEN";
const LOG_FILTER: &str = "INNKEEPER_LOG";
const SQLITE_SYNCHRONOUS: &str = "INNKEEPER_SQLITE_SYNCHRONOUS";

/// All that the host is told from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The database, and why this one.
    pub database: Decision,
    /// Bounds of guests and clients.
    pub limits: Limits,
    /// Network and log.
    pub web: WebConfig,
    /// The most connections that this process opens for guests to the host's database, where it is
    /// Postgres; [`HOST_POOL_SIZE`] more are the host's own.
    pub pool_size: u32,
    /// The most connections that this process opens to each Postgres database that an app names for
    /// itself.
    pub app_pool_size: u32,
    /// The most connections that this process opens to each follower that apps name.
    pub follower_pool_size: u32,
    /// Whether a host keeps one more connection to Postgres over which it hears at once that the
    /// registry has changed.
    pub listens: bool,
    /// The memory that this process may use.
    pub memory_bytes: u64,
    /// The threads that this process may have.
    pub threads: ThreadBudget,
    /// A directory for compiled components; none = a temporary one for each process.
    pub code_cache: Option<PathBuf>,
    /// What signs compiled code in the database.
    pub code_key: CodeKey,
    /// What a commit on SQLite survives.
    pub sqlite_synchronous: SqliteSynchronous,
    /// What is logged, in the syntax of `tracing-subscriber`; none: the default.
    pub log_filter: Option<String>,
    /// Where traces and metrics go.
    pub otlp: OtlpConfig,
    /// Where the databases are found that apps name for themselves, see [`Self::app_database`].
    environment: Environment,
}

/// What a commit on SQLite survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// A power failure.
    #[default]
    Full,
    /// The end of this process; a power failure may undo the last commits.
    Normal,
}

impl Config {
    /// Reads and checks everything; the first thing that is wrong is the error.
    pub fn load(options: &DatabaseOptions, environment: &Environment) -> Result<Self, Error> {
        let database = detect(options, environment)?;
        let pool_size = environment.number(POOL_SIZE, 1..=MAX_POOL_SIZE)?;
        let memory_bytes = memory_bytes(environment)?;
        Ok(Self {
            limits: limits(environment, memory_bytes)?,
            web: WebConfig::from_environment(environment)?,
            pool_size: pool_size.unwrap_or(DEFAULT_POOL_SIZE),
            app_pool_size: environment.number(APP_POOL_SIZE, 1..=MAX_POOL_SIZE)?.unwrap_or(DEFAULT_APP_POOL_SIZE),
            follower_pool_size: environment
                .number(FOLLOWER_POOL_SIZE, 1..=MAX_POOL_SIZE)?
                .unwrap_or(DEFAULT_FOLLOWER_POOL_SIZE),
            // A transaction pooler carries no notifications.
            listens: environment.flag(LISTEN)?.unwrap_or(true) && !database.is_pooler,
            memory_bytes,
            threads: ThreadBudget::from_environment(environment)?,
            code_cache: code_cache(&database.target, environment)?,
            code_key: CodeKey::find(&database.target, environment)?,
            sqlite_synchronous: sqlite_synchronous(environment)?,
            log_filter: environment.parsed(
                LOG_FILTER,
                "off, error, warn, info, debug or trace, or such with targets: warn,innkeeper=debug",
                log_filter,
            )?,
            otlp: OtlpConfig::from_environment(environment),
            database,
            environment: environment.clone(),
        })
    }

    /// A sentence for each variable that looks like one of the host's and is not read, or that says
    /// more than the system grants.
    pub fn variable_notes(&self) -> Vec<String> {
        let mut notes = variables::unknown(&self.environment);
        notes.extend(memory::beyond(self.memory_bytes, granted::memory()));
        // Half of a small number is less than what a host needs at all: only what was wished
        // counts.
        if self.environment.get(threads::THREADS).is_some() {
            notes.extend(threads::beyond(self.threads.all, granted::processes()));
        }
        notes
    }

    /// All limits in force: those that are set one by one, and those that follow from the memory
    /// and the descriptors that there are.
    pub fn limit_rows(&self) -> Vec<LimitRow> {
        let budget = self.memory_budget();
        let row = |name, variable, value, unit, meaning| LimitRow {
            name,
            variable,
            value,
            default: "-".to_owned(),
            unit,
            meaning,
        };
        let bytes = |bytes: u64| format!("{}MiB", bytes >> 20);
        let slots = budget.slots().to_string();
        let mut rows = self.limits.table();
        rows.extend([
            row(
                "memory",
                MEMORY,
                bytes(budget.ceiling),
                "bytes",
                "Memory of this process before no guest gets more",
            ),
            row(
                "guest_memory",
                MEMORY,
                bytes(budget.guests),
                "bytes",
                "Of it for guests, less what the host takes beyond 64MiB",
            ),
            row(
                "sqlite_heap",
                MEMORY,
                bytes(self.sqlite_heap_bytes()),
                "bytes",
                "Memory that SQLite may allocate for all apps together",
            ),
            row(
                "threads",
                THREADS,
                self.threads.all.to_string(),
                "count",
                "Threads of this process; half of what the system allows, however many cores it shows",
            ),
            row("instances", MEMORY, slots, "count", "Guests at work at once, as far as there is memory"),
            row(
                "connections",
                MEMORY,
                self.connections().to_string(),
                "count",
                "Connections; open files (ulimit -n) bound them too",
            ),
        ]);
        rows
    }

    /// For what needs no database: none has to be found, and nothing is kept where one would be.
    pub fn without_database(environment: &Environment) -> Result<Self, Error> {
        let nowhere = DatabaseOptions {
            database_url: Some(format!("sqlite:{DEFAULT_DATA_DIRECTORY}")),
            allow_ephemeral: true,
            ..DatabaseOptions::default()
        };
        let config = Self::load(&nowhere, environment)?;
        Ok(Self { code_cache: environment.path(CODE_CACHE)?, ..config })
    }

    /// Who runs this process, as far as the environment says: for the account of what was done.
    pub fn person(&self) -> String {
        let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| self.environment.get(name));
        // Under cron and systemd nothing of that is set.
        named.map_or_else(|| user_name(rustix::process::getuid().as_raw()), str::to_owned)
    }

    /// The name of this dyno or machine.
    pub fn machine(&self) -> String {
        let dyno = self.environment.get("DYNO").or(self.environment.get("HOSTNAME")).map(str::to_owned);
        let of_system = || Some(std::fs::read_to_string(HOST_NAME).ok()?.trim().to_owned());
        dyno.or_else(of_system).filter(|name| !name.is_empty()).unwrap_or_else(|| "a machine".to_owned())
    }

    /// Connections to Postgres for the host's own needs.
    pub fn host_connections(&self) -> u32 {
        HOST_POOL_SIZE + u32::from(self.listens)
    }

    /// How many connections to clients there may be.
    pub fn connections(&self) -> usize {
        connections::connections(self.memory_bytes)
    }

    /// How the memory that there is is divided.
    pub fn memory_budget(&self) -> MemoryBudget {
        MemoryBudget::of(self.memory_bytes)
    }

    /// What SQLite may allocate in the memory that there is.
    pub fn sqlite_heap_bytes(&self) -> u64 {
        sqlite_heap(self.memory_bytes, self.limits.sql_value_bytes)
    }
}

/// The limits that are set. Where nothing says how much memory a compiler may have, it has what
/// the host can do without: otherwise the system would end it halfway.
fn limits(environment: &Environment, memory: u64) -> Result<Limits, Error> {
    let mut limits = Limits::from_environment(environment)?;
    if environment.get(COMPILE_MEMORY).is_none() {
        limits.compile_memory = limits.compile_memory.min(MemoryBudget::of(memory).compiling);
    }
    Ok(limits)
}

/// The name of a user of this system, or its number.
fn user_name(id: u32) -> String {
    let users = std::fs::read_to_string(USERS).unwrap_or_default();
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = lines.find(|line| line.get(2).and_then(|text| text.parse().ok()) == Some(id));
    found.and_then(|line| line.first().map(|name| (*name).to_owned())).unwrap_or_else(|| format!("uid {id}"))
}

/// With SQLite there is a directory that lasts, so that it is the default there alone.
fn code_cache(target: &DatabaseTarget, environment: &Environment) -> Result<Option<PathBuf>, Error> {
    let beside_data = match target {
        DatabaseTarget::Sqlite(directory) => Some(directory.join("code-cache")),
        DatabaseTarget::Postgres(_) => None,
    };
    Ok(environment.path(CODE_CACHE)?.or(beside_data))
}

/// A list of levels and of targets with their levels. A name alone is refused: as a target it
/// would switch off all others, and most likely it is a mistyped level.
fn log_filter(text: &str) -> Option<String> {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let is_target = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
    };
    let fits = |part: &&str| match part.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(part),
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.iter().all(fits).then(|| parts.join(","))
}

fn sqlite_synchronous(environment: &Environment) -> Result<SqliteSynchronous, Error> {
    let given = environment.parsed(SQLITE_SYNCHRONOUS, "full or normal", |text| match text {
        "full" => Some(SqliteSynchronous::Full),
        "normal" => Some(SqliteSynchronous::Normal),
        _ => None,
    })?;
    Ok(given.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::filter::Targets;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Error> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        Config::load(&DatabaseOptions::default(), &environment)
    }

    #[test]
    fn a_log_without_a_level_is_refused_and_not_taken_for_a_target() -> Result<(), Error> {
        for good in ["info", "OFF", "warn,innkeeper=debug,guest=off", "3", "warn, innkeeper::web=trace,"] {
            let filter = load(&[(LOG_FILTER, good)])?.log_filter.unwrap_or_default();
            assert_eq!(filter, good.to_ascii_lowercase().replace(' ', "").trim_end_matches(','));
            assert!(filter.parse::<Targets>().is_ok(), "{filter}");
        }
        for wrong in ["verbose", "innkeeper", "innkeeper=", "=info", "info,innkeeper=loud", "a[b]=info", "a b"] {
            let error = load(&[(LOG_FILTER, wrong)]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(&format!("INNKEEPER_LOG={wrong}: not off, error,")), "{error}");
        }
        Ok(())
    }

    #[test]
    fn a_user_has_a_name_or_a_number() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_000_000_000), "uid 4000000000");
    }

    #[test]
    fn an_empty_environment_is_a_laptop_with_sqlite() -> Result<(), Error> {
        let config = load(&[])?;
        assert_eq!(config.database.target.describe(), "sqlite:./innkeeper-data");
        assert_eq!(config.code_cache, Some("./innkeeper-data/code-cache".into()));
        assert_eq!((config.pool_size, config.limits.clone()), (5, Limits::default()));
        assert_eq!(config.sqlite_synchronous, SqliteSynchronous::Full);
        assert!(config.memory_bytes > 0 && config.memory_budget().slots() >= 64);
        Ok(())
    }

    #[test]
    fn a_dyno_with_postgres_is_read_whole() -> Result<(), Error> {
        let config = load(&[
            ("DYNO", "web.1"),
            ("PORT", "5006"),
            ("DATABASE_URL", "postgres://u:hunter2@db.example:5432/d"),
            (POOL_SIZE, "7"),
            ("INNKEEPER_MEMORY", "2560MiB"),
            ("INNKEEPER_SESSION_IDLE", "1h"),
            (SQLITE_SYNCHRONOUS, "Normal"),
        ])?;
        assert_eq!(config.database.target.describe(), "postgres://u:***@db.example:5432/d (TLS require)");
        assert_eq!((config.pool_size, config.code_cache.clone()), (7, None));
        assert_eq!((config.memory_bytes, config.memory_budget().slots()), (2_560 << 20, 1_000));
        assert_eq!(config.limits.session_idle.as_secs(), 3_600);
        assert_eq!(config.sqlite_synchronous, SqliteSynchronous::Normal);
        assert_eq!(config.web.serve_port, 5006);
        Ok(())
    }

    #[test]
    fn a_compiler_has_what_a_small_dyno_leaves_unless_something_else_is_said() -> Result<(), Error> {
        let small = ("INNKEEPER_MEMORY", "512MiB");
        assert_eq!(load(&[small])?.limits.compile_memory, 384 << 20);
        assert_eq!(load(&[small, (COMPILE_MEMORY, "450MiB")])?.limits.compile_memory, 450 << 20);
        let large = load(&[("INNKEEPER_MEMORY", "14GiB")])?;
        assert_eq!(large.limits.compile_memory, Limits::COMPILE_MEMORY);
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (POOL_SIZE, "abc", "INNKEEPER_POOL_SIZE=abc: not a whole number from 1 to 500"),
            (POOL_SIZE, "0", "INNKEEPER_POOL_SIZE=0: not a whole number from 1 to 500"),
            (SQLITE_SYNCHRONOUS, "off", "INNKEEPER_SQLITE_SYNCHRONOUS=off: not full or normal"),
            ("PORT", "abc", "PORT=abc: not a port from 0 to 65535"),
        ];
        for (name, value, text) in cases {
            let error = load(&[(name, value)]).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(text));
        }
    }

    #[test]
    fn a_code_cache_may_be_named() -> Result<(), Error> {
        let postgres = ("DATABASE_URL", "postgres://u@localhost/d");
        assert_eq!(load(&[postgres])?.code_cache, None);
        assert_eq!(load(&[postgres, (CODE_CACHE, "/tmp/Code")])?.code_cache, Some("/tmp/Code".into()));
        Ok(())
    }
}
