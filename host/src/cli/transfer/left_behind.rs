//! What a file says that it has left behind, and what an import makes of that.

use super::contents::AppPart;
use crate::storage::transfer::leftovers::Leftover;
use anyhow::bail;

/// One of them, for people.
pub(super) fn line(left: &Leftover) -> String {
    let guards = left.guards.as_ref().map(|what| format!(" ({what}: it guarded rows)")).unwrap_or_default();
    let definition = left.definition.as_ref().map(|sql| format!(": {}", one_line(sql))).unwrap_or_default();
    format!("left behind: {}{guards}{definition}", left.what)
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Refuses an app whose rows were guarded by something that has stayed behind, unless each is named
/// by `without`.
pub(super) fn check(app: &AppPart, without: &[String]) -> anyhow::Result<()> {
    let guards: Vec<&Leftover> = app.left_behind.iter().flatten().filter(|left| left.guards.is_some()).collect();
    if let Some(unknown) = without.iter().find(|name| !guards.iter().any(|left| left.name == **name)) {
        bail!("--without {unknown}: the file has left behind nothing of that name that guarded rows");
    }
    let unnamed: Vec<&&Leftover> = guards.iter().filter(|left| !without.contains(&left.name)).collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = unnamed.iter().map(|left| format!("  {}", line(left))).collect();
    let mut options: Vec<String> = unnamed.iter().map(|left| format!("--without '{}'", left.name)).collect();
    options.dedup();
    bail!(
        "the app's rows were guarded by what the file does not bring:\n{}\nwithout it, rows come in that it would have refused: \
         import the app with {}, and make it again there (innkeeper migrate); or let the app say it by define-table before the export",
        lines.join("\n"),
        options.join(" ")
    );
}

/// What is said after an import.
pub(super) fn notes(app: &AppPart) -> Vec<String> {
    match &app.left_behind {
        None => vec![
            "the file does not say what it has left behind, since an earlier release wrote it: compare views, triggers and \
             indexes yourself"
                .to_owned(),
        ],
        Some(left) => left.iter().map(line).collect(),
    }
}
