//! The SQL of the page. The tables and texts are those of the host, so that both ask the same of
//! the database.

use sqlx::{PgConnection, SqliteConnection};

use super::page::Visit;

/// Tables for sessions, the same on both databases; `ROW_ID` differs.
const TABLES: &str = "\
    create table if not exists sessions (app text not null, id_hash bytea not null, user_name text, \
        created_at bigint not null, used_at bigint not null, idle_seconds bigint not null, \
        idle_expires_at bigint not null, expires_at bigint not null, primary key (app, id_hash)); \
    create index if not exists sessions_by_user on sessions (app, user_name); \
    create index if not exists sessions_by_expiry on sessions (expires_at); \
    create index if not exists sessions_by_idle_expiry on sessions (idle_expires_at); \
    create table if not exists session_values (app text not null, id_hash bytea not null, kind bigint not null, \
        name text not null, value text not null, primary key (app, id_hash, kind, name), foreign key (app, id_hash) \
        references sessions (app, id_hash) on delete cascade on update cascade); \
    create table if not exists hits (ROW_ID, path text not null, at timestamptz not null)";

const LOAD: &str = "\
    select s.user_name, s.used_at, s.idle_seconds, s.expires_at, v.kind, v.name, v.value \
    from sessions s left join session_values v on v.app = s.app and v.id_hash = s.id_hash \
    where s.app = $1 and s.id_hash = $2 and s.expires_at > $3 and s.idle_expires_at > $3 \
    order by v.kind, v.name";
const INSERT: &str = "insert into hits (path, at) values ($1, $2)";
const SELECT: &str = "select id, path from hits where id = $1";
const BEGIN_SESSION: &str = "\
    insert into sessions (app, id_hash, user_name, created_at, used_at, idle_seconds, idle_expires_at, expires_at) \
    values ($1, $2, $3, $4, $4, $5, $6, $7)";
const SAVE: &str = "\
    insert into session_values (app, id_hash, kind, name, value) \
    select app, id_hash, $3, $4, $5 from sessions where app = $1 and id_hash = $2 \
    on conflict (app, id_hash, kind, name) do update set value = excluded.value";

const APP: &str = "page";
const KEY: &str = "visits";
const MICROS: i64 = 1_000_000;
const IDLE_SECONDS: i64 = 30 * 60;
const ABSOLUTE_SECONDS: i64 = 12 * 60 * 60;

/// A row of `LOAD`.
type Loaded = (Option<String>, i64, i64, i64, Option<i64>, Option<String>, Option<String>);

/// The same functions for one kind of connection: the drivers' types differ, the texts do not.
macro_rules! statements {
    ($module:ident, $connection:ty, $row_id:literal) => {
        /// The statements on one of the databases.
        pub mod $module {
            use super::*;

            /// Makes the tables.
            pub async fn prepare(connection: &mut $connection) -> sqlx::Result<()> {
                let tables = sqlx::AssertSqlSafe(TABLES.replace("ROW_ID", $row_id));
                sqlx::raw_sql(tables).execute(connection).await.map(drop)
            }

            /// How often the visitor was there before; nothing if he has no session.
            pub async fn load(connection: &mut $connection, visit: &Visit) -> sqlx::Result<Option<u64>> {
                let query = sqlx::query_as(LOAD).bind(APP).bind(&visit.id_hash).bind(visit.micros());
                let rows: Vec<Loaded> = query.fetch_all(connection).await?;
                let value = rows.iter().find(|row| row.5.as_deref() == Some(KEY)).and_then(|row| row.6.as_deref());
                Ok((!rows.is_empty()).then(|| value.and_then(|value| value.parse().ok()).unwrap_or_default()))
            }

            /// Writes a row, reads a row. Returns how many were read.
            pub async fn hit(connection: &mut $connection, visit: &Visit) -> sqlx::Result<usize> {
                sqlx::query(INSERT).bind(&visit.path).bind(visit.at).execute(&mut *connection).await?;
                let rows: Vec<(i64, String)> = sqlx::query_as(SELECT).bind(1_i64).fetch_all(connection).await?;
                Ok(rows.len())
            }

            /// Begins a session.
            pub async fn begin_session(connection: &mut $connection, visit: &Visit) -> sqlx::Result<()> {
                let now = visit.micros();
                let query =
                    sqlx::query(BEGIN_SESSION).bind(APP).bind(&visit.id_hash).bind(None::<String>).bind(now);
                let query = query.bind(IDLE_SECONDS).bind(now + IDLE_SECONDS * MICROS);
                query.bind(now + ABSOLUTE_SECONDS * MICROS).execute(connection).await.map(drop)
            }

            /// Saves how often the visitor was there.
            pub async fn save(connection: &mut $connection, visit: &Visit, visits: u64) -> sqlx::Result<()> {
                let query = sqlx::query(SAVE).bind(APP).bind(&visit.id_hash).bind(0_i64).bind(KEY);
                query.bind(visits.to_string()).execute(connection).await.map(drop)
            }
        }
    };
}

statements!(postgres, PgConnection, "id bigint generated always as identity primary key");
statements!(sqlite, SqliteConnection, "id integer primary key autoincrement");
