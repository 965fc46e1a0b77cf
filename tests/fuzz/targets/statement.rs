//! The gate of SQL: statements, scripts and conditions, for both engines.

#![no_main]

use innkeeper::storage::{Engine, statement};

const MAX_BYTES: usize = 64 * 1024;

libfuzzer_sys::fuzz_target!(|sql: &str| {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        if let Ok(checked) = statement::check(engine, sql, MAX_BYTES) {
            let again = statement::check(engine, sql, MAX_BYTES).expect("a verdict holds");
            assert_eq!(checked, again);
        }
        let _ = statement::check_expression(engine, sql, MAX_BYTES);
    }
    if let Ok(parts) = statement::split(sql) {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        assert!(bytes <= sql.len(), "no part of a script is given twice");
    }
});
