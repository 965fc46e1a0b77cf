//! Rows, read by name or as a whole.

use std::rc::Rc;

use super::{FromValue, Value, wit};
use crate::{Error, Result};

/// One row, whose columns are read by name.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Rc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// A row of these columns and values, for tests.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Value)>) -> Row {
        let (columns, values): (Vec<_>, _) =
            columns.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
        Row { columns: columns.into(), values }
    }

    pub(super) fn with(columns: &Rc<[String]>, values: Vec<Value>) -> Row {
        Row { columns: Rc::clone(columns), values }
    }

    /// The value in a column; the first where several have the name.
    #[track_caller]
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T> {
        self.at(self.position(column)?)
    }

    /// The value in a column by its place, counted from 0.
    #[track_caller]
    pub fn at<T: FromValue>(&self, place: usize) -> Result<T> {
        let Some(value) = self.values.get(place) else {
            return Err(Error::other(format!("the row has {} columns and none at {place}", self.values.len())));
        };
        let value = T::from_value(value.clone());
        value.map_err(|error| self.in_column(place, &error))
    }

    /// Takes the value out of a column, without a copy. NULL is left.
    #[track_caller]
    pub fn take<T: FromValue>(&mut self, column: &str) -> Result<T> {
        let place = self.position(column)?;
        let value = self.values.get_mut(place).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
        T::from_value(value).map_err(|error| self.in_column(place, &error))
    }

    /// Names of the columns from left to right.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values from left to right.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The values from left to right, without a copy.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    #[track_caller]
    fn position(&self, column: &str) -> Result<usize> {
        let position = self.columns.iter().position(|name| name == column);
        position.ok_or_else(|| {
            Error::other(format!("the row has no column `{column}`, only `{}`", self.columns.join("`, `")))
        })
    }

    #[track_caller]
    fn in_column(&self, place: usize, error: &Error) -> Error {
        let name = self.columns.get(place).map_or("", String::as_str);
        Error::other(format!("column `{name}`: {}", error.message()))
    }
}

/// What a row can become: a [`Row`], a tuple of up to 16 values, a single value, or a struct made
/// by [`row!`](crate::row!).
pub trait FromRow: Sized {
    /// An error where the columns do not fit.
    fn from_row(row: Row) -> Result<Self>;
}

impl FromRow for Row {
    fn from_row(row: Row) -> Result<Self> {
        Ok(row)
    }
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: Row) -> Result<Self> {
        width(&row, 1)?;
        row.at(0)
    }
}

#[track_caller]
fn width(row: &Row, wanted: usize) -> Result<()> {
    let found = row.values.len();
    if found == wanted {
        Ok(())
    } else {
        Err(Error::other(format!("the row has {found} columns where {wanted} are wanted")))
    }
}

macro_rules! tuples {
    ($($name:ident $place:literal)+) => {
        tuples!(@ [] $($name $place)+);
    };
    (@ [$($done:ident $at:literal)*]) => {};
    (@ [$($done:ident $at:literal)*] $next:ident $place:literal $($rest:tt)*) => {
        impl<$($done: FromValue,)* $next: FromValue> FromRow for ($($done,)* $next,) {
            fn from_row(row: Row) -> Result<Self> {
                width(&row, $place + 1)?;
                Ok(($(row.at::<$done>($at)?,)* row.at::<$next>($place)?,))
            }
        }
        tuples!(@ [$($done $at)* $next $place] $($rest)*);
    };
}

tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

/// Declares a struct that a row becomes: each field is read from the column of its name.
///
/// ```
/// innkeeper_sdk::row! {
///     /// One guest.
///     #[derive(Debug)]
///     pub struct Guest {
///         pub id: i64,
///         pub name: String,
///         pub born: Option<innkeeper_sdk::db::Date>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$of_field:meta])* $field_visibility:vis $field:ident: $type:ty),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$of_field])* $field_visibility $field: $type,)+
        }

        impl $crate::db::FromRow for $name {
            fn from_row(mut row: $crate::db::Row) -> $crate::Result<Self> {
                Ok($name { $($field: row.take(stringify!($field))?,)+ })
            }
        }
    };
}

/// All rows of a result.
#[track_caller]
pub(super) fn all<T: FromRow>(rows: wit::Rows) -> Result<Vec<T>> {
    let columns: Rc<[String]> = rows.columns.into();
    let mut all = Vec::with_capacity(rows.rows.len());
    for values in rows.rows {
        all.push(T::from_row(Row::with(&columns, values))?);
    }
    Ok(all)
}

/// The first row of a result.
#[track_caller]
pub(super) fn first<T: FromRow>(rows: wit::Rows) -> Result<Option<T>> {
    let Some(values) = rows.rows.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(T::from_row(Row::with(&rows.columns.into(), values))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    row! {
        #[derive(Debug, PartialEq)]
        struct Guest {
            name: String,
            age: Option<u8>,
        }
    }

    fn guest() -> Row {
        Row::new([("age", Value::Integer(36)), ("name", Value::Text("Ada".to_owned()))])
    }

    #[test]
    fn columns_are_read_by_name() {
        assert_eq!(guest().get::<String>("name").unwrap(), "Ada");
        assert_eq!(guest().get::<i64>("age").unwrap(), 36);
        let error = guest().get::<i64>("Age").unwrap_err();
        assert_eq!(error.message(), "the row has no column `Age`, only `age`, `name`");
        let error = guest().get::<i64>("name").unwrap_err();
        assert_eq!(error.message(), "column `name`: the value is text and does not fit i64");
        assert!(error.location().unwrap().file().ends_with("row.rs"));
    }

    #[test]
    fn a_row_becomes_a_struct_or_a_tuple_or_a_value() {
        assert_eq!(Guest::from_row(guest()).unwrap(), Guest { name: "Ada".to_owned(), age: Some(36) });
        assert_eq!(<(i64, String)>::from_row(guest()).unwrap(), (36, "Ada".to_owned()));
        assert!(<(i64,)>::from_row(guest()).is_err());
        assert!(i64::from_row(guest()).is_err());
        assert_eq!(Option::<i64>::from_row(Row::new([("max", Value::Null)])).unwrap(), None);
    }
}
