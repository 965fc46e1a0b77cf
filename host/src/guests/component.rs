//! Components: checked, compiled by a child, loaded off the async threads, ready to be
//! instantiated.

use super::admission::{Admission, Filler, Trimmer};
use super::advice;
use super::compiling::{CompileError, Seen, Workshop};
use super::engine::Built;
use super::linker;
use super::state::GuestState;
use crate::config::{Limits, MemoryBudget};
use bytes::Bytes;
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
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
    #[error("the component cannot be compiled: {}", advice::with_remedy(.0))]
    Invalid(wasmtime::Error),
    /// It asks for something that this host does not have.
    #[error("{0}")]
    Import(String),
    /// It does not answer requests.
    #[error(
        "the component does not export wasi:http/incoming-handler@0.2.x: build it for the world innkeeper:storage/web-app ({0:#})"
    )]
    NoHandler(wasmtime::Error),
    /// Compiling it failed.
    #[error(transparent)]
    NotCompiled(#[from] CompileError),
    /// This host cannot run it.
    #[error("{0}")]
    Unfit(String),
    /// Its code was there and is there no more.
    #[error("its compiled code is gone: try again")]
    Stopped,
}

impl ComponentError {
    /// Whether the same component would meet the same error again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::NotCompiled(error) => error.is_final(),
            Self::Stopped => false,
            _ => true,
        }
    }
}

/// What makes components runnable. Cloning shares it.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    instances: u32,
    linker: Arc<Linker<GuestState>>,
    workshop: Arc<Workshop>,
    filler: Option<Arc<Filler>>,
    most_bytes: u64,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

impl Compiler {
    /// What `workshop` compiles, the engine runs: both have the same folder.
    pub fn new(built: Built, workshop: Workshop, most_bytes: u64) -> wasmtime::Result<Self> {
        let linker = Arc::new(linker::build(&built.engine)?);
        Ok(Self {
            engine: built.engine,
            instances: built.instances,
            linker,
            filler: Filler::new(workshop.instance_memory()),
            workshop: Arc::new(workshop),
            most_bytes,
        })
    }

    /// How many instances may live at once.
    pub fn instances(&self) -> u32 {
        self.instances
    }

    /// The room that instances share, under a budget.
    pub fn admission(&self, budget: MemoryBudget, limits: &Limits) -> Arc<Admission> {
        let trimmer = Trimmer::new(self.engine.clone(), self.filler.clone());
        Admission::new(budget, self.instances, limits.memory_wait, trimmer)
    }

    /// Compiles what gives memory back, if that is wanted.
    pub async fn serve_trimmer(&self) -> Result<(), ComponentError> {
        let Some((filler, bytes)) = self.filler.as_ref().and_then(|it| Some((it, it.take_wanted()?))) else {
            return Ok(());
        };
        let engine = self.engine.clone();
        self.workshop.compile_own(bytes.clone()).await?;
        let loading = tokio::task::spawn_blocking(move || Component::from_binary(&engine, &bytes));
        let loaded = loading.await.map_err(|_| ComponentError::Stopped)?;
        filler.put(loaded.map_err(ComponentError::Invalid)?);
        Ok(())
    }

    /// Loads a component that is compiled already. None where it is not.
    pub async fn load(&self, bytes: Bytes) -> Result<Option<ProxyPre<GuestState>>, ComponentError> {
        check(&bytes, self.most_bytes)?;
        let (engine, linker) = (self.engine.clone(), Arc::clone(&self.linker));
        let loading = tokio::task::spawn_blocking(move || {
            // The engine cannot compile: whatever the error is, there is no code that it takes.
            let component = Component::from_binary(&engine, &bytes).ok();
            component.map(|component| link(&linker, &component)).transpose()
        });
        loading.await.map_err(|_| ComponentError::Stopped)?
    }

    /// Compiles a component unless that has been done, and checks that this host can run it. Takes
    /// seconds for large ones.
    pub async fn compile(&self, bytes: Bytes) -> Result<ProxyPre<GuestState>, ComponentError> {
        if let Some(loaded) = self.load(bytes.clone()).await? {
            return Ok(loaded);
        }
        match self.workshop.compile(bytes.clone()).await?.problem {
            Some(problem) => Err(ComponentError::Unfit(problem)),
            None => self.load(bytes).await?.ok_or(ComponentError::Stopped),
        }
    }

    /// Compiles a component and looks at it, whether this host can run it or not.
    pub async fn inspect(&self, bytes: Bytes) -> Result<Seen, ComponentError> {
        check(&bytes, self.most_bytes)?;
        Ok(self.workshop.compile(bytes).await?)
    }
}

/// Whether this host can run a component.
pub(super) fn link(
    linker: &Linker<GuestState>,
    component: &Component,
) -> Result<ProxyPre<GuestState>, ComponentError> {
    let pre = linker.instantiate_pre(component).map_err(|error| ComponentError::Import(explain(&error)))?;
    ProxyPre::new(pre).map_err(ComponentError::NoHandler)
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
    let advice = advice::about_imports(&text);
    format!("the component wants what this host does not have: {text}; {advice}")
}
