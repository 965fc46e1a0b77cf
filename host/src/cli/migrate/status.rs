//! `innkeeper migrate status`

use super::findings::{Findings, State};
use super::{AppOptions, files};
use crate::cli::output;
use crate::cli::target::Target;
use crate::storage::app_migrations::{self, Applied, Step};
use crate::storage::hex;
use crate::storage::schema::found::FoundColumn;
use crate::storage::{calendar, schema};
use serde_json::{Value, json};

pub(super) async fn show(options: &AppOptions) -> anyhow::Result<()> {
    let target = Target::read(&options.app.name, &options.steps.database).await?;
    let options = &options.steps;
    let folder = files::folder(options.from.as_deref(), target.space.is_sqlite(), false)?;
    let applied = app_migrations::applied(&mut target.unit()).await?;
    let findings = Findings::of(&folder, &applied);
    // Without a folder all files seem to have gone.
    let has_folder = options.from.is_some() || !folder.steps.is_empty();
    let steps = step_list(&applied, &folder.steps, &findings, has_folder);
    let said: Vec<String> = if has_folder {
        findings.problems(&[]).into_iter().chain(findings.notes()).collect()
    } else {
        folder.odd.clone()
    };
    let tables = schema::tables(&target.space).await?;
    if options.json {
        return output::json(&json!({
            "steps": steps,
            "problems": said,
            "tables": tables.iter().map(|(name, table)| json!({
                "name": name,
                "columns": table.columns.iter().map(column_json).collect::<Vec<_>>(),
                "primary-key": table.primary_key,
            })).collect::<Vec<_>>(),
        }));
    }
    let run = |name: &str| applied.iter().find(|done| done.name == name).map(|done| output::time(done.at));
    let rows: Vec<[String; 4]> = steps.iter().map(|step| step_row(step, run)).collect();
    output::table(["STEP", "STATE", "RUN", "SHA256"].map(output::text), &rows);
    said.iter().for_each(output::line);
    output::line("");
    let columns =
        tables.iter().flat_map(|(name, table)| table.columns.iter().map(|column| column_row(name, column)));
    output::table(["TABLE", "COLUMN", "TYPE", "NULL"].map(output::text), &columns.collect::<Vec<_>>());
    Ok(())
}

/// What has been run, then what has not.
fn step_list(applied: &[Applied], steps: &[Step], findings: &Findings<'_>, has_folder: bool) -> Vec<Value> {
    let state = |done: &Applied| if has_folder { findings.of_applied(done) } else { State::Applied };
    let done = applied.iter().map(|done| {
        json!({
            "name": done.name,
            "state": state(done).name(),
            "at": calendar::print_instant(done.at),
            "sha256": hex(&done.hash),
        })
    });
    let missing = steps.iter().filter(|step| !applied.iter().any(|done| done.name == step.name));
    let missing = missing.map(
        |step| json!({ "name": step.name, "state": findings.of_step(step).name(), "sha256": hex(&step.hash()) }),
    );
    done.chain(missing).collect()
}

fn step_row(step: &Value, run: impl Fn(&str) -> Option<String>) -> [String; 4] {
    let text = |key: &str| step[key].as_str().unwrap_or_default();
    let short = text("sha256").get(..12).unwrap_or_default();
    [text("name"), text("state"), &run(text("name")).unwrap_or_default(), short].map(str::to_owned)
}

/// A type that is none of the portable ones is shown as the database calls it.
fn type_name(column: &FoundColumn) -> String {
    column.column_type.map_or_else(|| format!("({})", column.declared), |kind| kind.name().to_owned())
}

fn column_row(table: &str, column: &FoundColumn) -> [String; 4] {
    let null = if column.nullable { "yes" } else { "no" };
    [table.to_owned(), column.name.clone(), type_name(column), null.to_owned()]
}

fn column_json(column: &FoundColumn) -> Value {
    json!({
        "name": column.name,
        "type": column.column_type.map(schema::ColumnType::name),
        "declared": column.declared,
        "nullable": column.nullable,
        "identity": column.identity,
        "initial": column.initial,
        "references": column.reference.as_ref().map(|to| format!("{}.{}", to.table, to.column)),
    })
}
