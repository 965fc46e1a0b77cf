//! Requests and responses over `wasi:http`: as much of them as this app needs.

use crate::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};

/// The most that `blocking-write-and-flush` takes.
const FLUSHED_WRITE_BYTES: usize = 4096;

/// What is asked for. The body stays with the host, which reads forms by itself.
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    query: String,
}

impl Request {
    /// Takes what is needed out of the host's request.
    pub fn read(incoming: &IncomingRequest) -> Request {
        let target = incoming.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let method = match incoming.method() {
            Method::Get => "GET".to_owned(),
            Method::Head => "HEAD".to_owned(),
            Method::Post => "POST".to_owned(),
            // Nothing here answers to the others: what they are called makes no difference.
            _ => String::new(),
        };
        Request { method, path: path.to_owned(), query: query.to_owned() }
    }

    /// Whether only the head of the answer is wanted.
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The parts of the path between slashes.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The value of a query parameter; the first where there are several.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| percent_decode(value))
    }
}

/// Turns `%41` into `A` and `+` into a blank; what is no such code stays as it is.
fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                rest = tail.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// An answer, ready to be sent.
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: String,
}

impl Response {
    /// An answer with a body that no cache may keep: everything here depends on the visitor.
    pub fn new(status: u16, content_type: &str, body: String) -> Response {
        Response { status, headers: Vec::new(), body }
            .with_header("content-type", content_type)
            .with_header("cache-control", "no-store")
            .with_header("x-content-type-options", "nosniff")
    }

    /// After a form: the browser shall go on with GET, so that a reload does not send the form
    /// again.
    pub fn see_other(location: &str) -> Response {
        Response { status: 303, headers: Vec::new(), body: String::new() }
            .with_header("location", location)
            .with_header("cache-control", "no-store")
    }

    /// The same answer with one header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Hands the answer to the host, without its body where only the head is wanted.
    pub fn send(self, out: ResponseOutparam, head_only: bool) {
        let length = self.body.len().to_string();
        let headers = self.with_header("content-length", &length);
        let Ok(fields) = Fields::from_list(&headers.headers) else {
            // Dropping `out` makes the host answer with 500.
            return eprintln!("the host refuses the headers of this response");
        };
        let response = OutgoingResponse::new(fields);
        let (status, body) = (response.set_status_code(headers.status), response.body());
        ResponseOutparam::set(out, Ok(response));
        let (Ok(()), Ok(outgoing)) = (status, body) else {
            return;
        };
        if !head_only {
            // A visitor who has gone away is no error of this app.
            let _ = outgoing.write().map(|stream| write_all(&stream, headers.body.as_bytes()));
        }
        let _ = OutgoingBody::finish(outgoing, None);
    }
}

/// Writes as much as the stream takes at a time, and waits where it takes nothing.
fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while bytes.len() > FLUSHED_WRITE_BYTES {
        let permitted = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if permitted == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(permitted.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_write_and_flush(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_parameter_is_decoded_and_the_first_one_counts() {
        let query = "before=%31+2&limit&before=9".to_owned();
        let request = Request { method: String::new(), path: "/".to_owned(), query };
        assert_eq!(request.query("before").as_deref(), Some("1 2"));
        assert_eq!(request.query("limit").as_deref(), Some(""));
        assert_eq!(request.query("after"), None);
    }

    #[test]
    fn what_is_no_percent_code_stays() {
        assert_eq!(percent_decode("100%&%zz%4"), "100%&%zz%4");
        assert_eq!(percent_decode("%f0%9f%8c%8d"), "🌍");
    }
}
