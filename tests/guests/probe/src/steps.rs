//! Where the steps are found in a request.

use guest::bindings::wasi::http::types::{IncomingRequest, Method};
use guest::http;
use serde_json::Value as Json;

const HEADER: &str = "probe-steps";
const PARAMETER: &str = "steps=";

/// The steps of a request, or what is wrong with them.
pub fn read(request: &IncomingRequest) -> Result<Vec<Json>, String> {
    let (path, query) = http::target(request);
    let text = if path == "/run" && matches!(request.method(), Method::Post) {
        from_body(request)
    } else {
        from_header(request).or_else(|| from_query(&query))
    };
    let text = text.ok_or("no steps: POST /run, the header probe-steps or the parameter steps")?;
    serde_json::from_slice(&text).map_err(|error| format!("the steps are no JSON array: {error}"))
}

fn from_body(request: &IncomingRequest) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    http::read_body(request, |bytes| body.extend_from_slice(bytes)).then_some(body)
}

fn from_header(request: &IncomingRequest) -> Option<Vec<u8>> {
    request.headers().get(HEADER).into_iter().next()
}

fn from_query(query: &str) -> Option<Vec<u8>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(PARAMETER))?;
    Some(percent_decode(value))
}

/// Turns `%41` into `A` and `+` into a blank; what is no such code stays as it is.
fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    let plain = |text: &str| text.replace('+', " ").into_bytes();
    decoded.extend(plain(pieces.next().unwrap_or_default()));
    for piece in pieces {
        match piece.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend(plain(piece.get(2..).unwrap_or_default()));
            }
            None => decoded.extend(plain(&format!("%{piece}"))),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_in_the_query() {
        let query = "a=1&steps=%5B%7b%22op%22:%22db.commit%22%7D%5D";
        assert_eq!(from_query(query), Some(br#"[{"op":"db.commit"}]"#.to_vec()));
        assert_eq!(from_query("a=1"), None);
    }

    #[test]
    fn what_is_no_percent_code_stays() {
        assert_eq!(percent_decode("a+b%2B%zz%4"), b"a b+%zz%4");
    }
}
