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

/// Words behind a dot that are meant to say for which database a text is.
const ENGINES: [&str; 8] = ["sqlite", "sqlite3", "postgres", "postgresql", "pg", "psql", "pgsql", "mysql"];
/// What editors and tools put behind the name of a file that they have copied.
const COPIES: [&str; 6] = ["~", ".orig", ".rej", ".bak", ".swp", ".tmp"];

/// What is in a folder of steps.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The steps in the order of their numbers.
    pub(super) steps: Vec<Step>,
    /// A sentence for each file that seems to be meant as a step and is not named like one.
    pub(super) odd: Vec<String>,
    /// A sentence for each file that seems to be a copy of one.
    pub(super) copies: Vec<String>,
}

/// The texts of one step.
#[derive(Debug, Default)]
struct Texts {
    both: Option<PathBuf>,
    sqlite: Option<PathBuf>,
}

/// What the name of a file says.
#[derive(Debug, PartialEq, Eq)]
enum Name<'n> {
    /// The text of a step of this name.
    Step { name: &'n str, for_sqlite: bool },
    /// Meant as one, as it seems.
    Odd,
    /// A copy of one, as it seems.
    Copy,
    /// Something else.
    Other,
}

/// The steps of a folder. One that is not there has none, unless it was asked for.
pub(super) fn folder(from: Option<&Path>, on_sqlite: bool, needed: bool) -> anyhow::Result<Folder> {
    let path = from.unwrap_or(Path::new(FOLDER));
    if from.is_none() && !needed && !path.is_dir() {
        return Ok(Folder::default());
    }
    let mut folder = Folder::default();
    for (name, texts) in texts(path, &mut folder)? {
        folder.steps.push(step(name, &texts, on_sqlite)?);
    }
    if needed && folder.steps.is_empty() && folder.odd.is_empty() {
        bail!("{}: there are no steps in it: name them like 0001-entries.sql", path.display());
    }
    Ok(folder)
}

fn texts(path: &Path, folder: &mut Folder) -> anyhow::Result<BTreeMap<String, Texts>> {
    let hint = || format!("{}: no folder of steps: name one with --from", path.display());
    let mut found: BTreeMap<String, Texts> = BTreeMap::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).with_context(hint)? {
        paths.push(entry.with_context(hint)?.path());
    }
    paths.sort_unstable();
    for path in paths {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match Name::of(&file, path.is_dir()) {
            Name::Step { name, for_sqlite } => {
                let texts = found.entry(name.to_owned()).or_default();
                *(if for_sqlite { &mut texts.sqlite } else { &mut texts.both }) = Some(path);
            }
            Name::Odd => folder.odd.push(format!(
                "{}: it is not run: the file of a step is named like 0001-entries.sql (or 0001-entries.sqlite.sql, for SQLite \
                 alone); rename it, or take it out of the folder",
                path.display()
            )),
            Name::Copy => folder.copies.push(format!("{}: taken for a copy, and not run", path.display())),
            Name::Other => {}
        }
    }
    Ok(found)
}

impl<'n> Name<'n> {
    fn of(file: &'n str, is_folder: bool) -> Self {
        if file.starts_with('.') {
            return Self::Other;
        }
        if !is_folder && let Some(step) = Self::step(file) {
            return step;
        }
        let small = file.to_ascii_lowercase();
        let is_meant = small.contains(".sql") || small.starts_with(|first: char| first.is_ascii_digit());
        match is_meant {
            true if COPIES.iter().any(|copy| small.ends_with(copy)) => Self::Copy,
            true => Self::Odd,
            false => Self::Other,
        }
    }

    fn step(file: &'n str) -> Option<Self> {
        let stem = file.strip_suffix(".sql")?;
        let (name, for_sqlite) = match stem.strip_suffix(".sqlite") {
            Some(name) => (name, true),
            None => (stem, false),
        };
        let last = name.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
        let names_engine = last.is_some_and(|last| ENGINES.contains(&last.as_str()));
        (number(name).is_some() && !names_engine).then_some(Self::Step { name, for_sqlite })
    }
}

/// The number in a step's name: four digits, a hyphen, and more.
pub(super) fn number(name: &str) -> Option<&str> {
    let (number, rest) = name.split_once('-')?;
    let is_one = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty();
    is_one.then_some(number)
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
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::Error::msg(format!("{}: it is not UTF-8: save it as that", path.display())))?;
    // What a checkout makes of line ends is no part of the text.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
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
    fn a_file_is_a_step_or_said_or_something_else() {
        let step = |name, for_sqlite| Name::Step { name, for_sqlite };
        assert_eq!(Name::of("0001-entries.sql", false), step("0001-entries", false));
        assert_eq!(Name::of("0001-v1.2.sqlite.sql", false), step("0001-v1.2", true));
        for odd in [
            "0005-up.SQL",
            "0005-up.Sql",
            "0005-up.sqlite.SQL",
            "0005-up.SQLite.sql",
            "0005-up.postgres.sql",
            "0005_up.sql",
            "5-up.sql",
            "00005-up.sql",
            "0005.sql",
            "0005-.sql",
            "0005-up",
            "0005-up.sql.txt",
            "0005-up.sql ",
            "entries.sql",
            "0005-up.ddl",
        ] {
            assert_eq!(Name::of(odd, false), Name::Odd, "{odd}");
        }
        assert_eq!(Name::of("0005-up.sql", true), Name::Odd, "a folder");
        for copy in ["0005-up.sql~", "0005-up.sql.orig", "0005-up.SQL.bak"] {
            assert_eq!(Name::of(copy, false), Name::Copy, "{copy}");
        }
        for other in ["README.md", ".0005-up.sql.swp", ".gitkeep", "schema.png"] {
            assert_eq!(Name::of(other, false), Name::Other, "{other}");
        }
    }
}
