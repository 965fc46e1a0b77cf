//! The order of words: which verb a statement begins with, what it is about, and whether it writes.

use super::depth::Depth;
use super::lexer::Token;
use super::placeholders::Placeholders;
use super::{Engine, Kind, Refusal, Scan, rules, stand_in};

/// Longest word that is of interest.
const LONGEST_KEYWORD: usize = 16;

/// The word that a statement begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Select,
    Values,
    With,
    Change,
    Delete,
    Create,
    Alter,
    Drop,
    Truncate,
}

/// What a verb that defines something must name next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// TABLE, INDEX or VIEW.
    Object,
    /// After CREATE, an object with what may stand before it.
    NewObject,
    /// After CREATE UNIQUE.
    Index,
    /// After CREATE OR.
    Replace,
    /// After CREATE OR REPLACE.
    View,
}

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Sentence<'a> {
    engine: Engine,
    verb: Option<Verb>,
    expected: Option<Expected>,
    writes: bool,
    deletes: bool,
    /// A semicolon has been read.
    ended: bool,
    previous: Option<Token<'a>>,
    before: Option<Token<'a>>,
    placeholders: Placeholders,
    depth: Depth,
}

impl<'a> Sentence<'a> {
    /// Nothing has been read yet.
    pub(super) fn new(engine: Engine) -> Self {
        Self {
            engine,
            verb: None,
            expected: None,
            writes: false,
            deletes: false,
            ended: false,
            previous: None,
            before: None,
            placeholders: Placeholders::default(),
            depth: Depth::default(),
        }
    }

    /// Takes the next token.
    pub(super) fn take(&mut self, token: Token<'a>) -> Result<(), Refusal> {
        if self.ended {
            return Err(Refusal::denied("one statement per call: use batch for several"));
        }
        if token == Token::Symbol(b';') {
            self.ended = true;
            return Ok(());
        }
        self.check_names(token)?;
        self.depth.take(token, self.previous)?;
        match (token, self.verb) {
            (Token::Symbol(b'('), None) => {}
            (Token::Word(word), None) => self.begin(word)?,
            (_, None) => return Err(Refusal::syntax("a statement begins with a word")),
            (_, Some(_)) => self.follow(token)?,
        }
        if let Token::Parameter(number) = token {
            self.placeholders.note(number)?;
        }
        self.before = self.previous.replace(token);
        Ok(())
    }

    /// The result, once all tokens have been taken.
    pub(super) fn finish(self) -> Result<Scan, Refusal> {
        let verb = self.verb.ok_or_else(|| Refusal::syntax("the statement is empty"))?;
        if self.expected.is_some() {
            return Err(Refusal::syntax("the statement ends too early"));
        }
        let kind = match verb {
            Verb::Select | Verb::Values | Verb::With if !self.writes => Kind::Read,
            Verb::Select | Verb::Values | Verb::With | Verb::Change | Verb::Delete => Kind::Write,
            Verb::Create | Verb::Alter | Verb::Drop | Verb::Truncate => Kind::Define,
        };
        let destroys = self.deletes || matches!(verb, Verb::Delete | Verb::Alter | Verb::Drop | Verb::Truncate);
        Ok(Scan { kind, parameters: self.placeholders.count()?, destroys })
    }

    fn check_names(&self, token: Token<'a>) -> Result<(), Refusal> {
        let (Token::Word(name) | Token::Quoted(name)) = token else { return self.check_previous_name(token) };
        if name.starts_with(stand_in::MARK) {
            return Err(Refusal::syntax("a name begins with a control character"));
        }
        match rules::kept_prefix(name) {
            Some(prefix) => {
                Err(Refusal::denied(format!("names that begin with {prefix} are not allowed to an app")))
            }
            // `('...').ts_stat` calls a function too (PostgreSQL documentation, "Using Composite
            // Types in Queries").
            None if self.previous == Some(Token::Symbol(b'.')) && rules::is_kept_function(name) => {
                Err(Refusal::denied(format!("the function {name:.63} is not allowed to an app")))
            }
            None => Ok(()),
        }
    }

    /// A name is a schema if a point follows, a function if a parenthesis does.
    fn check_previous_name(&self, token: Token<'a>) -> Result<(), Refusal> {
        let Some(Token::Word(name) | Token::Quoted(name)) = self.previous else { return Ok(()) };
        match token {
            Token::Symbol(b'.') if rules::is_kept_schema(name) => Err(Refusal::denied(format!(
                "{name:.63}. names a schema: write tables without one, and give an alias another name"
            ))),
            Token::Symbol(b'(') if rules::is_kept_function(name) => {
                Err(Refusal::denied(format!("the function {name:.63} is not allowed to an app")))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, word: &str) -> Result<(), Refusal> {
        let mut buffer = [0; LONGEST_KEYWORD];
        let (verb, expected) = match lower(word, &mut buffer) {
            "select" => (Verb::Select, None),
            "values" => (Verb::Values, None),
            "with" => (Verb::With, None),
            "insert" | "update" => (Verb::Change, None),
            "replace" if self.engine == Engine::Sqlite => (Verb::Change, None),
            "delete" => (Verb::Delete, None),
            "create" => (Verb::Create, Some(Expected::NewObject)),
            "alter" => (Verb::Alter, Some(Expected::Object)),
            "drop" => (Verb::Drop, Some(Expected::Object)),
            "truncate" => (Verb::Truncate, None),
            other => return Err(denied_verb(word, other)),
        };
        (self.verb, self.expected) = (Some(verb), expected);
        Ok(())
    }

    fn follow(&mut self, token: Token<'a>) -> Result<(), Refusal> {
        let Token::Word(word) = token else {
            return if self.expected.is_some() {
                Err(Refusal::syntax("TABLE, INDEX or VIEW is missing"))
            } else {
                Ok(())
            };
        };
        let mut buffer = [0; LONGEST_KEYWORD];
        let keyword = lower(word, &mut buffer);
        self.check_rollback(keyword)?;
        match (self.expected, self.verb) {
            (Some(expected), _) => self.define(expected, keyword, word),
            (None, Some(Verb::Create | Verb::Alter | Verb::Drop)) => self.check_definition(keyword),
            (None, _) => self.read_or_write(keyword),
        }
    }

    /// The words between CREATE, ALTER or DROP and the name of the object.
    fn define(&mut self, expected: Expected, keyword: &str, word: &str) -> Result<(), Refusal> {
        self.expected = match (expected, keyword) {
            (Expected::Object | Expected::NewObject, "table" | "index" | "view")
            | (Expected::Index, "index")
            | (Expected::View, "view") => None,
            (Expected::NewObject, "unique") => Some(Expected::Index),
            (Expected::NewObject, "or") => Some(Expected::Replace),
            (Expected::Replace, "replace") => Some(Expected::View),
            _ => {
                let message =
                    format!("{} is not allowed to an app: only tables, indexes and views are", shown(word));
                return Err(Refusal::denied(message));
            }
        };
        Ok(())
    }

    /// What tables, indexes and views must not be asked for.
    fn check_definition(&self, keyword: &str) -> Result<(), Refusal> {
        match keyword {
            "into" => Err(into_denied(false)),
            // It cannot run inside a transaction.
            "concurrently" if self.previous_is("index") => Err(not_allowed("CONCURRENTLY")),
            "schema" if self.previous_is("set") => Err(not_allowed("SET SCHEMA")),
            // ALTER TABLE ALL IN TABLESPACE changes every table of the database.
            "all" if self.previous_is("table") || self.previous_is("index") => Err(not_allowed("ALTER ... ALL")),
            _ => Ok(()),
        }
    }

    /// SQLite would end the transaction, in which more than this statement is kept together.
    fn check_rollback(&self, keyword: &str) -> Result<(), Refusal> {
        match keyword {
            "rollback" if self.previous_is("or") && self.before_is_change() => Err(rollback_denied("OR")),
            "rollback" if self.previous_is("conflict") => Err(rollback_denied("ON CONFLICT")),
            _ => Ok(()),
        }
    }

    /// `REPLACE INTO`, and the words between INSERT and INTO.
    fn is_sqlite_insert(&self) -> bool {
        let after_or = matches!(self.before, Some(Token::Word(or)) if or.eq_ignore_ascii_case("or"));
        let action = ["replace", "ignore", "abort", "fail"].iter().any(|action| self.previous_is(action));
        self.engine == Engine::Sqlite && (self.previous_is("replace") || action && after_or)
    }

    fn read_or_write(&mut self, keyword: &str) -> Result<(), Refusal> {
        match keyword {
            "into" if self.is_sqlite_insert() => {
                self.writes = true;
                self.deletes |= self.previous_is("replace");
            }
            "replace" if self.previous_is("or") && self.before_is_change() => self.deletes = true,
            "into" if !self.previous_is("insert") => {
                return Err(into_denied(
                    matches!(self.before, Some(Token::Word(or)) if or.eq_ignore_ascii_case("or")),
                ));
            }
            // SELECT ... FOR UPDATE, NO KEY UPDATE, SHARE, KEY SHARE
            "update" | "share" | "no" | "key" if self.previous_is("for") => self.writes = true,
            "insert" | "update" | "delete"
                if self.verb == Some(Verb::With) || self.previous == Some(Token::Symbol(b'(')) =>
            {
                self.writes = true;
                self.deletes |= keyword == "delete";
            }
            _ => {}
        }
        Ok(())
    }

    fn before_is_change(&self) -> bool {
        let is_change = |verb: &str| verb.eq_ignore_ascii_case("insert") || verb.eq_ignore_ascii_case("update");
        matches!(self.before, Some(Token::Word(verb)) if is_change(verb))
    }

    fn previous_is(&self, keyword: &str) -> bool {
        matches!(self.previous, Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }
}

fn into_denied(or: bool) -> Refusal {
    if or {
        Refusal::syntax("INSERT OR is not understood by both databases: write INSERT ... ON CONFLICT")
    } else {
        Refusal::denied("INTO is allowed to an app only in INSERT INTO: write CREATE TABLE ... AS SELECT")
    }
}

fn rollback_denied(form: &str) -> Refusal {
    Refusal::denied(format!(
        "{form} ROLLBACK is not allowed to an app, since it ends the whole unit of work: write {form} ABORT, and \
         roll back by the db interface"
    ))
}

fn not_allowed(what: &str) -> Refusal {
    Refusal::denied(format!("{what} is not allowed to an app"))
}

fn denied_verb(word: &str, keyword: &str) -> Refusal {
    let hint = match keyword {
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            ": use begin, commit and rollback of the db interface"
        }
        "merge" | "replace" => ": write INSERT ... ON CONFLICT",
        "table" => ": write SELECT",
        _ => {
            ": statements are SELECT, INSERT, UPDATE, DELETE, and CREATE, ALTER, DROP of tables, indexes and views"
        }
    };
    Refusal::denied(format!("{} is not allowed to an app{hint}", shown(word)))
}

/// A word of the statement as error texts show it, in capitals and not too long.
fn shown(word: &str) -> String {
    word.chars().take(2 * LONGEST_KEYWORD).map(|char| char.to_ascii_uppercase()).collect()
}

/// `word` in lower case. What is longer than a keyword becomes the empty text.
fn lower<'b>(word: &str, buffer: &'b mut [u8; LONGEST_KEYWORD]) -> &'b str {
    let Some(slot) = buffer.get_mut(..word.len()) else { return "" };
    slot.copy_from_slice(word.as_bytes());
    slot.make_ascii_lowercase();
    std::str::from_utf8(slot).unwrap_or_default()
}
