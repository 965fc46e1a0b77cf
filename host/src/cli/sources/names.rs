//! Names of files that are no sources: what builds and editors write.

use std::ffi::OsStr;
use std::path::Path;

/// Folders that builds write into.
const NOT_SOURCES: [&str; 9] =
    ["target", "node_modules", ".venv", "venv", "__pycache__", ".git", "dist", "zig-out", "innkeeper-data"];
/// What editors write for a moment beside a file that is being saved: Vim, JetBrains.
const OF_EDITORS: [&str; 3] = ["4913", "___jb_tmp___", "___jb_old___"];
const OF_EDITORS_ENDINGS: [&str; 4] = ["swp", "swo", "swx", "tmp"];
/// What build tools write when they have chosen versions.
const LOCKS: [&str; 9] = [
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "go.sum",
];

/// Whether a path inside a project is none of a source by its name alone.
pub(super) fn has_odd_name(inside: &Path) -> bool {
    let built = |name: &OsStr| NOT_SOURCES.iter().any(|folder| name == *folder);
    let hidden = |name: &OsStr| {
        name.to_str().is_some_and(|name| (name.starts_with('.') && name != ".") || name.ends_with('~'))
    };
    let is_wasm = inside.extension().is_some_and(|extension| extension == "wasm");
    is_wasm || is_of_editor(inside) || inside.iter().any(|name| built(name) || hidden(name))
}

/// Whether an editor has written it, and not its user.
fn is_of_editor(path: &Path) -> bool {
    let has = |ending: &OsStr| OF_EDITORS_ENDINGS.iter().any(|it| ending == *it);
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    path.extension().is_some_and(has)
        || name.starts_with('#') && name.ends_with('#')
        || OF_EDITORS.iter().any(|it| name == *it || (it.starts_with('_') && name.ends_with(it)))
}

/// Whether a build tool writes its choice of versions there.
pub(super) fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LOCKS.iter().any(|lock| name == *lock))
}
