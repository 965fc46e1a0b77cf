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
pub(super) use imports::{about_import, about_imports, is_met, is_of_wasi_0_3, is_part_of_wasi, platform};
pub(super) use kinds::{REACTOR, about_kind, about_program};

/// What the compiler says of a component that it does not take, and what to do.
pub(super) fn with_remedy(error: &wasmtime::Error) -> String {
    // Not by the whole message: it names the function, whose name may be like that of a feature.
    let remedy = features::about_compiling(&error.root_cause().to_string());
    format!("{error:#}{remedy}")
}
