//! `migrate`: ordered steps, each run once per app, all or none, under a lock.

use super::error::Fault;
use super::wit;
use crate::interfaces::Context;
use crate::storage::app_migrations::{self, Step};
use crate::storage::{Code, Error, UnitOfWork, statement};
use sha2::{Digest, Sha256};

const LONGEST_NAME: usize = 200;

/// Applies what is missing. A list that this process has seen applied costs nothing but its hash.
pub(super) async fn migrate(context: &mut Context, migrations: Vec<wit::Migration>) -> Result<Vec<String>, Fault> {
    let on_sqlite = context.app.space.is_sqlite();
    let steps: Vec<Step> = migrations.into_iter().map(|migration| step(migration, on_sqlite)).collect();
    let hash = hash_of(&steps);
    if context.unit.is_holding() {
        return Err(
            Error::new(Code::Conflict, "migrate was called after the request had written something").into()
        );
    }
    if context.app.is_applied(&hash) {
        return Ok(Vec::new());
    }
    check(context, &steps)?;
    // A unit of its own: migrations stay whatever becomes of the request.
    let mut unit = UnitOfWork::new(context.app.space.clone(), crate::storage::Transactions::Request);
    let applied = app_migrations::apply(&mut unit, &steps, &context.bounds()).await?;
    context.app.note_applied(hash);
    Ok(applied)
}

fn step(migration: wit::Migration, on_sqlite: bool) -> Step {
    let statements = match migration.sqlite_statements {
        Some(statements) if on_sqlite => statements,
        _ => migration.statements,
    };
    Step { name: migration.name, statements }
}

fn check(context: &Context, steps: &[Step]) -> Result<(), Fault> {
    let most = usize::try_from(context.app.limits.sql_bytes).unwrap_or(usize::MAX);
    for step in steps {
        if step.name.is_empty() || step.name.len() > LONGEST_NAME {
            return Err(Error::new(Code::BadParameter, "the name of a migration has 1 to 200 bytes").into());
        }
        for sql in &step.statements {
            if statement::check(context.engine(), sql, most)?.parameters > 0 {
                return Err(Error::new(Code::BadParameter, "statements of a migration have no parameters").into());
            }
        }
    }
    Ok(())
}

fn hash_of(steps: &[Step]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for step in steps {
        hasher.update(step.name.len().to_le_bytes());
        hasher.update(&step.name);
        hasher.update(step.hash());
    }
    hasher.finalize().into()
}
