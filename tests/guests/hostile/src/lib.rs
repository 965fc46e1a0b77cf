//! A guest that misbehaves, in another way at each path. The host must outlive all of it, and so
//! must the other visitors.
//!
//! `exhaust` asks for more than there is, `reply` breaks the rules of HTTP, `write` writes and then
//! fails.

mod exhaust;
mod reply;
mod write;

use guest::bindings::exports::wasi::http::incoming_handler::Guest;
use guest::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use guest::http;

struct Hostile;

guest::bindings::export!(Hostile with_types_in guest::bindings);

impl Guest for Hostile {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (path, query) = http::target(&request);
        match path.as_str() {
            "/trap" => trap(),
            "/spin" => exhaust::spin(),
            "/moment" => exhaust::moment(out),
            "/params" => exhaust::params(out),
            "/grow" => exhaust::grow(out),
            "/hoard" => exhaust::hoard(out),
            "/recurse" => exhaust::recurse(out),
            "/park" => exhaust::park(),
            "/handles" => exhaust::handles(),
            "/log-bytes" => exhaust::log_bytes(out),
            "/log-flood" => exhaust::log_flood(out),
            "/log-lines" => exhaust::log_lines(out),
            "/random" => exhaust::random(out),
            "/never-set" => (),
            "/half-body" => reply::half_body(out),
            "/long-body" => reply::long_body(out),
            "/two-lengths" => reply::two_lengths(out),
            "/framing" => reply::framing(out),
            "/trailers" => reply::trailers(out),
            "/split-cookie" => reply::split_cookie(out),
            "/no-finish" => reply::no_finish(out),
            "/leave-body" => reply::leave_body(out, &query),
            "/drop-body" => reply::drop_body(out, &query),
            "/no-body" => reply::no_body(out),
            "/early" => reply::early(out, &query),
            "/abandoned" => reply::abandoned(out),
            "/headers" => reply::headers(out),
            "/set-cookie" => reply::set_cookie(out),
            "/big-response" => reply::big_response(out),
            "/write-ok" => write::then(out, 200),
            "/write-500" => write::then(out, 500),
            "/write-trap" => write::then_trap(),
            "/count" => write::count(out),
            _ => http::respond(out, 404, "no such misbehaviour"),
        }
    }
}

/// Ends the instance as an unreachable instruction does: on this target `abort` is one.
fn trap() -> ! {
    std::process::abort()
}
