//! The contract with guests as text: the files of `wit/`, which are part of the program.

use anyhow::anyhow;
use std::path::Path;
use wit_parser::{PackageId, Resolve, SourceMap, UnresolvedPackageGroup};

/// The package of our interfaces.
pub const PACKAGE: &str = "innkeeper:storage";
/// Its version.
pub const VERSION: &str = "0.1.0";
/// The world that a web app targets.
pub const WORLD: &str = "web-app";

/// A file, by its path below `wit/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// With `/` between folders.
    pub path: &'static str,
    /// What is in it.
    pub text: &'static str,
}

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(File { path: $path, text: include_str!(concat!("../../../wit/", $path)) }),+]
    };
}

/// Every file, sorted by path. Those at the top are the package `innkeeper:storage`, and each one
/// below `deps` is a package that it uses.
pub const FILES: &[File] = files![
    "blob-upload.wit",
    "db.wit",
    "deps/wasi-cli.wit",
    "deps/wasi-clocks.wit",
    "deps/wasi-config.wit",
    "deps/wasi-http.wit",
    "deps/wasi-io.wit",
    "deps/wasi-random.wit",
    "session.wit",
    "worlds.wit",
];

/// Reads all files: the types, and the package `innkeeper:storage` among them.
pub fn resolve() -> anyhow::Result<(Resolve, PackageId)> {
    let (deps, own): (Vec<File>, Vec<File>) = FILES.iter().partition(|file| file.path.starts_with("deps/"));
    let main = parse(&own)?;
    let deps = deps.iter().map(|file| parse(&[*file])).collect::<anyhow::Result<Vec<_>>>()?;
    let mut resolve = Resolve::default();
    let package = resolve.push_groups(main, deps)?;
    Ok((resolve, package))
}

/// Whether a guest that was built with a version of the contract runs with this one: its major
/// number counts, and while that is 0 the minor one.
pub fn is_compatible(version: &str) -> bool {
    let track = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    !version.contains('-') && track(version) == track(VERSION)
}

/// Files of one package.
fn parse(files: &[File]) -> anyhow::Result<UnresolvedPackageGroup> {
    let mut sources = SourceMap::default();
    for file in files {
        sources.push(Path::new(file.path), file.text);
    }
    sources.parse().map_err(|(sources, error)| anyhow!("{}", error.render(&sources)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_file_of_the_contract_is_in_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let below = |inside: &str| {
            let files = fs::read_dir(folder.join(inside)).unwrap();
            files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
        };
        let mut there: Vec<String> = [below("."), below("deps")]
            .concat()
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
            .map(|path| {
                let is_dep = path.parent().is_some_and(|parent| parent.ends_with("deps"));
                let name = path.file_name().unwrap().to_str().unwrap();
                if is_dep { format!("deps/{name}") } else { name.to_owned() }
            })
            .collect();
        there.sort_unstable();
        assert_eq!(FILES.iter().map(|file| file.path).collect::<Vec<_>>(), there);
        for file in FILES {
            assert_eq!(fs::read_to_string(folder.join(file.path)).unwrap(), file.text, "{}", file.path);
        }
    }

    #[test]
    fn a_version_is_compatible_within_its_minor_number() {
        for (version, is) in [("0.1.0", true), ("0.1.7", true), ("0.2.0", false), ("1.1.0", false), ("", false)] {
            assert_eq!(is_compatible(version), is, "{version}");
        }
        assert!(!is_compatible("0.1.0-draft"));
    }

    #[test]
    fn the_files_are_one_sound_package() {
        let (resolve, package) = resolve().unwrap();
        assert_eq!(resolve.packages[package].name.to_string(), format!("{PACKAGE}@{VERSION}"));
        assert!(resolve.packages[package].worlds.contains_key(WORLD));
    }
}
