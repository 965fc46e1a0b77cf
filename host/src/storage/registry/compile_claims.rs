//! Who compiles what: of several hosts that need the same code at the same time, one compiles and
//! the others wait for its code. A claim ends by itself when its host says nothing any more, by the
//! clock of the database.

use super::native_code::CodeId;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Database, Result};

/// How long a claim is good. Whoever compiles renews it before.
const MICROS: i64 = 15 * 1_000_000;

impl Database {
    /// Claims the right to compile something, or renews it. False where another holder has it.
    pub async fn claim_compiling(&self, id: &CodeId, holder: &str) -> Result<bool> {
        let sql = host_sql!(
            "insert into innkeeper.compile_claims (sha256, engine, holder, until) \
             values ($1, $2, $3, (extract(epoch from clock_timestamp()) * 1000000)::bigint + $4) \
             on conflict (sha256, engine) do update set holder = excluded.holder, until = excluded.until \
             where innkeeper.compile_claims.until < (extract(epoch from clock_timestamp()) * 1000000)::bigint \
             or innkeeper.compile_claims.holder = excluded.holder"
        );
        let mut params = id.params();
        params.extend([holder.into(), Value::Integer(MICROS)]);
        Ok(self.registry().await?.host(sql, &params).await?.affected > 0)
    }

    /// Gives the right back.
    pub async fn release_compiling(&self, id: &CodeId, holder: &str) -> Result<()> {
        let sql =
            host_sql!("delete from innkeeper.compile_claims where sha256 = $1 and engine = $2 and holder = $3");
        let mut params = id.params();
        params.push(holder.into());
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }
}
