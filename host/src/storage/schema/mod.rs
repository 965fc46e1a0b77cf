//! Tables by their portable description: `define-table` of `wit/db.wit`.
//!
//! [`types`] says what each portable type is on both engines and what it promises. [`description`]
//! is a table as an app describes it, [`found`] one as the catalog of the database has it
//! (`catalog_postgres`, `catalog_sqlite`). [`plan`] compares the two: statements that only add
//! (`ddl`), or every difference that cannot be added. [`define`] does what was planned, all or
//! nothing, under the lock that also `migrate` takes. [`portable`] goes the other way, from the
//! catalog to a description (`initials` and `constants` read initial values), and `carry` makes a
//! table elsewhere from that.

mod apply;
mod carry;
mod catalog_postgres;
mod catalog_sqlite;
mod constants;
mod ddl;
pub mod description;
pub mod found;
mod initials;
mod literal;
pub(super) mod names;
mod plan;
mod portable;
mod shapes;
mod table_text;
pub mod types;

pub use apply::{define, rehearse, tables};
pub(super) use apply::{table_names, tables_on, taken_names, unseen_checks};
pub(super) use carry::{create_empty, join};
pub use description::{Check, Column, Index, Initial, OnDelete, Reference, Table};
pub use found::FoundTable;
pub(super) use portable::describe;
pub use types::ColumnType;
pub(super) use types::{DATE_COLLATION, DECIMAL_COLLATION, TYPE_CONSTRAINT};
