//! The head of a request: judged the same however it is cut, and read the same by another parser.

#![no_main]

use innkeeper::web::fuzzing::judge;

const MOST_HEADERS: usize = 128;

libfuzzer_sys::fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let whole = judge(bytes, bytes.len());
    let in_pieces = judge(bytes, usize::from(cut).min(bytes.len()));
    assert_eq!(whole, in_pieces, "a head hangs on how it is cut");
    let Ok(Some(length)) = whole else { return };

    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).expect("what the front lets through is a request");
    assert_eq!(parsed, httparse::Status::Complete(length), "both see the same end of the head");
    let hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host")).count();
    assert!(hosts <= 1, "one host");
});
