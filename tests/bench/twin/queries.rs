//! The same query over and over, as the guest `tests/guests/queries` runs it: the same tables, rows
//! and texts.
//!
//! On SQLite an instant is a number of microseconds, as the host keeps it: less work than the text
//! that sqlx would make of it.

use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::routing::get;
use sqlx::types::time::OffsetDateTime;
use sqlx::{PgConnection, SqliteConnection};

use super::database::Database;
use super::page::{Failure, failure};

const TABLE: &str = "\
    create table numbers (id bigint primary key, label text not null, amount bigint not null, \
        at timestamptz not null)";
const FILL_POSTGRES: &str = "\
    insert into numbers (id, label, amount, at) \
    select n, 'number ' || n, n * 7, to_timestamp(1000000000 + n) from generate_series(1, 1000) as s(n)";
const FILL_SQLITE: &str = "\
    with recursive s(n) as (select 1 union all select n + 1 from s where n < 1000) \
    insert into numbers (id, label, amount, at) \
    select n, 'number ' || n, n * 7, (1000000000 + n) * 1000000 from s";

const ONE: &str = "select id, label, amount, at from numbers where id = $1";
const MANY: &str = "select id, label, amount, at from numbers where id > $1 order by id limit $2";

/// Rows of the table, with ids from 1 on.
const NUMBERS: i64 = 1000;
const MICROS: i64 = 1_000_000;

/// Makes the table and serves the queries at `/`.
pub async fn router(database: Database) -> sqlx::Result<Router> {
    match &database {
        Database::Postgres(pool) => postgres::prepare(&mut *pool.acquire().await?).await?,
        Database::Sqlite { writer, .. } => sqlite::prepare(&mut *writer.acquire().await?).await?,
    }
    Ok(Router::new().route("/", get(answer)).with_state(database))
}

/// One connection for all queries of a request: the pool pings each time that one is taken.
async fn answer(State(database): State<Database>, uri: Uri) -> Result<String, Failure> {
    let query = uri.query().unwrap_or_default();
    let (queries, rows) = (argument(query, "queries"), argument(query, "rows"));
    let read = match &database {
        Database::Postgres(pool) => {
            postgres::read(&mut *pool.acquire().await.map_err(failure)?, queries, rows).await
        }
        Database::Sqlite { readers, .. } => {
            sqlite::read(&mut *readers.acquire().await.map_err(failure)?, queries, rows).await
        }
    };
    let (count, sum) = read.map_err(failure)?;
    Ok(format!("rows={count} sum={sum}"))
}

/// A number of the query string; 1 where it is not given.
fn argument(query: &str, name: &str) -> i64 {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(given, _)| *given == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(1)
}

/// The same functions for one kind of connection: the drivers' types differ, the texts do not.
macro_rules! queries {
    ($module:ident, $connection:ty, $fill:expr, $instant:ty, $seconds:expr) => {
        /// The queries on one of the databases.
        mod $module {
            use super::*;

            type Row = (i64, String, i64, $instant);

            /// Makes the table with its rows.
            pub async fn prepare(connection: &mut $connection) -> sqlx::Result<()> {
                sqlx::raw_sql(TABLE).execute(&mut *connection).await?;
                sqlx::raw_sql($fill).execute(connection).await.map(drop)
            }

            /// Returns how many rows were read, and what they add up to.
            pub async fn read(
                connection: &mut $connection,
                queries: i64,
                rows: i64,
            ) -> sqlx::Result<(usize, i64)> {
                let (mut count, mut sum) = (0, 0);
                for turn in 0..queries {
                    let query = match rows {
                        1 => sqlx::query_as(ONE).bind(turn % NUMBERS + 1),
                        _ => sqlx::query_as(MANY).bind(0_i64).bind(rows),
                    };
                    let found: Vec<Row> = query.fetch_all(&mut *connection).await?;
                    count += found.len();
                    sum += found.iter().map(worth).sum::<i64>();
                }
                Ok((count, sum))
            }

            fn worth((id, label, amount, at): &Row) -> i64 {
                id + label.len() as i64 + amount + $seconds(*at)
            }
        }
    };
}

queries!(postgres, PgConnection, FILL_POSTGRES, OffsetDateTime, OffsetDateTime::unix_timestamp);
queries!(sqlite, SqliteConnection, FILL_SQLITE, i64, |micros: i64| micros / MICROS);
