//! What the gate lets pass, what it refuses, and why; and that no text can hurt it.

mod costs;
mod differences;
mod facts;
mod forms;
mod hardness;
mod refused;

use super::{Checked, Engine, Kind, RefusalCode, check};
use std::sync::Arc;

const MAX_BYTES: usize = 100_000;

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Sqlite];

fn checked(engine: Engine, sql: &str) -> Arc<Checked> {
    check(engine, sql, MAX_BYTES).unwrap_or_else(|refusal| panic!("{engine:?} {sql}: {refusal}"))
}

fn kind_of(sql: &str) -> Result<Kind, String> {
    check(Engine::Postgres, sql, MAX_BYTES).map(|checked| checked.kind).map_err(|refusal| refusal.to_string())
}

/// On both engines, each for this reason.
fn assert_refused(code: RefusalCode, statements: &[&str]) {
    for engine in ENGINES {
        for sql in statements {
            let result = check(engine, sql, MAX_BYTES);
            assert!(matches!(&result, Err(refusal) if refusal.code == code), "{engine:?} {sql}: {result:?}");
        }
    }
}
