//! The HTTP face of the host.
//!
//! A connection comes in through [`server`], its bytes through `front` (what is no sound HTTP/1.1
//! goes no further). [`router`] looks at a request: the host's own routes first, then the app's.
//! [`dispatch`] runs it in a guest and turns what comes of it into a response. `connections` counts
//! connections, `arriving` waits for the beginning of a body, `blobs` sends files, `downloads` and
//! `uploads` serve who holds a URL that is `signed`, `session_cookie` reads and writes the cookie,
//! `recent_write` another one for visitors who have just written, `cookie` keeps those of the
//! host's own from guests, `cross_origin` sends requests away that other sites made a visitor's
//! browser send, `operator` keeps operators' tokens from guests, `opener_policy` keeps guests'
//! pages from windows of the dashboard, [`admin`] is the API by which they act, `metrics` shows the
//! figures, `request_log` writes the line of a request, [`pages`] are the host's own answers,
//! `closed` those of an app that cannot be served for now, `starting` lets requests wait for one
//! that is being loaded, [`development`] is what `innkeeper dev` adds to pages, `https` sends plain
//! http away where that is wished, `shared_socket` notices visitors who leave, `leaving` is the
//! order in which a server ends.

pub mod admin;
mod arriving;
mod blobs;
mod body;
mod closed;
mod closing;
mod connections;
mod cookie;
mod cors;
mod cross_origin;
mod dashboard;
pub mod development;
mod dispatch;
mod downloads;
pub mod front;
#[cfg(fuzzing)]
pub mod fuzzing;
mod https;
mod leaving;
mod metrics;
#[cfg(test)]
mod mutations;
mod opener_policy;
mod operator;
mod pages;
mod recent_write;
mod refusals;
mod request_log;
mod router;
pub mod server;
mod session_cookie;
mod shared_socket;
mod signed;
mod starting;
mod uploads;
mod visitor_part;

pub use server::{Server, ServerSettings};
