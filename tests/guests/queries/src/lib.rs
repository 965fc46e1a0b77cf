//! The query of the benchmark: `/?queries=N&rows=R` runs the same SELECT N times for R rows of
//! `numbers` each, and adds up what it reads.

use guest::bindings::exports::wasi::http::incoming_handler::Guest;
use guest::bindings::innkeeper::storage::db::{self, DbError, Migration, Value};
use guest::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use guest::http;

/// Rows of the table, with ids from 1 on.
const NUMBERS: i64 = 1000;
const ONE: &str = "select id, label, amount, at from numbers where id = $1";
const MANY: &str = "select id, label, amount, at from numbers where id > $1 order by id limit $2";
const MICROS: i64 = 1_000_000;

struct Queries;

guest::bindings::export!(Queries with_types_in guest::bindings);

impl Guest for Queries {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (_, query) = http::target(&request);
        match read(argument(&query, "queries"), argument(&query, "rows")) {
            Ok(text) => http::respond(out, 200, &text),
            Err(error) => http::respond(out, 500, &error.message),
        }
    }
}

/// A number of the query string; 1 where it is not given.
fn argument(query: &str, name: &str) -> i64 {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(given, _)| *given == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(1)
}

fn read(queries: i64, rows: i64) -> Result<String, DbError> {
    migrate()?;
    let (mut count, mut sum) = (0, 0);
    for turn in 0..queries {
        let found = match rows {
            1 => db::query(ONE, &[Value::Integer(turn % NUMBERS + 1)])?,
            _ => db::query(MANY, &[Value::Integer(0), Value::Integer(rows)])?,
        };
        count += found.rows.len();
        sum += found.rows.iter().flatten().map(worth).sum::<i64>();
    }
    Ok(format!("rows={count} sum={sum}"))
}

/// Every cell counts. One of a type that no column has makes the sum wrong.
fn worth(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        Value::Text(text) => text.len() as i64,
        Value::Instant(micros) => micros / MICROS,
        _ => 0,
    }
}

fn migrate() -> Result<(), DbError> {
    let table = "create table numbers (id bigint primary key, label text not null, amount bigint not null, \
                 at timestamptz not null)"
        .to_owned();
    let fill = "insert into numbers (id, label, amount, at) \
                select n, 'number ' || n, n * 7, to_timestamp(1000000000 + n) from generate_series(1, 1000) as s(n)";
    let fill_sqlite = "with recursive s(n) as (select 1 union all select n + 1 from s where n < 1000) \
                       insert into numbers (id, label, amount, at) \
                       select n, 'number ' || n, n * 7, (1000000000 + n) * 1000000 from s";
    db::migrate(&[Migration {
        name: "0001-numbers".to_owned(),
        statements: vec![table.clone(), fill.to_owned()],
        sqlite_statements: Some(vec![table, fill_sqlite.to_owned()]),
        destroys: Vec::new(),
    }])?;
    Ok(())
}
