//! From bytes to a running instance.
//!
//! [`engine`] makes the one engine, [`linker`] says what components may import, [`component`]
//! checks and compiles them, [`native`] keeps their code, [`state`] holds the only function that
//! builds a store, [`registry`] is the live map from route to guest, `loading` and `fetching` fill
//! it, [`watch`] keeps it up to date with the database. Guests know no HTTP beyond `wasi:http`:
//! requests are brought to them by `web`.

pub mod admission;
mod advice;
pub mod canary;
pub mod compiling;
pub mod component;
pub mod compute;
pub mod contract;
pub mod disks;
pub mod engine;
mod failed_compiles;
mod fetching;
mod going_back;
pub mod heartbeat;
mod hooks;
pub mod inspect;
mod keys;
pub mod language;
pub mod linker;
mod loading;
mod log_minute;
mod measured;
pub mod native;
mod outgoing;
mod output;
pub mod overrides;
pub mod own_databases;
pub mod packed;
pub mod reading;
pub mod registry;
pub mod rehearsal;
mod rehearsal_space;
pub mod respond;
pub mod routes;
pub mod run;
pub mod settings;
mod shared_components;
pub mod state;
pub mod sweep;
mod trial;
pub mod watch;
pub mod wrapping;

pub use component::ComponentError;
pub use output::Overheard;
pub use own_databases::OwnDatabases;
pub use registry::{Absence, Closed, FirstBuild, Guest, Registry, Why};
pub use state::{GuestState, Visit};
pub use trial::Ending;
