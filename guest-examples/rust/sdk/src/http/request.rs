//! What a visitor asks for.

use std::cell::Cell;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::body;
use crate::bindings::wasi::http::types::{IncomingRequest, Method};
use crate::{Error, Result};

/// The most that a body may have where the app names no other number: 1 MiB.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request. Its body stays with the host until it is asked for: forms are received by
/// [`Form`](crate::Form), files by [`blobs`](crate::blobs).
pub struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    params: Vec<(String, String)>,
    body: Cell<Body>,
}

#[derive(Default)]
enum Body {
    Incoming(IncomingRequest),
    Bytes(Vec<u8>),
    #[default]
    Read,
}

impl Request {
    /// A request without a body, for tests.
    pub fn new(method: &str, target: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            params: Vec::new(),
            body: Cell::new(Body::Bytes(Vec::new())),
        }
    }

    /// The same request with one header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_ascii_lowercase(), value.as_bytes().to_vec()));
        self
    }

    /// The same request with a body.
    pub fn with_body(self, bytes: impl Into<Vec<u8>>) -> Request {
        self.body.set(Body::Bytes(bytes.into()));
        self
    }

    pub(crate) fn receive(incoming: IncomingRequest) -> Request {
        let mut request = Request::new(name(&incoming.method()), &incoming.path_with_query().unwrap_or_default());
        request.headers = incoming.headers().entries();
        request.body = Cell::new(Body::Incoming(incoming));
        request
    }

    pub(crate) fn set_params(&mut self, params: Vec<(String, String)>) {
        self.params = params;
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether only the head of the answer is wanted. [`Router`](crate::Router) answers it like
    /// GET.
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The parts of the path between slashes, decoded.
    pub fn segments(&self) -> Vec<String> {
        let segments = self.path.split('/').skip(1);
        segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
    }

    /// A parameter of the path: what stands where the pattern of the route has `{name}`. The
    /// visitor is answered with 404 where it is not of the type that is wanted.
    #[track_caller]
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T> {
        let param = self.params.iter().find(|(key, _)| key == name);
        let (_, text) = param.ok_or_else(|| Error::other(format!("the route has no parameter {{{name}}}")))?;
        text.parse().map_err(|_| Error::not_found())
    }

    /// A parameter of the query; the first where there are several. The visitor is answered with
    /// 400 where it is not of the type that is wanted, or has a NUL.
    #[track_caller]
    pub fn query<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let Some((_, text)) = self.query_pairs().into_iter().find(|(key, _)| key == name) else {
            return Ok(None);
        };
        let refused = || Error::new(400, format!("`{name}` in the address is not what it should be."));
        if text.contains('\0') { Err(refused()) } else { text.parse().map(Some).map_err(|_| refused()) }
    }

    /// All parameters of the query, in the order in which they were sent.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// A header, by its name in lower case; the first where there are several, and only if it is
    /// text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// All headers, in the order in which they were sent.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    /// The body, which can be read once. One of more than 1 MiB is answered with 413.
    #[track_caller]
    pub fn bytes(&self) -> Result<Vec<u8>> {
        self.bytes_up_to(MAX_BODY_BYTES)
    }

    /// The body, if it has no more than `max` bytes.
    #[track_caller]
    pub fn bytes_up_to(&self, max: usize) -> Result<Vec<u8>> {
        match self.body.take() {
            Body::Incoming(incoming) => body::read(&incoming, max),
            Body::Bytes(bytes) if bytes.len() <= max => Ok(bytes),
            Body::Bytes(_) => Err(Error::new(413, format!("That is too much: at most {max} bytes fit."))),
            Body::Read => Err(Error::other("the body of the request has been read already")),
        }
    }

    /// The body as text. What is no UTF-8 is answered with 400.
    #[track_caller]
    pub fn text(&self) -> Result<String> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes).map_err(|_| Error::new(400, "The body of the request is no text in UTF-8."))
    }

    /// The body as JSON. What does not fit the type is answered with 400.
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        let bytes = self.bytes()?;
        serde_json::from_slice(&bytes).map_err(|error| Error::new(400, format!("The JSON does not fit: {error}.")))
    }
}

fn name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_parameter_is_decoded_and_the_first_one_counts() {
        let request = Request::new("GET", "/?before=%31+2&limit&before=9&e=%f0%9f%8c%8d");
        assert_eq!(request.query::<String>("before").unwrap().as_deref(), Some("1 2"));
        assert_eq!(request.query::<String>("limit").unwrap().as_deref(), Some(""));
        assert_eq!(request.query::<String>("e").unwrap().as_deref(), Some("🌍"));
        assert_eq!(request.query::<i64>("after").unwrap(), None);
        assert_eq!(request.query::<i64>("before").unwrap_err().status(), 400);
        assert_eq!(Request::new("GET", "/?q=%00").query::<String>("q").unwrap_err().status(), 400);
    }

    #[test]
    fn a_body_is_read_once() {
        let request = Request::new("POST", "/").with_body("héllo");
        assert_eq!(request.text().unwrap(), "héllo");
        assert_eq!(request.text().unwrap_err().status(), 500);
        let request = Request::new("POST", "/").with_body(vec![0xff]);
        assert_eq!(request.text().unwrap_err().status(), 400);
        let request = Request::new("POST", "/").with_body("four");
        assert_eq!(request.bytes_up_to(3).unwrap_err().status(), 413);
    }

    #[test]
    fn headers_are_found_however_they_are_written() {
        let request = Request::new("GET", "/").with_header("Accept-Language", "de");
        assert_eq!(request.header("accept-language"), Some("de"));
        assert_eq!(request.header("Accept-Language"), Some("de"));
        assert_eq!(request.header("accept"), None);
    }
}
