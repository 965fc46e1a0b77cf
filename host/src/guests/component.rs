//! Components: checked, compiled by a child, loaded off the async threads, ready to be
//! instantiated. Where their code is kept says `native`.

use super::admission::{Admission, Filler, Trimmer};
use super::advice;
use super::compiling::{CompileError, Made, Workshop};
use super::engine::Built;
use super::linker;
use super::native::{EngineId, Finder, Native, NativeStore, NotTaken, Packed};
use super::reading::{self, Kind, Problem};
use super::shared_components::SharedComponents;
use super::state::GuestState;
use crate::config::{Limits, MemoryBudget};
use crate::storage::{self, Database};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// Why a file is not a guest that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file is something else.
    #[error("not a WebAssembly component: {}", reading::told(.0))]
    NotAComponent(Vec<Problem>),
    /// Its outside is not that of a guest of this host.
    #[error("{}", reading::told(.0))]
    NoGuest(Vec<Problem>),
    /// The file is larger than the limit.
    #[error("the component has {size} bytes, more than the {most} allowed (INNKEEPER_COMPONENT_BYTES)")]
    TooLarge {
        /// Bytes of the file.
        size: u64,
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
    /// The database with its code is away.
    #[error(transparent)]
    Storage(storage::Error),
    /// The host is stopping.
    #[error("the host is stopping")]
    Stopped,
}

impl ComponentError {
    /// Whether the same component would meet the same error again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::NotCompiled(error) => error.is_final(),
            Self::Stopped | Self::Storage(_) => false,
            _ => true,
        }
    }
}

/// A component that may be loaded.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its hash.
    pub sha256: &'a [u8],
    /// Its bytes.
    pub size: u64,
    /// For which app; for the log.
    pub app: &'a str,
    /// Where its code may be.
    pub database: &'a Database,
    /// Held while that is being asked.
    pub turn: &'a Semaphore,
}

/// A component that this host can run.
pub struct Compiled {
    /// Ready to be instantiated.
    pub pre: Arc<ProxyPre<GuestState>>,
    /// What became of code that was brought with it; none where none was brought, or needed.
    pub brought: Option<Result<(), NotTaken>>,
    sha256: Vec<u8>,
    code: Packed,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("code", &self.code).finish_non_exhaustive()
    }
}

/// What makes components runnable. Cloning shares it.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    instances: u32,
    linker: Arc<Linker<GuestState>>,
    workshop: Arc<Workshop>,
    store: NativeStore,
    shared: Arc<SharedComponents>,
    filler: Option<Arc<Filler>>,
    most_bytes: u64,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

impl Compiler {
    /// What `workshop` compiles, the engine runs; `store` keeps it.
    pub fn new(built: Built, workshop: Workshop, store: NativeStore, most_bytes: u64) -> wasmtime::Result<Self> {
        let linker = Arc::new(linker::build(&built.engine)?);
        Ok(Self {
            engine: built.engine,
            instances: built.instances,
            linker,
            filler: Filler::new(workshop.instance_memory()),
            workshop: Arc::new(workshop),
            store,
            shared: Arc::default(),
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
        Admission::new(budget, self.instances, limits.memory_wait, trimmer, self.workshop.running())
    }

    /// Compiles what gives memory back, if that is wanted.
    pub async fn serve_trimmer(&self) -> Result<(), ComponentError> {
        let Some((filler, bytes)) = self.filler.as_ref().and_then(|it| Some((it, it.take_wanted()?))) else {
            return Ok(());
        };
        let sha256 = Sha256::digest(&bytes);
        let native = match self.store.in_folder(&sha256, None).await {
            Some(native) => native,
            None => self.take(&sha256, self.workshop.compile_own(bytes).await?).await?,
        };
        filler.put(native.component);
        Ok(())
    }

    /// A component whose code is somewhere already: loaded for another app, in the folder of this
    /// machine, or in the database. None where it has to be compiled.
    pub async fn find(&self, wanted: Wanted<'_>) -> Result<Option<Arc<ProxyPre<GuestState>>>, ComponentError> {
        self.check_size(wanted.size)?;
        let slot = self.shared.slot(wanted.sha256);
        let _turn = slot.turn().await.ok_or(ComponentError::Stopped)?;
        if let Some(loaded) = slot.loaded() {
            return Ok(Some(loaded));
        }
        let finder = Finder { app: wanted.app, database: wanted.database };
        let mut found = self.store.in_folder(wanted.sha256, Some(finder)).await;
        if found.is_none() {
            found = self.store.in_registry(wanted).await.map_err(ComponentError::Storage)?;
        }
        let Some(native) = found else { return Ok(None) };
        self.link(native.component).await.map(|pre| Some(slot.put(pre)))
    }

    /// Compiles a component unless this machine has its code, and checks that this host can run it.
    /// Takes seconds for large ones.
    pub async fn compile(&self, bytes: Bytes) -> Result<Compiled, ComponentError> {
        self.compile_unless_brought(bytes, None).await
    }

    /// The same, and takes code that was brought by somebody who may. Compiles where that is not
    /// what it has to be.
    pub async fn compile_unless_brought(
        &self,
        bytes: Bytes,
        code: Option<Bytes>,
    ) -> Result<Compiled, ComponentError> {
        self.check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let kind = Kind::of(&bytes);
        if !kind.is_wasm() {
            // WebAssembly is read by the child, whose memory and time are bounded.
            check(&bytes)?;
        }
        let hashed = bytes.clone();
        let hashing = tokio::task::spawn_blocking(move || Sha256::digest(&hashed).to_vec());
        let sha256 = hashing.await.map_err(|_| ComponentError::Stopped)?;
        let (mut native, mut brought) = (self.store.in_folder(&sha256, None).await, None);
        if native.is_none()
            && kind == Kind::Component
            && let Some(code) = code
        {
            let loaded = self.store.load_brought(&sha256, code).await;
            brought = Some(loaded.as_ref().map(|_| ()).map_err(NotTaken::clone));
            native = loaded.ok();
        }
        let native = match native {
            Some(native) => native,
            None => self.take(&sha256, self.workshop.compile(bytes).await?).await?,
        };
        let pre = self.shared.slot(&sha256).put(self.link(native.component).await?);
        Ok(Compiled { pre, brought, sha256, code: native.packed })
    }

    /// The engine that runs what this compiles.
    pub fn engine_id(&self) -> &EngineId {
        self.store.engine_id()
    }

    /// The code of a component in the form in which it is brought to a host elsewhere.
    pub fn for_elsewhere(&self, compiled: &Compiled) -> Bytes {
        self.store.for_elsewhere(&compiled.sha256, &compiled.code)
    }

    /// Where code is kept.
    pub(super) fn store(&self) -> &NativeStore {
        &self.store
    }

    /// Hands the code on to other hosts of a database. False where that cannot be: see
    /// `config::CodeKey`. Code that was brought is kept on this machine only now.
    pub async fn publish(
        &self,
        database: &Database,
        compiled: &Compiled,
        compiled_by: &str,
    ) -> storage::Result<bool> {
        if let Some(Ok(())) = compiled.brought {
            self.store.keep(&compiled.sha256, compiled.code.clone()).await;
        }
        self.store.publish(database, &compiled.sha256, compiled.code.clone(), compiled_by).await
    }

    /// Compiles a component and starts it once. What keeps this host from running it; none if
    /// nothing does.
    pub async fn inspect(&self, bytes: Bytes) -> Result<Option<String>, ComponentError> {
        self.check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        Ok(self.workshop.compile(bytes).await?.seen.problem)
    }

    async fn take(&self, sha256: &[u8], made: Made) -> Result<Native, ComponentError> {
        match (made.seen.problem, made.code) {
            (Some(problem), _) => Err(ComponentError::Unfit(problem)),
            (None, None) => Err(ComponentError::Stopped),
            (None, Some(packed)) => self.store.take(sha256, packed).await.map_err(ComponentError::Invalid),
        }
    }

    async fn link(&self, component: Component) -> Result<ProxyPre<GuestState>, ComponentError> {
        let linker = Arc::clone(&self.linker);
        let linking = tokio::task::spawn_blocking(move || link(&linker, &component));
        linking.await.map_err(|_| ComponentError::Stopped)?
    }

    fn check_size(&self, size: u64) -> Result<(), ComponentError> {
        let most = self.most_bytes;
        if size > most { Err(ComponentError::TooLarge { size, most }) } else { Ok(()) }
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

/// An error where a file is no component at all.
pub fn check_kind(bytes: &[u8]) -> Result<(), ComponentError> {
    match Kind::of(bytes) {
        Kind::Component => Ok(()),
        _ => check(bytes),
    }
}

/// An error where the imports, exports and types of a file are not those of a guest of this host.
/// Whether it can be compiled remains to be seen.
pub(super) fn check(bytes: &[u8]) -> Result<(), ComponentError> {
    let problems = reading::check(bytes);
    match (problems.is_empty(), Kind::of(bytes)) {
        (true, _) => Ok(()),
        (false, Kind::Component) => Err(ComponentError::NoGuest(problems)),
        (false, _) => Err(ComponentError::NotAComponent(problems)),
    }
}

/// Why a component cannot be compiled, by what it uses; else what the compiler says.
pub(super) fn not_compiled(bytes: &[u8], error: wasmtime::Error) -> ComponentError {
    let problems = reading::of_features(bytes);
    if problems.is_empty() { ComponentError::Invalid(error) } else { ComponentError::NoGuest(problems) }
}

/// Names what is missing and what to do.
fn explain(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    let advice = advice::about_imports(&text);
    format!("the component wants what this host does not have: {text}; {advice}")
}
