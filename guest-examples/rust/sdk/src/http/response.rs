//! What a visitor is answered with.

use std::io::{BufWriter, Write};

use super::body::BodyWriter;
use crate::Result;
use crate::bindings::wasi::http::types::{Fields, OutgoingResponse, ResponseOutparam};

/// Pieces of a streamed body are put together until they have so many bytes.
const STREAM_BUFFER_BYTES: usize = 16 * 1024;

/// A response.
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

type WriteBody = Box<dyn FnOnce(&mut dyn Write) -> Result<()>>;

enum Body {
    Bytes(Vec<u8>),
    Stream(WriteBody),
    /// The host sends a blob in place of this response.
    Blob,
}

impl Response {
    /// A response without a body.
    pub fn new(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Response {
        Response::bytes("text/plain; charset=utf-8", text.into())
    }

    /// A page. Nothing is escaped here: [`escape`](crate::escape) does that, or a template.
    pub fn html(html: impl Into<String>) -> Response {
        Response::bytes("text/html; charset=utf-8", html.into())
    }

    /// A JSON document.
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json(value: &impl serde::Serialize) -> Result<Response> {
        Ok(Response::bytes("application/json", serde_json::to_vec(value)?))
    }

    /// A body of any other type.
    pub fn bytes(content_type: &str, bytes: impl Into<Vec<u8>>) -> Response {
        let body = Body::Bytes(bytes.into());
        Response { status: 200, headers: Vec::new(), body }.with_header("content-type", content_type)
    }

    /// A body that is written while it is sent, when what the request has written is kept already.
    /// On an error the connection is cut, so that nobody takes a part for the whole.
    ///
    /// ```
    /// # use innkeeper_sdk::Response;
    /// Response::stream("text/csv", |body| {
    ///     for number in 1..=1_000_000 {
    ///         writeln!(body, "{number},{}", number * number)?;
    ///     }
    ///     Ok(())
    /// });
    /// ```
    pub fn stream(content_type: &str, write: impl FnOnce(&mut dyn Write) -> Result<()> + 'static) -> Response {
        let body = Body::Stream(Box::new(write));
        Response { status: 200, headers: Vec::new(), body }.with_header("content-type", content_type)
    }

    /// 303, the answer to a form: the browser goes on with GET, so that a reload does not send the
    /// form again.
    pub fn see_other(location: &str) -> Response {
        Response::new(303).with_header("location", location).with_header("cache-control", "no-store")
    }

    /// 307 or 308: what was asked for is at another address, for now or for good.
    pub fn redirect(status: u16, location: &str) -> Response {
        Response::new(status).with_header("location", location)
    }

    pub(crate) fn blob() -> Response {
        Response { status: 200, headers: Vec::new(), body: Body::Blob }
    }

    /// The same response with another status.
    pub fn with_status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// The same response with one header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header, if it is text; the first where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The body; empty where it is streamed or a blob.
    pub fn body(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Stream(_) | Body::Blob => &[],
        }
    }

    /// Hands the response to the host, without its body where only the head is wanted. Where it is
    /// none that the host takes, the host answers with 500.
    pub(crate) fn send(mut self, out: ResponseOutparam, head_only: bool) {
        if let Body::Blob = self.body {
            return;
        }
        self.set_length();
        let Ok(fields) = Fields::from_list(&self.headers) else {
            return eprintln!("a header of the response is none: {}", self.header_texts());
        };
        let response = OutgoingResponse::new(fields);
        if response.set_status_code(self.status).is_err() {
            return eprintln!("{} is no status of a response", self.status);
        }
        let writer = response.body().ok().and_then(BodyWriter::new);
        ResponseOutparam::set(out, Ok(response));
        let Some(mut writer) = writer else { return };
        match self.body {
            Body::Stream(write) if !head_only => {
                if let Err(error) = stream(&mut writer, write) {
                    // Not finished, so the host cuts the connection.
                    return eprintln!("the response broke off: {error:?}");
                }
            }
            Body::Bytes(bytes) if !head_only => {
                // A visitor who has gone away is no error of the app.
                let _ = writer.write_all(&bytes);
            }
            Body::Stream(_) | Body::Bytes(_) | Body::Blob => {}
        }
        writer.finish();
    }

    fn set_length(&mut self) {
        if let Body::Bytes(bytes) = &self.body
            && self.header("content-length").is_none()
        {
            let length = bytes.len().to_string();
            self.headers.push(("content-length".to_owned(), length.into_bytes()));
        }
    }

    fn header_texts(&self) -> String {
        let texts = self.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
        format!("{:?}", texts.collect::<Vec<_>>())
    }
}

fn stream(writer: &mut BodyWriter, write: WriteBody) -> Result<()> {
    let mut buffer = BufWriter::with_capacity(STREAM_BUFFER_BYTES, writer);
    write(&mut buffer)?;
    Ok(buffer.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_says_what_it_is() {
        let response = Response::html("<p>").with_status(201).with_header("x-a", "b");
        assert_eq!((response.status(), response.body()), (201, b"<p>".as_slice()));
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(response.header("X-A"), Some("b"));
        let response = Response::see_other("/");
        assert_eq!((response.status(), response.header("location")), (303, Some("/")));
    }

    #[test]
    fn the_length_is_known_unless_the_body_is_streamed() {
        let mut response = Response::text("hé");
        response.set_length();
        assert_eq!(response.header("content-length"), Some("3"));
        let mut response = Response::stream("text/plain", |_| Ok(()));
        response.set_length();
        assert_eq!(response.header("content-length"), None);
    }
}
