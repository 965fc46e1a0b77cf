//! What a guest's statement may do, asked by SQLite for each table, column and function while it
//! compiles one (SQLite documentation, "Compile-Time Authorization Callbacks").

use crate::storage::statement::allowed;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Beginning of the names of tables into which the rows of cursors are copied.
pub(super) const COPY_PREFIX: &str = "innkeeper_cursor_";

/// What making the temporary table of a cursor asks for. Guests have nothing by such a name.
pub(super) fn is_copy(context: &AuthContext<'_>) -> bool {
    use AuthAction as A;
    let table = match context.action {
        A::CreateTempTable { table_name } | A::Insert { table_name } => table_name,
        A::Read { table_name, .. } | A::Update { table_name, .. } => table_name,
        _ => return false,
    };
    let known = table.starts_with(COPY_PREFIX) || matches!(table, "sqlite_temp_master" | "sqlite_temp_schema");
    known && context.database_name == Some("temp")
}

/// What a guest's statement defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Definition {
    /// Nothing: it reads or writes rows.
    None,
    /// It changes a table that is there.
    Alter,
    /// Something else.
    Other,
}

/// What a guest's statement may do. Everything that is not named is denied.
pub(super) fn authorize_guest(context: &AuthContext<'_>, definition: Definition) -> Authorization {
    use AuthAction as A;
    let defines = definition != Definition::None;
    let allowed = match context.action {
        A::Select | A::Recursive => true,
        A::Read { table_name, .. } => may_read(table_name, defines),
        A::Insert { table_name } | A::Delete { table_name } | A::Update { table_name, .. } => {
            may_write(table_name)
        }
        // The first AUTOINCREMENT makes SQLite create this table.
        A::CreateTable { table_name: "sqlite_sequence" } => true,
        A::CreateTable { table_name }
        | A::DropTable { table_name }
        // A table goes with its triggers, which only the host makes; the gate knows no DROP
        // TRIGGER.
        | A::DropTrigger { table_name, .. }
        | A::AlterTable { table_name, .. }
        | A::Analyze { table_name }
        | A::CreateIndex { table_name, .. }
        | A::DropIndex { table_name, .. } => is_own(table_name),
        A::CreateView { view_name } | A::DropView { view_name } => is_own(view_name),
        A::Reindex { .. } => true,
        A::Function { function_name } => {
            allowed::is_sqlite_function(function_name) || is_internal_function(function_name)
        }
        _ => false,
    };
    let checks_rows = definition == Definition::Alter && is_check_of_rows(context);
    if (allowed || checks_rows) && is_in_main(context) || is_look_for_temporary(context, defines) {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

/// ALTER TABLE names the database in its own way, and DROP COLUMN gives the column in its place
/// (SQLite: `src/alter.c`).
fn is_in_main(context: &AuthContext<'_>) -> bool {
    match context.action {
        AuthAction::AlterTable { database_name, .. } => database_name == "main",
        _ => context.database_name.is_none_or(|name| name == "main"),
    }
}

/// ALTER TABLE looks whether the rows that are there meet what is added (SQLite:
/// `sqlite3AlterFinishAddColumn` in `src/alter.c`). Its text has no place for a subquery, so no
/// guest can ask for it there.
fn is_check_of_rows(context: &AuthContext<'_>) -> bool {
    match context.action {
        AuthAction::Read { table_name, .. } => table_name == "pragma_quick_check",
        AuthAction::Pragma { pragma_name, pragma_value } => {
            pragma_name == "quick_check" && pragma_value.is_some_and(is_own)
        }
        _ => false,
    }
}

/// ALTER TABLE also looks for temporary tables that name what it changes (SQLite: `src/alter.c`).
/// There are none.
fn is_look_for_temporary(context: &AuthContext<'_>, defines: bool) -> bool {
    use AuthAction as A;
    let table = match context.action {
        A::Read { table_name, .. } | A::Update { table_name, .. } => table_name,
        _ => return false,
    };
    defines && context.database_name == Some("temp") && matches!(table, "sqlite_temp_master" | "sqlite_master")
}

/// Statements that define tables change SQLite's own catalogue.
fn may_write(table: &str) -> bool {
    is_own(table) || matches!(table, "sqlite_master" | "sqlite_sequence")
}

/// Reading the catalogue is how SQLite checks a definition, and nothing that anybody else may do.
fn may_read(table: &str, defines: bool) -> bool {
    is_own(table) || table == "sqlite_sequence" || (table == "sqlite_master" && defines)
}

/// An app's own table, or one of the functions that stand in FROM. Tables that the engine makes up
/// by themselves tell of the whole file: `sqlite_*`, `pragma_*`, `dbstat`.
fn is_own(table: &str) -> bool {
    let lower = table.to_ascii_lowercase();
    let begins = |prefix: &str| lower.starts_with(prefix);
    !(begins("innkeeper_") || begins("pragma_") || lower == "dbstat" || lower == "fts3tokenize")
        && (!begins("sqlite_") || begins("sqlite_autoindex_"))
}

/// Functions that ALTER TABLE calls in statements of its own (SQLite: `src/alter.c`). Nobody else
/// can: they are marked `SQLITE_FUNC_INTERNAL`.
fn is_internal_function(name: &str) -> bool {
    const INTERNAL: [&str; 8] = [
        "sqlite_rename_column",
        "sqlite_rename_table",
        "sqlite_rename_test",
        "sqlite_rename_quotefix",
        "sqlite_drop_column",
        "sqlite_drop_constraint",
        "sqlite_fail",
        "sqlite_find_constraint",
    ];
    INTERNAL.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    /// A table-valued module that a new version of SQLite brings has to be judged before it is
    /// reachable.
    #[test]
    fn every_module_is_known() {
        let link = Connection::open_in_memory().unwrap();
        let mut modules = link.prepare("select name from pragma_module_list order by 1").unwrap();
        let modules = modules.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
        let reachable: Vec<String> = modules
            .filter(|name| is_own(name))
            .filter(|name| !name.starts_with("fts") && !name.starts_with("rtree"))
            .collect();
        // Those for JSON are made on first use, and listed only then.
        assert!(reachable.iter().all(|name| name.starts_with("json")), "{reachable:?}");
    }

    /// A name on the list that the engine does not have is a slip of the pen.
    #[test]
    fn no_function_of_the_engine_that_reaches_out_is_listed() {
        for name in ["load_extension", "readfile", "writefile", "fts3_tokenizer", "rtreecheck", "sqlite_version"] {
            assert!(!allowed::is_sqlite_function(name), "{name}");
        }
    }
}
