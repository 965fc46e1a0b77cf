//! Indexes of apps over `lower` and `upper` that an earlier release has made, when both changed the
//! letters of ASCII alone in most tables. Looked at once, when the host tables are brought up to
//! date.
//!
//! On SQLite what such an index holds would be wrong, so it is made anew. On Postgres the index
//! stays right for the expression that it was made for, which is none of today's: it is only not
//! used any more, so the log names it.

use super::connection::{Connection, cell};
use super::host_sql::{HostSql, host_sql};
use super::{Code, Error, Result};

/// Makes them anew, or names them.
pub(super) async fn see_to(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Postgres(_) => name_unused(connection).await,
        Connection::Sqlite(_) => rebuild(connection).await,
    }
}

async fn rebuild(connection: &mut Connection) -> Result<()> {
    // A generated column may be computed by them, and any index of its table may hold it.
    let indexes = host_sql!(
        "select name from sqlite_master where type = 'index' and tbl_name in (select tbl_name from sqlite_master \
         where type in ('table', 'index') and tbl_name not like 'innkeeper_%' \
         and (instr(lower(sql), 'lower') > 0 or instr(lower(sql), 'upper') > 0))"
    );
    for name in names(connection, indexes).await? {
        let quoted = name.replace('"', "\"\"");
        match connection.script(&format!("reindex \"{quoted}\"")).await {
            Err(error) if error.code == Code::UniqueViolation => tracing::warn!(
                index = name,
                "two rows are the same now that lower() and upper() change all letters, so the index could not be \
                 made anew: remove one of the rows, then drop the index and make it again"
            ),
            result => result?,
        }
    }
    Ok(())
}

async fn name_unused(connection: &mut Connection) -> Result<()> {
    let indexes = host_sql!(
        "select schemaname || '.' || indexname from pg_indexes where schemaname like 'app\\_%' \
         and indexdef ~* '(lower|upper)\\(' and indexdef !~* 'collate'"
    );
    for index in names(connection, indexes).await? {
        tracing::warn!(
            index,
            "this index was made before lower() and upper() changed all letters; if it is over a text, no statement \
             uses it any more: drop it and make it again"
        );
    }
    Ok(())
}

async fn names(connection: &mut Connection, sql: &HostSql) -> Result<Vec<String>> {
    let rows = connection.host(sql, &[]).await?.rows.rows;
    let name = |row: &Vec<super::Value>| {
        cell(row, 0)?.as_text().map(str::to_owned).ok_or_else(|| Error::malformed("an index"))
    };
    rows.iter().map(name).collect()
}
