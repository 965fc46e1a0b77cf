//! What an app may say, as lists that anyone can read and add to: the text files beside this one.
//!
//! A file has one entry a line, `#` begins a comment. `tree*.txt` name parts of the parser's tree
//! (`Type: fields or variants`, and `Type::Variant: fields`), `functions_*.txt` functions,
//! `types_postgres.txt` types.

use super::Engine;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// What a function does beyond giving a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) enum FunctionKind {
    /// Nothing.
    Plain,
    /// It stands for many rows, or for a window of them.
    Aggregate,
    /// It reads a sequence that its argument names.
    ReadsSequence,
    /// It moves a sequence that its argument names.
    MovesSequence,
    /// Its first argument may name a text search configuration.
    TextSearch,
}

/// Parts of the parser's tree.
#[derive(Debug, Default)]
pub(super) struct Tree(HashMap<(&'static str, &'static str), HashSet<&'static str>>);

/// All lists for one purpose.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) tree: Tree,
    functions: HashMap<&'static str, FunctionKind>,
    /// None: any name is a type (SQLite documentation, "Datatypes In SQLite").
    types: Option<HashSet<&'static str>>,
    /// `x.f` may call the function f.
    pub(super) calls_by_point: bool,
    /// `user` and its like are no names of columns.
    pub(super) has_session_words: bool,
    /// LIMIT and OFFSET take nothing but numbers.
    pub(super) limits_are_numbers: bool,
}

impl Tree {
    fn of(texts: &[&'static str]) -> Self {
        let mut tree = Self::default();
        for line in texts.iter().flat_map(|text| lines(text)) {
            let Some((head, parts)) = line.split_once(": ") else { continue };
            let key = head.split_once("::").unwrap_or((head, ""));
            tree.0.entry(key).or_default().extend(parts.split_ascii_whitespace());
        }
        tree
    }

    /// Whether a field or variant `part` is listed; `variant` is empty for a struct and for an enum
    /// itself.
    pub(super) fn allows(&self, owner: &'static str, variant: &'static str, part: &'static str) -> bool {
        self.0.get(&(owner, variant)).is_some_and(|parts| parts.contains(part))
    }
}

impl Lists {
    /// What an app may say to an engine.
    pub(super) fn of(engine: Engine) -> &'static Self {
        static POSTGRES: OnceLock<Lists> = OnceLock::new();
        static SQLITE: OnceLock<Lists> = OnceLock::new();
        match engine {
            Engine::Postgres => POSTGRES.get_or_init(|| Self {
                tree: Tree::of(&[include_str!("tree.txt"), include_str!("tree_postgres.txt")]),
                functions: functions(include_str!("functions_postgres.txt")),
                types: Some(lines(include_str!("types_postgres.txt")).collect()),
                calls_by_point: true,
                has_session_words: true,
                limits_are_numbers: false,
            }),
            Engine::Sqlite => SQLITE.get_or_init(|| Self {
                tree: Tree::of(&[include_str!("tree.txt"), include_str!("tree_sqlite.txt")]),
                functions: functions(include_str!("functions_sqlite.txt")),
                types: None,
                calls_by_point: false,
                has_session_words: false,
                limits_are_numbers: false,
            }),
        }
    }

    /// What cannot fail at run time, once it is prepared.
    pub(super) fn steady() -> &'static Self {
        static STEADY: OnceLock<Lists> = OnceLock::new();
        STEADY.get_or_init(|| Self {
            tree: Tree::of(&[include_str!("tree_steady.txt")]),
            functions: functions("count\nmin\nmax\ncoalesce\nlower\nupper\nlength\n"),
            types: Some(HashSet::new()),
            calls_by_point: true,
            has_session_words: true,
            limits_are_numbers: true,
        })
    }

    /// The entries of a list.
    pub(super) fn lines_of(text: &'static str) -> impl Iterator<Item = &'static str> {
        lines(text)
    }

    /// What a function of this name does; none if it is not allowed.
    pub(in crate::storage) fn function(&self, name: &str) -> Option<FunctionKind> {
        let name = name.to_ascii_lowercase();
        // A type's name with one argument is a cast (PostgreSQL documentation, "Type Casts").
        let casts = || self.types.as_ref().is_some_and(|types| types.contains(name.as_str()));
        self.functions.get(name.as_str()).copied().or_else(|| casts().then_some(FunctionKind::Plain))
    }

    pub(super) fn allows_type(&self, name: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(name.to_ascii_lowercase().as_str()))
    }
}

/// Whether an app may call a function of SQLite by this name.
pub(in crate::storage) fn is_sqlite_function(name: &str) -> bool {
    Lists::of(Engine::Sqlite).function(name).is_some()
}

fn functions(text: &'static str) -> HashMap<&'static str, FunctionKind> {
    let entry = |line: &'static str| match line.split_once(' ') {
        None => (line, FunctionKind::Plain),
        Some((name, "aggregate")) => (name, FunctionKind::Aggregate),
        Some((name, "reads-sequence")) => (name, FunctionKind::ReadsSequence),
        Some((name, "text-search")) => (name, FunctionKind::TextSearch),
        // A word that nobody knows counts as the most.
        Some((name, _)) => (name, FunctionKind::MovesSequence),
    };
    lines(text).map(entry).collect()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty())
}
