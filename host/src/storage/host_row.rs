//! Rows of the host's own tables, read by the names of their columns.

use super::value::{Rows, Value};
use super::{Error, Result};

/// A type that a row of one table is read into.
pub(super) trait FromRow: Sized {
    /// The table, for errors.
    const TABLE: &'static str;

    /// Reads a row. An error where a column is missing or holds what it should not.
    fn from_row(row: &HostRow<'_>) -> Result<Self>;
}

/// One row of a query of the host's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct HostRow<'a> {
    table: &'static str,
    columns: &'a [String],
    values: &'a [Value],
}

impl Rows {
    /// Reads all rows.
    pub(super) fn read<T: FromRow>(&self) -> Result<Vec<T>> {
        self.iter(T::TABLE).map(|row| T::from_row(&row)).collect()
    }

    /// Reads the first row, if there is one.
    pub(super) fn read_first<T: FromRow>(&self) -> Result<Option<T>> {
        self.iter(T::TABLE).next().map(|row| T::from_row(&row)).transpose()
    }

    /// The rows, of the table `table`.
    pub(super) fn iter(&self, table: &'static str) -> impl Iterator<Item = HostRow<'_>> {
        self.rows.iter().map(move |values| HostRow { table, columns: &self.columns, values })
    }
}

impl<'a> HostRow<'a> {
    /// A text; none for NULL.
    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>> {
        self.optional(column, Value::as_text).map(|text| text.map(str::to_owned))
    }

    /// A text.
    pub(super) fn text(&self, column: &str) -> Result<String> {
        self.optional_text(column)?.ok_or_else(|| self.malformed(column))
    }

    /// An integer; none for NULL.
    pub(super) fn optional_integer(&self, column: &str) -> Result<Option<i64>> {
        self.optional(column, Value::as_integer)
    }

    /// An integer.
    pub(super) fn integer(&self, column: &str) -> Result<i64> {
        self.optional_integer(column)?.ok_or_else(|| self.malformed(column))
    }

    /// Bytes; none for NULL.
    pub(super) fn optional_bytes(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.optional(column, Value::as_bytes).map(|bytes| bytes.map(<[u8]>::to_vec))
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.optional_bytes(column)?.ok_or_else(|| self.malformed(column))
    }

    /// The error of a column that holds what it should not.
    pub(super) fn malformed(&self, column: &str) -> Error {
        Error::malformed(&format!("{}.{column}", self.table))
    }

    fn optional<T: 'a>(&self, column: &str, read: fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let at = self.columns.iter().position(|name| name == column);
        match at.and_then(|at| self.values.get(at)) {
            Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.malformed(column)),
            None => Err(self.malformed(column)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Guest {
        name: String,
        age: Option<i64>,
    }

    impl FromRow for Guest {
        const TABLE: &'static str = "guests";

        fn from_row(row: &HostRow<'_>) -> Result<Self> {
            Ok(Self { name: row.text("name")?, age: row.optional_integer("age")? })
        }
    }

    fn rows(columns: [&str; 2], values: [Value; 2]) -> Rows {
        Rows { columns: columns.map(str::to_owned).to_vec(), rows: vec![values.to_vec()] }
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        for rows in [
            rows(["name", "age"], ["Ada".into(), Value::Null]),
            rows(["age", "name"], [Value::Null, "Ada".into()]),
        ] {
            assert_eq!(rows.read::<Guest>().unwrap(), [Guest { name: "Ada".to_owned(), age: None }]);
        }
        assert!(Rows::default().read_first::<Guest>().unwrap().is_none());
    }

    #[test]
    fn an_error_names_the_column() {
        for (rows, column) in [
            (rows(["name", "age"], ["Ada".into(), "old".into()]), "guests.age"),
            (rows(["name", "age"], [Value::Null, Value::Null]), "guests.name"),
            (rows(["name", "years"], ["Ada".into(), Value::Null]), "guests.age"),
        ] {
            let error = rows.read::<Guest>().unwrap_err();
            assert!(error.message.contains(column), "{error:?}");
        }
    }
}
