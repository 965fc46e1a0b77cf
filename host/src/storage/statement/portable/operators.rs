//! Operators, sorted by how tightly the engines bind them.
//!
//! Postgres (its documentation, "Operator Precedence"), from tight to loose: signs; `* / %`; `+ -`;
//! all others from left to right, `~` in front of a value among them; comparisons.
//! SQLite (its documentation, "Operators"): `~` and signs; `|| -> ->>`; `* / %`; `+ -`;
//! `& | << >>`; comparisons.

/// What an operator between or before values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `+ - * / %`
    Arithmetic,
    /// `||`
    Concatenation,
    /// `-> ->>`
    Part,
    /// `& | << >>`
    Bits,
    /// `~`
    Not,
    /// `= < > <= >= <> != ==`
    Comparison,
}

const OPERATORS: [(&str, Operator); 22] = [
    ("->>", Operator::Part),
    ("->", Operator::Part),
    ("||", Operator::Concatenation),
    ("<<", Operator::Bits),
    (">>", Operator::Bits),
    ("<=", Operator::Comparison),
    (">=", Operator::Comparison),
    ("<>", Operator::Comparison),
    ("!=", Operator::Comparison),
    ("==", Operator::Comparison),
    ("=", Operator::Comparison),
    ("<", Operator::Comparison),
    (">", Operator::Comparison),
    ("+", Operator::Arithmetic),
    ("-", Operator::Arithmetic),
    ("*", Operator::Arithmetic),
    ("/", Operator::Arithmetic),
    ("%", Operator::Arithmetic),
    ("&", Operator::Bits),
    ("|", Operator::Bits),
    ("~", Operator::Not),
    ("!", Operator::Comparison),
];

/// The operator at the beginning of a text, and its bytes.
pub(super) fn at_start(text: &str) -> Option<(Operator, usize)> {
    OPERATORS.iter().find(|(name, _)| text.starts_with(name)).map(|(name, operator)| (*operator, name.len()))
}
