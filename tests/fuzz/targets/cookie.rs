//! `Cookie`: a guest sees no id of a session, and every other cookie as it came.

#![no_main]

use innkeeper::web::fuzzing::take_cookie;

libfuzzer_sys::fuzz_target!(|input: (bool, Vec<&[u8]>)| {
    let (https, lines) = input;
    let (id, seen) = take_cookie(&lines, https);
    if let Some(id) = id {
        let id = id.as_bytes();
        let shown = seen.iter().any(|line| line.windows(id.len()).any(|part| part == id));
        let planted = lines.iter().flat_map(|line| line.windows(id.len())).filter(|part| *part == id).count() > 1;
        assert!(!shown || planted, "the id is shown to the guest");
    }
    let pieces: usize = lines.iter().map(|line| 1 + line.iter().filter(|byte| **byte == b';').count()).sum();
    let before: usize = lines.iter().map(|line| line.len()).sum();
    let after: usize = seen.iter().map(Vec::len).sum();
    assert!(after <= before + 2 * pieces, "{after} bytes from {before}");
});
