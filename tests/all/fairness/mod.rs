//! Nobody waits for what somebody else computes, logs or has compiled.

mod bombs;
mod children;
mod hogs;
mod log;
pub(crate) mod wasm;
