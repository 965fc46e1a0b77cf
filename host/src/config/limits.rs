//! Every bound that the host sets to a guest or a client: name, default and meaning in one list.
//!
//! `Duration` fields take `500ms`, `2s`, `30min`, `12h`; `u64` fields are bytes and take `65536`,
//! `100KB`, `64MiB`, `1GiB`; `u32` fields are counts. The variable of a limit is `INNKEEPER_` and
//! the name of its constant. The size of a response is not bounded: it is streamed and takes no
//! memory.

use std::time::Duration;

use serde::Serialize;

use super::units::Quantity;
use super::{Environment, Error};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Writes the struct, its constants, its reader and its table from the list below.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident, $constant:ident: $type:ty = $default:expr;)+) => {
        /// The bounds in force.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl Limits {
            $(
                #[doc = concat!("Default of `", stringify!($field), "`:", $($doc),+)]
                pub const $constant: $type = $default;
            )+

            /// The defaults, with what the environment sets instead.
            pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
                Ok(Self {
                    $($field: environment
                        .quantity(concat!("INNKEEPER_", stringify!($constant)))?
                        .unwrap_or(Self::$constant),)+
                })
            }

            /// Sets a limit for an app, by the name of its field, with dashes or underscores. An
            /// error, in a sentence, where there is no such limit of an app, the text is no value,
            /// it is above the one in force, since what an app may do is bounded by what the host
            /// may, or it is so low that the app could answer nothing.
            pub fn lower(&mut self, name: &str, text: &str) -> Result<(), String> {
                Self::check_name(name)?;
                match name.replace('-', "_").as_str() {
                    $(stringify!($field) => lower(&mut self.$field, name, text),)+
                    _ => Ok(()),
                }
            }

            /// One row for each limit, in the order of the list.
            pub fn table(&self) -> Vec<LimitRow> {
                vec![$(LimitRow {
                    name: stringify!($field),
                    variable: concat!("INNKEEPER_", stringify!($constant)),
                    meaning: concat!($($doc),+).trim().trim_end_matches('.'),
                    ..row(self.$field, Self::$constant)
                }),+]
            }
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: Self::$constant,)+ }
            }
        }
    };
}

limits! {
    /// Computing time of one request.
    cpu_per_request, CPU_PER_REQUEST: Duration = Duration::from_secs(2);
    /// Wall clock of one request; less than the 30 s after which Heroku's router gives up.
    wall_per_request, WALL_PER_REQUEST: Duration = Duration::from_secs(25);
    /// Memory of one instance; Python and JavaScript need this much, and memory that is not touched
    /// costs nothing.
    memory_per_instance, MEMORY_PER_INSTANCE: u64 = 128 * MIB;
    /// Wait for room in memory; after it the client is told to come back later.
    memory_wait, MEMORY_WAIT: Duration = Duration::from_secs(10);
    /// Bytes of a request body that have to come in each second, on average; a client that is
    /// slower for 10 s is cut off.
    body_rate, BODY_RATE: u64 = 500;
    /// Bytes of an answer that a client has to take in each second, on average; one that is slower
    /// for 30 s is cut off.
    answer_rate, ANSWER_RATE: u64 = 500;
    /// Request line and headers together.
    request_head_bytes, REQUEST_HEAD_BYTES: u64 = 32 * KIB;
    /// Headers of one request.
    request_headers, REQUEST_HEADERS: u32 = 100;
    /// Path and query of one request.
    request_uri_bytes, REQUEST_URI_BYTES: u64 = 8 * KIB;
    /// One component, as deployed.
    component_bytes, COMPONENT_BYTES: u64 = 32 * MIB;
    /// Computing time to compile one component, in whole seconds.
    compile_time, COMPILE_TIME: Duration = Duration::from_secs(60);
    /// Memory to compile one component, in a process of its own; less where the host would be left
    /// with too little.
    compile_memory, COMPILE_MEMORY: u64 = 512 * MIB;
    /// All values of one session.
    session_bytes, SESSION_BYTES: u64 = 64 * KIB;
    /// A session ends when it was not used for this long.
    session_idle, SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
    /// A session ends this long after it began, however much it is used.
    session_absolute, SESSION_ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
    /// Rows of one result.
    result_rows, RESULT_ROWS: u32 = 10_000;
    /// Values of one result together.
    result_bytes, RESULT_BYTES: u64 = 8 * MIB;
    /// Text of one SQL statement.
    sql_bytes, SQL_BYTES: u64 = 100_000;
    /// Parameters of one SQL statement.
    sql_params, SQL_PARAMS: u32 = 1_000;
    /// One value that goes into a statement or comes out of a row.
    sql_value_bytes, SQL_VALUE_BYTES: u64 = 16 * MIB;
    /// Time of one SQL statement; after it the server cancels the statement too.
    statement_time, STATEMENT_TIME: Duration = Duration::from_secs(5);
    /// Wait for a database connection; after it the client is told to come back later.
    pool_wait, POOL_WAIT: Duration = Duration::from_secs(2);
    /// One uploaded file.
    file_bytes, FILE_BYTES: u64 = 100 * MIB;
    /// All files of one app together.
    app_bytes, APP_BYTES: u64 = GIB;
    /// All rows of one app together, with their indexes; above it an app reads and deletes only.
    app_row_bytes, APP_ROW_BYTES: u64 = GIB;
    /// Parts of one multipart form.
    multipart_parts, MULTIPART_PARTS: u32 = 128;
    /// One field of a form that is not a file.
    multipart_field_bytes, MULTIPART_FIELD_BYTES: u64 = MIB;
    /// A blob that no unit of work kept is deleted after this long.
    staged_blob_lifetime, STAGED_BLOB_LIFETIME: Duration = Duration::from_secs(60 * 60);
    /// What one request may write to the log.
    log_bytes_per_request, LOG_BYTES_PER_REQUEST: u64 = 64 * KIB;
    /// Wrong tokens of the operator that one address may show in a minute; the right one always
    /// opens.
    operator_attempts, OPERATOR_ATTEMPTS: u32 = 10;
    /// What all requests of one app together may write to the log in a minute, with what the log
    /// adds to each line.
    log_bytes_per_minute, LOG_BYTES_PER_MINUTE: u64 = MIB;
    /// The last lines of the log that are kept in memory, of all apps together; what one app logs
    /// does not push all lines of another out.
    kept_log_bytes, KEPT_LOG_BYTES: u64 = 4 * MIB;
    /// The last lines of the log of one app that are kept in memory.
    kept_log_lines, KEPT_LOG_LINES: u32 = 2_000;
}

/// Limits that an app may have for itself.
const OF_APPS: [&str; 16] = [
    "cpu_per_request",
    "wall_per_request",
    "memory_per_instance",
    "session_bytes",
    "session_idle",
    "session_absolute",
    "result_rows",
    "result_bytes",
    "statement_time",
    "file_bytes",
    "app_bytes",
    "app_row_bytes",
    "multipart_parts",
    "multipart_field_bytes",
    "log_bytes_per_request",
    "log_bytes_per_minute",
];

/// With less than this an app could answer nothing.
const LEAST: [(&str, &str); 5] = [
    ("cpu_per_request", "10ms"),
    ("wall_per_request", "100ms"),
    ("memory_per_instance", "1MiB"),
    ("result_bytes", "1KiB"),
    ("statement_time", "10ms"),
];

impl Limits {
    /// An error, in a sentence, where there is no such limit of an app.
    pub fn check_name(name: &str) -> Result<(), String> {
        if OF_APPS.contains(&name.replace('-', "_").as_str()) {
            return Ok(());
        }
        let names = OF_APPS.map(|name| name.replace('_', "-")).join(", ");
        Err(format!("limit {name}: no limit of an app; those are {names}"))
    }
}

fn lower<Q: Quantity + PartialOrd>(limit: &mut Q, name: &str, text: &str) -> Result<(), String> {
    let value = Q::parse(&text.trim().to_ascii_lowercase());
    let value = value.ok_or_else(|| format!("limit {name}={text}: not {}", Q::EXPECTED))?;
    if value > *limit {
        let most = limit.show();
        return Err(format!("limit {name}={text}: more than the host allows, which is {most}"));
    }
    let field = name.replace('-', "_");
    let least = LEAST.iter().find(|(known, _)| *known == field).map(|(_, least)| *least);
    // A host may itself have less.
    if let Some(least) = least.filter(|least| value < *limit && Q::parse(least).is_some_and(|least| value < least))
    {
        return Err(format!("limit {name}={text}: with less than {least} an app could answer nothing"));
    }
    *limit = value;
    Ok(())
}

/// One limit, for people and scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LimitRow {
    /// The field of [`Limits`].
    pub name: &'static str,
    /// The variable that sets it.
    pub variable: &'static str,
    /// The value in force, as the variable would be written.
    pub value: String,
    /// The value where the variable is not set.
    pub default: String,
    /// What is measured: `bytes`, `count` or `duration`.
    pub unit: &'static str,
    /// What is limited.
    pub meaning: &'static str,
}

/// The part of a row that depends on the type of the limit.
fn row<Q: Quantity>(value: Q, default: Q) -> LimitRow {
    LimitRow { value: value.show(), default: default.show(), unit: Q::UNIT, ..LimitRow::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(name: &str, value: &str) -> Result<Limits, Error> {
        Limits::from_environment(&Environment::from_pairs([(name, value)]))
    }

    #[test]
    fn without_settings_the_defaults_hold() -> Result<(), Error> {
        let limits = limits("INNKEEPER_SESSION_BYTES", "")?;
        assert_eq!(limits, Limits::default());
        assert_eq!(limits.memory_per_instance, 134_217_728);
        assert!(limits.table().iter().all(|row| row.value == row.default));
        Ok(())
    }

    #[test]
    fn each_variable_of_the_table_sets_its_limit() -> Result<(), Error> {
        for row in Limits::default().table() {
            let value = match row.unit {
                "bytes" => "7KiB",
                "count" => "7",
                _ => "7s",
            };
            let changed = limits(row.variable, value)?.table();
            let others = changed.iter().filter(|other| other.name != row.name);
            assert!(others.clone().all(|other| other.value == other.default), "{}", row.name);
            assert!(changed.iter().any(|other| other.name == row.name && other.value == value));
        }
        Ok(())
    }

    #[test]
    fn an_app_has_less_than_the_host_and_never_more() {
        let mut limits = Limits::default();
        assert_eq!(limits.lower("cpu-per-request", "500ms"), Ok(()));
        assert_eq!(limits.lower("memory_per_instance", "64MiB"), Ok(()));
        assert_eq!(limits.cpu_per_request, Duration::from_millis(500));
        assert_eq!(limits.memory_per_instance, 64 * MIB);
        for (name, value, said) in [
            ("cpu-per-request", "600ms", "more than the host allows, which is 500ms"),
            ("cpu-per-request", "much", "not a duration"),
            ("component-bytes", "1KB", "no limit of an app"),
            ("nonsense", "1", "no limit of an app; those are cpu-per-request"),
            ("memory-per-instance", "1", "with less than 1MiB an app could answer nothing"),
            ("cpu_per_request", "9ms", "with less than 10ms"),
        ] {
            let problem = limits.lower(name, value).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
        for name in OF_APPS {
            let row = Limits::default().table().into_iter().find(|row| row.name == name);
            let value = row.unwrap_or_else(|| panic!("{name} is no limit")).default;
            assert_eq!(Limits::default().lower(name, &value), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_row_tells_all_about_its_limit() {
        let rows = Limits { sql_bytes: 4096, ..Limits::default() }.table();
        let expected = LimitRow {
            name: "sql_bytes",
            variable: "INNKEEPER_SQL_BYTES",
            value: "4KiB".to_owned(),
            default: "100KB".to_owned(),
            unit: "bytes",
            meaning: "Text of one SQL statement",
        };
        assert_eq!(rows.iter().find(|row| row.name == "sql_bytes"), Some(&expected));
    }

    #[test]
    fn wrong_values_are_named_with_an_example() {
        let text = |name, value| limits(name, value).err().map(|error| error.to_string());
        assert_eq!(
            text("INNKEEPER_CPU_PER_REQUEST", "2").as_deref(),
            Some("INNKEEPER_CPU_PER_REQUEST=2: not a duration such as 500ms, 2s, 30min or 12h, at most 8760h")
        );
        assert_eq!(
            text("INNKEEPER_FILE_BYTES", "0").as_deref(),
            Some("INNKEEPER_FILE_BYTES=0: not a size such as 65536, 100KB, 64MiB or 1GiB, at most 1048576GiB")
        );
        assert_eq!(
            text("INNKEEPER_RESULT_ROWS", "many").as_deref(),
            Some("INNKEEPER_RESULT_ROWS=many: not a whole number from 1 to 1000000000")
        );
    }
}
