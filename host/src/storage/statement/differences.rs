//! What a statement means on one engine only, said to the author of an app in the log of
//! `innkeeper dev`: each difference once in the life of a process.
//!
//! What can be made the same is made the same (`portable`). This is the rest, the table in
//! `wit/db.wit`, as far as a tree without types shows it; `tests/corpus/portable.sql` has the
//! values.

use super::Engine;
use super::allowed::Lists;
use serde_json::{Map, Value as Json};
use sqlparser::ast::Statement;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

const TRUTH: &str = "a truth in a result is a boolean on Postgres, and 1 or 0 on SQLite: \
                     write case when ... then 1 else 0 end, or select a boolean column itself";
const DECIMAL: &str = "a number with a point is an exact decimal on Postgres and a float on SQLite: \
                       give it as a parameter";
const SUM: &str = "sum() of an integer column is a decimal on Postgres and an integer on SQLite: \
                   write cast(sum(...) as bigint)";
const AVERAGE: &str = "avg() of integers is a decimal on Postgres and a float on SQLite: \
                       write avg(cast(... as double precision))";
const DIVISION: &str = "division by zero is an error on Postgres and NULL on SQLite: write nullif(..., 0)";
const REMAINDER: &str =
    "% of numbers with a point is exact on Postgres; SQLite leaves out what is behind the point";
const OVERFLOW: &str = "a number beyond 64 bits is a decimal on Postgres and a float on SQLite, and a sum of \
                        small numbers beyond 32 bits is an error on Postgres";
const SHIFT: &str = "Postgres shifts numbers of 32 bits, SQLite of 64: write cast(... as bigint) << ...";
const TO_INTEGER: &str = "a cast to integer rounds on Postgres and cuts off on SQLite, and of a text that is no \
                          number it is an error on Postgres: write cast(round(...) as integer)";
const TO_TYPE: &str = "SQLite does not know this type: a cast to it converts on Postgres alone. Give a parameter \
                       of the type, or cast to integer, double precision or text";
const TO_TEXT: &str = "truths and numbers with a point are written differently: true, 1.50 and 1e+20 on Postgres are \
                       1, 1.5 and 1.0e+20 on SQLite";
const ROUND: &str = "round() of a float that ends in .5 gives the even neighbour on Postgres and the one further \
                     from zero on SQLite: write round(cast(... as numeric))";
const RANDOM: &str = "random() is a float from 0 to 1 on Postgres and an integer of 64 bits on SQLite";
const FROM_END: &str = "substr() with a negative number begins before the text on Postgres and counts from its end \
                        on SQLite";
const NOW: &str = "current_date, current_timestamp, now() and date() give a date or an instant on Postgres and a text on \
                   SQLite: give the time as a parameter";
const JSON_PART: &str = "-> gives json on Postgres and text on SQLite; ->> of a number or a truth gives text on \
                         Postgres and a number on SQLite: write cast(... ->> ... as text) or as integer";
const LIKE_CALL: &str = "like(a, b) is a LIKE b on Postgres and b LIKE a on SQLite: write the operator";
const BITS: &str = "x'..' is a string of bits on Postgres and bytes on SQLite: give bytes as a parameter";
const MIXED: &str = "a number beside a text in quotes is compared as a number on Postgres and is never equal on SQLite: \
                     leave the quotes out";
const TYPED: &str = "max(), min(), coalesce() and CASE over dates, times, truths or decimals give the column's type on \
                     Postgres; on SQLite they give text or numbers";
const NAMES: &str = "a column that is computed has another name on each engine: name it with AS";

static WATCHED: AtomicBool = AtomicBool::new(false);
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// From now on differences are said in the log.
pub fn watch() {
    WATCHED.store(true, Ordering::Relaxed);
}

/// Says what a statement that is seen for the first time means on one engine only.
pub(super) fn look(engine: Engine, statement: &Statement) {
    if !WATCHED.load(Ordering::Relaxed) {
        return;
    }
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    for difference in of(engine, statement) {
        if !said.contains(&difference) {
            tracing::warn!("SQL that is not the same on Postgres and SQLite: {difference}");
            said.insert(difference);
        }
    }
}

/// What a statement means on one engine only.
pub(super) fn of(engine: Engine, statement: &Statement) -> BTreeSet<String> {
    let mut search = Search { engine, found: BTreeSet::new() };
    if let Ok(tree) = serde_json::to_value(statement as &dyn erased_serde::Serialize) {
        search.visit(&tree);
    }
    search.found
}

struct Search {
    engine: Engine,
    found: BTreeSet<String>,
}

impl Search {
    fn note(&mut self, difference: &str) {
        self.found.insert(difference.to_owned());
    }

    fn visit(&mut self, tree: &Json) {
        match tree {
            Json::Array(items) => items.iter().for_each(|item| self.visit(item)),
            Json::Object(fields) => {
                for (variant, inside) in fields {
                    self.node(variant, inside);
                    self.visit(inside);
                }
            }
            _ => {}
        }
    }

    fn node(&mut self, variant: &str, inside: &Json) {
        match (variant, inside) {
            ("UnnamedExpr", item) => {
                self.result(item);
                if !is_column(item) {
                    self.note(NAMES);
                }
            }
            ("ExprWithAlias", item) => self.result(&item["expr"]),
            ("Number", number) => self.number(number[0].as_str().unwrap_or_default()),
            ("HexStringLiteral", _) => self.note(BITS),
            ("BinaryOp", operation) => self.operation(operation),
            ("Cast", cast) => self.cast(cast),
            ("Function", Json::Object(call)) => self.call(call),
            ("Substring", part) if is_negative(&part["substring_from"]) || is_negative(&part["substring_for"]) => {
                self.note(FROM_END);
            }
            _ => {}
        }
    }

    /// What a row of the result has.
    fn result(&mut self, item: &Json) {
        let item = inner(item);
        if is_truth(item) {
            self.note(TRUTH);
        }
        let name = item.get("Function").and_then(Json::as_object).map(name_of).unwrap_or_default();
        if matches!(name.as_str(), "max" | "min" | "coalesce" | "nullif") || item.get("Case").is_some() {
            self.note(TYPED);
        }
    }

    fn number(&mut self, number: &str) {
        if number.contains(['.', 'e', 'E']) {
            self.note(DECIMAL);
        } else if number.parse::<i64>().is_err() || number.parse::<i64>().is_ok_and(|n| n >= i64::from(i32::MAX)) {
            self.note(OVERFLOW);
        }
    }

    fn operation(&mut self, operation: &Json) {
        let (left, right) = (inner(&operation["left"]), inner(&operation["right"]));
        let numbers = [number_in(left), number_in(right)];
        match operation["op"].as_str().unwrap_or_default() {
            "Divide" | "Modulo" if numbers[1].is_none_or(|by| by.parse::<f64>().is_ok_and(|by| by == 0.0)) => {
                self.note(DIVISION);
            }
            "Modulo" if numbers.iter().flatten().any(|number| number.contains('.')) => self.note(REMAINDER),
            "PGBitwiseShiftLeft" if number_in(right).is_none_or(|by| by.parse::<u8>().is_ok_and(|by| by > 30)) => {
                self.note(SHIFT);
            }
            "Arrow" | "LongArrow" => self.note(JSON_PART),
            "Eq" | "NotEq" | "Lt" | "LtEq" | "Gt" | "GtEq" => {
                let is_text = |side: &Json| side.pointer("/Value/value/SingleQuotedString").is_some();
                if numbers[0].is_some() && is_text(right) || numbers[1].is_some() && is_text(left) {
                    self.note(MIXED);
                }
            }
            // A truth that becomes a text.
            "StringConcat" if is_truth(left) || is_truth(right) => self.note(TO_TEXT),
            _ => {}
        }
    }

    fn cast(&mut self, cast: &Json) {
        let kind = &cast["data_type"];
        let name = kind.as_str().or_else(|| kind.as_object()?.keys().next().map(String::as_str));
        let size = kind.as_object().and_then(|kind| kind.values().next()).is_some_and(|size| !size.is_null());
        let value = inner(&cast["expr"]);
        match name.unwrap_or_default() {
            "Integer" | "Int" | "Int4" | "Int8" | "BigInt" | "SmallInt" | "Int2" | "TinyInt" => {
                if !is_whole(value) {
                    self.note(TO_INTEGER);
                }
            }
            "Double" | "DoublePrecision" | "Real" | "Float" | "Float8" | "Float4" => {}
            "Text"
                if value
                    .get("Value")
                    .is_some_and(|value| value.pointer("/value/SingleQuotedString").is_some()) => {}
            "Text" => self.note(TO_TEXT),
            "Varchar" | "CharacterVarying" if !size => self.note(TO_TEXT),
            _ => self.note(TO_TYPE),
        }
    }

    fn call(&mut self, call: &Map<String, Json>) {
        let name = name_of(call);
        let arguments = arguments_of(call);
        match name.as_str() {
            "sum" => self.note(SUM),
            "avg" => self.note(AVERAGE),
            "round" => self.note(ROUND),
            "random" => self.note(RANDOM),
            "like" => self.note(LIKE_CALL),
            "substr" | "substring" if arguments.iter().skip(1).any(|argument| is_negative(argument)) => {
                self.note(FROM_END);
            }
            "current_date" | "current_time" | "current_timestamp" | "now" | "date" => self.note(NOW),
            _ => {}
        }
        let (other, own) = match self.engine {
            Engine::Postgres => (Engine::Sqlite, "Postgres"),
            Engine::Sqlite => (Engine::Postgres, "SQLite"),
        };
        if Lists::of(other).function(&name).is_none() {
            self.found.insert(format!("the function {name:.63} is known on {own} alone"));
        }
    }
}

/// What stands in parentheses.
fn inner(tree: &Json) -> &Json {
    tree.get("Nested").map_or(tree, inner)
}

fn is_column(tree: &Json) -> bool {
    tree.get("Identifier").is_some() || tree.get("CompoundIdentifier").is_some()
}

fn number_in(tree: &Json) -> Option<&str> {
    tree.pointer("/Value/value/Number/0").and_then(Json::as_str)
}

fn is_negative(tree: &Json) -> bool {
    tree.pointer("/UnaryOp/op").is_some_and(|op| op == "Minus")
}

/// A value that is no number with a point: its cast to an integer is the same on both engines.
fn is_whole(value: &Json) -> bool {
    const WHOLE: [&str; 9] = ["round", "floor", "ceil", "ceiling", "trunc", "sum", "count", "length", "abs"];
    let name = value.get("Function").and_then(Json::as_object).map(name_of).unwrap_or_default();
    let literal = value.pointer("/Value/value/SingleQuotedString").and_then(Json::as_str);
    number_in(value).is_some_and(|number| !number.contains(['.', 'e', 'E']))
        || literal.is_some_and(|text| text.trim().parse::<i64>().is_ok())
        || WHOLE.contains(&name.as_str())
        || value.pointer("/Value/value/Placeholder").is_some()
        || value.pointer("/BinaryOp/op").is_some_and(|op| op == "LongArrow")
        || value.get("Floor").is_some()
        || value.get("Ceil").is_some()
}

fn is_truth(tree: &Json) -> bool {
    const TRUTHS: [&str; 17] = [
        "IsNull",
        "IsNotNull",
        "IsTrue",
        "IsNotTrue",
        "IsFalse",
        "IsNotFalse",
        "IsUnknown",
        "IsNotUnknown",
        "IsDistinctFrom",
        "IsNotDistinctFrom",
        "InList",
        "InSubquery",
        "Between",
        "Like",
        "ILike",
        "Exists",
        "SimilarTo",
    ];
    const OPERATORS: [&str; 8] = ["Eq", "NotEq", "Lt", "LtEq", "Gt", "GtEq", "And", "Or"];
    let tree = inner(tree);
    let operator = tree.pointer("/BinaryOp/op").and_then(Json::as_str).unwrap_or_default();
    TRUTHS.iter().any(|truth| tree.get(truth).is_some())
        || OPERATORS.contains(&operator)
        || tree.pointer("/Value/value/Boolean").is_some()
        || tree.pointer("/UnaryOp/op").is_some_and(|op| op == "Not")
}

fn name_of(call: &Map<String, Json>) -> String {
    let name = call.get("name").and_then(Json::as_array).and_then(|parts| parts.last());
    let name = name.and_then(|name| name.pointer("/Identifier/value")).and_then(Json::as_str);
    name.unwrap_or_default().to_ascii_lowercase()
}

fn arguments_of(call: &Map<String, Json>) -> Vec<&Json> {
    let list = call.get("args").and_then(|arguments| arguments.pointer("/List/args")).and_then(Json::as_array);
    list.into_iter().flatten().filter_map(|argument| argument.pointer("/Unnamed/Expr")).collect()
}
