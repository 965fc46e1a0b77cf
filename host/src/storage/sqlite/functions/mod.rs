//! Functions of ours in the place of SQLite's own, with the same results but for `lower` and
//! `upper` (`letters`).
//!
//! Some of SQLite's functions take time in proportion to the product of their arguments' lengths
//! (SQLite: `src/func.c`, `src/json.c`), so that one call, which nothing can interrupt, takes
//! minutes or days with values that a guest may have. Ours take time in proportion to the sum, or
//! refuse. LIKE and GLOB are SQLite's own, because only for those it uses an index; there the
//! length of the pattern is bounded (`file`). Others are not in the SQLite that is built with the
//! host (`math`).

mod hex;
mod letters;
mod math;
mod plain;
mod search;
mod trim;

use rusqlite::functions::{Context, FunctionFlags, SqlFnOutput};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Result, ToSql, ffi};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a value may have at the moment.
pub(super) type ValueBytes = Arc<AtomicUsize>;

/// Bytes of both documents of `json_patch`, multiplied: each member of the one is looked for in the
/// other.
const MOST_PATCH_WORK: usize = 1 << 33;

/// Makes the functions known to a connection.
pub(super) fn register(link: &Connection, most: &ValueBytes) -> Result<()> {
    for (name, ends) in [("trim", trim::BOTH), ("ltrim", trim::LEFT), ("rtrim", trim::RIGHT)] {
        add(link, name, 2, move |context| trim::trim(context, ends))?;
    }
    add(link, "lower", 1, letters::lower)?;
    add(link, "upper", 1, letters::upper)?;
    add(link, "instr", 2, search::instr)?;
    let most = Arc::clone(most);
    add(link, "replace", 3, move |context| search::replace(context, most.load(Ordering::Relaxed)))?;
    math::register(link)?;
    add(link, "unhex", 2, hex::unhex)?;
    for name in ["json_patch", "jsonb_patch"] {
        add(link, name, 2, move |context| plain::patch(context, name, MOST_PATCH_WORK))?;
    }
    Ok(())
}

/// As SQLite registers its own: the same arguments give the same result, and views and constraints
/// may call it.
fn add<T: SqlFnOutput + 'static>(
    link: &Connection,
    name: &'static str,
    arguments: i32,
    call: impl Fn(&Context<'_>) -> Result<T> + Send + 'static,
) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS
        | FunctionFlags::SQLITE_RESULT_SUBTYPE;
    link.create_scalar_function(name, arguments, flags, call)
}

/// Text as SQLite has it, which need not be UTF-8.
struct Text(Vec<u8>);

impl ToSql for Text {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// An argument as `sqlite3_value_text` gives it; none for NULL.
fn text<'c>(context: &'c Context<'_>, at: usize) -> Result<Option<Cow<'c, [u8]>>> {
    Ok(match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        ValueRef::Real(number) => Some(Cow::Owned(plain::print_float(number)?)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(Cow::Borrowed(bytes)),
    })
}

/// What SQLite says of a value that is too long.
fn too_big() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None)
}

#[cfg(test)]
mod tests;
