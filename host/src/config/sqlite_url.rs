//! URLs of SQLite data: `sqlite:PATH`, `sqlite://PATH` and `sqlite:///ABSOLUTE`.
//!
//! The path is that of a directory, because SQLite data is several files: `innkeeper.sqlite` and
//! `apps/NAME.sqlite`.

use std::path::{Path, PathBuf};

use super::DatabaseTarget;
use super::database_url::{Parsed, decoded};

const FORM: &str = "expected sqlite:DIRECTORY, such as sqlite:/var/lib/innkeeper";
/// Endings that tell the path of a database file from that of a directory.
const FILE_ENDINGS: [&str; 4] = ["sqlite", "sqlite3", "db", "db3"];

/// Reads what follows `sqlite:`.
pub(super) fn parse(rest: &str) -> Parsed {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = decoded(path)?;
    if path.is_empty() {
        return Err(format!("the URL names no path; {FORM}"));
    }
    if path.starts_with(':') || query.contains("mode=memory") {
        return Err(format!("data in memory would not be kept; {FORM}"));
    }
    let mut notes = Vec::new();
    if !query.is_empty() {
        notes.push("the query of a sqlite: URL is not used".to_owned());
    }
    let directory = directory(Path::new(&path), &mut notes);
    Ok((DatabaseTarget::Sqlite(directory), notes))
}

/// Who gives the path of a file means the directory that it is in.
fn directory(path: &Path, notes: &mut Vec<String>) -> PathBuf {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !FILE_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) {
        return path.to_owned();
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    notes.push(format!(
        "SQLite data is a directory, here {}, with innkeeper.sqlite and apps/NAME.sqlite in it",
        directory.display()
    ));
    directory.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rest: &str) -> Result<(String, usize), String> {
        let (target, notes) = parse(rest)?;
        Ok((target.describe(), notes.len()))
    }

    #[test]
    fn every_way_to_write_a_path_is_understood() {
        let cases = [
            ("data", "sqlite:data", 0),
            ("./data", "sqlite:./data", 0),
            ("//data", "sqlite:data", 0),
            ("/var/data", "sqlite:/var/data", 0),
            ("///var/data", "sqlite:/var/data", 0),
            ("///my%20data", "sqlite:/my data", 0),
            ("/var/data?mode=rwc", "sqlite:/var/data", 1),
            ("/var/data/innkeeper.sqlite", "sqlite:/var/data", 1),
            ("inn.DB", "sqlite:.", 1),
            ("/data.v2", "sqlite:/data.v2", 0),
        ];
        for (rest, description, notes) in cases {
            assert_eq!(read(rest), Ok((description.to_owned(), notes)), "{rest}");
        }
    }

    #[test]
    fn no_path_and_memory_are_refused() {
        for rest in ["", "//", "?mode=rwc", "%00", "%ff", ":memory:", "//:memory:", "x?mode=memory"] {
            assert!(read(rest).is_err(), "{rest}");
        }
    }
}
