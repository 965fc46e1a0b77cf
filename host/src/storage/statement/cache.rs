//! Statements that have passed, by their text: a repeated one costs a look-up.

use super::{Checked, Engine};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::{Arc, OnceLock};

/// Statements kept for each engine, all apps together.
const MOST_STATEMENTS: usize = 4_096;
/// Bytes kept for each engine. One statement may have a hundred thousand.
const MOST_BYTES: u64 = 8 << 20;
/// What an entry takes besides its texts.
const ENTRY_BYTES: usize = 200;

type Statements = Cache<Box<str>, Arc<Checked>, Bytes>;

#[derive(Clone)]
struct Bytes;

impl Weighter<Box<str>, Arc<Checked>> for Bytes {
    fn weight(&self, sql: &Box<str>, checked: &Arc<Checked>) -> u64 {
        u64::try_from(sql.len() + checked.text.len() + ENTRY_BYTES).unwrap_or(u64::MAX)
    }
}

/// What was found out about this text.
pub(super) fn get(engine: Engine, sql: &str) -> Option<Arc<Checked>> {
    statements(engine).get(sql)
}

/// Remembers what was found out. Nothing is kept of refused statements: nobody could fill the cache
/// with them, either.
pub(super) fn put(engine: Engine, sql: &str, checked: &Arc<Checked>) {
    statements(engine).insert(sql.into(), Arc::clone(checked));
}

fn statements(engine: Engine) -> &'static Statements {
    static POSTGRES: OnceLock<Statements> = OnceLock::new();
    static SQLITE: OnceLock<Statements> = OnceLock::new();
    let home = match engine {
        Engine::Postgres => &POSTGRES,
        Engine::Sqlite => &SQLITE,
    };
    home.get_or_init(|| Cache::with_weighter(MOST_STATEMENTS, MOST_BYTES, Bytes))
}
