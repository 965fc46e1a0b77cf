//! Answers every request with `Hello, world!` and touches nothing else: what remains is the cost of
//! a request itself.

use guest::bindings::exports::wasi::http::incoming_handler::Guest;
use guest::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use guest::http;

struct Hello;

guest::bindings::export!(Hello with_types_in guest::bindings);

impl Guest for Hello {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        http::respond(out, 200, "Hello, world!");
    }
}
