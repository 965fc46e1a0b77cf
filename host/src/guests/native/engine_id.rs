//! What decides whether an engine can run code.

use crate::config::machine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use wasmtime::Engine;

const PURPOSE: &[u8] = b"innkeeper engine 1\0";
const DEVELOPMENT: &[u8] = b"innkeeper engine 1 development\0";

/// For what code is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To be served, here or by another host.
    Serving,
    /// To be tried by its author on this machine, who takes parts of it from builds before. Such
    /// code is not taken for any that is to be served.
    Development,
}

/// A digest of an engine's version and settings and of the machine. Code of another one is not
/// looked at. What remains, the abilities of the processor, the engine checks when it loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineId {
    digest: [u8; 32],
    target: String,
}

impl EngineId {
    /// Of an engine of this process.
    pub fn of(engine: &Engine, purpose: Purpose) -> Self {
        let target = machine();
        let mut hasher = Digester(Sha256::new());
        hasher.write(match purpose {
            Purpose::Serving => PURPOSE,
            Purpose::Development => DEVELOPMENT,
        });
        target.hash(&mut hasher);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self { digest: hasher.0.finalize().into(), target }
    }

    /// The digest.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The kind of machine, for people.
    pub fn target(&self) -> &str {
        &self.target
    }
}

struct Digester(Sha256);

impl Hasher for Digester {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not what is asked for: the hash is longer.
    fn finish(&self) -> u64 {
        0
    }
}
