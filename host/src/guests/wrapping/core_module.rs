//! What has to be known of a core module before it becomes a component.

use super::world_name;
use wasmparser::{Error, Import, Parser, Payload};

/// How sections begin that say for which world a module was built.
const TYPES: &str = "component-type";
/// How their content begins in the form that the encoder still reads and no longer writes.
const OLD_TYPES: u8 = 3;
/// What a program exports that runs from its beginning to its end.
const START: &str = "_start";

/// How sections begin that only debuggers read. They are by far the largest part of a module that
/// was compiled with them, and nothing here reads them. The names of functions are elsewhere.
const DEBUG: &str = ".debug_";

/// The module without what only debuggers read.
pub(super) fn without_debug_information(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut kept, mut start) = (Vec::with_capacity(bytes.len()), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let end = match &payload {
            Payload::Version { range, .. } => range.end,
            // With its kind and size, which stand before its content.
            payload => match payload.as_section() {
                Some((_, range)) => range.end,
                None => continue,
            },
        };
        let is_debug = matches!(&payload, Payload::CustomSection(section) if section.name().starts_with(DEBUG));
        if !is_debug {
            kept.extend_from_slice(bytes.get(start..end).unwrap_or_default());
        }
        start = end;
    }
    Ok(kept)
}

/// A core module from outside.
#[derive(Debug, Default)]
pub(super) struct CoreModule<'m> {
    pub(super) imports: Vec<Import<'m>>,
    exports: Vec<&'m str>,
    types: Vec<&'m [u8]>,
}

impl<'m> CoreModule<'m> {
    /// Reads its outside. An error where it is damaged.
    pub(super) fn read(bytes: &'m [u8]) -> Result<Self, Error> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        module.imports.push(import?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        module.exports.push(export?.name);
                    }
                }
                Payload::CustomSection(section) if section.name().starts_with(TYPES) => {
                    module.types.push(section.data());
                }
                _ => {}
            }
        }
        Ok(module)
    }

    /// Whether it runs from its beginning to its end, and answers nothing.
    pub(super) fn is_program(&self) -> bool {
        self.exports.contains(&START)
    }

    /// Whether it imports anything of a module.
    pub(super) fn imports_from(&self, module: &str) -> bool {
        self.imports.iter().any(|import| import.module == module)
    }

    /// The world for which it was built, where it says so. Those of several parts stand side by
    /// side.
    pub(super) fn world(&self) -> Option<anyhow::Result<String>> {
        let names = self.types.iter().map(|data| {
            // The older form begins with a version, an encoding, and the world's name.
            if let Some((&[OLD_TYPES, _, length], rest)) = data.split_first_chunk() {
                let name = rest.get(..usize::from(length)).unwrap_or_default();
                return Ok(String::from_utf8_lossy(name).into_owned());
            }
            let (resolve, world) = wit_parser::decoding::decode_world(data)?;
            Ok(world_name(&resolve, world))
        });
        let names: anyhow::Result<Vec<String>> = names.collect();
        (!self.types.is_empty()).then(|| {
            let mut names = names?;
            names.dedup();
            Ok(names.join(" and "))
        })
    }
}
