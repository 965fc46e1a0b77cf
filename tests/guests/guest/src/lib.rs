//! What the guests of the tests share: the contract as Rust (`bindings`) and plain HTTP on top of
//! it (`http`).

pub mod bindings;
pub mod http;

use bindings::wasi::clocks::wall_clock;

/// Microseconds since 1970-01-01T00:00:00Z.
pub fn now() -> i64 {
    let now = wall_clock::now();
    now.seconds as i64 * 1_000_000 + i64::from(now.nanoseconds / 1000)
}
