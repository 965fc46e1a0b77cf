//! What statements of the host cost, for who measures: the level `trace` of this module's log has a
//! line for each. A count of steps says what was read, whatever is in a cache; times do not.

use rusqlite::{Statement, StatementStatus};

/// Tells of a statement that has been run. Those of guests may have values in their texts.
pub(super) fn tell(sql: &str, statement: &Statement<'_>) {
    if !tracing::enabled!(tracing::Level::TRACE) || sql.starts_with(super::lease::GUEST) {
        return;
    }
    let steps = statement.reset_status(StatementStatus::VmStep);
    tracing::trace!(steps, sql, "ran");
}
