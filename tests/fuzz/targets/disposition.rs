//! `Content-Disposition` of a part, and the content type of a form: names that are written as
//! browsers write them are read as they were.

#![no_main]

use innkeeper::interfaces::blob_upload::fuzzing::{is_form, names};

libfuzzer_sys::fuzz_target!(|header: &[u8]| {
    let _ = names(header);
    let Ok(text) = std::str::from_utf8(header) else { return };
    let _ = is_form(text);
    if text.chars().any(|char| char.is_control() || char == '"' || char == '\\' || char == '%' || char == '=') {
        return;
    }
    let written = format!("form-data; name=\"{text}\"; filename=\"{text}\"");
    let (name, file_name) = names(written.as_bytes()).expect("what a browser writes is read");
    assert_eq!(name.as_deref(), Some(text));
    assert!(file_name.is_some(), "it is a file");
});
