//! Parts of the unit of work that can be undone by themselves.

use std::time::Duration;

use super::{FromRow, Isolation, Params, row, wit};
use crate::Result;

/// A savepoint, which covers rows, files and session. Dropped without [`Transaction::commit`], it
/// is rolled back.
pub struct Transaction(wit::Transaction);

/// How to begin a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransactionOptions {
    /// None: the database's default.
    pub isolation: Option<Isolation>,
    /// Refuse writes. The operator may let a follower of the database answer.
    pub read_only: bool,
    /// Roll back when it is still open after this time.
    pub timeout: Option<Duration>,
}

/// Keeps what the function does if it returns `Ok`, and undoes it if not.
///
/// ```no_run
/// # use innkeeper_sdk::{Result, db};
/// # fn example(from: i64, to: i64, amount: i64) -> Result<()> {
/// db::transaction(|tx| {
///     tx.execute("update accounts set balance = balance - $1 where id = $2", (amount, from))?;
///     tx.execute("update accounts set balance = balance + $1 where id = $2", (amount, to))?;
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn transaction<T>(work: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
    let transaction = begin()?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Begins a transaction.
#[track_caller]
pub fn begin() -> Result<Transaction> {
    Ok(Transaction(wit::begin(None)?))
}

/// Begins a transaction of a certain kind.
#[track_caller]
pub fn begin_with(options: TransactionOptions) -> Result<Transaction> {
    let timeout = options.timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
    Ok(Transaction(wit::begin(Some(wit::TransactionOptions {
        isolation: options.isolation,
        read_only: options.read_only,
        timeout_ms: timeout,
    }))?))
}

impl Transaction {
    /// Like [`query`](super::query), inside this transaction.
    #[track_caller]
    pub fn query<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Vec<T>> {
        row::all(self.0.query(sql, &params.to_values()?)?)
    }

    /// Like [`query_one`](super::query_one), inside this transaction.
    #[track_caller]
    pub fn query_one<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Option<T>> {
        row::first(self.0.query(sql, &params.to_values()?)?)
    }

    /// Like [`execute`](super::execute), inside this transaction.
    #[track_caller]
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<u32> {
        Ok(self.0.execute(sql, &params.to_values()?)?)
    }

    /// Makes the changes part of the unit of work, with which they are kept or not.
    #[track_caller]
    pub fn commit(self) -> Result<()> {
        Ok(self.0.commit()?)
    }

    /// Undoes everything since the transaction was begun.
    #[track_caller]
    pub fn rollback(self) -> Result<()> {
        Ok(self.0.rollback()?)
    }
}
