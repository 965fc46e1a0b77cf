//! `Range`: at most five parts, each of them inside the file.

#![no_main]

use innkeeper::web::fuzzing::parts;

libfuzzer_sys::fuzz_target!(|input: (u64, &[u8])| {
    let (size, header) = input;
    let Some(parts) = parts(header, size) else { return };
    assert!(parts.len() <= 5, "{} parts", parts.len());
    assert!(parts.iter().all(|(first, last)| first <= last && *last < size), "{parts:?} of {size}");
});
