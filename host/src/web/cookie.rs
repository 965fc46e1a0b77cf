//! Cookies of the host's own in requests, which no guest sees.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

/// Takes the cookies of a name out of the headers, and returns their values.
pub(super) fn take(headers: &mut HeaderMap, name: &str) -> Vec<String> {
    let is_there = |value: &HeaderValue| memchr::memmem::find(value.as_bytes(), name.as_bytes()).is_some();
    if !headers.get_all(COOKIE).iter().any(is_there) {
        return Vec::new();
    }
    let values: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    headers.remove(COOKIE);
    let mut found = Vec::new();
    for value in values {
        let is_ours = |pair: &&[u8]| {
            pair.trim_ascii().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
        };
        let pairs = value.as_bytes().split(|byte| *byte == b';');
        let (ours, others): (Vec<&[u8]>, Vec<&[u8]>) = pairs.partition(is_ours);
        let said = ours.iter().filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
        found.extend(said.map(|(_, value)| value.trim().to_owned()));
        let rest = others.join(&b';');
        if let Ok(rest) = HeaderValue::from_bytes(rest.trim_ascii())
            && !rest.is_empty()
        {
            headers.append(COOKIE, rest);
        }
    }
    found
}
