//! `innkeeper wrap`

use super::{UsageError, output, written};
use crate::guests::wrapping::{self, World};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Make a component of a core WebAssembly module
///
/// Makes a component of what a compiler for wasm32-wasi (WASI preview 1) leaves: C, C++, Zig, Go.
/// A module that does not say for which world it was built is taken for an app of Innkeeper, world
/// innkeeper:storage/web-app. What only debuggers read (`.debug_*`) is left out; names of functions
/// stay. A file that is there already is replaced at once, or not at all.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper wrap core.wasm -o app.wasm
  innkeeper wrap app.wasm -o app.wasm
  innkeeper wrap core.wasm -o app.wasm --language Zig
  innkeeper wrap core.wasm -o app.wasm --wit wit --world web-app

JSON: {file, size, world, adapted}; adapted tells whether it uses WASI preview 1")]
pub(super) struct Options {
    /// The core module
    #[arg(value_name = "CORE")]
    core: PathBuf,
    /// The component to be written
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// A folder or file with the WIT of another world
    #[arg(long, value_name = "DIR")]
    wit: Option<PathBuf>,
    /// The name of that world, unless there is but one
    #[arg(long, value_name = "NAME", requires = "wit")]
    world: Option<String>,
    /// What the component says of its language, where the compiler leaves nothing in it
    #[arg(long)]
    language: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let Options { core, output, .. } = options;
    if output == Path::new("-") {
        return Err(UsageError("a component is written into a file: name one behind -o".to_owned()).into());
    }
    let bytes = match std::fs::read(core) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{}: no such file", core.display()),
        read => read.with_context(|| format!("cannot read {}", core.display()))?,
    };
    let world = match &options.wit {
        None => World::Own,
        Some(wit) => World::Of { wit: wit.clone(), name: options.world.clone() },
    };
    let wrapped = quietly(|| wrapping::wrap(&bytes, &world, options.language.as_deref()));
    let wrapped = wrapped.with_context(|| core.display().to_string())?;
    write(output, &wrapped.component).with_context(|| format!("cannot write {}", output.display()))?;
    let size = wrapped.component.len();
    if options.json {
        let (file, world, adapted) = (output.to_string_lossy(), &wrapped.world, wrapped.is_adapted);
        return output::json(&json!({ "file": file, "size": size, "world": world, "adapted": adapted }));
    }
    let size = output::bytes(u64::try_from(size).unwrap_or(u64::MAX));
    output::line(format!("{}: a component for the world {} ({size})", output.display(), wrapped.world));
    Ok(())
}

/// Does something whose panics are errors that need no further words.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = work();
    std::panic::set_hook(hook);
    done
}

/// Writes the component, also over another one.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let path = match path.canonicalize() {
        Ok(there) if !there.is_file() => bail!("it is no file"),
        // A link stays one.
        Ok(there) => there,
        Err(_) => path.to_owned(),
    };
    Ok(written::replace(&path, bytes, false)?)
}

#[cfg(test)]
mod tests {
    use super::write;
    use std::fs;

    #[test]
    fn a_file_is_replaced_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.wasm"), folder.path().join("b.wasm"));
        write(&file, b"one").unwrap();
        std::os::unix::fs::symlink("a.wasm", &link).unwrap();
        write(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
        for no_file in [folder.path(), std::path::Path::new("/dev/null")] {
            assert!(write(no_file, b"three").is_err(), "{}", no_file.display());
        }
        assert!(write(&folder.path().join("none/a.wasm"), b"four").is_err());
    }
}
