//! An app on its way in: everything in one transaction, looked at again before it is kept.

use super::host_rows::{BlobRow, MigrationRow, SessionRow, unhex};
use super::incoming::{insert_chunk, whole};
use super::snapshot::{RowReader, of_table};
use super::{RowSum, json, quoted};
use crate::storage::connection::{Connection, Control};
use crate::storage::host_sql::host_sql;
use crate::storage::schema::{self, Table};
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Engine, Error, Result, statement};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Parameters of one INSERT.
const PARAMETERS: usize = 900;
/// Bytes of the condition of a check.
const LONGEST_CONDITION: usize = 4000;

/// See the module. Dropping it keeps nothing.
pub struct Intake {
    /// Inside a transaction.
    connection: Connection,
    app: String,
    engine: Engine,
    /// What is there is compared with what comes, and nothing is written.
    only_compares: bool,
    /// Names of tables and indexes that are taken.
    taken: BTreeSet<String>,
}

impl Intake {
    /// Begins to write into an empty place, or to compare with one that is not.
    pub async fn begin(space: &AppSpace, only_compares: bool) -> Result<Self> {
        let mut connection = match space.engine() {
            Engine::Sqlite => space.writer().await?,
            Engine::Postgres => space.upkeep().await?,
        };
        connection.control(Control::Begin(None)).await?;
        space.lock_schema(&mut connection).await?;
        if space.engine() == Engine::Sqlite {
            // Rows may refer to rows that come later. At the commit they are looked at.
            connection.script("pragma defer_foreign_keys = on").await?;
        }
        let app = space.app().as_ref().to_owned();
        Ok(Self { connection, app, engine: space.engine(), only_compares, taken: BTreeSet::new() })
    }

    /// Makes a table without rows. The description comes from outside: it passes what a guest's passes.
    pub async fn define(&mut self, table: &Table) -> Result<()> {
        table.validate()?;
        let mut table = table.clone();
        for check in &mut table.checks {
            let passed = statement::check_expression(self.engine, &check.condition, LONGEST_CONDITION);
            check.condition = passed.map_err(|refusal| of_table(&table.name, refusal.into()))?;
        }
        if self.only_compares {
            return Ok(());
        }
        for statement in schema::create_empty(&table, self.engine, &self.taken) {
            self.connection.script(&statement).await.map_err(|error| of_table(&table.name, error))?;
        }
        self.taken = schema::taken_names(&mut self.connection).await?;
        Ok(())
    }

    /// Puts rows in, and counts them into `sum` as the engine keeps them. Returns how many values are not kept as they came.
    pub async fn insert(&mut self, table: &Table, rows: Vec<Vec<Value>>, sum: &mut RowSum) -> Result<u64> {
        let columns = table.columns.len();
        let mut changed = 0;
        let mut kept: Vec<Value> = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            if row.len() != columns {
                return Err(of_table(
                    &table.name,
                    Error::new(Code::BadParameter, "a row has not as many values as columns"),
                ));
            }
            let row: Vec<Value> = row.into_iter().map(|value| self.as_kept(value, &mut changed)).collect();
            sum.add(&row);
            kept.extend(row);
        }
        let rows_at_once = (PARAMETERS / columns.max(1)).max(1);
        for values in kept.chunks(rows_at_once * columns.max(1)) {
            self.insert_values(table, values).await.map_err(|error| of_table(&table.name, error))?;
        }
        Ok(changed)
    }

    fn as_kept(&self, value: Value, changed: &mut u64) -> Value {
        let is_nan = matches!(value, Value::Float(number) if number.is_nan());
        let kept = json::as_kept(value, self.engine);
        *changed += u64::from(is_nan && kept.is_null());
        kept
    }

    async fn insert_values(&mut self, table: &Table, values: &[Value]) -> Result<()> {
        if self.only_compares {
            return Ok(());
        }
        let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let row = |first: usize| {
            let places: Vec<String> = (first..first + columns.len()).map(|place| format!("${place}")).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (1..=values.len()).step_by(columns.len().max(1)).map(row).collect();
        let sql =
            format!("insert into {} ({}) values {}", quoted(&table.name), columns.join(", "), rows.join(", "));
        self.connection.host_text(&sql, values).await.map(|_| ())
    }

    /// After all rows: what refers to them, and where the numbers of identities go on.
    pub async fn join(&mut self, table: &Table, last_number: Option<i64>) -> Result<()> {
        if self.only_compares {
            return Ok(());
        }
        for statement in schema::join(table, self.engine) {
            self.connection.script(&statement).await.map_err(|error| of_table(&table.name, error))?;
        }
        if let Some(column) = table.columns.iter().find(|column| column.identity) {
            go_on(&mut self.connection, &table.name, &column.name, last_number).await?;
        }
        Ok(())
    }

    /// What the rows of a table sum up to as they are now.
    pub async fn sum(&mut self, table: &Table) -> Result<RowSum> {
        let mut reader = RowReader::of(table, self.engine);
        let mut sum = RowSum::default();
        loop {
            let rows = reader.next(&mut self.connection).await.map_err(|error| of_table(&table.name, error))?;
            if rows.is_empty() {
                return Ok(sum);
            }
            rows.iter().for_each(|row| sum.add(row));
        }
    }

    /// Begins a kept blob, whose chunks follow.
    pub async fn blob(&mut self, blob: &BlobRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, name, created_at) \
             values ($1, $2, 2, $3, $4, $5, $6, $7)"
        );
        let params = [
            Value::from(self.app.as_str()),
            blob.id.as_str().into(),
            Value::Integer(whole(blob.size)),
            Value::Bytes(bytes(&blob.sha256)?),
            blob.content_type.as_str().into(),
            blob.name.clone().into(),
            Value::Integer(blob.created),
        ];
        let source = host_sql!("insert into innkeeper.imported (app, source, blob) values ($1, $2, $3)");
        self.write(sql, &params).await?;
        for name in &blob.sources {
            self.write(source, &[self.app.as_str().into(), name.as_str().into(), blob.id.as_str().into()]).await?;
        }
        Ok(())
    }

    /// One chunk of a blob.
    pub async fn chunk(&mut self, id: &str, seq: i64, data: Vec<u8>) -> Result<()> {
        let params = [self.app.as_str().into(), id.into(), Value::Integer(seq), Value::Bytes(data)];
        self.write(insert_chunk(), &params).await
    }

    /// Counts what the blobs take up.
    pub async fn count_blobs(&mut self, size: u64) -> Result<()> {
        let params = [self.app.as_str().into(), Value::Integer(whole(size))];
        self.write(super::usage::add_sql(), &params).await
    }

    /// How many kept blobs there are, and the SHA-256 of the bytes of one.
    pub async fn blob_hash(&mut self, id: &str) -> Result<Vec<u8>> {
        let sql = host_sql!("select data from innkeeper.chunks where app = $1 and blob = $2 and seq = $3");
        let mut hasher = Sha256::new();
        for seq in 0.. {
            let params = [self.app.as_str().into(), id.into(), Value::Integer(seq)];
            let outcome = self.connection.host(sql, &params).await?;
            let Some(data) = outcome.rows.rows.first().and_then(|row| row.first()?.as_bytes()) else { break };
            hasher.update(data);
        }
        Ok(hasher.finalize().to_vec())
    }

    /// A session with its values.
    pub async fn session(&mut self, session: &SessionRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.sessions \
             (app, id_hash, user_name, created_at, used_at, idle_seconds, idle_expires_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        let id_hash = Value::Bytes(bytes(&session.id_hash)?);
        let params = [
            self.app.as_str().into(),
            id_hash.clone(),
            session.user.clone().into(),
            Value::Integer(session.created),
            Value::Integer(session.used),
            Value::Integer(session.idle_seconds),
            Value::Integer(session.idle_expires),
            Value::Integer(session.expires),
        ];
        self.write(sql, &params).await?;
        let sql = host_sql!(
            "insert into innkeeper.session_values (app, id_hash, kind, name, value) values ($1, $2, $3, $4, $5)"
        );
        for (kind, name, value) in &session.values {
            let (name, value) = (name.as_str().into(), value.as_str().into());
            self.write(sql, &[self.app.as_str().into(), id_hash.clone(), Value::Integer(*kind), name, value])
                .await?;
        }
        Ok(())
    }

    /// A migration that has been run where the app came from.
    pub async fn migration(&mut self, migration: &MigrationRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.app_migrations (app, name, sha256, applied_at) values ($1, $2, $3, $4)"
        );
        let params = [
            self.app.as_str().into(),
            migration.name.as_str().into(),
            Value::Bytes(bytes(&migration.sha256)?),
            Value::Integer(migration.applied),
        ];
        self.write(sql, &params).await
    }

    /// How many kept blobs, sessions, values of sessions and migrations are there now.
    pub async fn counts(&mut self) -> Result<[i64; 4]> {
        let sql = host_sql!(
            "select (select count(*) from innkeeper.blobs where app = $1 and state = 2), \
             (select count(*) from innkeeper.sessions where app = $1), \
             (select count(*) from innkeeper.session_values where app = $1), \
             (select count(*) from innkeeper.app_migrations where app = $1)"
        );
        let outcome = self.connection.host(sql, &[self.app.as_str().into()]).await?;
        let mut counts = outcome.rows.rows.first().into_iter().flatten().filter_map(Value::as_integer);
        Ok([0; 4].map(|_: i32| counts.next().unwrap_or(-1)))
    }

    /// Keeps everything.
    pub async fn commit(mut self) -> Result<()> {
        let end = if self.only_compares { Control::Rollback } else { Control::Commit };
        self.connection.control(end).await
    }

    /// Keeps nothing.
    pub async fn give_up(mut self) {
        // The error that led here is the one to report; the connection goes home rolled back in any case.
        let _ = self.connection.control(Control::Rollback).await;
    }

    async fn write(&mut self, sql: &'static crate::storage::HostSql, params: &[Value]) -> Result<()> {
        if self.only_compares {
            return Ok(());
        }
        self.connection.host(sql, params).await.map(|_| ())
    }
}

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

/// Lets an identity go on behind the largest number there is, and behind the last that was given where the rows came from.
async fn go_on(connection: &mut Connection, table: &str, column: &str, last: Option<i64>) -> Result<()> {
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

fn bytes(text: &str) -> Result<Vec<u8>> {
    unhex(text).ok_or_else(|| Error::new(Code::BadParameter, "a hash is not in hexadecimal digits"))
}
