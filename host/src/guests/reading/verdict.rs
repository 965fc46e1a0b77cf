//! What keeps a file from being a guest of this host, as far as its bytes tell.

use super::contents::{Contents, CoreImport, Import, ImportKind};
use super::{Kind, PREVIEW_1};
use crate::guests::advice;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What guests are made for.
const WORLD: &str = "innkeeper:storage/web-app";
/// Characters of the text of several problems: a file may have any number of them, with long names.
const LONGEST: usize = 8000;

/// What keeps a file from being a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is the matter.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// A problem, and what to do.
    pub(super) fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { problem: problem.into(), fix: fix.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", self.fix) }
    }
}

/// Text of several problems, cut where it becomes too long.
pub(in crate::guests) fn told(problems: &[Problem]) -> String {
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(". Besides, ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Of a file that is no component and no module.
pub(super) fn of_kind(kind: Kind) -> Problem {
    Problem::new(format!("it is {kind}"), advice::about_kind(kind))
}

/// Of a file whose bytes are not sound.
pub(super) fn of_damage(damage: &str) -> Problem {
    let fix = match damage.contains("unexpected end") {
        true => "the file is not whole: build it again, or copy it again",
        false => {
            "build it again; if the toolchain makes the same again, it is newer than this host or has a fault"
        }
    };
    Problem::new(format!("its bytes are not sound: {damage}"), fix)
}

/// Of a core module.
pub(super) fn of_module(contents: &Contents) -> Vec<Problem> {
    let is_known = |import: &&CoreImport| {
        import.module == PREVIEW_1 || import.module.contains(':') || import.module.starts_with(['$', '['])
    };
    let unknown = contents.core_imports.iter().filter(|import| !is_known(import));
    let unmet =
        advice::about_core_imports(unknown.map(|import| (import.module.as_str(), import.name.as_str())), WORLD);
    let problem = |names| format!("it is a core module that wants what nothing here has: {names}");
    let unmet = unmet.into_iter().map(|(names, fix)| Problem::new(problem(names), fix));
    let problems: Vec<_> = of_imports(contents, false).into_iter().chain(unmet).collect();
    if !problems.is_empty() {
        return problems;
    }
    if contents.exports.iter().any(|name| name == "_start") {
        let problem = "it is a core module and a program that runs once (it exports `_start`)";
        return vec![Problem::new(problem, advice::about_program(contents.marks.language().as_deref()))];
    }
    if !contents.has_export_of("wasi:http/incoming-handler@") {
        return vec![Problem::new(
            "it is a core module that answers no requests: it exports no function of wasi:http/incoming-handler",
            format!(
                "link bindings for the world {WORLD} with it (innkeeper wit prints that; an SDK has them); then make a \
                 component of it: innkeeper wrap CORE -o OUT"
            ),
        )];
    }
    vec![Problem::new("it is a core module and no component", advice::about_kind(Kind::Module))]
}

/// Of a component.
pub(super) fn of_component(contents: &Contents) -> Vec<Problem> {
    if contents.is_types_only {
        let fix = "nothing in it can run: name the component that was built for it";
        return vec![Problem::new("it is a WIT package written as WebAssembly", fix)];
    }
    let is_0_3 = later_wasi(contents);
    let mut problems: Vec<Problem> = is_0_3
        .map(|name| Problem::new(format!("it was built for WASI 0.3 (`{name}`)"), advice::NO_ASYNC))
        .into_iter()
        .collect();
    problems.extend(of_imports(contents, is_0_3.is_some()));
    if is_0_3.is_none() {
        problems.extend(advice::about_exports(&contents.exports).map(|(problem, fix)| Problem::new(problem, fix)));
    }
    problems
}

/// An interface of WASI 0.3 that it imports or exports.
fn later_wasi(contents: &Contents) -> Option<&str> {
    let imports = contents.imports.iter().map(|import| import.name.as_str());
    contents.exports.iter().map(String::as_str).chain(imports).find(|name| advice::is_of_wasi_0_3(name))
}

/// Imports that this host does not have, those with the same remedy together.
fn of_imports(contents: &Contents, is_0_3: bool) -> Vec<Problem> {
    let mut platforms: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for import in unmet(contents).filter(|import| !(is_0_3 && advice::is_of_wasi_0_3(&import.name))) {
        let name = format!("`{}`", import.name);
        match advice::platform(&import.name) {
            Some(platform) => platforms.entry(platform).or_default().push(name),
            None => others.entry(advice::about_import(&import.name)).or_default().push(name),
        }
    }
    let platforms = platforms.into_iter().map(|((host, fix), names)| {
        Problem::new(format!("it was written for {host}: it imports {}", advice::listed(&names)), fix)
    });
    let others = others.into_iter().map(|(fix, names)| {
        Problem::new(format!("it imports {}, which this host does not have", advice::listed(&names)), fix)
    });
    platforms.chain(others).collect()
}

/// Imports that this host does not have.
pub(super) fn unmet(contents: &Contents) -> impl Iterator<Item = &Import> {
    let is_unmet = |import: &&Import| match import.kind {
        ImportKind::Types => false,
        ImportKind::Interface => !advice::is_met(&import.name),
        ImportKind::Other => true,
    };
    contents.imports.iter().filter(is_unmet)
}
