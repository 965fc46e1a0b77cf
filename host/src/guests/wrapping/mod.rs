//! Makes a component of a core module: gives it the types of its world, and to WASI preview 1 what
//! it wants of that.

mod core_module;

use super::advice;
use super::contract;
use super::language;
use super::reading::Kind;
use core_module::CoreModule;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW_1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

/// Of what the encoder says, what says nothing.
const STEPS: [&str; 2] = ["failed to decode world from module: ", "module was not valid: "];

/// For which world a module that does not say so was built.
#[derive(Debug, Clone)]
pub enum World {
    /// `innkeeper:storage/web-app` as this program has it.
    Own,
    /// Another one.
    Of {
        /// A folder, or a file.
        wit: PathBuf,
        /// Its name; none where there is but one.
        name: Option<String>,
    },
}

/// What has been made.
#[derive(Debug)]
pub struct Wrapped {
    /// The component.
    pub component: Vec<u8>,
    /// The world for which the module was built, such as `innkeeper:storage/web-app@0.1.0`.
    pub world: String,
    /// Whether the module says so itself.
    pub is_world_its_own: bool,
    /// Whether what it wants of WASI preview 1 was put in.
    pub is_adapted: bool,
}

/// Why no component can be made.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// It is one.
    #[error("it is a component already, and needs no wrapping")]
    Component,
    /// The file is something else.
    #[error("it is {kind} and no core WebAssembly module{}", remedy(*.kind))]
    NotAModule {
        /// What it is.
        kind: Kind,
    },
    /// The module is damaged.
    #[error("the module cannot be read: {0}; it may be cut off: build it again, or copy it again")]
    Damaged(wasmparser::Error),
    /// It runs from its beginning to its end, and answers no requests.
    #[error(
        "it is a program with a start of its own (it exports `_start`), and a guest is a reactor: {}",
        advice::REACTOR
    )]
    Program,
    /// Another world is asked for than the one that it was built for.
    #[error("the module says itself that it was built for the world {0}: leave --wit and --world out")]
    HasWorld(String),
    /// The WIT has faults, or no such world.
    #[error("the world cannot be read: {0}")]
    Wit(String),
    /// Nothing has what it imports.
    #[error("nothing has what the module imports: {}", .0.join("; "))]
    Imports(Vec<String>),
    /// The encoder has met something that it does not expect.
    #[error("the encoder cannot cope with the module; it may be damaged: build it again, or copy it again")]
    GaveUp,
    /// It cannot be a component of its world.
    #[error("{0}")]
    Unfit(String),
}

/// Makes a component of a core module, without what only debuggers read in it. The same module
/// becomes the same component, byte by byte.
///
/// `language` is what the component is to say of its origin, where the compiler has left nothing.
/// A panic of the encoder is an error; whoever calls decides whether the panic hook says more.
pub fn wrap(core: &[u8], world: &World, language: Option<&str>) -> Result<Wrapped, WrapError> {
    caught(|| make(core, world, language))
}

/// The encoder trusts what a compiler has made, and panics at a few damaged modules.
fn caught<T>(work: impl FnOnce() -> Result<T, WrapError>) -> Result<T, WrapError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(WrapError::GaveUp))
}

fn make(core: &[u8], world: &World, language: Option<&str>) -> Result<Wrapped, WrapError> {
    match Kind::of(core) {
        Kind::Module => {}
        Kind::Component => return Err(WrapError::Component),
        kind => return Err(WrapError::NotAModule { kind }),
    }
    let said = language.map(str::to_owned).or_else(|| language::lost_with_debug_information(core));
    let core = &core_module::without_debug_information(core).map_err(WrapError::Damaged)?;
    let module = CoreModule::read(core).map_err(WrapError::Damaged)?;
    if module.is_program() {
        return Err(WrapError::Program);
    }
    let (typed, name, is_world_its_own) = with_types(core, &module, world)?;
    let (_, metadata) = wit_component::metadata::decode(&typed).map_err(|error| unfit(&error, &name))?;
    check_imports(&module, &metadata.resolve, metadata.world, &name)?;
    let is_adapted = module.imports_from(PREVIEW_1);
    let component = encode(&typed, is_adapted).map_err(|error| unfit(&error, &name))?;
    let component = match said {
        None => component,
        Some(language) => with_language(&component, &language).map_err(|error| unfit(&error, &name))?,
    };
    Ok(Wrapped { component, world: name, is_world_its_own, is_adapted })
}

/// The module with the types of its world, the name of that, and whether it had them already.
fn with_types(core: &[u8], module: &CoreModule<'_>, world: &World) -> Result<(Vec<u8>, String, bool), WrapError> {
    if let Some(own) = module.world() {
        let name = own.map_err(|error| WrapError::Wit(format!("{error:#}")))?;
        return match world {
            World::Own => Ok((core.to_owned(), name, true)),
            World::Of { .. } => Err(WrapError::HasWorld(name)),
        };
    }
    let (resolve, id) = read(world).map_err(|error| WrapError::Wit(format!("{error:#}")))?;
    let name = world_name(&resolve, id);
    let mut typed = core.to_owned();
    wit_component::embed_component_metadata(&mut typed, &resolve, id, StringEncoding::UTF8)
        .map_err(|error| WrapError::Wit(format!("{error:#}")))?;
    Ok((typed, name, false))
}

fn read(world: &World) -> anyhow::Result<(Resolve, WorldId)> {
    let (resolve, package, name) = match world {
        World::Own => {
            let (resolve, package) = contract::resolve()?;
            (resolve, package, Some(contract::WORLD))
        }
        World::Of { wit, name } => {
            let mut resolve = Resolve::default();
            let (package, _) = resolve.push_path(wit)?;
            (resolve, package, name.as_deref())
        }
    };
    let id = resolve.select_world(&[package], name)?;
    Ok((resolve, id))
}

/// The whole name of a world.
fn world_name(resolve: &Resolve, id: WorldId) -> String {
    let Some(world) = resolve.worlds.get(id) else { return String::new() };
    world.package.map_or_else(|| world.name.clone(), |package| resolve.id_of_name(package, &world.name))
}

/// An error that names imports which are of no world and not of WASI preview 1.
fn check_imports(module: &CoreModule<'_>, resolve: &Resolve, world: WorldId, name: &str) -> Result<(), WrapError> {
    let plain = |from: &str| {
        let item = resolve.worlds.get(world).and_then(|world| world.imports.get(&WorldKey::Name(from.to_owned())));
        matches!(item, Some(WorldItem::Interface { .. }))
    };
    let is_of_a_world = |from: &str| {
        from.contains(':') || ["$", "[", "cm32p2"].iter().any(|start| from.starts_with(start)) || plain(from)
    };
    let unmet = module.imports.iter().filter(|import| import.module != PREVIEW_1 && !is_of_a_world(import.module));
    let unmet = advice::about_core_imports(unmet.map(|import| (import.module, import.name)), name);
    let unmet: Vec<String> = unmet.into_iter().map(|(names, advice)| format!("{names} ({advice})")).collect();
    if unmet.is_empty() { Ok(()) } else { Err(WrapError::Imports(unmet)) }
}

fn encode(typed: &[u8], is_adapted: bool) -> anyhow::Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default().module(typed)?.validate(true);
    if is_adapted {
        encoder = encoder.adapter(PREVIEW_1, ADAPTER)?;
    }
    encoder.encode()
}

/// The component with a language, such as `Zig 0.17.1`, among its producers (WebAssembly tool
/// conventions, "Producers Section").
fn with_language(component: &[u8], language: &str) -> anyhow::Result<Vec<u8>> {
    let (name, version) = language.rsplit_once(' ').unwrap_or((language, ""));
    let mut producers = wasm_metadata::Producers::empty();
    producers.add("language", name, version);
    producers.add_to_wasm(component)
}

/// What to do with a file that is no module, behind a separator.
fn remedy(kind: Kind) -> String {
    match advice::about_kind(kind) {
        "" => String::new(),
        advice => format!("; {advice}"),
    }
}

/// What the encoder says, without the steps in which it came to that, and what to do.
fn unfit(error: &anyhow::Error, world: &str) -> WrapError {
    let text = format!("{error:#}");
    let text = STEPS.iter().fold(text.as_str(), |text, step| text.strip_prefix(step).unwrap_or(text));
    let remedy = advice::about_wrapping(text, world);
    WrapError::Unfit(format!("no component can be made of the module: {text}{remedy}"))
}

#[cfg(test)]
mod tests;
