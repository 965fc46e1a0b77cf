//! The pools of the twin, and the page as one transaction.

use std::str::FromStr;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgPool, SqlitePool};

use super::page::Visit;
use super::statements::{postgres, sqlite};

const SQLITE_READERS: u32 = 4;
/// The host's cache, too: 16 MiB, in the unit of the pragma (negative: KiB).
const SQLITE_CACHE: &str = "-16384";

/// Where the page lives.
#[derive(Clone, Debug)]
pub enum Database {
    /// One pool.
    Postgres(PgPool),
    /// SQLite has many readers and one writer; more writers would only get in each other's way.
    Sqlite {
        /// Those who read outside a transaction.
        readers: SqlitePool,
        /// The one who writes.
        writer: SqlitePool,
    },
}

/// What the page tells the visitor.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// How often he was there, this time included.
    pub visits: u64,
    /// How many rows were read.
    pub rows: usize,
    /// Whether his session has just begun.
    pub is_new: bool,
}

impl Database {
    /// Connects.
    pub async fn open(url: &str, pool_size: u32, full: bool) -> anyhow::Result<Self> {
        if !url.starts_with("sqlite:") {
            return Ok(Self::Postgres(PgPoolOptions::new().max_connections(pool_size).connect(url).await?));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(if full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
            .pragma("cache_size", SQLITE_CACHE)
            .pragma("temp_store", "memory");
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let readers = SqlitePoolOptions::new().max_connections(SQLITE_READERS).connect_with(options).await?;
        Ok(Self::Sqlite { readers, writer })
    }

    /// Makes the tables of the page.
    pub async fn prepare(&self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(pool) => postgres::prepare(&mut *pool.acquire().await?).await,
            Self::Sqlite { writer, .. } => sqlite::prepare(&mut *writer.acquire().await?).await,
        }
    }

    /// Counts a visit. `is_known`: the visitor has shown an id.
    pub async fn count(&self, visit: &Visit, is_known: bool) -> sqlx::Result<Counted> {
        match self {
            Self::Postgres(pool) => on_postgres(pool, visit, is_known).await,
            Self::Sqlite { readers, writer } => on_sqlite([readers, writer], visit, is_known).await,
        }
    }
}

/// One connection for the whole page: the pool pings each time that one is taken and again when it
/// comes back.
async fn on_postgres(pool: &PgPool, visit: &Visit, is_known: bool) -> sqlx::Result<Counted> {
    let mut connection = pool.acquire().await?;
    let before = if is_known { postgres::load(&mut connection, visit).await? } else { None };
    let counted = Counted { visits: before.unwrap_or(0) + 1, rows: 0, is_new: before.is_none() };
    let mut transaction = connection.begin().await?;
    let rows = postgres::hit(&mut transaction, visit).await?;
    if counted.is_new {
        postgres::begin_session(&mut transaction, visit).await?;
    }
    postgres::save(&mut transaction, visit, counted.visits).await?;
    transaction.commit().await?;
    Ok(Counted { rows, ..counted })
}

async fn on_sqlite([readers, writer]: [&SqlitePool; 2], visit: &Visit, is_known: bool) -> sqlx::Result<Counted> {
    let before = if is_known { sqlite::load(&mut *readers.acquire().await?, visit).await? } else { None };
    let counted = Counted { visits: before.unwrap_or(0) + 1, rows: 0, is_new: before.is_none() };
    let mut transaction = writer.begin().await?;
    let rows = sqlite::hit(&mut transaction, visit).await?;
    if counted.is_new {
        sqlite::begin_session(&mut transaction, visit).await?;
    }
    sqlite::save(&mut transaction, visit, counted.visits).await?;
    transaction.commit().await?;
    Ok(Counted { rows, ..counted })
}
