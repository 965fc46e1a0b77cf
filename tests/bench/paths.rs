//! Where the things under test are: the host, the guests, programs on `PATH`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The host: the one named, else what is built for deployment.
pub fn innkeeper(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        ensure!(path.is_file(), "no host at {}", path.display());
        return Ok(path.canonicalize()?);
    }
    let built = repository().join("target/release/innkeeper").canonicalize();
    built.context("the host is not built; build it first: cargo build --release -p innkeeper")
}

/// A built guest, by the name of its file without `.wasm`.
pub fn guest(name: &str) -> anyhow::Result<PathBuf> {
    let path = repository().join("target/guests").join(format!("{name}.wasm"));
    path.canonicalize().with_context(|| format!("no guest {name}; build the guests first: tests/guests/build"))
}

/// A program on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A path as it is to be shown: from the repository on where it lies in it, else the file's name.
pub fn shown(path: &Path) -> String {
    let root = repository().canonicalize().unwrap_or_default();
    let rest = path.strip_prefix(&root).map_or_else(|_elsewhere| path.file_name().map(Path::new), Some);
    rest.unwrap_or(path).display().to_string()
}
