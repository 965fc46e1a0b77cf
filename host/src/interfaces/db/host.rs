//! The functions of `wit/db.wit`.

use super::error::{Fault, convert};
use super::transaction::Transaction;
use super::{values, wit};
use crate::interfaces::{Context, View};
use crate::storage::statement::{self, Checked, Growth, Kind};
use crate::storage::value::Value;
use crate::storage::{Bounds, Code, Cursor, Error, GuestSql, Isolation, Outcome};
use std::sync::Arc;
use wasmtime::component::Resource;

type Answer<T> = std::result::Result<T, Fault>;

/// Statements of one batch.
const LONGEST_BATCH: usize = 1000;

impl Context {
    /// Checks and runs one statement of the guest.
    pub(super) async fn run(&mut self, sql: &str, params: &[Value], read_only: bool) -> Answer<Outcome> {
        self.check_times().await?;
        let checked = self.check(sql, params)?;
        if read_only && checked.kind != Kind::Read {
            let error = Error::new(Code::ReadOnly, "the transaction was begun read-only");
            return Err(Fault::Misuse(error));
        }
        let bounds = self.bounds();
        self.run_checked(&checked, params, bounds).await
    }

    async fn run_checked(&mut self, checked: &Checked, params: &[Value], bounds: Bounds) -> Answer<Outcome> {
        if checked.kind == Kind::Define {
            // What is known of tables may be true no longer.
            self.app.forget_applied();
        }
        let sql = GuestSql { text: &checked.text, steady: checked.steady, growth: checked.growth, bounds };
        let outcome = match checked.kind {
            Kind::Read => self.unit.guest_read(&sql, params).await?,
            Kind::Write | Kind::Define => self.unit.guest_write(&sql, params).await?,
        };
        if checked.kind == Kind::Define
            && let Some(rehearsal) = &self.app.rehearsal
        {
            rehearsal.note_change();
        }
        Ok(outcome)
    }

    /// Whether a guest may send this statement with these parameters.
    pub(super) fn check(&self, sql: &str, params: &[Value]) -> Answer<Arc<Checked>> {
        let limits = &self.app.limits;
        let most = usize::try_from(limits.sql_bytes).unwrap_or(usize::MAX);
        let checked = statement::check(self.app.space.engine(), sql, most)?;
        let given = u64::try_from(params.len()).unwrap_or(u64::MAX);
        if given > u64::from(limits.sql_params) {
            return Err(Error::new(Code::TooLarge, format!("more than {} parameters", limits.sql_params)).into());
        }
        if given != u64::from(checked.parameters) {
            let wanted = checked.parameters;
            return Err(
                Error::new(Code::BadParameter, format!("{given} parameters given, {wanted} wanted")).into()
            );
        }
        let largest =
            params.iter().map(Value::content_size).max().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        if largest > limits.sql_value_bytes {
            return Err(Error::new(Code::TooLarge, format!("a value of {largest} bytes")).into());
        }
        Ok(checked)
    }
}

impl wit::Host for View<'_> {
    async fn query(&mut self, sql: String, params: Vec<wit::Value>) -> Answer<wit::Rows> {
        let outcome = self.context.run(&sql, &values::params(params), false).await?;
        Ok(values::rows(outcome.rows))
    }

    async fn execute(&mut self, sql: String, params: Vec<wit::Value>) -> Answer<u32> {
        Ok(affected(&self.context.run(&sql, &values::params(params), false).await?))
    }

    async fn open_cursor(&mut self, sql: String, params: Vec<wit::Value>) -> Answer<Resource<Cursor>> {
        let params = values::params(params);
        let checked = self.context.check(&sql, &params)?;
        if checked.kind != Kind::Read {
            return Err(Error::new(Code::Denied, "a cursor is for statements that only read").into());
        }
        let sql = GuestSql {
            text: &checked.text,
            steady: false,
            growth: Growth::Nothing,
            bounds: self.context.bounds(),
        };
        let cursor = self.context.unit.open_cursor(&sql, &params).await?;
        Ok(self.table.push(cursor)?)
    }

    async fn batch(&mut self, statements: Vec<wit::Statement>) -> Answer<Vec<wit::Outcome>> {
        if statements.len() > LONGEST_BATCH {
            return Err(Error::new(Code::TooLarge, format!("more than {LONGEST_BATCH} statements")).into());
        }
        self.context.check_times().await?;
        let part = self.context.begin_part(None, false).await?;
        match self.run_batch(statements).await {
            Ok(outcomes) => {
                self.context.commit_part(part).await?;
                Ok(outcomes)
            }
            Err(fault) => {
                if self.context.unit.is_open(part) {
                    self.context.rollback_part(part).await?;
                }
                Err(fault)
            }
        }
    }

    async fn begin(&mut self, options: Option<wit::TransactionOptions>) -> Answer<Resource<Transaction>> {
        if self.context.is_answered() {
            return Err(Error::closed("the response was set: each statement is kept by itself now").into());
        }
        let options =
            options.unwrap_or(wit::TransactionOptions { isolation: None, read_only: false, timeout_ms: None });
        self.context.check_times().await?;
        let number = self.context.begin_part(options.isolation.map(isolation), options.read_only).await?;
        let after = |ms| tokio::time::Instant::now() + std::time::Duration::from_millis(u64::from(ms));
        self.context.deadlines.extend(options.timeout_ms.map(|ms| (number, after(ms))));
        Ok(self.table.push(Transaction { number, read_only: options.read_only })?)
    }

    async fn commit(&mut self) -> Answer<()> {
        self.context.check_times().await?;
        Ok(self.context.commit().await?)
    }

    async fn rollback(&mut self) -> Answer<()> {
        Ok(self.context.rollback().await?)
    }

    async fn migrate(&mut self, migrations: Vec<wit::Migration>) -> Answer<Vec<String>> {
        super::migrate::migrate(self.context, migrations).await
    }

    async fn define_table(&mut self, table: wit::Table) -> Answer<bool> {
        super::define_table::define(self.context, table).await
    }

    fn convert_db_error(&mut self, fault: Fault) -> wasmtime::Result<wit::DbError> {
        convert(fault, &self.context.outage)
    }
}

impl View<'_> {
    async fn run_batch(&mut self, statements: Vec<wit::Statement>) -> Answer<Vec<wit::Outcome>> {
        let mut outcomes = Vec::with_capacity(statements.len());
        // All results together have the bounds of one.
        let mut left = self.context.bounds();
        for statement in statements {
            let params = values::params(statement.params);
            let checked = self.context.check(&statement.sql, &params)?;
            let outcome = self.context.run_checked(&checked, &params, left).await?;
            left.rows = left.rows.saturating_sub(outcome.rows.rows.len());
            left.bytes = left.bytes.saturating_sub(outcome.rows.rows.iter().flatten().map(Value::size).sum());
            outcomes.push(wit::Outcome { affected: affected(&outcome), rows: values::rows(outcome.rows) });
        }
        Ok(outcomes)
    }

    /// Runs a statement in a transaction that is still open and in time.
    async fn run_in(
        &mut self,
        handle: &Resource<Transaction>,
        sql: &str,
        params: Vec<wit::Value>,
    ) -> Answer<Outcome> {
        let Transaction { number, read_only } = *self.table.get(handle)?;
        if !self.context.unit.is_open(number) {
            return Err(Error::closed("the transaction has ended").into());
        }
        self.context.run(sql, &values::params(params), read_only).await
    }
}

impl wit::HostTransaction for View<'_> {
    async fn query(
        &mut self,
        handle: Resource<Transaction>,
        sql: String,
        params: Vec<wit::Value>,
    ) -> Answer<wit::Rows> {
        Ok(values::rows(self.run_in(&handle, &sql, params).await?.rows))
    }

    async fn execute(
        &mut self,
        handle: Resource<Transaction>,
        sql: String,
        params: Vec<wit::Value>,
    ) -> Answer<u32> {
        Ok(affected(&self.run_in(&handle, &sql, params).await?))
    }

    async fn commit(&mut self, handle: Resource<Transaction>) -> Answer<()> {
        let number = self.table.get(&handle)?.number;
        if self.context.unit.is_open(number) {
            self.context.check_times().await?;
        }
        Ok(self.context.commit_part(number).await?)
    }

    async fn rollback(&mut self, handle: Resource<Transaction>) -> Answer<()> {
        let number = self.table.get(&handle)?.number;
        Ok(self.context.rollback_part(number).await?)
    }

    async fn drop(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        let number = self.table.delete(handle)?.number;
        if self.context.unit.is_open(number) && self.context.rollback_part(number).await.is_err() {
            // A part that cannot be undone takes the whole unit with it, and nobody is to be told
            // otherwise.
            self.context.marks.clear();
            self.context.unit.poison();
        }
        Ok(())
    }
}

impl wit::HostCursor for View<'_> {
    async fn columns(&mut self, handle: Resource<Cursor>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&handle)?.columns().to_vec())
    }

    async fn next(&mut self, handle: Resource<Cursor>, max_rows: u32) -> Answer<Vec<Vec<wit::Value>>> {
        if max_rows == 0 {
            return Err(Error::new(Code::BadParameter, "at least one row is to be asked for").into());
        }
        let cursor = self.table.get_mut(&handle)?;
        Ok(values::cells(self.context.unit.fetch(cursor, max_rows).await?))
    }

    async fn drop(&mut self, handle: Resource<Cursor>) -> wasmtime::Result<()> {
        let cursor = self.table.delete(handle)?;
        self.context.unit.close_cursor(cursor).await;
        Ok(())
    }
}

fn affected(outcome: &Outcome) -> u32 {
    u32::try_from(outcome.affected).unwrap_or(u32::MAX)
}

fn isolation(isolation: wit::Isolation) -> Isolation {
    match isolation {
        wit::Isolation::ReadCommitted => Isolation::ReadCommitted,
        wit::Isolation::RepeatableRead => Isolation::RepeatableRead,
        wit::Isolation::Serializable => Isolation::Serializable,
    }
}
