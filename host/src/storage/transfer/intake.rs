//! An app on its way in: everything in one transaction, looked at again before it is kept.

use super::snapshot::{RowReader, of_table, wait_long};
use super::{RowSum, json, numbers, quoted};
use crate::storage::connection::{Connection, Control};
use crate::storage::schema::{self, Table};
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Engine, Error, Result, statement};
use std::collections::BTreeSet;

/// Parameters of one INSERT.
const PARAMETERS: usize = 900;
/// Bytes of the condition of a check.
const LONGEST_CONDITION: usize = 4000;

/// See the module. Dropping it keeps nothing.
pub struct Intake {
    /// Inside a transaction.
    pub(super) connection: Connection,
    pub(super) app: String,
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
        wait_long(&mut connection).await?;
        space.lock_schema(&mut connection).await?;
        if space.engine() == Engine::Sqlite {
            // Rows may refer to rows that come later. At the commit they are looked at.
            connection.script("pragma defer_foreign_keys = on").await?;
        }
        let app = space.app().as_ref().to_owned();
        Ok(Self { connection, app, engine: space.engine(), only_compares, taken: BTreeSet::new() })
    }

    /// Makes a table without rows. The description comes from outside: it passes what a guest's
    /// passes.
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
            self.connection.define(&statement).await.map_err(|error| of_table(&table.name, error))?;
        }
        self.taken = schema::taken_names(&mut self.connection).await?;
        Ok(())
    }

    /// Puts rows in, and counts them into `sum` as the engine keeps them. Returns how many values
    /// are not kept as they came.
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
            numbers::go_on(&mut self.connection, &table.name, &column.name, last_number).await?;
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

    /// Names of the tables that are there now.
    pub async fn table_names(&mut self) -> Result<Vec<String>> {
        schema::table_names(&mut self.connection).await
    }

    /// Keeps everything.
    pub async fn commit(mut self) -> Result<()> {
        let end = if self.only_compares { Control::Rollback } else { Control::Commit };
        self.connection.control(end).await
    }

    /// Keeps nothing.
    pub async fn give_up(mut self) {
        // The error that led here is the one to report; the connection goes home rolled back in any
        // case.
        let _ = self.connection.control(Control::Rollback).await;
    }

    pub(super) async fn write(&mut self, sql: &'static crate::storage::HostSql, params: &[Value]) -> Result<()> {
        if self.only_compares {
            return Ok(());
        }
        self.connection.host(sql, params).await.map(|_| ())
    }
}
