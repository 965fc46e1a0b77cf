//! Statements that make a table from a description that came from elsewhere, so that rows can be
//! put in in whatever order.

use super::ddl;
use super::description::Table;
use crate::storage::Engine;
use std::collections::BTreeSet;

/// Makes the table without rows. On Postgres without its references too, since the rows that they
/// mean may come later; see [`join`]. On SQLite, which cannot add them, they wait for the commit.
pub(in crate::storage) fn create_empty(table: &Table, engine: Engine, taken: &BTreeSet<String>) -> Vec<String> {
    let mut bare = table.clone();
    if engine == Engine::Postgres {
        bare.columns.iter_mut().for_each(|column| column.references = None);
    }
    ddl::create(&bare, engine, taken)
}

/// Adds the references that [`create_empty`] has left out, once all rows are there.
pub(in crate::storage) fn join(table: &Table, engine: Engine) -> Vec<String> {
    if engine == Engine::Sqlite {
        return Vec::new();
    }
    let referring = table.columns.iter().filter_map(|column| Some((column, column.references.as_ref()?)));
    referring.map(|(column, reference)| ddl::add_reference(table, column, reference)).collect()
}
