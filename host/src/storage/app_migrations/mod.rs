//! What has been done to an app's tables: steps by name, with the hash of their text, keyed on the
//! app and never on a URL.

mod known;
mod step;

use super::Engine;
use super::connection::{Bounds, GuestSql, cell};
use super::host_sql::host_sql;
use super::statement::{self, Checked};
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Code, Error, Result, now_micros};
use std::collections::HashSet;
use std::sync::Arc;

pub use known::{known, note_known};
pub use step::Step;

const LONGEST_NAME: usize = 200;
/// Bytes of a hash. One more follows where it is accepted that the step's file has gone.
const HASH_BYTES: usize = 32;
/// Stands between the names of what a step has destroyed.
const DESTROYED_BORDER: &str = "\n";

/// A step that has been run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// Of its text.
    pub hash: Vec<u8>,
    /// Whether it is accepted that its file has gone.
    pub may_be_gone: bool,
    /// Microseconds since 1970.
    pub at: i64,
    /// The version of the app that has run it; none where a command has, or an earlier release.
    pub version: Option<i64>,
    /// What it has destroyed.
    pub destroyed: Vec<String>,
}

/// Runs the steps that the app has not run yet, all or none, in a unit of their own. `version` is
/// the version of the app that wants them; none: a command does. Returns their names.
pub async fn apply(
    unit: &mut UnitOfWork,
    steps: &[Step],
    version: Option<i64>,
    bounds: &Bounds,
) -> Result<Vec<String>> {
    if missing(steps, &applied(unit).await?)?.is_empty() {
        return Ok(Vec::new());
    }
    let names = run_missing(unit, steps, version, bounds).await?;
    unit.commit().await?;
    Ok(names)
}

/// Does all that [`apply`] would do and undoes it, so that errors of the real tables show. Returns
/// the names of what would be run.
pub async fn rehearse(unit: &mut UnitOfWork, steps: &[Step], bounds: &Bounds) -> Result<Vec<String>> {
    let names = run_missing(unit, steps, None, bounds).await?;
    unit.rollback().await?;
    Ok(names)
}

/// Notes steps as run without running them, for a database that has their tables already. Returns
/// the names that were new.
pub async fn baseline(unit: &mut UnitOfWork, steps: &[Step]) -> Result<Vec<String>> {
    unit.lock_schema().await?;
    let missing = missing(steps, &applied(unit).await?)?;
    for step in &missing {
        note(unit, step, None).await?;
    }
    unit.commit().await?;
    Ok(names(&missing))
}

/// Notes for steps that have been run that their text is as it is now, or that its file has gone.
/// Runs nothing.
pub async fn accept(unit: &mut UnitOfWork, changed: &[&Step], gone: &[&Applied]) -> Result<()> {
    unit.lock_schema().await?;
    for step in changed {
        renote(unit, &step.name, step.hash().to_vec()).await?;
    }
    for done in gone {
        renote(unit, &done.name, [&done.hash[..], &[1]].concat()).await?;
    }
    unit.commit().await
}

async fn renote(unit: &mut UnitOfWork, name: &str, hash: Vec<u8>) -> Result<()> {
    let sql = host_sql!("update innkeeper.app_migrations set sha256 = $3 where app = $1 and name = $2");
    let params = [unit.space().app().as_ref().into(), name.into(), Value::Bytes(hash)];
    unit.write(sql, &params).await.map(|_| ())
}

/// What the app has run, in that order.
pub async fn applied(unit: &mut UnitOfWork) -> Result<Vec<Applied>> {
    let sql = host_sql!(
        "select name, sha256, applied_at, version, destroyed from innkeeper.app_migrations where app = $1 order by applied_at, name"
    );
    let params = [unit.space().app().as_ref().into()];
    let outcome = unit.read(sql, &params).await?;
    outcome.rows.rows.iter().map(|row| applied_from(row)).collect()
}

/// Those of the steps that have not been run. `Conflict` where the text of one differs from what
/// was run.
pub fn missing<'s>(steps: &'s [Step], done: &[Applied]) -> Result<Vec<&'s Step>> {
    let mut missing = Vec::new();
    for step in steps {
        match done.iter().find(|applied| applied.name == step.name) {
            None => missing.push(step),
            Some(applied) if step.has_hash(&applied.hash) => {}
            Some(_) => {
                let text = format!(
                    "migration {}: its text differs from the one that was run: leave it as it was and add another, or accept \
                     it as it is now (innkeeper migrate accept), which runs nothing",
                    step.name
                );
                return Err(Error::new(Code::Conflict, text));
            }
        }
    }
    Ok(missing)
}

/// Whether names are in order and the gate lets every statement pass, each of `most` bytes at most.
pub fn check(steps: &[Step], engine: Engine, most: usize) -> Result<()> {
    let mut seen = HashSet::new();
    for step in steps {
        if !seen.insert(&step.name) {
            let text = format!("migration {}: it stands twice in the list", step.name);
            return Err(Error::new(Code::BadParameter, text));
        }
        if step.name.is_empty() || step.name.len() > LONGEST_NAME {
            return Err(Error::new(Code::BadParameter, "the name of a migration has 1 to 200 bytes"));
        }
        for sql in &step.statements {
            let checked = statement::check(engine, sql, most).map_err(|refusal| in_step(step, refusal.into()))?;
            if checked.parameters > 0 {
                let error = Error::new(Code::BadParameter, "statements of a migration have no parameters");
                return Err(in_step(step, error));
            }
        }
    }
    Ok(())
}

/// What a step destroys, whether it says so or not.
pub fn destroyed(step: &Step, engine: Engine) -> Result<Vec<String>> {
    let checked = checked(step, engine)?;
    Ok(checked.iter().flat_map(|statement| &statement.destroys).map(ToString::to_string).collect())
}

/// The statements of a step that has passed [`check`], as they are run.
fn checked(step: &Step, engine: Engine) -> Result<Vec<Arc<Checked>>> {
    let one = |sql: &String| statement::check(engine, sql, usize::MAX);
    step.statements.iter().map(one).collect::<std::result::Result<_, _>>().map_err(|e| in_step(step, e.into()))
}

async fn run_missing(
    unit: &mut UnitOfWork,
    steps: &[Step],
    version: Option<i64>,
    bounds: &Bounds,
) -> Result<Vec<String>> {
    unit.lock_schema().await?;
    // Another request may have run them while this one waited for the lock.
    let done = applied(unit).await?;
    let missing = missing(steps, &done)?;
    for step in &missing {
        check_destroys(step, unit.space().engine())?;
    }
    for step in &missing {
        run(unit, step, version, bounds).await?;
    }
    Ok(names(&missing))
}

/// Refuses a step that destroys what it does not name.
fn check_destroys(step: &Step, engine: Engine) -> Result<()> {
    let named = |name: &String| step.destroys.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    let unnamed: Vec<String> = destroyed(step, engine)?.into_iter().filter(|name| !named(name)).collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    let list = unnamed.join(", ");
    let text = format!(
        "migration {}: it would destroy {list}: if that is meant, add {list} to its `destroys`",
        step.name
    );
    Err(Error::new(Code::Denied, text))
}

async fn run(unit: &mut UnitOfWork, step: &Step, version: Option<i64>, bounds: &Bounds) -> Result<()> {
    for statement in checked(step, unit.space().engine())? {
        let sql = GuestSql { text: &statement.text, steady: false, growth: statement.growth, bounds: *bounds };
        unit.guest_write(&sql, &[]).await.map_err(|error| in_step(step, error))?;
    }
    note(unit, step, version).await
}

async fn note(unit: &mut UnitOfWork, step: &Step, version: Option<i64>) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.app_migrations (app, name, sha256, applied_at, version, destroyed) \
         values ($1, $2, $3, $4, $5, $6)"
    );
    let destroyed = destroyed(step, unit.space().engine())?;
    let params = [
        unit.space().app().as_ref().into(),
        step.name.as_str().into(),
        Value::Bytes(step.hash().to_vec()),
        Value::Integer(now_micros()),
        version.map_or(Value::Null, Value::Integer),
        destroyed.join(DESTROYED_BORDER).as_str().into(),
    ];
    unit.write(sql, &params).await.map(|_| ())
}

fn applied_from(row: &[Value]) -> Result<Applied> {
    let malformed = || Error::malformed("app_migrations");
    let name = cell(row, 0)?.as_text().ok_or_else(malformed)?.to_owned();
    let mut hash = cell(row, 1)?.as_bytes().ok_or_else(malformed)?.to_vec();
    let may_be_gone = hash.len() > HASH_BYTES;
    hash.truncate(HASH_BYTES);
    let destroyed = cell(row, 4)?.as_text().unwrap_or_default().split(DESTROYED_BORDER);
    Ok(Applied {
        name,
        hash,
        may_be_gone,
        at: cell(row, 2)?.as_integer().ok_or_else(malformed)?,
        version: cell(row, 3)?.as_integer(),
        destroyed: destroyed.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
    })
}

fn names(steps: &[&Step]) -> Vec<String> {
    steps.iter().map(|step| step.name.clone()).collect()
}

fn in_step(step: &Step, error: Error) -> Error {
    Error { message: format!("migration {}: {}", step.name, error.message), ..error }
}
