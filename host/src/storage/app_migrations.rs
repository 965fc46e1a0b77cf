//! What has been done to an app's tables: steps by name, with the hash of their text, keyed on the app and never on a URL.

use super::connection::{Bounds, GuestSql, cell};
use super::host_sql::host_sql;
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Code, Error, Result, now_micros};
use sha2::{Digest, Sha256};

/// One step: statements that are run one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Unique in the app.
    pub name: String,
    /// The text for this engine.
    pub statements: Vec<String>,
}

impl Step {
    /// Identifies the text of the step.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for statement in &self.statements {
            hasher.update(statement.len().to_le_bytes());
            hasher.update(statement);
        }
        hasher.finalize().into()
    }
}

/// Runs the steps that the app has not run yet, all or none, in a unit of their own. Returns their names.
pub async fn apply(unit: &mut UnitOfWork, steps: &[Step], bounds: &Bounds) -> Result<Vec<String>> {
    let done = applied(unit).await?;
    if missing(steps, &done)?.is_empty() {
        return Ok(Vec::new());
    }
    unit.lock_schema().await?;
    // Another request may have run them while this one waited for the lock.
    let done = applied(unit).await?;
    let missing = missing(steps, &done)?;
    for step in &missing {
        run(unit, step, bounds).await?;
    }
    unit.commit().await?;
    Ok(missing.iter().map(|step| step.name.clone()).collect())
}

async fn run(unit: &mut UnitOfWork, step: &Step, bounds: &Bounds) -> Result<()> {
    for statement in &step.statements {
        let sql = GuestSql { text: statement, steady: false, bounds: *bounds };
        unit.guest_write(&sql, &[]).await.map_err(|error| in_step(step, error))?;
    }
    let sql =
        host_sql!("insert into innkeeper.app_migrations (app, name, sha256, applied_at) values ($1, $2, $3, $4)");
    let params = [
        unit.space().app().as_ref().into(),
        step.name.as_str().into(),
        Value::Bytes(step.hash().to_vec()),
        Value::Integer(now_micros()),
    ];
    unit.write(sql, &params).await.map(|_| ())
}

async fn applied(unit: &mut UnitOfWork) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = host_sql!("select name, sha256 from innkeeper.app_migrations where app = $1");
    let params = [unit.space().app().as_ref().into()];
    let outcome = unit.read(sql, &params).await?;
    let pair = |row: &Vec<Value>| {
        let name = cell(row, 0)?.as_text().ok_or_else(|| Error::malformed("app_migrations.name"))?;
        let hash = cell(row, 1)?.as_bytes().ok_or_else(|| Error::malformed("app_migrations.sha256"))?;
        Ok((name.to_owned(), hash.to_vec()))
    };
    outcome.rows.rows.iter().map(pair).collect()
}

fn missing<'s>(steps: &'s [Step], done: &[(String, Vec<u8>)]) -> Result<Vec<&'s Step>> {
    let mut missing = Vec::new();
    for step in steps {
        match done.iter().find(|(name, _)| *name == step.name) {
            None => missing.push(step),
            Some((_, hash)) if hash.as_slice() == step.hash() => {}
            Some(_) => {
                let text = format!("migration {}: its text differs from the one that was run", step.name);
                return Err(Error::new(Code::Conflict, text));
            }
        }
    }
    Ok(missing)
}

fn in_step(step: &Step, error: Error) -> Error {
    Error { message: format!("migration {}: {}", step.name, error.message), ..error }
}
