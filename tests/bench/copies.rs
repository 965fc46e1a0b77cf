//! The measure for blobs: chunks copied into Postgres and back by plain sqlx, without HTTP and
//! without anything to keep.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::TryStreamExt;
use sqlx::{Connection, PgConnection};

/// Bytes of one row.
pub const CHUNK_BYTES: usize = 256 * 1024;

// Values that do not compress need no attempt to.
const TABLE: &str = "\
    create table copies (copy bigint not null, seq bigint not null, data bytea not null, primary key (copy, seq)); \
    alter table copies alter column data set storage external";
const INSERT: &str = "insert into copies (copy, seq, data) values ($1, $2, $3)";
const SELECT: &str = "select data from copies where copy = $1 order by seq";
const DELETE: &str = "delete from copies where copy = $1";

/// A connection to the table of copies.
#[derive(Debug)]
pub struct Copies {
    connection: PgConnection,
    latest: i64,
}

impl Copies {
    /// Connects and makes the table.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(TABLE).execute(&mut connection).await?;
        Ok(Self { connection, latest: 0 })
    }

    /// Copies a chunk in so many times, in one transaction.
    pub async fn upload(&mut self, chunk: &[u8], chunks: usize) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        self.latest += 1;
        let mut transaction = self.connection.begin().await?;
        for seq in (0_i64..).take(chunks) {
            sqlx::query(INSERT).bind(self.latest).bind(seq).bind(chunk).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(begun.elapsed())
    }

    /// Copies all chunks out again.
    pub async fn download(&mut self, chunk: &[u8], chunks: usize) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut rows = sqlx::query_as(SELECT).bind(self.latest).fetch(&mut self.connection);
        let mut received = 0;
        while let Some((data,)) = rows.try_next().await? {
            let data: Vec<u8> = data;
            ensure!(data == chunk, "a copied chunk has changed");
            received += 1;
        }
        ensure!(received == chunks, "{received} of {chunks} chunks came back");
        Ok(begun.elapsed())
    }

    /// Throws them away.
    pub async fn delete(&mut self) -> anyhow::Result<()> {
        sqlx::query(DELETE).bind(self.latest).execute(&mut self.connection).await?;
        Ok(())
    }
}
