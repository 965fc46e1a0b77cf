//! What components may import: all of WASI 0.2 with everything denied (language runtimes import
//! files and sockets that they never use), `wasi:http`, `wasi:config`, and Innkeeper's three
//! interfaces.

use super::respond;
use super::state::GuestState;
use crate::interfaces;
use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_config::WasiConfig;

/// The linker for components of WASI 0.2.
pub fn build(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut GuestState| WasiConfig::new(&state.config))?;
    interfaces::add_to_linker(&mut linker, GuestState::view)?;
    respond::add_to_linker(&mut linker)?;
    Ok(linker)
}
