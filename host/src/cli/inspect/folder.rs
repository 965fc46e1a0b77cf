//! The WebAssembly in a folder that is no project: read, and not compiled.

use super::Inspected;
use crate::cli::output;
use crate::guests::inspect;
use ignore::WalkBuilder;
use std::path::{Path, PathBuf};

/// How names of files end that are looked at.
const ENDINGS: [&str; 3] = ["wasm", "wat", "cwasm"];
/// Folders in which toolchains keep what nobody has built here.
const NOT_OURS: [&str; 3] = ["node_modules", ".git", ".venv"];
const DEEPEST: usize = 8;
/// Files that are listed.
const MOST: usize = 200;

/// Reads every file below a folder that looks like WebAssembly by its name. What cannot be read is
/// told, and is no reason not to list the others.
pub(super) async fn read(folder: &Path) -> anyhow::Result<Vec<Inspected>> {
    let mut files = files(folder);
    if files.len() > MOST {
        output::note(format!("{} has more than {MOST} such files: the others are not listed", folder.display()));
        files.truncate(MOST);
    }
    let mut found = Vec::new();
    for file in files {
        match std::fs::read(&file) {
            Ok(bytes) => found.push(Inspected { report: inspect::read(bytes.into()).await?, file }),
            Err(error) => output::note(format!("cannot read {}: {error}", file.display())),
        }
    }
    Ok(found)
}

/// One more than are listed, where there are so many.
fn files(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .max_depth(Some(DEEPEST))
        .filter_entry(|entry| !NOT_OURS.iter().any(|name| entry.file_name() == *name))
        .sort_by_file_name(Ord::cmp)
        .build();
    let is_wasm = |path: &PathBuf| {
        path.is_file() && path.extension().is_some_and(|end| ENDINGS.iter().any(|ending| end == *ending))
    };
    walk.filter_map(Result::ok).map(ignore::DirEntry::into_path).filter(is_wasm).take(MOST + 1).collect()
}

/// Prints the list.
pub(super) fn print(folder: &Path, found: &[Inspected], json: bool) -> anyhow::Result<()> {
    let columns = ["FILE", "KIND", "LANGUAGE"].map(output::text);
    let [file, kind, language] = columns;
    let columns = [file, kind, language, output::number("SIZE"), output::flexible("PROBLEM")];
    let empty = format!("no WebAssembly in {}", folder.display());
    output::listing(json, found, empty, columns, |Inspected { file, report }| {
        let name = file.strip_prefix(folder).unwrap_or(file);
        let problem = report.problems.first().map(ToString::to_string);
        [
            name.display().to_string(),
            report.kind.to_owned(),
            report.language.clone().unwrap_or_default(),
            output::bytes(report.size),
            problem.unwrap_or_default(),
        ]
    })
}
