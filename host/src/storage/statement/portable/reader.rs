//! Reads a statement for SQLite from left to right: which tokens are values, where a pattern of
//! LIKE ends, and where an item of ORDER BY does.

use super::edits::Edits;
use super::operators::{self, Operator};
use super::run::Run;
use super::tokens::Placed;
use crate::storage::statement::lexer::Token;
use crate::storage::statement::rules;

/// Words behind which a value may begin, besides those of [`rules::is_never_a_value`].
const NO_VALUES: [&str; 18] = [
    "asc",
    "collate",
    "cross",
    "desc",
    "for",
    "full",
    "group",
    "having",
    "inner",
    "limit",
    "natural",
    "nulls",
    "offset",
    "order",
    "outer",
    "returning",
    "window",
    "with",
];

/// Words that end the items of ORDER BY.
const ENDS_ORDER: [&str; 13] = [
    "except",
    "fetch",
    "for",
    "groups",
    "intersect",
    "limit",
    "offset",
    "on",
    "range",
    "returning",
    "rows",
    "union",
    "window",
];

/// What is open: the statement, a bracket or CASE.
#[derive(Debug, Default)]
struct Frame {
    is_case: bool,
    /// The last token ended a value.
    after_value: bool,
    /// The next token belongs to the value before it: `a.b`.
    continues: bool,
    run: Run,
    /// The run is the pattern of a LIKE.
    is_pattern: bool,
    /// NOT follows a value, so LIKE may follow it.
    is_negated: bool,
    /// An item of ORDER BY is being read.
    order: Option<Item>,
}

/// An item of ORDER BY.
#[derive(Debug, Default)]
struct Item {
    has_begun: bool,
    descends: bool,
    says_nulls: bool,
}

/// The whole pass.
pub(super) struct Reader<'a> {
    sql: &'a str,
    tokens: Vec<Placed<'a>>,
    at: usize,
    frame: Frame,
    around: Vec<Frame>,
    edits: Edits,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sql: &'a str, tokens: Vec<Placed<'a>>) -> Self {
        let (frame, around, edits) = (Frame::default(), Vec::new(), Edits::default());
        Self { sql, tokens, at: 0, frame, around, edits }
    }

    /// What is to be put in.
    pub(super) fn read(mut self) -> Edits {
        while let Some(placed) = self.tokens.get(self.at).copied() {
            self.at += 1;
            self.take(placed);
        }
        self.end_item(self.sql.len());
        self.edits
    }

    fn take(&mut self, placed: Placed<'a>) {
        if let Some(item) = &mut self.frame.order {
            item.has_begun |= !matches!(placed.token, Token::Symbol(b',' | b')' | b';'));
        }
        if let Token::Word(word) = placed.token {
            self.spell(placed, word);
        }
        if std::mem::take(&mut self.frame.continues) {
            return self.take_value(placed);
        }
        match placed.token {
            Token::Symbol(b'(' | b'[') => self.open(placed, false),
            Token::Symbol(b')' | b']') => self.close(placed),
            Token::Symbol(b',') => self.next_item(placed.start),
            Token::Symbol(b';') => self.end_item(placed.start),
            Token::Symbol(b'.' | b':') => {
                self.take_value(placed);
                self.frame.continues = true;
            }
            Token::Symbol(_) => self.operator(placed),
            Token::Word(word) if self.frame.after_value => self.word_behind_value(placed, word),
            Token::Word(word) => self.word(placed, word),
            // A name in quotes behind a value is an alias.
            Token::Quoted(_) if self.frame.after_value => self.end_value(),
            Token::Quoted(_) | Token::Text | Token::Number | Token::Parameter(_) => self.take_value(placed),
        }
    }

    /// Names without quotes are in small letters.
    fn spell(&mut self, placed: Placed<'a>, word: &str) {
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.edits.replace(placed.start..placed.end, &word.to_ascii_lowercase());
        }
    }

    fn take_value(&mut self, placed: Placed<'a>) {
        self.frame.run.take_value(placed.start..placed.end);
        self.frame.after_value = true;
    }

    /// A bracket, or CASE, is part of a value.
    fn open(&mut self, placed: Placed<'a>, is_case: bool) {
        self.take_value(placed);
        let outer = std::mem::replace(&mut self.frame, Frame { is_case, ..Frame::default() });
        self.around.push(outer);
    }

    fn close(&mut self, placed: Placed<'a>) {
        // END is missing where CASE is still open: the engine will say so.
        while self.frame.is_case && !self.around.is_empty() {
            self.leave(placed.start);
        }
        self.leave(placed.start);
        self.take_value(placed);
    }

    fn leave(&mut self, until: usize) {
        self.end_item(until);
        self.frame = self.around.pop().unwrap_or_default();
    }

    fn operator(&mut self, placed: Placed<'a>) {
        let rest = self.sql.get(placed.start..).unwrap_or_default();
        let Some((operator, length)) = operators::at_start(rest) else { return self.end_value() };
        let end = placed.start + length;
        while self.tokens.get(self.at).is_some_and(|next| next.start < end) {
            self.at += 1;
        }
        match operator {
            // `a like b < c` is `a like (b < c)` to SQLite.
            Operator::Comparison => self.end_run(rest.starts_with(['<', '>']) && !rest.starts_with("<>")),
            _ if !self.frame.after_value => {
                // `count(*)` and `select *`.
                let is_wildcard = rest.starts_with('*');
                self.frame.run.take_prefix(operator, placed.start..end);
                self.frame.after_value = is_wildcard;
            }
            Operator::Not => self.end_value(),
            _ => {
                self.frame.run.take_operator(operator);
                self.frame.after_value = false;
            }
        }
    }

    /// A word where a value may begin.
    fn word(&mut self, placed: Placed<'a>, word: &str) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("case") {
            return self.open(placed, true);
        }
        if is("end") && self.frame.is_case {
            self.leave(placed.start);
            return self.take_value(placed);
        }
        if is("by") && self.behind().is_some_and(|before| before.is("order")) {
            self.frame.order = Some(Item::default());
            return;
        }
        if is("like") && std::mem::take(&mut self.frame.is_negated) {
            self.frame.is_pattern = true;
            return;
        }
        let is_keyword = rules::is_never_a_value(word) || NO_VALUES.iter().any(|other| is(other));
        if !is_keyword && !self.is_keyword_here(word) {
            self.take_value(placed);
        }
    }

    /// Words that are keywords in one place and names in all others.
    fn is_keyword_here(&self, word: &str) -> bool {
        let is_behind =
            |words: &[&str]| self.behind().is_some_and(|before| words.iter().any(|word| before.is(word)));
        match word.to_ascii_lowercase().as_str() {
            "partition" => self.tokens.get(self.at).is_some_and(|next| next.is("by")),
            "recursive" => is_behind(&["with"]),
            "materialized" => is_behind(&["as", "not"]),
            _ => false,
        }
    }

    /// A word behind a value: it goes on with it, or ends it.
    fn word_behind_value(&mut self, placed: Placed<'a>, word: &str) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("end") && self.frame.is_case {
            self.leave(placed.start);
            return self.take_value(placed);
        }
        if is("collate") || is("over") {
            self.take_value(placed);
            let named = |next: &&Placed<'a>| matches!(next.token, Token::Word(_) | Token::Quoted(_));
            self.frame.continues = self.tokens.get(self.at).filter(named).is_some();
            return;
        }
        if is("filter") {
            return self.take_value(placed);
        }
        if is("escape") {
            return self.escape(placed);
        }
        self.end_run(false);
        if is("isnull") || is("notnull") {
            self.frame.after_value = true;
            return;
        }
        self.frame.is_negated = is("not");
        self.frame.is_pattern = is("like");
        if let Some(item) = &mut self.frame.order {
            item.descends |= is("desc");
            item.says_nulls |= is("nulls");
            // A word that ends the items may follow.
            self.frame.after_value = ["asc", "desc", "nulls", "first", "last"].iter().any(|other| is(other));
            if ENDS_ORDER.iter().any(|end| is(end)) {
                self.end_item(placed.start);
            }
        }
    }

    /// LIKE with a letter of its own. None at all is written `escape ''`, which SQLite does not
    /// know: there it is what LIKE does by itself.
    fn escape(&mut self, placed: Placed<'a>) {
        self.frame.is_pattern = false;
        self.end_run(false);
        let letter = self.tokens.get(self.at).filter(|next| next.token == Token::Text).copied();
        let is_empty = |letter: &Placed<'a>| self.sql.get(letter.start..letter.end) == Some("''");
        if let Some(letter) = letter.filter(is_empty) {
            self.edits.replace(placed.start..letter.end, "");
            self.at += 1;
        }
    }

    /// The token before the one that is being taken.
    fn behind(&self) -> Option<&Placed<'a>> {
        self.tokens.get(self.at.checked_sub(2)?)
    }

    fn end_value(&mut self) {
        self.end_run(false);
    }

    fn end_run(&mut self, is_compared: bool) {
        self.frame.after_value = false;
        let run = std::mem::take(&mut self.frame.run);
        let is_pattern = std::mem::take(&mut self.frame.is_pattern) && !is_compared;
        run.put_brackets(&mut self.edits);
        let Some(end) = run.end().filter(|_| is_pattern) else { return };
        let is_plain = |text: &&Placed<'a>| {
            let source = self.sql.get(text.start..text.end).unwrap_or_default();
            text.token == Token::Text && !source.contains('\\')
        };
        let mut tokens = self.tokens.get(..self.at).unwrap_or_default().iter().rev();
        let pattern = tokens.find(|token| token.end == end).filter(|_| run.is_one_token());
        if pattern.filter(is_plain).is_none() {
            self.edits.insert(end, " escape '\\'");
        }
    }

    fn next_item(&mut self, until: usize) {
        let again = self.frame.order.is_some();
        self.end_item(until);
        self.frame.order = again.then(Item::default);
    }

    /// Ends what comes before the place `until`.
    fn end_item(&mut self, until: usize) {
        self.end_run(false);
        let Some(item) = self.frame.order.take().filter(|item| item.has_begun && !item.says_nulls) else { return };
        let mut tokens = self.tokens.get(..self.at).unwrap_or_default().iter().rev();
        let words = if item.descends { " nulls first" } else { " nulls last" };
        if let Some(last) = tokens.find(|token| token.end <= until) {
            self.edits.insert(last.end, words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::for_sqlite;

    /// Each statement as it is written, and as SQLite runs it.
    fn assert_all(texts: &[(&str, &str)]) {
        for (sql, wanted) in texts {
            assert_eq!(for_sqlite(sql).unwrap().as_deref().unwrap_or(sql), *wanted, "{sql}");
        }
    }

    #[test]
    fn a_backslash_is_an_escape_in_like() {
        assert_all(&[
            ("select a from t where b like $1 and c", "select a from t where b like $1 escape '\\' and c"),
            ("select a not like b||'%'||c", "select a not like b||'%'||c escape '\\'"),
            ("select case when a like b then 1 end", "select case when a like b escape '\\' then 1 end"),
            ("select (a like lower(b)), 1", "select (a like lower(b) escape '\\'), 1"),
            ("select a like 'x\\_%' c from t", "select a like 'x\\_%' escape '\\' c from t"),
            ("select a like b collate nocase or c", "select a like b collate nocase escape '\\' or c"),
            ("select a like b.c -- d\n", "select a like b.c escape '\\' -- d\n"),
            ("select a like (select max(b) from t) = c", "select a like (select max(b) from t) escape '\\' = c"),
            ("select a like b escape '' from t", "select a like b  from t"),
            ("select a LIKE b ESCAPE '' FROM t", "select a like b  from t"),
        ]);
        assert_all(&[
            ("select a like 'x%' from t", "select a like 'x%' from t"),
            ("select a like b escape '!'", "select a like b escape '!'"),
            ("select like('a', b), a.like from t", "select like('a', b), a.like from t"),
        ]);
    }

    #[test]
    fn nulls_come_last_as_on_postgres() {
        assert_all(&[
            ("select a from t order by a", "select a from t order by a nulls last"),
            (
                "select a from t order by a desc, b + 1 asc, c nulls first limit 3",
                "select a from t order by a desc nulls first, b + 1 asc nulls last, c nulls first limit 3",
            ),
            (
                "select rank() over (partition by a order by b desc rows 1 preceding) from t order by 1;",
                "select rank() over (partition by a order by b desc nulls first rows 1 preceding) from t order by 1 nulls last;",
            ),
            (
                "select (select a from u order by case when b then 1 else 2 end limit 1) from t",
                "select (select a from u order by case when b then 1 else 2 end nulls last limit 1) from t",
            ),
            (
                "select string_agg(a, ',' order by coalesce(a, b)) from t x order by lower(a), x.b -- c",
                "select string_agg(a, ',' order by coalesce(a, b) nulls last) from t x order by lower(a) nulls last, x.b nulls last -- c",
            ),
            (
                "select a from t union select b from u order by a collate nocase offset 2",
                "select a from t union select b from u order by a collate nocase nulls last offset 2",
            ),
            (
                "select \"order by a\", 'order by a' from \"order\"",
                "select \"order by a\", 'order by a' from \"order\"",
            ),
            (
                "insert into u (a) select a from t where true order by a on conflict (a) do update set b = 1, c = 2",
                "insert into u (a) select a from t where true order by a nulls last on conflict (a) do update set b = 1, c = 2",
            ),
            ("select a from t order by a isnull limit 1", "select a from t order by a isnull nulls last limit 1"),
            (
                "select a from t order by a notnull desc, b",
                "select a from t order by a notnull desc nulls first, b nulls last",
            ),
            ("create index i on t (a desc)", "create index i on t (a desc)"),
        ]);
    }

    #[test]
    fn keywords_may_be_names_elsewhere() {
        assert_all(&[
            (
                "select a from t order by partition desc limit 3",
                "select a from t order by partition desc nulls first limit 3",
            ),
            ("select a from t where view like $1", "select a from t where view like $1 escape '\\'"),
            ("select 'x' || recursive + 1, over + 1 || 'x'", "select 'x' || (recursive + 1), (over + 1) || 'x'"),
            (
                "with recursive c(x) as not materialized (select 1) select x from c order by materialized",
                "with recursive c(x) as not materialized (select 1) select x from c order by materialized nulls last",
            ),
        ]);
        assert_all(&[(
            "create view v as select rank() over (partition by a) from t",
            "create view v as select rank() over (partition by a) from t",
        )]);
    }

    #[test]
    fn operators_bind_as_on_postgres() {
        assert_all(&[
            ("select 'n: ' || a + b", "select 'n: ' || (a + b)"),
            ("select a * b || c - -d", "select (a * b) || (c - -d)"),
            ("select f(a + b || c) + d", "select f((a + b) || c) + d"),
            ("select a & b || c & d", "select (a & b) || c & d"),
            ("select ~ a + b, ~a & b, 2 * ~ b - 1", "select ~( a + b), ~a & b, 2 * ~( b - 1)"),
            ("select sum(a) over w + 1 || 'x' from t", "select (sum(a) over w + 1) || 'x' from t"),
            (
                "select count(*) filter (where a) + 1 || 'x', a.b + 1 || x'00'",
                "select (count(*) filter (where a) + 1) || 'x', (a.b + 1) || x'00'",
            ),
            (
                "select case when a + 1 || b then c end + 1 || d",
                "select (case when (a + 1) || b then c end + 1) || d",
            ),
        ]);
        assert_all(&[
            ("select a || b || c -> 'd' ->> 'e'", "select a || b || c -> 'd' ->> 'e'"),
            // An error on Postgres, so what SQLite means by it stays.
            ("select a ->> 'n' + 1, b + a -> 'n'", "select a ->> 'n' + 1, b + a -> 'n'"),
            ("select -a || b, a + b = c || d, a -> 'b' = c", "select -a || b, a + b = c || d, a -> 'b' = c"),
            ("select a + b from t where c || d > e * 2", "select a + b from t where c || d > e * 2"),
        ]);
    }

    #[test]
    fn names_without_quotes_are_small() {
        assert_all(&[
            ("select 1 as Total, \"Total\" Sum", "select 1 as total, \"Total\" sum"),
            ("create table T (Id integer, Größe X)", "create table t (id integer, größe x)"),
            ("select X'AB', 'A' || A.B + 1", "select x'AB', 'A' || (a.b + 1)"),
        ]);
    }
}
