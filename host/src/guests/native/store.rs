//! Where a component's code is looked for: in the folder of this machine first, then in the
//! registry.

use super::brought::{self, NotTaken};
use super::code::Packed;
use super::engine_id::{EngineId, Purpose};
use super::folder::{CodeFolder, Found};
use super::key::SharedKey;
use super::sealed::{self, Refusal};
use super::tampered::{self, Finder};
use crate::guests::component::Wanted;
use crate::storage::registry::native_code::{CodeId, NativeCode, Origin};
use crate::storage::{Database, Result, hex};
use bytes::Bytes;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use wasmtime::Engine;
use wasmtime::component::Component;

/// What somebody who finds bad code says in the log of acts.
const FORGED: &str = "native-code-forged";
const ANOTHER_KEY: &str = "native-code-of-another-key";

/// Code that is loaded, and what it was loaded from.
#[derive(Debug)]
pub struct Native {
    /// Ready to be linked.
    pub component: Component,
    /// For those who hand it on.
    pub packed: Packed,
}

/// See the module. Cloning shares it.
#[derive(Debug, Clone)]
pub struct NativeStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    engine_id: EngineId,
    folder: CodeFolder,
    shared: SharedKey,
    /// Names this process to others who would compile the same.
    holder: String,
}

impl NativeStore {
    /// The code of an engine of this process.
    pub fn new(engine: Engine, folder: CodeFolder, shared: SharedKey, purpose: Purpose) -> Self {
        let engine_id = EngineId::of(&engine, purpose);
        let holder = format!("{:016x}", getrandom::u64().unwrap_or(u64::from(std::process::id())));
        Self(Arc::new(Inner { engine, engine_id, folder, shared, holder }))
    }

    /// What the folder of this machine has of a component.
    pub async fn in_folder(&self, component: &[u8], finder: Option<Finder<'_>>) -> Option<Native> {
        let (inner, id) = (Arc::clone(&self.0), self.id(component));
        let looking = spawn_blocking(move || match inner.folder.find(&id) {
            Found::Nothing => Ok(None),
            Found::Damaged(problem) => {
                tracing::warn!("compiled code on this machine is damaged, and removed: {problem}");
                Ok(None)
            }
            Found::Refused(problem) => Err(problem),
            Found::Code(packed) => Ok(inner.loaded(packed).inspect_err(|_| inner.folder.remove(&id)).ok()),
        });
        match looking.await {
            Ok(Ok(found)) => found,
            Ok(Err(problem)) => {
                let detail = format!("compiled code on this machine is not run, and removed: {problem}");
                tampered::note(FORGED, component, finder, &detail).await;
                None
            }
            Err(_) => None,
        }
    }

    /// What the registry has of a component; it is in the folder from then on. What must not be run
    /// is removed there. An error where the database is away.
    pub async fn in_registry(&self, wanted: Wanted<'_>) -> Result<Option<Native>> {
        let Wanted { database, sha256: component, app, turn, .. } = wanted;
        if !self.0.shared.is_there() {
            return Ok(None);
        }
        let id = self.id(component);
        let asked = {
            let _turn = turn.acquire().await;
            database.native_code(&id).await
        };
        let code = match asked {
            Err(error) if error.is_outage() => return Err(error),
            // The component is there in any case.
            Err(error) => {
                tracing::warn!(app, "compiled code cannot be read: {error}");
                return Ok(None);
            }
            Ok(code) => code,
        };
        let Some(code) = code else { return Ok(None) };
        let mac = code.mac.clone();
        let (inner, opened) = (Arc::clone(&self.0), id.clone());
        let opening = spawn_blocking(move || inner.open(&opened, code));
        match opening.await {
            Ok(Opened::Code(native)) => Ok(Some(native)),
            Ok(Opened::Refused(refusal)) => {
                let kind = if refusal == Refusal::AnotherKey { ANOTHER_KEY } else { FORGED };
                let what = format!("compiled code of the component {} in the registry", hex(component));
                let detail = format!("{what} is not run, and removed: {refusal}");
                tampered::note(kind, component, Some(Finder { app, database }), &detail).await;
                if let Err(error) = database.forget_native_code(&id, &mac).await {
                    tracing::warn!(app, "{what} cannot be removed: {error}");
                }
                Ok(None)
            }
            Ok(Opened::Foreign(error)) => {
                tracing::info!(app, "compiled code in the registry does not run on this machine: {error}");
                Ok(None)
            }
            Ok(Opened::NoKey) | Err(_) => Ok(None),
        }
    }

    /// Loads what was just compiled, and keeps it in the folder.
    pub async fn take(&self, component: &[u8], packed: Packed) -> wasmtime::Result<Native> {
        let (inner, id) = (Arc::clone(&self.0), self.id(component));
        let taking = spawn_blocking(move || {
            let native = inner.loaded(packed)?;
            inner.keep(&id, &native.packed);
            Ok(native)
        });
        taking.await?
    }

    /// Says that this host has its engine, so that the code for it stays in the registry.
    pub async fn note_engine(&self, database: &Database) -> Result<()> {
        database.note_engine(self.0.engine_id.digest()).await
    }

    /// The engine that runs the code.
    pub fn engine_id(&self) -> &EngineId {
        &self.0.engine_id
    }

    /// Code in the form in which it is brought to a host elsewhere.
    pub fn for_elsewhere(&self, component: &[u8], packed: &Packed) -> Bytes {
        brought::write(&self.id(component), packed)
    }

    /// Loads code that was brought by somebody who may. It is not kept before it has shown that it
    /// works: see [`Self::keep`].
    pub async fn load_brought(&self, component: &[u8], bytes: Bytes) -> std::result::Result<Native, NotTaken> {
        let (inner, id) = (Arc::clone(&self.0), self.id(component));
        let unloadable = |error: &dyn std::fmt::Display| NotTaken::Unloadable(error.to_string());
        let loading = spawn_blocking(move || {
            let packed = brought::read(&id, bytes)?;
            inner.loaded(packed).map_err(|error| unloadable(&error))
        });
        loading.await.map_err(|error| unloadable(&error))?
    }

    /// Keeps code in the folder of this machine.
    pub async fn keep(&self, component: &[u8], packed: Packed) {
        let (inner, id) = (Arc::clone(&self.0), self.id(component));
        // Where it ends otherwise, the host stops.
        let _ = spawn_blocking(move || inner.keep(&id, &packed)).await;
    }

    /// Hands code on to all who have the key. False where that cannot be.
    pub async fn publish(
        &self,
        database: &Database,
        component: &[u8],
        packed: Packed,
        compiled_by: &str,
    ) -> Result<bool> {
        let (inner, id) = (Arc::clone(&self.0), self.id(component));
        let signing = spawn_blocking(move || {
            let key = inner.shared.get()?;
            Some((sealed::seal(key, &id, &packed), id))
        });
        let Ok(Some((code, id))) = signing.await else { return Ok(false) };
        let origin = Origin { target: self.0.engine_id.target(), compiled_by };
        database.keep_native_code(&id, &code, origin).await
    }

    /// Whether this process may compile a component now: not where another host is at it whose code
    /// it could load. Where that cannot be found out, it may.
    pub async fn claim(&self, database: &Database, component: &[u8]) -> bool {
        if !self.0.shared.is_there() {
            return true;
        }
        database.claim_compiling(&self.id(component), &self.0.holder).await.unwrap_or(true)
    }

    /// Lets others compile it. What cannot be given back now ends by itself soon.
    pub async fn release(&self, database: &Database, component: &[u8]) {
        if self.0.shared.is_there() {
            let _ = database.release_compiling(&self.id(component), &self.0.holder).await;
        }
    }

    fn id(&self, component: &[u8]) -> CodeId {
        CodeId { component: component.to_vec(), engine: self.0.engine_id.digest().to_vec() }
    }
}

/// What has come of code in the registry.
enum Opened {
    Code(Native),
    Refused(Refusal),
    /// The signature is right, and it was made for a processor of another kind.
    Foreign(wasmtime::Error),
    /// Nothing can be said about it.
    NoKey,
}

/// All of it takes a while for large code, and blocks.
impl Inner {
    fn open(&self, id: &CodeId, code: NativeCode) -> Opened {
        let Some(key) = self.shared.get() else { return Opened::NoKey };
        let packed = match sealed::open(key, id, code) {
            Ok(packed) => packed,
            Err(refusal) => return Opened::Refused(refusal),
        };
        match self.loaded(packed) {
            Ok(native) => {
                self.keep(id, &native.packed);
                Opened::Code(native)
            }
            Err(error) => Opened::Foreign(error),
        }
    }

    fn loaded(&self, packed: Packed) -> wasmtime::Result<Native> {
        Ok(Native { component: packed.clone().load(&self.engine, self.folder.path())?, packed })
    }

    /// Without it the next start takes longer, and nothing else.
    fn keep(&self, id: &CodeId, packed: &Packed) {
        if let Err(error) = self.folder.keep(id, packed) {
            tracing::warn!("compiled code cannot be kept on this machine: {error}");
        }
    }
}
