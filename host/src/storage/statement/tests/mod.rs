//! What the scan lets pass, what it refuses, and why.

mod allowed;
mod refused;

use super::{Kind, RefusalCode, scan};

const MAX_BYTES: usize = 100_000;

fn kind_of(sql: &str) -> Result<Kind, String> {
    scan(sql, MAX_BYTES).map(|scan| scan.kind).map_err(|refusal| refusal.to_string())
}

fn assert_refused(code: RefusalCode, statements: &[&str]) {
    for sql in statements {
        let result = scan(sql, MAX_BYTES);
        assert!(matches!(&result, Err(refusal) if refusal.code == code), "{sql}: {result:?}");
    }
}
