//! What one statement may cost others: every function and operator that an app may call, with the
//! largest arguments.

mod postgres;
mod sqlite;
