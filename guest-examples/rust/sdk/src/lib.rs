//! What a web app in Rust needs on Innkeeper: requests and responses, rows ([`db`]), files
//! ([`blobs`]) and what belongs to one visitor ([`session`]).
//!
//! ```
//! use innkeeper_sdk::{Request, Response, Result, Router, app, session};
//!
//! app!(handle);
//!
//! fn handle(request: Request) -> Result<Response> {
//!     Router::new().get("/", home).handle(request)
//! }
//!
//! fn home(_: Request) -> Result<Response> {
//!     let visits = session::increment("visits", 1)?;
//!     Ok(Response::text(format!("You have come {visits} times.\n")))
//! }
//! ```
//!
//! One request is one unit of work: what a handler writes is kept together when it answers, or not
//! at all when it answers with a status of 500 or above. An [`Error`] that nobody handles becomes
//! such an answer, and so does a panic.

mod app;
#[rustfmt::skip]
#[allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "generated code")]
pub mod bindings;
pub mod blobs;
pub mod config;
pub mod db;
mod error;
mod form;
mod html;
mod http;
pub mod session;

pub use app::IntoResponse;
#[doc(hidden)]
pub use app::serve;
pub use error::{Code, Error};
pub use form::{CSRF_FIELD, CsrfField, Form, FormOptions, csrf_field};
pub use html::escape;
pub use http::request::Request;
pub use http::response::Response;
pub use http::router::Router;
#[cfg(feature = "json")]
pub use serde_json::{self, json};

/// What the functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The recipes are compiled.
#[cfg(all(doctest, feature = "json"))]
#[doc = include_str!("../README.md")]
struct Readme;
