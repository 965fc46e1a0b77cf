//! The numbers that identities give, past and next.

use super::quoted;
use crate::storage::Result;
use crate::storage::connection::Connection;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;

/// The last number that an identity has given, if it has given one.
pub(super) async fn last_number(connection: &mut Connection, table: &str, column: &str) -> Result<Option<i64>> {
    let outcome = if let Connection::Postgres(_) = connection {
        let Some(sequence) = sequence(connection, table, column).await? else { return Ok(None) };
        let sql = format!("select case when is_called then last_value end from {sequence}");
        connection.host_text(&sql, &[]).await?
    } else if has_sequences(connection).await? {
        connection.host(host_sql!("select seq from sqlite_sequence where name = $1"), &[table.into()]).await?
    } else {
        return Ok(None);
    };
    Ok(outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()))
}

/// SQLite has its table of numbers once there has been an identity.
async fn has_sequences(connection: &mut Connection) -> Result<bool> {
    let sql = host_sql!("select 1 from sqlite_master where name = 'sqlite_sequence'");
    Ok(!connection.host(sql, &[]).await?.rows.rows.is_empty())
}

/// The quoted name of the sequence behind an identity of Postgres.
async fn sequence(connection: &mut Connection, table: &str, column: &str) -> Result<Option<String>> {
    let sql = host_sql!("select pg_get_serial_sequence($1::text, $2::text)");
    let outcome = connection.host(sql, &[quoted(table).into(), column.into()]).await?;
    Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_text()))
}

/// Lets an identity go on behind the largest number there is, and behind the last that was given
/// where the rows came from.
pub(super) async fn go_on(
    connection: &mut Connection,
    table: &str,
    column: &str,
    last: Option<i64>,
) -> Result<()> {
    let largest = format!("select max({}) from {}", quoted(column), quoted(table));
    let outcome = connection.host_text(&largest, &[]).await?;
    let largest = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    let Some(last) = largest.max(last).filter(|last| *last > 0) else { return Ok(()) };
    if let Connection::Postgres(_) = connection {
        let Some(sequence) = sequence(connection, table, column).await? else { return Ok(()) };
        let sql = host_sql!("select setval($1::text::regclass, $2)");
        return connection.host(sql, &[sequence.into(), Value::Integer(last)]).await.map(|_| ());
    }
    let update = host_sql!("update sqlite_sequence set seq = max(seq, $2) where name = $1");
    let params = [table.into(), Value::Integer(last)];
    if connection.host(update, &params).await?.affected == 0 {
        connection.host(host_sql!("insert into sqlite_sequence (name, seq) values ($1, $2)"), &params).await?;
    }
    Ok(())
}
