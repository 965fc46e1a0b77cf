//! What one call may cost: bounds on arguments of functions that Postgres cannot interrupt.
//!
//! Some functions compare each part of one argument with each of another and look for no interrupt
//! meanwhile, so neither a timeout nor a cancel ends them. Which ones, is in
//! `allowed/costs_postgres.txt`. In a call of theirs an argument is replaced by a CASE that fails
//! where the arguments are too large together. A call whose sizes stand in the text is judged here.
//! What an index may serve, a bare column beside a value, stays as it is.
//!
//! This bounds a single call. Many of them in one expression still add up: then the place of the
//! connection is held until the server process is free (`postgres/retire.rs`).

use super::allowed::Lists;
use super::{Engine, Refusal, RefusalCode, grammar};
use serde_json::{Map, Value as Json, json};
use sqlparser::ast::{Expr, Statement};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Pairs of bytes of two texts that a call may compare: one to fifteen nanoseconds each.
const TEXT_PAIRS: u64 = 200_000_000;
/// The same of other values, whose parts have several bytes.
const VALUE_PAIRS: u64 = 1_000_000_000;
/// Bytes of the values that functions make by a number.
const VALUE_BYTES: u64 = 16 << 20;
/// Bytes of a text whose marks are put in order.
const MARKED_BYTES: u64 = 30_000;
/// Bytes of a text that becomes a text search query, word by word.
const QUERY_BYTES: u64 = 20_000;
/// Bytes of a literal that costs little whatever it is compared with.
const FREE_BYTES: u64 = TEXT_PAIRS / VALUE_BYTES;
/// Bytes of an argument's text that may be repeated.
const LONGEST_REPEATED: usize = 2_000;
/// Of the whole statement, with what was added.
const LONGEST: usize = 1 << 20;

/// What of a call is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The product of the first two arguments, as texts.
    Texts,
    /// The same of values of any type.
    Values,
    /// The same on both sides of an operator, unless one is a column, which may have an index.
    Operands,
    /// The first argument alone.
    Marks,
    /// The last argument alone, which becomes a text search query.
    Query,
    /// What the first argument gives, as often as the second says.
    Repeats,
    /// What the second argument says.
    Length,
}

/// How large a part of a statement is.
enum Size {
    Known(u64),
    /// An expression that says it.
    Asked(String),
    Unknown,
}

/// A statement of Postgres with bounds put in; none where it needs none. `text` is how it is
/// printed.
pub(super) fn bounded(statement: &Statement, text: &str) -> Result<Option<Statement>, Refusal> {
    let defines = matches!(
        statement,
        Statement::CreateTable(_) | Statement::CreateIndex(_) | Statement::AlterTable(_) | Statement::Drop { .. }
    );
    if defines || !may_need_bounds(text) {
        return Ok(None);
    }
    let mut tree = serde_json::to_value(statement as &dyn erased_serde::Serialize).map_err(|_| misread())?;
    let mut pass = Pass { changed: false, added: 0 };
    pass.visit(&mut tree)?;
    if !pass.changed {
        return Ok(None);
    }
    serde_json::from_value(tree).map(Some).map_err(|_| misread())
}

/// A quick look that spares most statements the slow one.
fn may_need_bounds(text: &str) -> bool {
    const SIGNS: [&str; 12] =
        ["&&", "@>", "<@", "<->", "~", "?#", "like", "position", "trim", "normalize", "##", "?"];
    let text = text.to_ascii_lowercase();
    SIGNS.iter().any(|sign| text.contains(sign)) || rules().keys().any(|name| text.contains(name))
}

fn rules() -> &'static HashMap<&'static str, Rule> {
    static RULES: OnceLock<HashMap<&'static str, Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let entry = |line: &'static str| {
            let (name, rule) = line.split_once(' ').unwrap_or((line, "values"));
            let rule = match rule {
                "texts" => Rule::Texts,
                "marks" => Rule::Marks,
                "query" => Rule::Query,
                "repeats" => Rule::Repeats,
                "length" => Rule::Length,
                _ => Rule::Values,
            };
            (name, rule)
        };
        Lists::lines_of(include_str!("allowed/costs_postgres.txt")).map(entry).collect()
    })
}

struct Pass {
    changed: bool,
    /// Bytes that were added.
    added: usize,
}

impl Pass {
    /// From the inside to the outside.
    fn visit(&mut self, tree: &mut Json) -> Result<(), Refusal> {
        match tree {
            Json::Array(items) => items.iter_mut().try_for_each(|item| self.visit(item)),
            Json::Object(fields) => {
                fields.values_mut().try_for_each(|field| self.visit(field))?;
                fields.iter_mut().try_for_each(|(variant, fields)| match fields {
                    Json::Object(fields) => self.node(variant, fields),
                    _ => Ok(()),
                })
            }
            _ => Ok(()),
        }
    }

    fn node(&mut self, variant: &str, fields: &mut Map<String, Json>) -> Result<(), Refusal> {
        match variant {
            "Function" | "Table" => self.call(fields),
            "Trim" => {
                let characters = if fields.get("trim_what").is_some_and(|what| !what.is_null()) {
                    fields.get_mut("trim_what").map(Json::take)
                } else {
                    fields.get_mut("trim_characters").and_then(|list| list.get_mut(0)).map(Json::take)
                };
                let Some(mut characters) = characters else { return Ok(()) };
                if let Some(text) = fields.get("expr") {
                    self.bound("trim", Rule::Texts, text, &mut characters)?;
                }
                put_characters(fields, characters);
                Ok(())
            }
            "Position" => self.pair("position", Rule::Texts, fields, "in", "expr"),
            "Like" | "ILike" => self.pair("like", Rule::Texts, fields, "expr", "pattern"),
            "IsNormalized" => match fields.get_mut("expr") {
                Some(text) => self.bound("is normalized", Rule::Marks, &Json::Null, text),
                None => Ok(()),
            },
            "BinaryOp" | "AnyOp" | "AllOp" => self.operator(fields),
            _ => Ok(()),
        }
    }

    fn pair(
        &mut self,
        name: &str,
        rule: Rule,
        fields: &mut Map<String, Json>,
        whole: &str,
        part: &str,
    ) -> Result<(), Refusal> {
        let Some(mut bounded) = fields.get_mut(part).map(Json::take) else { return Ok(()) };
        let done = self.bound(name, rule, fields.get(whole).unwrap_or(&Json::Null), &mut bounded);
        fields.insert(part.to_owned(), bounded);
        done
    }

    fn operator(&mut self, fields: &mut Map<String, Json>) -> Result<(), Refusal> {
        let is_any = fields.contains_key("compare_op");
        let op = fields.get(if is_any { "compare_op" } else { "op" });
        let name = op.and_then(|op| op.as_str().or_else(|| op.as_object()?.keys().next().map(String::as_str)));
        match name.unwrap_or_default() {
            "PGLikeMatch" | "PGILikeMatch" | "PGNotLikeMatch" | "PGNotILikeMatch" if !is_any => {
                self.pair("like", Rule::Texts, fields, "left", "right")
            }
            "PGLikeMatch" | "PGILikeMatch" | "PGNotLikeMatch" | "PGNotILikeMatch" | "PGOverlap" | "AtArrow"
            | "ArrowAt" | "LtDashGt" | "Custom" | "DoubleHash" => {
                self.pair("the operator", Rule::Operands, fields, "left", "right")
            }
            _ => Ok(()),
        }
    }

    fn call(&mut self, fields: &mut Map<String, Json>) -> Result<(), Refusal> {
        let Some(name) = name_of(fields) else { return Ok(()) };
        let Some((name, rule)) = rules().get_key_value(name.as_str()).map(|(name, rule)| (*name, *rule)) else {
            return Ok(());
        };
        let Some(arguments) = arguments_of(fields) else { return Ok(()) };
        let mut values = arguments.iter_mut().filter_map(value_of);
        let (first, second) = (values.next(), values.next());
        match (rule, first, second) {
            (Rule::Query, _, Some(text)) | (Rule::Query | Rule::Marks, Some(text), _) => {
                self.bound(name, rule, &Json::Null, text)
            }
            (_, Some(first), Some(second)) => self.bound(name, rule, first, second),
            _ => Ok(()),
        }
    }

    /// Puts a bound on `bounded`, beside what it is compared with.
    fn bound(&mut self, name: &str, rule: Rule, beside: &Json, bounded: &mut Json) -> Result<(), Refusal> {
        let (product, most) = match rule {
            Rule::Texts => match (text_size(bounded)?, text_size(beside)?) {
                (Size::Known(bytes), _) if bytes <= FREE_BYTES => return Ok(()),
                (part, whole) => (product(&or_repeated(bounded, part)?, &or_repeated(beside, whole)?), TEXT_PAIRS),
            },
            Rule::Operands if is_column(beside) || is_column(bounded) => return Ok(()),
            Rule::Values | Rule::Operands if is_value(beside) || is_value(bounded) => return Ok(()),
            Rule::Values | Rule::Operands => (product(&value_size(beside)?, &value_size(bounded)?), VALUE_PAIRS),
            Rule::Marks => (or_repeated(bounded, text_size(bounded)?)?, MARKED_BYTES),
            Rule::Query => (or_repeated(bounded, text_size(bounded)?)?, QUERY_BYTES),
            Rule::Repeats => (product(&or_repeated(beside, text_size(beside)?)?, &count(bounded)?), VALUE_BYTES),
            Rule::Length => (count(bounded)?, VALUE_BYTES),
        };
        match product {
            Size::Known(pairs) if pairs <= most => Ok(()),
            Size::Asked(product) => self.replace(name, bounded, &product, most),
            _ => Err(too_large(name)),
        }
    }

    fn replace(&mut self, name: &str, bounded: &mut Json, product: &str, most: u64) -> Result<(), Refusal> {
        let value = text_of(bounded)?;
        // The cast fails, and says why. It is never computed beforehand: it depends on what it
        // says.
        let guard = format!(
            "CASE WHEN {product} > {most} AND \
             CAST('{name}: the arguments are too large together: ' || CAST({product} AS TEXT) AS BOOLEAN) \
             THEN NULL ELSE {value} END"
        );
        self.added += guard.len();
        if self.added > LONGEST {
            return Err(Refusal::new(RefusalCode::TooLarge, "the statement is too long"));
        }
        let guard = grammar::expression(Engine::Postgres, &guard)?;
        *bounded = json!({ "Nested": guard });
        self.changed = true;
        Ok(())
    }
}

/// Where the characters of TRIM came from. `trim(x, y)` and `trim(y from x)` have them in different
/// places.
fn put_characters(fields: &mut Map<String, Json>, characters: Json) {
    let in_list = fields.get("trim_characters").is_some_and(Json::is_array);
    if in_list {
        fields.insert("trim_characters".to_owned(), json!([characters]));
    } else {
        fields.insert("trim_what".to_owned(), characters);
    }
}

fn name_of(fields: &Map<String, Json>) -> Option<String> {
    let name = fields.get("name")?.as_array()?.last()?.pointer("/Identifier/value")?.as_str()?;
    Some(name.to_ascii_lowercase())
}

fn arguments_of(fields: &mut Map<String, Json>) -> Option<&mut Vec<Json>> {
    let arguments = fields.get_mut("args")?;
    let place = ["/List/args", "/args", ""].into_iter().find(|place| arguments.pointer(place).is_some())?;
    arguments.pointer_mut(place)?.as_array_mut()
}

/// The value of an argument, with a name or without.
fn value_of(argument: &mut Json) -> Option<&mut Json> {
    let place =
        ["/Unnamed/Expr", "/Named/arg/Expr"].into_iter().find(|place| argument.pointer(place).is_some())?;
    argument.pointer_mut(place)
}

fn expression_of(tree: &Json) -> Result<Expr, Refusal> {
    serde_json::from_value(tree.clone()).map_err(|_| misread())
}

fn text_of(tree: &Json) -> Result<String, Refusal> {
    expression_of(tree).map(|expression| expression.to_string())
}

/// What stands in parentheses.
fn inner(tree: &Json) -> &Json {
    tree.get("Nested").map_or(tree, inner)
}

fn literal(tree: &Json) -> Option<&str> {
    let value = inner(tree).pointer("/Value/value")?.as_object()?;
    value.iter().find(|(kind, _)| *kind != "Placeholder").and_then(|(_, text)| text.as_str())
}

fn is_placeholder(tree: &Json) -> bool {
    inner(tree).pointer("/Value/value/Placeholder").is_some()
}

fn is_column(tree: &Json) -> bool {
    let tree = inner(tree);
    tree.get("Identifier").is_some() || tree.get("CompoundIdentifier").is_some()
}

/// A value whose type only the other side tells.
fn is_value(tree: &Json) -> bool {
    inner(tree).get("Value").is_some()
}

/// How large a text is, where that costs little to find out.
fn text_size(tree: &Json) -> Result<Size, Refusal> {
    let tree = inner(tree);
    if let Some(text) = literal(tree) {
        return Ok(Size::Known(u64::try_from(text.len()).unwrap_or(u64::MAX)));
    }
    if is_placeholder(tree) {
        return Ok(Size::Asked(format!("octet_length(CAST({} AS TEXT))", text_of(tree)?)));
    }
    let cast = tree.pointer("/Cast/expr").is_some_and(|cast| is_column(cast) || is_placeholder(cast));
    if is_column(tree) || cast {
        return Ok(Size::Asked(format!("octet_length({})", text_of(tree)?)));
    }
    Ok(Size::Unknown)
}

/// Where the size is not known, the expression is computed once more to find out.
fn or_repeated(tree: &Json, size: Size) -> Result<Size, Refusal> {
    match size {
        Size::Unknown => Ok(Size::Asked(format!("octet_length({})", repeatable(tree)?))),
        size => Ok(size),
    }
}

fn value_size(tree: &Json) -> Result<Size, Refusal> {
    Ok(Size::Asked(format!("pg_column_size({})", repeatable(tree)?)))
}

/// A number of times.
fn count(tree: &Json) -> Result<Size, Refusal> {
    match inner(tree).pointer("/Value/value/Number/0").and_then(Json::as_str).map(str::parse::<u64>) {
        Some(Ok(number)) => Ok(Size::Known(number)),
        _ => Ok(Size::Asked(format!("CAST({} AS BIGINT)", repeatable(tree)?))),
    }
}

fn product(one: &Size, other: &Size) -> Size {
    let text = |size: &Size| match size {
        Size::Known(number) => number.to_string(),
        Size::Asked(text) => text.clone(),
        Size::Unknown => VALUE_BYTES.to_string(),
    };
    match (one, other) {
        (Size::Known(one), Size::Known(other)) => Size::Known(one.saturating_mul(*other)),
        // In a wider type than either has.
        _ => Size::Asked(format!("(CAST({} AS NUMERIC) * {})", text(one), text(other))),
    }
}

/// The text of an expression that gives the same when it is computed again.
fn repeatable(tree: &Json) -> Result<String, Refusal> {
    let text = text_of(tree)?;
    if text.len() > LONGEST_REPEATED || changes(tree) {
        return Err(Refusal::denied(
            "an argument whose size has to be looked at is too long or differs each time: \
             name it in a subquery, as in select f(v.x) from (select ... as x) v",
        ));
    }
    Ok(text)
}

/// Whether something in an expression gives another value each time.
fn changes(tree: &Json) -> bool {
    const CHANGING: [&str; 14] = [
        "random",
        "random_normal",
        "clock_timestamp",
        "timeofday",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "nextval",
        "setval",
        "currval",
        "array_shuffle",
        "array_sample",
        "unnest",
        "generate_series",
    ];
    match tree {
        Json::Array(items) => items.iter().any(changes),
        Json::Object(fields) => {
            name_of(fields).is_some_and(|name| CHANGING.contains(&name.as_str())) || fields.values().any(changes)
        }
        _ => false,
    }
}

fn too_large(name: &str) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, format!("{name}: the arguments are too large together"))
}

fn misread() -> Refusal {
    Refusal::syntax("the statement is not understood")
}
