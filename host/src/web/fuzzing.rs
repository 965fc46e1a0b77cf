//! What the fuzzer in `tests/fuzz` asks of the readers of headers. Compiled for it alone.

pub use super::blobs::fuzzing::parts;
pub use super::front::fuzzing::judge;
pub use super::uploads::fuzzing::read_metadata;

use super::session_cookie::SessionCookie;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Takes the session's cookie of an app named `a` out of `Cookie` lines. Answers with the session's
/// id and the lines that a guest would see.
pub fn take_cookie(lines: &[&[u8]], https: bool) -> (Option<String>, Vec<Vec<u8>>) {
    let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
    let mut headers: HeaderMap = values.map(|value| (COOKIE, value)).collect();
    let id = SessionCookie::new("a", https).take(&mut headers);
    let seen = headers.get_all(COOKIE).iter().map(|value| value.as_bytes().to_vec());
    (id.map(|id| id.expose()), seen.collect())
}
