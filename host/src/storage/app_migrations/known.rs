//! Which steps a version of an app knows: those in the lists that it asks for. Whoever goes back to
//! it learns which steps of later versions it does not.

use super::Step;
use crate::storage::connection::cell;
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Error, Result};

/// The names of the steps that a version knows.
pub async fn known(unit: &mut UnitOfWork, version: i64) -> Result<Vec<String>> {
    let sql = host_sql!("select name from innkeeper.known_migrations where app = $1 and version = $2");
    let params = [unit.space().app().as_ref().into(), Value::Integer(version)];
    let outcome = unit.read(sql, &params).await?;
    let name =
        |row: &Vec<Value>| cell(row, 0)?.as_text().map(str::to_owned).ok_or_else(|| Error::malformed("known"));
    outcome.rows.rows.iter().map(name).collect()
}

/// Notes that a version knows steps. Writes nothing where that is noted already.
pub async fn note_known(unit: &mut UnitOfWork, version: i64, steps: &[Step]) -> Result<()> {
    let known = known(unit, version).await?;
    let sql = host_sql!(
        "insert into innkeeper.known_migrations (app, version, name) values ($1, $2, $3) on conflict do nothing"
    );
    for step in steps.iter().filter(|step| !known.contains(&step.name)) {
        let app = unit.space().app().as_ref().into();
        unit.write(sql, &[app, Value::Integer(version), step.name.as_str().into()]).await?;
    }
    Ok(())
}
