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
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, ObjectNamePart, Statement,
    TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use std::collections::HashMap;
use std::ops::ControlFlow;
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
    let mut statement = statement.clone();
    let mut pass = Pass { changed: false, added: 0 };
    match VisitMut::visit(&mut statement, &mut pass) {
        ControlFlow::Break(refusal) => Err(refusal),
        ControlFlow::Continue(()) => Ok(pass.changed.then_some(statement)),
    }
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

/// From the inside to the outside.
impl VisitorMut for Pass {
    type Break = Refusal;

    fn post_visit_expr(&mut self, node: &mut Expr) -> ControlFlow<Refusal> {
        as_flow(self.expression(node))
    }

    fn post_visit_table_factor(&mut self, node: &mut TableFactor) -> ControlFlow<Refusal> {
        as_flow(match node {
            TableFactor::Table { name, args: Some(arguments), .. } => self.call(name, &mut arguments.args),
            TableFactor::Function { name, args, .. } => self.call(name, args),
            _ => Ok(()),
        })
    }
}

fn as_flow(result: Result<(), Refusal>) -> ControlFlow<Refusal> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(refusal) => ControlFlow::Break(refusal),
    }
}

impl Pass {
    fn expression(&mut self, node: &mut Expr) -> Result<(), Refusal> {
        match node {
            Expr::Function(function) => match &mut function.args {
                FunctionArguments::List(list) => self.call(&function.name, &mut list.args),
                FunctionArguments::None | FunctionArguments::Subquery(_) => Ok(()),
            },
            // `trim(x, y)` and `trim(y from x)` have the characters in different places.
            Expr::Trim { expr, trim_what: Some(characters), .. } => {
                self.bound("trim", Rule::Texts, Some(expr), characters)
            }
            Expr::Trim { expr, trim_characters: Some(list), .. } => match list.first_mut() {
                Some(characters) => self.bound("trim", Rule::Texts, Some(expr), characters),
                None => Ok(()),
            },
            Expr::Position { expr, r#in } => self.bound("position", Rule::Texts, Some(r#in), expr),
            Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
                self.bound("like", Rule::Texts, Some(expr), pattern)
            }
            Expr::IsNormalized { expr, .. } => self.bound("is normalized", Rule::Marks, None, expr),
            Expr::BinaryOp { left, op, right } if is_like(op) => {
                self.bound("like", Rule::Texts, Some(left), right)
            }
            Expr::BinaryOp { left, op, right }
            | Expr::AnyOp { left, compare_op: op, right, .. }
            | Expr::AllOp { left, compare_op: op, right }
                if is_like(op) || compares_parts(op) =>
            {
                self.bound("the operator", Rule::Operands, Some(left), right)
            }
            _ => Ok(()),
        }
    }

    fn call(&mut self, name: &ObjectName, arguments: &mut [FunctionArg]) -> Result<(), Refusal> {
        let Some((name, rule)) = name_of(name).and_then(|name| rules().get_key_value(name.as_str())) else {
            return Ok(());
        };
        let mut values = arguments.iter_mut().filter_map(value_of);
        match (*rule, values.next(), values.next()) {
            (Rule::Query, _, Some(text)) | (Rule::Query | Rule::Marks, Some(text), _) => {
                self.bound(name, *rule, None, text)
            }
            (_, Some(first), Some(second)) => self.bound(name, *rule, Some(first), second),
            _ => Ok(()),
        }
    }

    /// Puts a bound on `bounded`, beside what it is compared with, if it is compared.
    fn bound(&mut self, name: &str, rule: Rule, beside: Option<&Expr>, bounded: &mut Expr) -> Result<(), Refusal> {
        let (product, most) = match (rule, beside) {
            (Rule::Marks, _) => (or_repeated(bounded, text_size(bounded))?, MARKED_BYTES),
            (Rule::Query, _) => (or_repeated(bounded, text_size(bounded))?, QUERY_BYTES),
            (Rule::Length, _) => (count(bounded)?, VALUE_BYTES),
            (_, None) => return Ok(()),
            (Rule::Texts, Some(beside)) => match (text_size(bounded), text_size(beside)) {
                (Size::Known(bytes), _) if bytes <= FREE_BYTES => return Ok(()),
                (part, whole) => (product(&or_repeated(bounded, part)?, &or_repeated(beside, whole)?), TEXT_PAIRS),
            },
            (Rule::Operands, Some(beside)) if is_column(beside) || is_column(bounded) => return Ok(()),
            (Rule::Values | Rule::Operands, Some(beside)) if is_value(beside) || is_value(bounded) => {
                return Ok(());
            }
            (Rule::Values | Rule::Operands, Some(beside)) => {
                (product(&value_size(beside)?, &value_size(bounded)?), VALUE_PAIRS)
            }
            (Rule::Repeats, Some(beside)) => {
                (product(&or_repeated(beside, text_size(beside))?, &count(bounded)?), VALUE_BYTES)
            }
        };
        match product {
            Size::Known(pairs) if pairs <= most => Ok(()),
            Size::Asked(product) => self.replace(name, bounded, &product, most),
            _ => Err(too_large(name)),
        }
    }

    fn replace(&mut self, name: &str, bounded: &mut Expr, product: &str, most: u64) -> Result<(), Refusal> {
        // The cast fails, and says why. It is never computed beforehand: it depends on what it
        // says.
        let guard = format!(
            "CASE WHEN {product} > {most} AND \
             CAST('{name}: the arguments are too large together: ' || CAST({product} AS TEXT) AS BOOLEAN) \
             THEN NULL ELSE {bounded} END"
        );
        self.added += guard.len();
        if self.added > LONGEST {
            return Err(Refusal::new(RefusalCode::TooLarge, "the statement is too long"));
        }
        let guard = grammar::expression(Engine::Postgres, &guard)?;
        *bounded = Expr::Nested(Box::new(guard));
        self.changed = true;
        Ok(())
    }
}

fn is_like(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::PGLikeMatch | Op::PGILikeMatch | Op::PGNotLikeMatch | Op::PGNotILikeMatch)
}

/// Whether an operator compares each part of one side with each of the other.
fn compares_parts(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::PGOverlap | Op::AtArrow | Op::ArrowAt | Op::LtDashGt | Op::Custom(_) | Op::DoubleHash)
}

fn name_of(name: &ObjectName) -> Option<String> {
    let ObjectNamePart::Identifier(last) = name.0.last()? else { return None };
    Some(last.value.to_ascii_lowercase())
}

/// The value of an argument, with a name or without.
fn value_of(argument: &mut FunctionArg) -> Option<&mut Expr> {
    let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) =
        argument;
    match arg {
        FunctionArgExpr::Expr(value) => Some(value),
        _ => None,
    }
}

/// What stands in parentheses.
fn inner(tree: &Expr) -> &Expr {
    match tree {
        Expr::Nested(tree) => inner(tree),
        tree => tree,
    }
}

fn is_placeholder(tree: &Expr) -> bool {
    matches!(inner(tree), Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
}

fn is_column(tree: &Expr) -> bool {
    matches!(inner(tree), Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// A value whose type only the other side tells.
fn is_value(tree: &Expr) -> bool {
    matches!(inner(tree), Expr::Value(_))
}

/// How large a text is, where that costs little to find out.
fn text_size(tree: &Expr) -> Size {
    match inner(tree) {
        tree if is_placeholder(tree) => Size::Asked(format!("octet_length(CAST({tree} AS TEXT))")),
        Expr::Value(value) => match value.value.clone().into_string() {
            Some(text) => Size::Known(u64::try_from(text.len()).unwrap_or(u64::MAX)),
            None => Size::Unknown,
        },
        tree if is_column(tree) => Size::Asked(format!("octet_length({tree})")),
        tree @ Expr::Cast { expr, .. } if is_column(expr) || is_placeholder(expr) => {
            Size::Asked(format!("octet_length({tree})"))
        }
        _ => Size::Unknown,
    }
}

/// Where the size is not known, the expression is computed once more to find out.
fn or_repeated(tree: &Expr, size: Size) -> Result<Size, Refusal> {
    match size {
        Size::Unknown => Ok(Size::Asked(format!("octet_length({})", repeatable(tree)?))),
        size => Ok(size),
    }
}

fn value_size(tree: &Expr) -> Result<Size, Refusal> {
    Ok(Size::Asked(format!("pg_column_size({})", repeatable(tree)?)))
}

/// A number of times.
fn count(tree: &Expr) -> Result<Size, Refusal> {
    let number = match inner(tree) {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    match number {
        Some(number) => Ok(Size::Known(number)),
        None => Ok(Size::Asked(format!("CAST({} AS BIGINT)", repeatable(tree)?))),
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
fn repeatable(tree: &Expr) -> Result<String, Refusal> {
    let text = tree.to_string();
    if text.len() > LONGEST_REPEATED || changes(tree) {
        return Err(Refusal::denied(
            "an argument whose size has to be looked at is too long or differs each time: \
             name it in a subquery, as in select f(v.x) from (select ... as x) v",
        ));
    }
    Ok(text)
}

/// Whether something in an expression gives another value each time.
fn changes(tree: &Expr) -> bool {
    tree.visit(&mut Changing).is_break()
}

/// Stops at what gives another value each time.
struct Changing;

impl Changing {
    fn name(name: &ObjectName) -> ControlFlow<()> {
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
        match name_of(name) {
            Some(name) if CHANGING.contains(&name.as_str()) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Visitor for Changing {
    type Break = ();

    fn pre_visit_expr(&mut self, node: &Expr) -> ControlFlow<()> {
        match node {
            Expr::Function(function) => Self::name(&function.name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, node: &TableFactor) -> ControlFlow<()> {
        match node {
            TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => Self::name(name),
            TableFactor::UNNEST { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn too_large(name: &str) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, format!("{name}: the arguments are too large together"))
}
