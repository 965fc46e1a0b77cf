//! Rows that are fetched piece by piece.

use std::marker::PhantomData;
use std::rc::Rc;

use super::{FromRow, Params, Row, Value, wit};
use crate::Result;

/// Rows fetched at a time.
const ROWS: u32 = 500;

/// Rows of a query in bounded memory. After an error there is nothing more.
pub struct Cursor<T> {
    cursor: wit::Cursor,
    columns: Rc<[String]>,
    fetched: std::vec::IntoIter<Vec<Value>>,
    ended: bool,
    rows: PhantomData<T>,
}

/// Runs a query whose rows are fetched piece by piece: only SELECT, VALUES or WITH that change
/// nothing.
///
/// ```no_run
/// # use innkeeper_sdk::{Response, Result, db};
/// # fn example() -> Result<Response> {
/// let names = db::cursor::<String>("select name from guests order by name", ())?;
/// Ok(Response::stream("text/plain", |body| {
///     for name in names {
///         writeln!(body, "{}", name?)?;
///     }
///     Ok(())
/// }))
/// # }
/// ```
#[track_caller]
pub fn cursor<T: FromRow>(sql: &str, params: impl Params) -> Result<Cursor<T>> {
    let cursor = wit::open_cursor(sql, &params.to_values()?)?;
    let columns = cursor.columns().into();
    Ok(Cursor { cursor, columns, fetched: Vec::new().into_iter(), ended: false, rows: PhantomData })
}

impl<T: FromRow> Cursor<T> {
    fn fetch(&mut self) -> Result<Option<T>> {
        let mut values = self.fetched.next();
        if values.is_none() {
            self.fetched = self.cursor.next(ROWS)?.into_iter();
            values = self.fetched.next();
        }
        values.map(|values| T::from_row(Row::with(&self.columns, values))).transpose()
    }
}

impl<T: FromRow> Iterator for Cursor<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let row = self.fetch().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}
