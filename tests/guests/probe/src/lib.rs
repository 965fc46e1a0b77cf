//! Does what a test tells it to do, call by call, inside one request.
//!
//! `POST /run` takes a JSON array of steps and answers with the array of their results. A step is
//! an object with the name of the operation under `op` and its arguments beside it:
//! `{"op":"db.query","sql":"select $1","params":[{"integer":"1"}]}`. Names are those of the
//! contract, so are the arguments. A result is `{"ok":...}` or
//! `{"error":{"code":...,"message":...}}`; the steps go on after an error. A string `$2.ok.id`
//! anywhere in a step stands for that part of an earlier result.
//!
//! On any other path, or with another method, the steps are taken from the header `probe-steps` or
//! the query parameter `steps`, so that the body is free for uploads. `GET /hello` says hello.
//!
//! `run` goes through the steps; `db`, `session`, `blob` and `control` perform them; `value` holds
//! the JSON form of SQL values.

mod args;
mod blob;
mod control;
mod db;
mod failure;
mod handles;
mod reference;
mod run;
mod session;
mod steps;
mod value;

use guest::bindings::exports::wasi::http::incoming_handler::Guest;
use guest::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use guest::http;

struct Probe;

guest::bindings::export!(Probe with_types_in guest::bindings);

impl Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (path, _) = http::target(&request);
        if path == "/hello" {
            return http::respond(out, 200, "Hello, world!");
        }
        match steps::read(&request) {
            Ok(steps) => run::run(&request, out, steps),
            Err(message) => http::respond(out, 400, &message),
        }
    }
}
