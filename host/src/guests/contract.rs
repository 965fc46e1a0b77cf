//! The contract with guests: the package of `wit/`, whose files are part of the program.

use super::packed::{self, PackedFile};
use anyhow::{Context, anyhow};
use std::path::Path;
use wit_parser::{PackageId, Resolve, SourceMap, UnresolvedPackageGroup};

/// The package of our interfaces.
pub const PACKAGE: &str = "innkeeper:storage";
/// Its version.
pub const VERSION: &str = "0.1.0";
/// The world that a web app targets.
pub const WORLD: &str = "web-app";

/// The package with its version.
pub fn full_name() -> String {
    format!("{PACKAGE}@{VERSION}")
}

/// Its files, sorted by path. Those at the top are the package `innkeeper:storage`, and each one
/// below `deps` is a package that it uses.
pub fn files() -> anyhow::Result<Vec<PackedFile>> {
    packed::files(packed::WIT).context("the contract in this program cannot be read")
}

/// Reads all files: the types, and the package `innkeeper:storage` among them.
pub fn resolve() -> anyhow::Result<(Resolve, PackageId)> {
    let (deps, own): (Vec<_>, Vec<_>) = files()?.into_iter().partition(|file| file.path.starts_with("deps/"));
    let main = parse(&own)?;
    let deps = deps.chunks(1).map(parse).collect::<anyhow::Result<Vec<_>>>()?;
    let mut resolve = Resolve::default();
    let package = resolve.push_groups(main, deps)?;
    Ok((resolve, package))
}

/// Whether a guest that was built with a version of the contract runs with this one: its major
/// number counts, and while that is 0 the minor one.
pub fn is_compatible(version: &str) -> bool {
    let counted = if VERSION.starts_with("0.") { 2 } else { 1 };
    let track = |version: &str| version.split('.').take(counted).map(str::to_owned).collect::<Vec<_>>();
    !version.contains('-') && track(version) == track(VERSION)
}

/// Files of one package.
fn parse(files: &[PackedFile]) -> anyhow::Result<UnresolvedPackageGroup> {
    let mut sources = SourceMap::default();
    for file in files {
        sources.push(Path::new(&file.path), std::str::from_utf8(&file.bytes)?);
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
        let files = files().unwrap();
        assert_eq!(files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), there);
        for file in files {
            assert!(fs::read(folder.join(&file.path)).unwrap() == file.bytes, "{}", file.path);
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
        assert_eq!(resolve.packages[package].name.to_string(), full_name());
        assert!(resolve.packages[package].worlds.contains_key(WORLD));
    }
}
