//! What a statement calls by name: tables, functions, types, columns.

use super::{Name, Node, Stop, TableFunction, Walker, lookups};
use crate::storage::statement::allowed::FunctionKind;
use crate::storage::statement::stand_in::{Carries, StandIn};
use crate::storage::statement::{Engine, Refusal, grammar, rules};
use serde::Serialize;
use sqlparser::ast::{AccessExpr, Expr};

/// A call or a table function while its parts pass by.
#[derive(Default)]
pub(super) struct Called {
    pub(super) name: Name,
    pub(super) alias: Vec<Name>,
    pub(super) is_call: bool,
}

/// Columns of the table functions that give several.
const OUTPUT_COLUMNS: [&str; 6] = ["key", "value", "ordinality", "lexeme", "positions", "weights"];

/// Forms that reach the parser as a call.
const CALLED_FORMS: [&str; 4] = ["SYMMETRIC", "GROUPING SETS", "ROLLUP", "CUBE"];

/// Words that Postgres takes for a function call although no parenthesis follows (PostgreSQL
/// documentation, "Session Information Functions"). They say who the host is to the database.
const SESSION_WORDS: [&str; 7] =
    ["current_user", "current_role", "current_catalog", "current_schema", "session_user", "system_user", "user"];

impl Walker<'_> {
    /// Any name at all. The first pass has seen these words, but not what the parser makes a name
    /// of: SQLite's 'name', say.
    pub(super) fn note_name(&mut self, name: Name) -> Result<(), Stop> {
        if let Some(stand_in) = StandIn::of(&name.text) {
            self.check_stand_in(&stand_in)?;
        }
        if let Some(prefix) = rules::kept_prefix(&name.text) {
            return Err(Stop::denied(format!("names that begin with {prefix} are not allowed to an app")));
        }
        self.names.push(name);
        Ok(())
    }

    /// What is carried past the parser is walked as well.
    fn check_stand_in(&mut self, stand_in: &StandIn) -> Result<(), Stop> {
        if stand_in.carries == Carries::Words {
            return Ok(());
        }
        let carried = grammar::expression(Engine::Postgres, &stand_in.text).map_err(Stop)?;
        let is_element = match &carried {
            Expr::CompoundFieldAccess { root, access_chain } => {
                matches!(**root, Expr::Identifier(_))
                    && access_chain.iter().all(|access| matches!(access, AccessExpr::Subscript(_)))
            }
            _ => false,
        };
        if stand_in.carries == Carries::Element && !is_element {
            return Err(Stop::misread("a column or an element of one is to be set"));
        }
        let names = self.names.len();
        let carried: &dyn Node = &carried;
        carried.serialize(&mut *self)?;
        self.names.truncate(names);
        Ok(())
    }

    pub(super) fn newtype_variant<T: Serialize + ?Sized>(
        &mut self,
        owner: &'static str,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        match (owner, variant) {
            ("Expr", "Identifier") => {
                let names = self.names_in(value)?;
                self.check_word(names.last())
            }
            ("Expr", "CompoundIdentifier") => {
                let names = self.names_in(value)?;
                self.note_point(&names)
            }
            ("AccessExpr", _) => {
                let row = self.row.take();
                if variant != "Dot" {
                    return value.serialize(&mut *self);
                }
                let names = self.names_in(value)?;
                match (row, names.as_slice()) {
                    // `t.a[1]` is `t.a` and a subscript.
                    (Some(row), [column]) => self.note_point(&[row, column.clone()]),
                    _ => check_field(&names),
                }
            }
            _ => value.serialize(&mut *self),
        }
    }

    /// The name of a table, an index, a column to be set, ...: never with a schema.
    pub(super) fn object_name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let names = self.names_in(value)?;
        match &names[..] {
            [_] => Ok(()),
            _ => Err(Stop::denied("names with a schema are not allowed to an app: write tables without one")),
        }
    }

    pub(super) fn one_name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<Name, Stop> {
        let names = self.names_in(value)?;
        names.last().cloned().ok_or_else(|| Stop::not_listed("the tree", "no name"))
    }

    pub(super) fn function_name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<Name, Stop> {
        let name = self.one_name(value)?;
        self.check_function(&name)?;
        Ok(name)
    }

    pub(super) fn check_function(&mut self, name: &Name) -> Result<(), Stop> {
        let stand_in = StandIn::of(&name.text);
        if stand_in.is_some_and(|form| CALLED_FORMS.contains(&form.text.as_str())) {
            return Ok(());
        }
        match self.lists.function(&name.text) {
            Some(kind) => {
                self.note_call(kind);
                Ok(())
            }
            // The parser takes a list of rows for a call where one value is wanted.
            None if !name.quoted && name.text.eq_ignore_ascii_case("values") => {
                Err(Stop::not_listed("Expr", "VALUES"))
            }
            None => Err(Stop::denied(format!("the function {:.63} is not allowed to an app", name.text))),
        }
    }

    /// Some arguments are names that the server looks up, and the answer would tell what other apps
    /// have.
    pub(super) fn check_call<T: Serialize + ?Sized>(&self, name: &Name, arguments: &T) -> Result<(), Stop> {
        match self.lists.function(&name.text) {
            Some(FunctionKind::ReadsSequence | FunctionKind::MovesSequence) => {
                lookups::check_sequence(&name.text, &serde_json::to_value(arguments).unwrap_or_default())
            }
            Some(FunctionKind::TextSearch) => {
                lookups::check_configuration(&name.text, &serde_json::to_value(arguments).unwrap_or_default())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_type(&self, start: usize) -> Result<(), Stop> {
        let names = self.names.get(start..).unwrap_or_default();
        match names {
            [name] if self.lists.allows_type(&name.text) => Ok(()),
            // The columns of CREATE TABLE ... AS have none.
            [name] if StandIn::of(&name.text) == Some(StandIn::words("")) => Ok(()),
            _ => {
                let name = names.last().map(|name| name.text.as_str()).unwrap_or_default();
                Err(Stop::denied(format!("the type {name:.63} is not allowed to an app")))
            }
        }
    }

    pub(super) fn check_word(&self, name: Option<&Name>) -> Result<(), Stop> {
        let is_session = |name: &&Name| {
            self.lists.has_session_words
                && !name.quoted
                && SESSION_WORDS.iter().any(|word| name.text.eq_ignore_ascii_case(word))
        };
        match name.filter(is_session) {
            Some(name) => Err(Stop::denied(format!("{} is not allowed to an app", name.text))),
            None => Ok(()),
        }
    }

    fn note_point(&mut self, names: &[Name]) -> Result<(), Stop> {
        match names {
            [table, column] => {
                self.points.push((table.text.to_lowercase(), column.text.to_lowercase()));
                Ok(())
            }
            _ => Err(Stop::denied("names with a schema are not allowed to an app: write alias.column")),
        }
    }

    pub(super) fn note_table_function(&mut self, called: &Called) {
        let mut names = called.alias.iter().map(|name| name.text.to_lowercase());
        let alias = names
            .next()
            .filter(|alias| StandIn::of(alias).is_none())
            .unwrap_or_else(|| called.name.text.to_lowercase());
        let columns = names.collect();
        self.table_functions.push(TableFunction { alias, columns });
    }

    /// On Postgres `x.f` calls the function f if x has no column of this name (PostgreSQL
    /// documentation, "Using Composite Types in Queries"). Where x is the row of a table no allowed
    /// type leads to a function that reaches out; where x is a table function's single value, any
    /// function of one argument would do. So there only known columns may follow.
    pub(super) fn check_points(&self) -> Result<(), Refusal> {
        for (table, column) in &self.points {
            let mut functions = self.table_functions.iter().filter(|function| function.alias == *table);
            let known = |function: &TableFunction| {
                function.columns.contains(column)
                    || function.alias == *column
                    || OUTPUT_COLUMNS.contains(&column.as_str())
            };
            if self.lists.calls_by_point && functions.any(|function| !known(function)) {
                let message = format!(
                    "{table:.63}.{column:.63} may call a function: name the columns, as in f(...) AS {table:.63}(column)"
                );
                return Err(Refusal::denied(message));
            }
        }
        Ok(())
    }
}

/// `(f(x)).key`: anything else behind the point could be a function.
fn check_field(names: &[Name]) -> Result<(), Stop> {
    match names {
        [name] if OUTPUT_COLUMNS.contains(&name.text.to_lowercase().as_str()) => Ok(()),
        _ => Err(Stop::denied("a field of an expression is allowed to an app only if it is key or value")),
    }
}
