//! Tables by a description that means the same on both databases.

use super::{ColumnType, OnDelete, ToValue, wit};
use crate::Result;

/// The description of a table. Columns may not be NULL unless they say so.
#[must_use = "the table is made by `define`"]
pub struct Table {
    table: wit::Table,
    problem: Result<()>,
}

/// Describes a table.
///
/// ```no_run
/// # use innkeeper_sdk::{Result, db::{self, ColumnType::{Instant, Text}}};
/// # fn example() -> Result<()> {
/// db::table("guests")
///     .id("id")
///     .column("name", Text.max_length(80))
///     .column("born", ColumnType::Date.nullable())
///     .column("created", Instant.default_now())
///     .index(["name"])
///     .define()?;
/// # use innkeeper_sdk::db::ColumnType;
/// # Ok(()) }
/// ```
pub fn table(name: &str) -> Table {
    let table = wit::Table {
        name: name.to_owned(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
    };
    Table { table, problem: Ok(()) }
}

impl Table {
    /// An integer that the database gives each new row, as the primary key.
    pub fn id(self, name: &str) -> Table {
        let mut column = Column::from(ColumnType::Integer);
        column.column.identity = true;
        self.column(name, column).primary_key([name])
    }

    /// A column: a type, perhaps with more said about it.
    pub fn column(mut self, name: &str, column: impl Into<Column>) -> Table {
        let Column { mut column, problem } = column.into();
        column.name = name.to_owned();
        self.table.columns.push(column);
        self.problem = self.problem.and(problem);
        self
    }

    /// The columns of the primary key.
    pub fn primary_key<'a>(mut self, columns: impl IntoIterator<Item = &'a str>) -> Table {
        self.table.primary_key = owned(columns);
        self
    }

    /// An index.
    pub fn index<'a>(self, columns: impl IntoIterator<Item = &'a str>) -> Table {
        self.with_index(columns, false)
    }

    /// An index whose columns together are different in every row.
    pub fn unique<'a>(self, columns: impl IntoIterator<Item = &'a str>) -> Table {
        self.with_index(columns, true)
    }

    /// A condition that every row must meet, for example `price >= 0`. Its name is
    /// [`Error::constraint`](crate::Error::constraint) where a row does not.
    pub fn check(mut self, name: &str, condition: &str) -> Table {
        self.table.checks.push(wit::Check { name: name.to_owned(), condition: condition.to_owned() });
        self
    }

    /// Creates the table, or adds what it lacks; never removes anything. Returns whether anything
    /// was changed. Call it before the request writes anything; once done it asks the database
    /// nothing.
    #[track_caller]
    pub fn define(self) -> Result<bool> {
        self.problem?;
        Ok(wit::define_table(&self.table)?)
    }

    fn with_index<'a>(mut self, columns: impl IntoIterator<Item = &'a str>, unique: bool) -> Table {
        self.table.indexes.push(wit::Index { columns: owned(columns), unique });
        self
    }
}

/// A column of a table without its name.
pub struct Column {
    column: wit::Column,
    problem: Result<()>,
}

impl From<ColumnType> for Column {
    fn from(column_type: ColumnType) -> Column {
        let column = wit::Column {
            name: String::new(),
            column_type,
            nullable: false,
            identity: false,
            max_length: None,
            initial: None,
            references: None,
        };
        Column { column, problem: Ok(()) }
    }
}

/// Everything that can be said about a column can be said to its type.
macro_rules! column_methods {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) |$column:ident| $change:expr;)+) => {
        impl Column {
            $($(#[$doc])* pub fn $name(mut self, $($arg: $type),*) -> Column {
                let $column = &mut self;
                $change;
                self
            })+
        }

        impl ColumnType {
            $($(#[$doc])* pub fn $name(self, $($arg: $type),*) -> Column {
                Column::from(self).$name($($arg),*)
            })+
        }
    };
}

column_methods! {
    /// It may be NULL.
    nullable() |column| column.column.nullable = true;
    /// Longer text is refused with `check-violation`.
    max_length(characters: u32) |column| column.column.max_length = Some(characters);
    /// What a new row gets where the statement does not name the column.
    default(value: impl ToValue) |column| match value.to_value() {
        Ok(value) => column.column.initial = Some(wit::ColumnDefault::Constant(value)),
        Err(error) => column.problem = Err(error),
    };
    /// A new row gets the time at which its transaction began.
    default_now() |column| column.column.initial = Some(wit::ColumnDefault::Now);
    /// A new row gets a random UUID.
    default_random_uuid() |column| column.column.initial = Some(wit::ColumnDefault::RandomUuid);
    /// It names a row of another table, or of the same one.
    references(table: &str, other: &str, on_delete: OnDelete) |column| {
        let (table, other) = (table.to_owned(), other.to_owned());
        column.column.references = Some(wit::Reference { table, column: other, on_delete });
    };
}

fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Value;

    #[test]
    fn a_column_may_not_be_null_unless_it_says_so() {
        let table = table("entries")
            .id("id")
            .column("author", ColumnType::Text.max_length(80))
            .column("photo", ColumnType::Text.nullable())
            .column("stars", ColumnType::Integer.default(3))
            .index(["photo"]);
        let columns = &table.table.columns;
        assert!(columns[0].identity && !columns[0].nullable);
        assert_eq!((columns[1].nullable, columns[1].max_length), (false, Some(80)));
        assert!(columns[2].nullable);
        assert_eq!(columns[3].initial, Some(wit::ColumnDefault::Constant(Value::Integer(3))));
        assert_eq!(table.table.primary_key, ["id"]);
        assert_eq!(table.table.indexes[0].columns, ["photo"]);
    }
}
