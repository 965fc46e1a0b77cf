//! Walks the whole tree of a statement, and refuses what the lists in `allowed` do not name.
//!
//! The tree is walked the way it would be serialized: every struct, field and variant passes by
//! with its name, also those that a later version of the parser adds. A variant must be listed; a
//! field must be listed or empty (`None`, false, an empty list). So what nobody has thought of is
//! refused, where a visitor with a method for each kind of node would pass it by. `names` judges
//! what is called, `lookups` what the server would look up by a text; `serializer` and `compound`
//! are the mechanics, `empty` the rule for fields without a line.

mod compound;
mod empty;
mod lookups;
mod names;
mod serializer;

use super::Refusal;
use super::allowed::{FunctionKind, Lists};
use erased_serde::Serialize as Node;
use serde::Serialize;
use std::fmt;

/// What a walk has found out about a statement.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// A part changes rows, locks them, or moves a sequence.
    pub(super) writes: bool,
    /// An aggregate or a window function is called.
    pub(super) aggregates: bool,
    /// A subquery stands somewhere.
    pub(super) subqueries: bool,
}

/// Walks `tree`. Recursive: the caller provides the stack. The type of a node is erased, so that
/// the walk is compiled once and not for each of the parser's types.
pub(super) fn walk(tree: &dyn Node, lists: &Lists) -> Result<Findings, Refusal> {
    let mut walker = Walker::new(lists);
    tree.serialize(&mut walker).map_err(|stop| stop.0)?;
    walker.check_points()?;
    Ok(walker.findings)
}

/// A name as it stands in the statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Name {
    text: String,
    quoted: bool,
}

/// A table function under its alias: the names that may stand behind a point.
#[derive(Debug)]
struct TableFunction {
    alias: String,
    columns: Vec<String>,
}

/// Where the walk is.
struct Walker<'a> {
    lists: &'a Lists,
    findings: Findings,
    /// Every name so far, in order. Who wants the names of a part remembers where it began.
    names: Vec<Name>,
    /// The name that is being read.
    name: Name,
    /// The name before the access that is read next.
    row: Option<Name>,
    /// `a.b` in expressions.
    points: Vec<(String, String)>,
    table_functions: Vec<TableFunction>,
}

impl<'a> Walker<'a> {
    fn new(lists: &'a Lists) -> Self {
        Self {
            lists,
            findings: Findings::default(),
            names: Vec::new(),
            name: Name::default(),
            row: None,
            points: Vec::new(),
            table_functions: Vec::new(),
        }
    }

    fn check_variant(&mut self, owner: &'static str, variant: &'static str) -> Result<(), Stop> {
        if !self.lists.tree.allows(owner, "", variant) {
            return Err(Stop::not_listed(owner, variant));
        }
        match (owner, variant) {
            ("SetExpr", "Insert" | "Update" | "Delete") => self.findings.writes = true,
            ("Expr", "Subquery" | "Exists") | ("FunctionArguments" | "InTarget", "Subquery") => {
                self.findings.subqueries = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// Walks a part and returns the names in it.
    fn names_in<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<Vec<Name>, Stop> {
        let start = self.names.len();
        part.serialize(&mut *self)?;
        Ok(self.names.get(start..).unwrap_or_default().to_vec())
    }

    fn note_call(&mut self, kind: FunctionKind) {
        self.findings.writes |= kind == FunctionKind::MovesSequence;
        self.findings.aggregates |= kind == FunctionKind::Aggregate;
    }
}

/// A refusal on its way out of the walk.
#[derive(Debug)]
struct Stop(Refusal);

impl Stop {
    fn denied(message: impl Into<String>) -> Self {
        Self(Refusal::denied(message))
    }

    fn misread(message: &str) -> Self {
        Self(Refusal::syntax(format!("the statement is not understood: {message}")))
    }

    fn not_listed(owner: &str, what: &str) -> Self {
        Self(Refusal::unlisted(format!("this form of SQL is not allowed to an app: {what} of {owner}")))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Refusal::syntax(format!("the statement is not understood: {message}")))
    }
}
