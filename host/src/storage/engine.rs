//! Which of the two engines, where their SQL differs.

/// The closed set: see [`super::Connection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}
