//! Compiled components: where they are kept, and why what is found there may be run.
//!
//! A component is compiled once (`guests::compiling`). Its code is then found by whoever needs it
//! next: in a folder of this machine (`folder`), and in the registry, where other hosts and new
//! dynos find it (`store`). Code is as powerful as the host, so none is run that has not been
//! signed by somebody who has the key (`sealed`, `key`); what the signature covers says for which
//! component and which engine it is. Only [`Packed`] becomes runnable code (`code`), and there are
//! three ways to one: this process has had it compiled, its signature is right, or somebody has
//! brought it whom an operator has given that power (`brought`, the scope `deploy-native`).
//!
//! The signature is over the compressed bytes. So not even the decompressor sees anything that was
//! not signed, and what it makes of them is bounded by a size that was signed, too.

mod brought;
mod code;
mod engine_id;
mod folder;
mod key;
mod key_file;
mod sealed;
mod store;
mod tampered;

pub use brought::{MOST_BROUGHT_BYTES, NotTaken};
pub use code::Packed;
pub(super) use code::pack;
pub use engine_id::{EngineId, Purpose};
pub use folder::CodeFolder;
pub use key::SharedKey;
pub use store::{Native, NativeStore};
pub use tampered::Finder;
