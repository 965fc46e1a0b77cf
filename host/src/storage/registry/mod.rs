//! The registry as rows, beside `apps`: what compiled components are, and what is active.

pub mod active;
mod compile_claims;
pub mod native_code;
