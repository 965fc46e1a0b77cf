//! A change of the registry: all of it is kept, or nothing.

use super::super::connection::{Connection, Control, Outcome};
use super::super::database::Database;
use super::super::host_sql::{HostSql, host_sql};
use super::super::value::Value;
use super::super::{Code, Error, Result};
use super::announcement;

/// An open transaction. Dropping it undoes everything.
pub(super) struct RegistryTransaction {
    connection: Connection,
}

impl Database {
    /// Begins to change the registry. Changes come one after the other: the first statement takes
    /// the row of the generation, which also tells the hosts.
    pub(super) async fn change_registry(&self) -> Result<RegistryTransaction> {
        let mut transaction = self.change_quietly().await?;
        if let Err(mut error) = transaction.raise_generation().await {
            if error.code == Code::Busy {
                error.message = "another change of the registry is under way: try again in a moment".to_owned();
            }
            return transaction.finish(Err(error)).await;
        }
        Ok(transaction)
    }

    /// Begins to change what hosts need not notice.
    pub(super) async fn change_quietly(&self) -> Result<RegistryTransaction> {
        let mut transaction = RegistryTransaction { connection: self.registry().await? };
        transaction.connection.control(Control::Begin(None)).await?;
        Ok(transaction)
    }
}

impl RegistryTransaction {
    /// Runs a statement.
    pub(super) async fn run(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.connection.host(sql, params).await
    }

    /// The connection, for what reads, and for what is also done without a transaction.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The generation that this change makes.
    pub(super) async fn generation(&mut self) -> Result<i64> {
        let outcome = self.run(host_sql!("select number from innkeeper.generation"), &[]).await?;
        let number = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
        number.ok_or_else(|| Error::malformed("generation"))
    }

    /// Keeps everything if `result` is good, else undoes it.
    pub(super) async fn finish<T, E: From<Error>>(
        mut self,
        result: std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        match result {
            Ok(value) => {
                self.connection.control(Control::Commit).await?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = self.connection.control(Control::Rollback).await;
                Err(error)
            }
        }
    }

    async fn raise_generation(&mut self) -> Result<()> {
        self.run(host_sql!("update innkeeper.generation set number = number + 1"), &[]).await?;
        announcement::announce(&mut self.connection).await
    }
}
