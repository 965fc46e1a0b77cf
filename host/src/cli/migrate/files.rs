//! Steps of an app from a folder.

use crate::storage::app_migrations::Step;
use crate::storage::statement;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where steps are if nothing else is said: beside `innkeeper.toml`.
const FOLDER: &str = "migrations";
/// Begins the line that names what a step may destroy.
const DESTROYS: &str = "-- destroys:";

/// The texts of one step.
#[derive(Debug, Default)]
struct Texts {
    both: Option<PathBuf>,
    sqlite: Option<PathBuf>,
}

/// The steps in the order of their numbers. A folder that is not there has none, unless it was asked for.
pub(super) fn steps(from: Option<&Path>, on_sqlite: bool, needed: bool) -> anyhow::Result<Vec<Step>> {
    let folder = from.unwrap_or(Path::new(FOLDER));
    if from.is_none() && !needed && !folder.is_dir() {
        return Ok(Vec::new());
    }
    let steps: Vec<Step> = texts(folder)?
        .into_iter()
        .map(|(name, texts)| step(name, &texts, on_sqlite))
        .collect::<anyhow::Result<_>>()?;
    if needed && steps.is_empty() {
        bail!("{}: there are no steps in it: name them like 0001-entries.sql", folder.display());
    }
    Ok(steps)
}

fn texts(folder: &Path) -> anyhow::Result<BTreeMap<String, Texts>> {
    let hint = || format!("{}: no folder of steps: name one with --from", folder.display());
    let mut found: BTreeMap<String, Texts> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(hint)? {
        let path = entry.with_context(hint)?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some(stem) = file.strip_suffix(".sql") else { continue };
        let (name, for_sqlite) = match stem.strip_suffix(".sqlite") {
            Some(name) => (name, true),
            None => (stem, false),
        };
        if !is_step(name) {
            bail!("{}: the file of a step is named like 0001-entries.sql", path.display());
        }
        let texts = found.entry(name.to_owned()).or_default();
        *(if for_sqlite { &mut texts.sqlite } else { &mut texts.both }) = Some(path);
    }
    Ok(found)
}

/// Four digits, a hyphen, and more.
fn is_step(name: &str) -> bool {
    let (number, rest) = name.split_once('-').unwrap_or_default();
    number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()
}

fn step(name: String, texts: &Texts, on_sqlite: bool) -> anyhow::Result<Step> {
    let Some(both) = &texts.both else {
        bail!("step {name}: {name}.sqlite.sql is there, but not {name}.sql, which other databases need");
    };
    let (path, other) = match &texts.sqlite {
        Some(sqlite) if on_sqlite => (sqlite, Some(both)),
        sqlite => (both, sqlite.as_ref()),
    };
    let (text, statements) = read(path)?;
    let elsewhere = other.map(|path| read(path)).transpose()?.map(|(_, statements)| statements);
    Ok(Step { name, statements, elsewhere, destroys: destroys(&text) })
}

/// A text and its statements.
fn read(path: &Path) -> anyhow::Result<(String, Vec<String>)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let statements = statement::split(&text).with_context(|| path.display().to_string())?;
    Ok((text, statements))
}

fn destroys(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(DESTROYS));
    let names = lines.flat_map(|list| list.split(',')).map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_destroyed_stands_in_comments() {
        assert_eq!(destroys("-- destroys: a.b, c\ndrop table c;\n  -- destroys:d\n"), ["a.b", "c", "d"]);
    }

    #[test]
    fn steps_are_named_by_number() {
        assert!(is_step("0001-entries"));
        assert!(["1-entries", "0001", "0001-", "000a-x", "entries"].iter().all(|name| !is_step(name)));
    }
}
