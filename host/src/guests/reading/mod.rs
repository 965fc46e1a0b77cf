//! What the bytes of a file say, read in a moment: nothing is compiled or run.

mod contents;
mod features;
mod kind;
mod verdict;

#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

pub use contents::Sizes;
pub use kind::Kind;
pub use verdict::Problem;
pub(super) use verdict::told;

use super::advice::{self, Feature};
use super::contract;
use contents::Contents;
use features::Depth;
use serde::Serialize;
use std::collections::BTreeSet;

/// From where core modules import WASI preview 1.
const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// What is known of a file by its bytes.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What kind of file it is.
    pub kind: &'static str,
    /// Its bytes.
    pub size: u64,
    /// What takes them.
    pub sizes: Sizes,
    /// The language from which it was compiled, with the toolchain where one is named.
    pub language: Option<String>,
    /// All tools that have left their names.
    pub tools: Vec<Tool>,
    /// Versions of WASI that it speaks.
    pub wasi: Vec<String>,
    /// Our package, in the version that it was built with.
    pub contract: Option<String>,
    /// Interfaces of that which it uses.
    pub interfaces: Vec<String>,
    /// Names of imports.
    pub imports: Vec<String>,
    /// Imports that this host does not have.
    pub unmet: Vec<Unmet>,
    /// Names of exports.
    pub exports: Vec<String>,
    /// Why this host cannot run it; none if it can.
    pub problem: Option<String>,
    /// The same one by one, with what to do.
    pub problems: Vec<Problem>,
}

/// A tool that has worked on a file.
#[derive(Debug, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// As it says it; may be empty.
    pub version: String,
}

/// An import that this host does not have.
#[derive(Debug, Serialize)]
pub struct Unmet {
    /// Its name.
    pub import: String,
    /// What to do.
    pub fix: String,
}

impl Report {
    /// Adds what was found out by other means than reading.
    pub(super) fn add(&mut self, problem: String) {
        self.problem = Some(problem.clone());
        self.problems.push(Problem::new(problem, ""));
    }
}

/// Reads a file. An error in it is part of the report. What only functions use is not found: that
/// is for those who compile it.
pub fn read(bytes: &[u8]) -> Report {
    let (kind, contents) = look(bytes);
    let problems = problems(bytes, kind, &contents);
    report(bytes, kind, contents, problems)
}

/// What keeps a file from being a guest, as in the report.
pub(super) fn check(bytes: &[u8]) -> Vec<Problem> {
    let (kind, contents) = look(bytes);
    problems(bytes, kind, &contents)
}

fn look(bytes: &[u8]) -> (Kind, Contents) {
    let kind = Kind::of(bytes);
    (kind, if kind.is_wasm() { Contents::read(bytes, kind) } else { Contents::default() })
}

/// Which features a component uses that the engine does not have, and what to do. Looks into each
/// function, which takes a while.
pub(super) fn of_features(bytes: &[u8]) -> Vec<Problem> {
    features_beside(bytes, &[], Depth::Functions)
}

fn features_beside(bytes: &[u8], before: &[Problem], depth: Depth) -> Vec<Problem> {
    let is_told = |feature: &Feature| before.iter().any(|problem| problem.fix == feature.fix);
    match features::missing(bytes, depth, is_told) {
        Ok(missing) => {
            missing.iter().map(|feature| Problem::new(format!("it uses {}", feature.name), feature.fix)).collect()
        }
        Err(damage) => vec![verdict::of_damage(&damage)],
    }
}

fn problems(bytes: &[u8], kind: Kind, contents: &Contents) -> Vec<Problem> {
    let mut problems = match (kind, &contents.damage) {
        (Kind::Component | Kind::Module, Some(damage)) => return vec![verdict::of_damage(damage)],
        (Kind::Component, None) => verdict::of_component(contents),
        (Kind::Module, None) => verdict::of_module(contents),
        (kind, _) => return vec![verdict::of_kind(kind)],
    };
    problems.extend(features_beside(bytes, &problems, Depth::Types));
    problems
}

fn report(bytes: &[u8], kind: Kind, contents: Contents, problems: Vec<Problem>) -> Report {
    let imports: Vec<String> = match kind {
        Kind::Module => contents.core_imports.iter().map(|it| format!("{}.{}", it.module, it.name)).collect(),
        _ => contents.imports.iter().map(|import| import.name.clone()).collect(),
    };
    let unmet = verdict::unmet(&contents).map(|import| Unmet {
        import: import.name.clone(),
        fix: advice::platform(&import.name).map_or_else(|| advice::about_import(&import.name), |(_, fix)| fix),
    });
    // What a core module has of preview 1 is no interface.
    let of_modules = contents.core_imports.iter().map(|import| import.module.as_str());
    let names = contents.imports.iter().map(|import| import.name.as_str()).chain(of_modules);
    let (contract, interfaces) = contract_of(names.clone());
    let exported =
        contents.exports.iter().map(|name| name.split_once('#').map_or(name.as_str(), |(name, _)| name));
    let wasi = wasi(names.chain(exported));
    Report {
        kind: if contents.is_types_only { "wit-package" } else { kind.name() },
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sizes: contents.sizes,
        language: contents.marks.language(),
        tools: contents
            .marks
            .tools()
            .iter()
            .map(|(name, version)| Tool { name: name.clone(), version: version.clone() })
            .collect(),
        wasi,
        contract,
        interfaces,
        unmet: unmet.collect(),
        imports,
        problem: (!problems.is_empty()).then(|| told(&problems)),
        problems,
        exports: contents.exports,
    }
}

/// Versions of WASI in names of interfaces, the earliest first. Proposals beside it (`wasi:config`,
/// `wasi:keyvalue`) have versions of their own.
fn wasi<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let versions = names.filter_map(|name| match name.strip_prefix("wasi:") {
        Some(name) if !advice::is_part_of_wasi(name.split_once('/')?.0) => None,
        Some(name) => Some(name.split_once('@')?.1.to_owned()),
        None => (name == PREVIEW_1).then(|| "preview 1".to_owned()),
    });
    // A draft comes before the release.
    let key = |version: &String| {
        let (number, draft) = version.split_once('-').unwrap_or((version, "~"));
        let parts = number.split('.').map(|part| part.parse().unwrap_or(0_u32)).collect::<Vec<_>>();
        (parts, draft.to_owned())
    };
    let mut versions: Vec<String> = versions.collect::<BTreeSet<_>>().into_iter().collect();
    versions.sort_by_key(key);
    versions
}

/// The version of our package that is imported, and which interfaces of it.
fn contract_of<'n>(names: impl Iterator<Item = &'n str>) -> (Option<String>, Vec<String>) {
    let own = names.filter_map(|name| name.strip_prefix(contract::PACKAGE)?.strip_prefix('/'));
    let (mut versions, mut interfaces) = (BTreeSet::new(), BTreeSet::new());
    for name in own {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        versions.insert(format!("{}@{version}", contract::PACKAGE));
        interfaces.insert(interface.to_owned());
    }
    let contract = versions.into_iter().collect::<Vec<_>>().join(", ");
    ((!contract.is_empty()).then_some(contract), interfaces.into_iter().collect())
}
