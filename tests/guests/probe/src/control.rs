//! Operations that call no storage: the request as it came, output, time, memory, and ways to break
//! down.

use std::hint::black_box;

use guest::bindings::wasi::cli::{stderr, stdout};
use guest::bindings::wasi::clocks::monotonic_clock;
use guest::bindings::wasi::config::store;
use guest::bindings::wasi::http::types::IncomingRequest;
use guest::bindings::wasi::io::streams::OutputStream;
use guest::http;
use serde_json::{Value as Json, json};

use crate::args::Args;
use crate::failure::Failure;
use crate::run::Outcome;

const MIB: usize = 1024 * 1024;
const NANOSECONDS_PER_MS: u64 = 1_000_000;
const BODY_START_BYTES: usize = 64;

/// Memory that `grow` has taken, held to the end of the request.
#[derive(Default)]
pub struct Ballast(Vec<Vec<u8>>);

/// An operation without a dot in its name.
pub fn perform(name: &str, args: Args, request: &IncomingRequest, ballast: &mut Ballast) -> Outcome {
    match name {
        // On this target an unreachable instruction.
        "trap" => std::process::abort(),
        "spin" => spin(),
        "sleep" => sleep(args.number("ms")?),
        "grow" => ballast.grow(args.number("mib")?),
        "stdout" => print(stdout::get_stdout(), args),
        "stderr" => print(stderr::get_stderr(), args),
        "echo-headers" => Ok(headers(request)),
        "echo-authority" => Ok(json!(request.authority())),
        "echo-uri" => Ok(json!(request.path_with_query())),
        "echo-body" => body(request),
        "config" => Ok(json!(store::get(args.text("key")?)?)),
        _ => Err(Failure::unknown_op()),
    }
}

impl Ballast {
    fn grow(&mut self, mib: usize) -> Outcome {
        let mut block = Vec::new();
        let bytes = mib.saturating_mul(MIB);
        if block.try_reserve_exact(bytes).is_err() {
            return Err(Failure::new("out-of-memory", "the memory does not grow"));
        }
        // Writing something else than zero is what makes it real memory.
        block.resize(bytes, 1);
        self.0.push(black_box(block));
        Ok(Json::Null)
    }
}

fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn sleep(ms: u32) -> Outcome {
    monotonic_clock::subscribe_duration(u64::from(ms) * NANOSECONDS_PER_MS).block();
    Ok(Json::Null)
}

fn print(stream: OutputStream, args: Args) -> Outcome {
    let written = http::write_all(&stream, args.text("text")?.as_bytes());
    written.map(|()| Json::Null).map_err(|error| Failure::new("closed", &error.to_string()))
}

fn headers(request: &IncomingRequest) -> Json {
    let pair = |(name, value): (String, Vec<u8>)| json!([name, String::from_utf8_lossy(&value)]);
    request.headers().entries().into_iter().map(pair).collect()
}

/// Reads the body without holding it: it may be larger than the memory.
fn body(request: &IncomingRequest) -> Outcome {
    let (mut length, mut start) = (0_u64, Vec::new());
    let is_whole = http::read_body(request, |bytes| {
        length += bytes.len() as u64;
        start.extend(bytes.iter().take(BODY_START_BYTES.saturating_sub(start.len())));
    });
    if !is_whole {
        return Err(Failure::new("no-body", "the body has been read already, or has broken off"));
    }
    Ok(json!({ "length": length, "start": String::from_utf8_lossy(&start) }))
}
