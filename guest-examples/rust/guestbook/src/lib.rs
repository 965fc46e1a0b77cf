//! A guestbook: entries with photos, for visitors with or without a name.
//!
//! `lib.rs` knows which address is answered where. From there: `routes` do it, with the help of
//! `form` and `visitor` (what comes in), `entries` (the table), `page` and `json` (what goes out).

mod bindings;
mod clock;
mod entries;
mod error;
mod form;
mod http;
mod json;
mod page;
mod routes;
mod visitor;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use error::Error;
use http::Request;
use routes::Answer;

struct Guestbook;

bindings::export!(Guestbook with_types_in bindings);

impl Guest for Guestbook {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(&incoming);
        let answer = answer(&request).unwrap_or_else(|error| Answer::Response(error.into_response()));
        if let Answer::Response(response) = answer {
            response.send(out, request.is_head());
        }
    }
}

type Handler = fn(&Request) -> Result<Answer, Error>;

const READ: &str = "GET, HEAD";
const WRITE: &str = "POST";

/// The methods that an address takes, and who answers them.
fn route(request: &Request) -> Option<(&'static str, Handler)> {
    match request.segments().as_slice() {
        [""] => Some((READ, routes::book)),
        ["entries"] => Some((WRITE, routes::add_entry)),
        ["entries", _, "delete"] => Some((WRITE, routes::delete_entry)),
        ["entries.json"] => Some((READ, routes::entries_json)),
        ["photos", _] => Some((READ, routes::photo)),
        ["login"] => Some((WRITE, routes::login)),
        ["logout"] => Some((WRITE, routes::logout)),
        ["me"] => Some((READ, routes::me)),
        _ => None,
    }
}

fn answer(request: &Request) -> Result<Answer, Error> {
    let (allow, handler) = route(request).ok_or(Error::NotFound)?;
    if !allow.split(", ").any(|method| method == request.method) {
        return Err(Error::MethodNotAllowed(allow));
    }
    // Before anything is written: afterwards it is refused.
    entries::define()?;
    match handler(request) {
        Err(Error::Refused(refusal)) => routes::refused(&refusal),
        other => other,
    }
}
