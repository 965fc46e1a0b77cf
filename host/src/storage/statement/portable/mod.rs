//! Makes a statement mean the same on both engines, where its text alone decides that.
//!
//! Postgres is the measure. Its rules are those of the standard where SQLite has its own, and what
//! SQLite lets pass Postgres refuses more often than the other way round. So a text that is meant
//! for SQLite gets words put in (`sqlite`), as few as possible, and column names stay as they are:
//!
//! | in the text | on SQLite it becomes | since |
//! |---|---|---|
//! | `a like b` | `a like b escape '\'` | the backslash is a letter there, unless this says so |
//! | `order by a`, `order by a desc` | `a nulls last`, `a desc nulls first` | NULL is less than everything there |
//! | `'n: ' \|\| a + b` | `'n: ' \|\| (a + b)` | `\|\|` binds more tightly there than arithmetic |
//! | `~ a + b` | `~ (a + b)` | so does `~` |
//! | `select 1 as Total` | `select 1 as total` | names without quotes keep their capitals there |
//!
//! What SQLite computes otherwise is a function of ours there (`storage/sqlite/functions`). The one
//! thing that Postgres computes otherwise by the collation of a column, `lower` and `upper`, gets
//! its collation put in (`postgres`). It knows no types, so the server has the last word: see
//! `storage/postgres/folding`.
//!
//! Putting words in needs no tree, only the tokens of the gate, so it works for texts that the
//! parser does not know. What was put in is constant and stands between two tokens. The result
//! passes the gate once more.

mod edits;
mod operators;
mod postgres;
mod reader;
mod run;
mod sqlite;
mod tokens;

pub(super) use sqlite::for_sqlite;

pub(in crate::storage) use postgres::folding;
