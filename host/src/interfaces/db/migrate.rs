//! `migrate`: ordered steps, each run once per app, all or none, under a lock.

use super::error::Fault;
use super::wit;
use crate::interfaces::Context;
use crate::storage::app_migrations::{self, Step};
use crate::storage::{Code, Error, UnitOfWork};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Applies what is missing. A list that this process has seen applied costs nothing but its hash.
pub(super) async fn migrate(context: &mut Context, migrations: Vec<wit::Migration>) -> Result<Vec<String>, Fault> {
    let on_sqlite = context.app.space.is_sqlite();
    let steps: Vec<Step> = migrations.into_iter().map(|migration| step(migration, on_sqlite)).collect();
    let hash = hash_of(&steps);
    refuse_while_holding(context, "migrate")?;
    if context.app.is_applied(&hash) {
        return Ok(Vec::new());
    }
    refuse_with_cursors(context, "migrate")?;
    let most = usize::try_from(context.app.limits.sql_bytes).unwrap_or(usize::MAX);
    app_migrations::check(&steps, context.app.space.engine(), most)?;
    let applied = apply(context, &steps).await?;
    if !applied.is_empty() {
        context.app.forget_applied();
    }
    context.app.note_applied(hash);
    Ok(applied)
}

/// In a unit of its own: migrations stay whatever becomes of the request. Where nothing is kept
/// they run in the request's.
async fn apply(context: &mut Context, steps: &[Step]) -> Result<Vec<String>, Fault> {
    let (bounds, app) = (context.bounds(), Arc::clone(&context.app));
    let version = Some(app.version);
    if let Some(rehearsal) = &app.rehearsal {
        let applied = app_migrations::apply(&mut context.unit, steps, version, &bounds).await?;
        rehearsal.note_migrations(&applied);
        return Ok(applied);
    }
    let mut unit = UnitOfWork::new(app.space.clone(), crate::storage::Transactions::Request);
    let applied = app_migrations::apply(&mut unit, steps, version, &bounds).await?;
    note_known(&mut unit, app.version, steps).await;
    Ok(applied)
}

/// What a version knows is asked for when somebody goes back to it. No request fails because it
/// cannot be noted: on a database that takes no writes, it is noted later.
async fn note_known(unit: &mut UnitOfWork, version: i64, steps: &[Step]) {
    let noted = match app_migrations::note_known(unit, version, steps).await {
        Ok(()) => unit.commit().await,
        Err(error) => Err(error),
    };
    if let Err(error) = noted {
        tracing::debug!(version, "cannot note the migrations that the version knows: {error}");
    }
}

/// On Postgres an open cursor locks its tables against a change, and holds a connection while the
/// change waits for another.
pub(super) fn refuse_with_cursors(context: &Context, function: &str) -> Result<(), Fault> {
    if !context.unit.has_cursors() {
        return Ok(());
    }
    let text = format!("{function} was called while a cursor was open: call it before, or drop the cursor first");
    Err(Error::new(Code::Conflict, text).into())
}

/// What changes tables runs in a unit of its own, which a request that holds something would keep
/// waiting for itself.
pub(super) fn refuse_while_holding(context: &Context, function: &str) -> Result<(), Fault> {
    context.unit.check()?;
    if !context.unit.has_uncommitted() {
        return Ok(());
    }
    let text =
        format!("{function} was called after the request had written something: call it before, or commit first");
    Err(Error::new(Code::Conflict, text).into())
}

fn step(migration: wit::Migration, on_sqlite: bool) -> Step {
    let (statements, elsewhere) = match migration.sqlite_statements {
        Some(statements) if on_sqlite => (statements, Some(migration.statements)),
        elsewhere => (migration.statements, elsewhere),
    };
    Step { name: migration.name, statements, elsewhere, destroys: migration.destroys }
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
