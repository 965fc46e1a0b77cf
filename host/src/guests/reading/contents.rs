//! What is in a WebAssembly file: imports and exports, sizes, marks of its toolchain. One walk over
//! its sections, in which types are checked and no function is looked into.

use super::Kind;
use crate::guests::language::Marks;
use std::collections::BTreeSet;
use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::TypesRef;
use wasmparser::{ComponentExternalKind, Parser, Payload, ValidPayload, Validator, WasmFeatures};

/// How a core module names interfaces in the newer of two ways (Component Model, "Build Targets").
const NEWER_NAMES: &str = "cm32p2|";
/// Custom sections that only debuggers read.
const DEBUG: [&str; 5] = [".debug_", "name", "component-name", "sourceMappingURL", "external_debug_info"];

/// Modules and components within each other. The time of the validator grows with the square of
/// their number, and toolchains nest three or four.
const DEEPEST: u32 = 100;

/// What takes how many bytes. Modules and components within count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sizes {
    /// Functions.
    pub code: u64,
    /// What memories begin with.
    pub data: u64,
    /// Names and positions in the source.
    pub debug: u64,
    /// Other custom sections.
    pub custom: u64,
    /// Everything else: types, imports, exports.
    pub other: u64,
}

/// What a component imports under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImportKind {
    /// Functions or resources of an interface.
    Interface,
    /// Types alone, which nobody has to bring.
    Types,
    /// Something that has no interface.
    Other,
}

/// What a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) name: String,
    pub(super) kind: ImportKind,
}

/// What a core module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CoreImport {
    pub(super) module: String,
    pub(super) name: String,
}

/// What is in a WebAssembly file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Of a component what it imports; of a core module the interfaces whose functions it imports.
    pub(super) imports: Vec<Import>,
    /// Of a core module.
    pub(super) core_imports: Vec<CoreImport>,
    pub(super) exports: Vec<String>,
    pub(super) sizes: Sizes,
    pub(super) marks: Marks,
    /// Whether nothing but types is in it.
    pub(super) is_types_only: bool,
    /// What is wrong with its bytes.
    pub(super) damage: Option<String>,
}

/// The interface that a core module imports a function of, by the module's name of the import; none
/// where that is something else.
fn interface(module: &str) -> Option<&str> {
    let name = module.strip_prefix(NEWER_NAMES).unwrap_or(module);
    Some(name).filter(|name| name.contains(':') && !name.starts_with(['[', '_']))
}

impl Contents {
    /// Whether a core module or a component exports a function of an interface, or the interface.
    pub(super) fn has_export_of(&self, interface: &str) -> bool {
        let is_of = |name: &String| name.strip_prefix(NEWER_NAMES).unwrap_or(name).starts_with(interface);
        self.exports.iter().any(is_of)
    }

    /// Reads a component or a core module, as far as it can be read.
    pub(super) fn read(bytes: &[u8], kind: Kind) -> Self {
        let mut walk = Walk { contents: Self::default(), depth: 0, modules: 0, has_values: false };
        let damage = walk.whole(bytes).err();
        let mut contents = walk.contents;
        contents.damage = damage;
        let is_component = contents.damage.is_none() && kind == Kind::Component;
        contents.is_types_only =
            is_component && walk.modules == 0 && !walk.has_values && !contents.exports.is_empty();
        let Sizes { code, data, debug, custom, .. } = contents.sizes;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        contents.sizes.other = size.saturating_sub(code + data + debug + custom);
        contents
    }
}

struct Walk {
    contents: Contents,
    /// Modules and components around the place.
    depth: u32,
    modules: u32,
    has_values: bool,
}

impl Walk {
    fn whole(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = |error: wasmparser::Error| error.to_string();
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(text)?;
            self.note(&payload).map_err(text)?;
            if let ValidPayload::End(types) = validator.payload(&payload).map_err(text)?
                && self.depth == 0
            {
                self.classify(types.as_ref());
            }
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } if self.depth == DEEPEST => {
                    return Err(format!("it nests more than {DEEPEST} modules and components"));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.depth += 1,
                Payload::End(_) => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        let is_outside = self.depth == 0;
        let sizes = &mut self.contents.sizes;
        let length = |range: &std::ops::Range<usize>| u64::try_from(range.len()).unwrap_or(u64::MAX);
        self.contents.marks.note(payload);
        match payload {
            Payload::CodeSectionStart { range, .. } => sizes.code += length(range),
            Payload::DataSection(section) => sizes.data += length(&section.range()),
            Payload::CustomSection(section) => {
                let is_debug = DEBUG.iter().any(|start| section.name().starts_with(start));
                let part = if is_debug { &mut sizes.debug } else { &mut sizes.custom };
                *part += length(&section.range());
            }
            Payload::ModuleSection { .. } => self.modules += 1,
            Payload::ImportSection(section) if is_outside => {
                let mut interfaces = BTreeSet::new();
                for import in section.clone().into_imports() {
                    let wasmparser::Import { module, name, .. } = import?;
                    interfaces.extend(interface(module));
                    let (module, name) = (module.to_owned(), name.to_owned());
                    self.contents.core_imports.push(CoreImport { module, name });
                }
                let import = |name: &str| Import { name: name.to_owned(), kind: ImportKind::Interface };
                self.contents.imports.extend(interfaces.into_iter().map(import));
            }
            Payload::ExportSection(section) if is_outside => {
                for export in section.clone() {
                    self.contents.exports.push(export?.name.to_owned());
                }
            }
            Payload::ComponentImportSection(section) if is_outside => {
                for import in section.clone() {
                    let import = import?;
                    let kind = ImportKind::Other;
                    self.contents.imports.push(Import { name: import.name.name.to_owned(), kind });
                }
            }
            Payload::ComponentExportSection(section) if is_outside => {
                for export in section.clone() {
                    let export = export?;
                    self.has_values |= export.kind != ComponentExternalKind::Type;
                    self.contents.exports.push(export.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the imports of the whole component are.
    fn classify(&mut self, types: TypesRef<'_>) {
        for import in &mut self.contents.imports {
            let Some(ComponentItem { ty, .. }) = types.component_item_for_import(&import.name) else { continue };
            import.kind = match ty {
                ComponentEntityType::Instance(id) => {
                    let exports = types.get(*id).into_iter().flat_map(|instance| instance.exports.values());
                    if exports.map(|item| &item.ty).all(is_no_resource) {
                        ImportKind::Types
                    } else {
                        ImportKind::Interface
                    }
                }
                ty if is_no_resource(ty) => ImportKind::Types,
                _ => ImportKind::Other,
            };
        }
    }
}

/// Whether it is a type that is known by its description alone.
fn is_no_resource(ty: &ComponentEntityType) -> bool {
    use wasmparser::component_types::ComponentAnyTypeId;
    matches!(ty, ComponentEntityType::Type { created, .. } if !matches!(created, ComponentAnyTypeId::Resource(_)))
}
