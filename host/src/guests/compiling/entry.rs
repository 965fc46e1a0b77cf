//! Names in wasmtime's cache of compiled code.
//!
//! The cache names a file by the hash of the component and of everything in the engine that decides
//! what its code is. The compiler's settings belong to that where the engine has a compiler. So
//! code that was compiled is not found by an engine that cannot compile, until it lies under the
//! other name as well. Nothing here is trusted: an engine checks what it loads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;
use wasmtime::Engine;

/// Below it lies one folder for each version of wasmtime.
const MODULES: &str = "modules";

/// The name of a component's code for an engine, as `wasmtime::CodeBuilder` makes it.
fn name(engine: &Engine, component: &[u8]) -> String {
    // Beside the component: no debugging information in a file of its own, no intrinsics.
    let state = (engine.precompile_compatibility_hash(), component, None::<&[u8]>, None::<&str>);
    let mut hasher = Digester(Sha256::new());
    state.hash(&mut hasher);
    URL_SAFE_NO_PAD.encode(hasher.0.finalize())
}

/// Copies the code that `compiler` has put into the cache `from` to the cache `to`, where `loader`
/// finds it.
pub(super) fn hand_over(
    component: &[u8],
    (compiler, from): (&Engine, &Path),
    (loader, to): (&Engine, &Path),
) -> io::Result<()> {
    let made = name(compiler, component);
    for version in fs::read_dir(from.join(MODULES))?.flatten() {
        let code = version.path().join(&made);
        if code.is_file() {
            return put(&code, &to.join(MODULES).join(version.file_name()), &name(loader, component));
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "the compiler has left no code"))
}

/// In one step, because others may be reading. A name of this kind is cleared away by the cache
/// itself where the step is not done.
fn put(code: &Path, folder: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let coming = folder.join(format!("{name}.wip-atomic-write-{}", std::process::id()));
    let put = fs::copy(code, &coming).and_then(|_| fs::rename(&coming, folder.join(name)));
    if put.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&coming);
    }
    put
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
