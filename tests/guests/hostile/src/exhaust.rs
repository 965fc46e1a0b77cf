//! Asks for more time, memory, handles or log than there is.

use std::hint::black_box;
use std::mem::forget;

use guest::bindings::innkeeper::storage::db::{self, Value};
use guest::bindings::wasi::cli::stderr;
use guest::bindings::wasi::clocks::monotonic_clock;
use guest::bindings::wasi::http::types::{Fields, ResponseOutparam};
use guest::bindings::wasi::random::random;
use guest::http;

const MIB: usize = 1024 * 1024;
const WASM_PAGE: usize = 64 * 1024;
const HOUR_NS: u64 = 3_600_000_000_000;
const MOMENT_NS: u64 = 8_000_000;
const PARAMETER: usize = 15_000_000;
const STATEMENTS: usize = 6;

/// Computes for ever.
pub fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Takes memory until there is no more, and breaks down over it as most programs do.
pub fn hoard(out: ResponseOutparam) {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    while taken.len() < 4096 {
        taken.push(black_box(vec![1; MIB]));
    }
    http::respond(out, 200, &taken.len().to_string());
}

/// Computes for a little less than one slice of time.
pub fn moment(out: ResponseOutparam) {
    let began = monotonic_clock::now();
    while monotonic_clock::now() - began < MOMENT_NS {
        (0..1000).for_each(|turn: u64| drop(black_box(turn)));
    }
    http::respond(out, 200, "done");
}

/// Sends 90 MB to the database, 15 MB in each statement; says how many statements were taken.
pub fn params(out: ResponseOutparam) {
    let text = "x".repeat(PARAMETER);
    let ask = |_: &usize| db::query("select length($1)", &[Value::Text(text.clone())]).is_ok();
    let taken = (0..STATEMENTS).filter(ask).count();
    http::respond(out, 200, &taken.to_string());
}

/// Takes memory, MiB by MiB, and touches it until there is no more; then says how many it got.
pub fn grow(out: ResponseOutparam) {
    // No more fit into 32 bits. Reserved first, because nothing can be reserved at the end.
    let mut taken: Vec<Vec<u8>> = Vec::with_capacity(4096);
    while let Some(block) = touched_mib() {
        taken.push(block);
    }
    let reached = taken.len();
    // To answer takes memory too.
    drop(taken);
    http::respond(out, 200, &reached.to_string());
}

fn touched_mib() -> Option<Vec<u8>> {
    let mut block = Vec::new();
    block.try_reserve_exact(MIB).ok()?;
    block.resize(MIB, 0);
    for byte in block.iter_mut().step_by(WASM_PAGE) {
        *byte = 1;
    }
    Some(black_box(block))
}

/// Calls itself until the stack is used up.
pub fn recurse(out: ResponseOutparam) {
    let depth = descend(black_box(1));
    http::respond(out, 200, &depth.to_string());
}

fn descend(depth: u64) -> u64 {
    if black_box(depth) == 0 {
        return 0;
    }
    // Something is left to do after the call, so that the optimiser cannot make a loop of it.
    descend(depth.wrapping_add(1)).wrapping_add(black_box(depth))
}

/// Waits for an hour, again and again.
pub fn park() -> ! {
    loop {
        monotonic_clock::subscribe_duration(HOUR_NS).block();
    }
}

/// Makes resources and never drops one.
pub fn handles() -> ! {
    loop {
        forget(Fields::new());
    }
}

/// Writes 10 MiB into the log.
pub fn log_flood(out: ResponseOutparam) {
    let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
    let stream = stderr::get_stderr();
    let written = (0..10 * 1024).take_while(|_| http::write_all(&stream, &line).is_ok()).count();
    http::respond(out, 200, &written.to_string());
}

/// Writes a MiB into the log without a line's end: what is no text, and what moves a terminal.
pub fn log_bytes(out: ResponseOutparam) {
    let bytes: Vec<u8> = (0..MIB).map(|at| if at % 512 < 256 { at as u8 } else { b'\x1b' }).collect();
    let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\n').collect();
    let stream = stderr::get_stderr();
    let written = bytes.chunks(4096).take_while(|piece| http::write_all(&stream, piece).is_ok()).count();
    http::respond(out, 200, &written.to_string());
}

/// Writes 10,000 empty lines into the log.
pub fn log_lines(out: ResponseOutparam) {
    let stream = stderr::get_stderr();
    let written = (0..10).take_while(|_| http::write_all(&stream, &[b'\n'; 1000]).is_ok()).count();
    http::respond(out, 200, &written.to_string());
}

/// Wants 2 GiB of random bytes in one call.
pub fn random(out: ResponseOutparam) {
    let bytes = random::get_random_bytes(2 << 30);
    http::respond(out, 200, &bytes.len().to_string());
}
