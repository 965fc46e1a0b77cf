//! What a guest may import from Innkeeper: `db`, `blob-upload` and `session`.
//!
//! One folder per interface, all alike: `host.rs` implements the functions of the WIT file of that
//! name, `error.rs` decides what a guest is told of a failure, the other files are the interface's
//! own nouns. [`Context`] is what the three share during one request: the unit of work. The
//! interfaces know no HTTP and not whose store they run in: [`add_to_linker`] takes a getter.

mod bindings;
pub mod blob_upload;
pub mod body;
mod context;
pub mod db;
pub mod session;

pub use context::{AppContext, Context, OPEN_BLOBS, OutageNote, Pending, Rehearsal, WriteNote};

use bindings::innkeeper::storage;
use wasmtime::component::{HasData, Linker, ResourceTable};

/// A short borrow of what the interfaces work on.
pub struct View<'a> {
    /// The request's unit of work and all that belongs to it.
    pub context: &'a mut Context,
    /// The store's resources.
    pub table: &'a mut ResourceTable,
}

/// Tells wasmtime that the interfaces' functions run on a [`View`].
struct Interfaces;

impl HasData for Interfaces {
    type Data<'a> = View<'a>;
}

/// Makes the three interfaces available to components, on what `view` returns.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    storage::db::add_to_linker::<T, Interfaces>(linker, view)?;
    storage::blob_upload::add_to_linker::<T, Interfaces>(linker, view)?;
    storage::session::add_to_linker::<T, Interfaces>(linker, view)
}
