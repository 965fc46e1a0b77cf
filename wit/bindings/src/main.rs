//! Writes bindings of the world `innkeeper:storage/web-app` for the SDKs whose languages generate
//! them ahead of time.
//!
//! `innkeeper-wit-bindings c DIR` writes `web_app.h` and `web_app.c`; Zig and C++ use them too.
//! `innkeeper-wit-bindings go DIR MODULE` writes packages that are imported as `MODULE/imports/...`
//! and `MODULE/exports/...`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

const USAGE: &str = "usage: innkeeper-wit-bindings c DIR\n       innkeeper-wit-bindings go DIR MODULE";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mut generator, folder) = match arguments.as_slice() {
        ["c", folder] => (c(), folder),
        ["go", folder, module] => (go(module), folder),
        _ => bail!(USAGE),
    };
    write(&generate(generator.as_mut())?, Path::new(folder))
}

/// `innkeeper wrap` embeds the world, so C needs no object file that carries it.
fn c() -> Box<dyn WorldGenerator> {
    wit_bindgen_c::Opts { no_object_file: true, ..Default::default() }.build()
}

fn go(module: &str) -> Box<dyn WorldGenerator> {
    wit_bindgen_go::Opts { pkg_name: Some(module.to_owned()), quiet: true, ..Default::default() }.build()
}

fn generate(generator: &mut dyn WorldGenerator) -> Result<Files> {
    let wit = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit).with_context(|| format!("{} is no WIT package", wit.display()))?;
    let world = resolve.select_world(&[package], Some("web-app"))?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

fn write(files: &Files, folder: &Path) -> Result<()> {
    for (name, bytes) in files.iter() {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
