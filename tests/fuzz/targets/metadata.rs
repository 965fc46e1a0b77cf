//! `Upload-Metadata` of the tus protocol.

#![no_main]

use innkeeper::web::fuzzing::read_metadata;

libfuzzer_sys::fuzz_target!(|header: &[u8]| {
    let Some((name, content_type)) = read_metadata(header) else { return };
    for text in [name, content_type].into_iter().flatten() {
        assert!(text.len() <= header.len(), "base64 does not grow when it is read");
    }
});
