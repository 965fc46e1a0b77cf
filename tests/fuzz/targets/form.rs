//! The body of a form: the same parts however it is cut, and no more bytes than it has.

#![no_main]

use innkeeper::interfaces::blob_upload::fuzzing::parts;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (size, body) = input;
    let whole = parts(body, body.len());
    assert_eq!(whole, parts(body, usize::from(size)), "a form hangs on how it is cut");
    let bytes: usize = whole.iter().flatten().map(|(_, _, bytes)| bytes.len()).sum();
    assert!(bytes <= body.len(), "{bytes} bytes from {}", body.len());
});
