//! The strict HTTP/1.1 front: what stands between a socket and hyper.
//!
//! hyper is lenient where a proxy in front of it may read the same bytes differently (two `Host`
//! lines, a length beside chunks, a bare LF), and it has no limit for a slow body or an idle
//! connection that fits Heroku's router. So a socket is wrapped in [`Guarded`]: it gives hyper the
//! bytes of one message at a time, and of a message nothing before its whole head was read and
//! found sound.
//!
//! A refused head is replaced by a marker that hyper parses in its place, so that the service
//! answers it in its turn: it asks [`refusal()`] first and sends [`Refusal::answer`]. After a
//! refusal the connection yields nothing more.
//!
//! The front knows no routes, no settings and no guests. Start reading in `guarded.rs` for the flow
//! of bytes, in `gate.rs` for what decides about them, in `head.rs` for what a sound head is.

mod alarm;
mod characters;
mod chunked;
mod fields;
mod forwarded;
mod framing;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod gate;
mod guarded;
mod head;
mod host;
mod line;
mod outbound;
mod pace;
mod presence;
mod refusal;
mod request_line;
mod rules;

#[cfg(test)]
mod tests;

pub use forwarded::ClientInfo;
pub use guarded::Guarded;
pub use host::{complete_host, normalise_host};
pub use presence::Presence;
pub use refusal::{Refusal, refusal};
pub use rules::Rules;

use hyper::server::conn::http1;

/// hyper's own default, kept on the stack; a higher limit costs it an allocation for each request.
const HYPER_HEADERS: usize = 100;

/// What a connection holds of what it sends and receives. hyper would pull some pieces of a body
/// ahead, and a client that takes nothing would keep all of them.
const BUFFER_BYTES: usize = 128 * 1024;

/// A hyper builder that fits [`Guarded`]: to be used for every connection that is wrapped in one.
///
/// Half-closing is what makes hyper read only when it wants a body or the next head. Without it
/// hyper would also read while a response is being made, and the idle time would run then.
pub fn builder(rules: &Rules) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.half_close(true).header_read_timeout(None).max_buf_size(BUFFER_BYTES.max(rules.head_bytes * 2));
    if rules.headers > HYPER_HEADERS {
        builder.max_headers(rules.headers);
    }
    builder
}
