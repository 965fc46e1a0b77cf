//! A stand-in for the platform: a router with its rules, and dynos with their life cycle.
//!
//! Only what the platform documents is here, with its own numbers; times can be divided
//! ([`Rules::scaled`]), so that a test need not wait for half a minute. Nothing of it helps the
//! server: a request that the platform would have lost is lost here, too, and counted under the
//! platform's own code ([`Code`]).
//!
//! Left out: HTTP/2 and TLS, which end at the router; session affinity; logs; errors of the platform
//! itself (`H99`).

mod body;
mod code;
mod dyno;
mod exchange;
mod formation;
mod head;
mod log;
mod pool;
mod router;
mod rules;
mod tunnel;
mod wire;

pub use code::Code;
pub use dyno::{Dyno, Ending};
pub use formation::{Formation, Notice};
pub use log::Entry;
pub use router::{DynoId, Router};
pub use rules::Rules;
