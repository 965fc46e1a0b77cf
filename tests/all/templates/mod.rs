//! Projects that `innkeeper new` writes, `innkeeper test` tests and `innkeeper wit` keeps up to
//! date.

mod contract;
mod examples;
mod languages;
mod making;
mod readme;
mod testing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use support::command::{self, Finished};
use support::paths;
use tempfile::TempDir;

/// Compilers may have to build what they bring along, beside other tests.
const PATIENCE: Duration = Duration::from_secs(600);

/// The code cache of a language. Its apps share functions, such as those of its interpreter. Only
/// one process at a time adds functions to a cache, so each language has its own.
fn code_cache_of(language: &str) -> PathBuf {
    paths::code_cache().join(language)
}

/// A folder in which somebody works on projects.
struct Desk {
    folder: PathBuf,
    code_cache: PathBuf,
    /// Removes it at the end.
    _temporary: Option<TempDir>,
}

impl Desk {
    fn new() -> Self {
        let temporary = TempDir::new().unwrap();
        let folder = temporary.path().to_owned();
        Self { folder, code_cache: paths::code_cache(), _temporary: Some(temporary) }
    }

    /// One that is at the same place each time, and empty: cargo keeps what it has compiled by the
    /// place.
    fn at_its_place(name: &str) -> Self {
        let folder = paths::repository().join("target/templates").join(name);
        let _was_not_there = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, code_cache: paths::code_cache(), _temporary: None }
    }

    /// The same with the code cache of a language.
    fn with_code_cache_of(self, language: &str) -> Self {
        Self { code_cache: code_cache_of(language), ..self }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs the command there.
    async fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = command::innkeeper(arguments);
        command.current_dir(&self.folder).env("INNKEEPER_CODE_CACHE", &self.code_cache);
        command::finish(command, PATIENCE).await
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Every file below a folder, by its path there, in order.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    files.sort_unstable();
    files
}
