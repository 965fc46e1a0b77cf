//! Components: checked, compiled off the async threads, ready to be instantiated.

use super::engine::Built;
use super::linker;
use super::room::{Room, Trimmer};
use super::state::GuestState;
use crate::config::{Limits, MemoryBudget};
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// The first bytes of a component and of a core module (WebAssembly binary format; component model, "Binary Format").
const COMPONENT_MAGIC: &[u8] = b"\0asm\x0d\0\x01\0";
const MODULE_MAGIC: &[u8] = b"\0asm\x01\0\0\0";
const MAGIC_BYTES: usize = 8;

/// Why a file is not a guest that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file is something else.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(&'static str),
    /// The file is larger than the limit.
    #[error("the component has {size} bytes, more than the {most} allowed (INNKEEPER_COMPONENT_BYTES)")]
    TooLarge {
        /// Bytes of the file.
        size: usize,
        /// Bytes allowed.
        most: u64,
    },
    /// The engine cannot compile it.
    #[error("the component cannot be compiled: {0:#}")]
    Invalid(wasmtime::Error),
    /// It asks for something that this host does not have.
    #[error("{0}")]
    Import(String),
    /// It does not answer requests.
    #[error(
        "the component does not export wasi:http/incoming-handler@0.2.x: build it for the world innkeeper:storage/web-app ({0:#})"
    )]
    NoHandler(wasmtime::Error),
}

/// What makes components runnable. Cloning shares it.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    instances: u32,
    linker: Arc<Linker<GuestState>>,
    most_bytes: u64,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

impl Compiler {
    /// A compiler for an engine.
    pub fn new(built: Built, most_bytes: u64) -> wasmtime::Result<Self> {
        let linker = Arc::new(linker::build(&built.engine)?);
        Ok(Self { engine: built.engine, instances: built.instances, linker, most_bytes })
    }

    /// How many instances may live at once.
    pub fn instances(&self) -> u32 {
        self.instances
    }

    /// The room that instances share, under a budget.
    pub fn room(&self, budget: MemoryBudget, limits: &Limits) -> wasmtime::Result<Arc<Room>> {
        let trimmer = Trimmer::new(self.engine.clone(), limits.memory_per_instance)?;
        Ok(Room::new(budget, self.instances, limits.room_wait, trimmer))
    }

    /// Compiles a component and checks that this host can run it. Takes seconds for large ones: not for async threads.
    pub fn compile(&self, bytes: &[u8]) -> Result<ProxyPre<GuestState>, ComponentError> {
        let component = self.component(bytes)?;
        let pre = self.link(&component)?;
        ProxyPre::new(pre).map_err(ComponentError::NoHandler)
    }

    /// The component as the engine sees it, before anything is linked.
    pub(super) fn component(&self, bytes: &[u8]) -> Result<Component, ComponentError> {
        check(bytes, self.most_bytes)?;
        Component::from_binary(&self.engine, bytes).map_err(ComponentError::Invalid)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn link(&self, component: &Component) -> Result<InstancePre<GuestState>, ComponentError> {
        self.linker.instantiate_pre(component).map_err(|error| ComponentError::Import(explain(&error)))
    }
}

/// Bytes of memories and tables that an instance begins with.
pub(super) fn declared_memory(pre: &ProxyPre<GuestState>) -> u64 {
    const PAGE: u64 = 64 << 10;
    const ELEMENT: u64 = 8;
    let Some(required) = pre.instance_pre().component().resources_required() else { return 0 };
    let all = |number: u32, size: Option<u64>, unit: u64| {
        u64::from(number).saturating_mul(size.unwrap_or_default()).saturating_mul(unit)
    };
    all(required.num_memories, required.max_initial_memory_size, PAGE).saturating_add(all(
        required.num_tables,
        required.max_initial_table_size,
        ELEMENT,
    ))
}

fn check(bytes: &[u8], most: u64) -> Result<(), ComponentError> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(ComponentError::TooLarge { size: bytes.len(), most });
    }
    match bytes.get(..MAGIC_BYTES) {
        Some(COMPONENT_MAGIC) => Ok(()),
        Some(MODULE_MAGIC) => Err(ComponentError::NotAComponent(
            "it is a core module; build it for wasm32-wasip2, or make a component of it first",
        )),
        _ => Err(ComponentError::NotAComponent("it does not begin like one")),
    }
}

/// Names what is missing and what to do.
fn explain(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    let advice = if text.contains("innkeeper:storage") {
        "build the guest with the wit/ folder of this version of Innkeeper"
    } else if text.contains("wasi:") {
        "this host has WASI 0.2, wasi:http and wasi:config"
    } else {
        "a guest may import innkeeper:storage and WASI 0.2 only"
    };
    format!("the component wants what this host does not have: {text}; {advice}")
}
