//! `session`: what belongs to one visitor. The contract is `wit/session.wit`.
//!
//! The session is loaded at the first call that needs it and written when the unit of work is kept.
//! The cookie is the host's: this module says how it has to change, `web` writes the header.

mod error;
mod host;
mod id;
mod jar;
mod live;
mod state;

pub use error::Fault;
pub use id::SessionId;
pub use jar::{CookieChange, Jar};
pub use state::{Presented, State};

/// The generated names.
use super::bindings::innkeeper::storage::session as wit;
