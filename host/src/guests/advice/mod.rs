//! What to do with a file that this host cannot run. Every sentence about that is here, so that
//! `inspect`, `deploy`, `dev` and `wrap` say the same.

mod core_imports;
mod exports;
mod features;
mod imports;
mod kinds;

pub(super) use core_imports::{about_core_imports, about_wrapping, listed};
pub(super) use exports::about_exports;
pub(super) use features::{FEATURES, Feature, NO_ASYNC};
pub(super) use imports::{about_import, about_imports, is_met, is_of_wasi_0_3, platform};
pub(super) use kinds::{REACTOR, about_kind};

/// What the compiler says of a component that it does not take, and what to do.
pub(super) fn with_remedy(error: &wasmtime::Error) -> String {
    let message = format!("{error:#}");
    let remedy = features::about_compiling(&message);
    message + &remedy
}
