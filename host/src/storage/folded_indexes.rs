//! Indexes of apps over `lower` and `upper` that an earlier release has made, when both changed the
//! letters of ASCII alone in most tables. Looked at once, when the host tables are brought up to
//! date.
//!
//! On SQLite what such an index holds would be wrong, so it is made anew. On Postgres the index
//! stays right for the expression that it was made for, which is none of today's: it is only not
//! used any more, so the log names it.

use super::connection::{Connection, cell};
use super::host_sql::{HostSql, host_sql};
use super::value::Value;
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
    for name in texts(connection, indexes).await? {
        let quoted = name.replace('"', "\"\"");
        match connection.script(&format!("reindex \"{quoted}\"")).await {
            Err(error) if error.code == Code::UniqueViolation => drop_index(connection, &name, &quoted).await?,
            result => result?,
        }
    }
    Ok(())
}

/// An index that holds other keys than its expression gives makes every write to its rows fail, so
/// it cannot stay.
async fn drop_index(connection: &mut Connection, name: &str, quoted: &str) -> Result<()> {
    let definition = host_sql!("select coalesce(sql, '') from sqlite_master where type = 'index' and name = $1");
    let rows = connection.host(definition, &[Value::Text(name.to_owned())]).await?.rows.rows;
    let definition = rows.first().and_then(|row| cell(row, 0).ok()?.as_text()).unwrap_or_default();
    if definition.is_empty() {
        tracing::error!(
            index = name,
            "two rows are the same now that lower() and upper() change all letters, and the index belongs to a \
             UNIQUE or PRIMARY KEY of the table: copy the rows into a new table without it"
        );
        return Ok(());
    }
    connection.script(&format!("drop index \"{quoted}\"")).await?;
    tracing::error!(
        index = name,
        definition,
        "two rows are the same now that lower() and upper() change all letters, so the index has been dropped: \
         remove one of the rows and make it again"
    );
    Ok(())
}

async fn name_unused(connection: &mut Connection) -> Result<()> {
    let indexes = host_sql!(
        "select schemaname || '.' || indexname from pg_indexes where schemaname like 'app\\_%' \
         and indexdef ~* '(lower|upper)\\(' and indexdef !~* 'collate'"
    );
    for index in texts(connection, indexes).await? {
        tracing::warn!(
            index,
            "this index was made before lower() and upper() changed all letters; if it is over a text, no statement \
             uses it any more, and ON CONFLICT does not find it: drop it and make it again"
        );
    }
    Ok(())
}

async fn texts(connection: &mut Connection, sql: &HostSql) -> Result<Vec<String>> {
    let rows = connection.host(sql, &[]).await?.rows.rows;
    let text =
        |row: &Vec<Value>| cell(row, 0)?.as_text().map(str::to_owned).ok_or_else(|| Error::malformed("an index"));
    rows.iter().map(text).collect()
}
