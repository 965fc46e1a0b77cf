//! Why a request is refused, and how the service learns of it.

use std::error::Error;
use std::{fmt, io};

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};

macro_rules! refusals {
    ($($name:ident $status:ident $reason:literal)+) => {
        /// Why a request does not reach the service, or its body breaks off.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $(#[doc = $reason] $name,)+
        }

        impl Refusal {
            /// The status to answer with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// What is wrong, in words that the client may see.
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)+ }
            }

            /// The head that hyper is given in the place of a refused one.
            ///
            /// No client can send it: a TRACE request is always refused. And whoever gave hyper one
            /// past the front would only be refused.
            pub(super) fn marker(self) -> &'static [u8] {
                match self {
                    $(Self::$name => concat!(
                        "TRACE /", stringify!($name), " HTTP/1.1\r\nconnection: close\r\n\r\n"
                    ).as_bytes(),)+
                }
            }

            fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

refusals! {
    LineEnd BAD_REQUEST "a line of the request does not end with CRLF"
    Control BAD_REQUEST "the request head has a control character"
    RequestLine BAD_REQUEST "the request line is malformed"
    Target BAD_REQUEST "the request target is malformed"
    Folded BAD_REQUEST "a header line begins with whitespace"
    FieldName BAD_REQUEST "a header name is empty or malformed"
    SpaceBeforeColon BAD_REQUEST "whitespace stands before the colon of a header"
    NoHost BAD_REQUEST "the Host header is missing"
    SeveralHosts BAD_REQUEST "there are several Host headers"
    HostValue BAD_REQUEST "the Host header is malformed"
    HostDiffers BAD_REQUEST "the request target names another host than the Host header"
    LengthAndChunks BAD_REQUEST "there is a Content-Length beside a Transfer-Encoding"
    SeveralLengths BAD_REQUEST "there are several Content-Length headers"
    LengthValue BAD_REQUEST "the Content-Length header is malformed"
    TransferEncoding BAD_REQUEST "the Transfer-Encoding is not exactly chunked"
    ChunksInOldVersion BAD_REQUEST "HTTP/1.0 knows no Transfer-Encoding"
    Chunk BAD_REQUEST "the chunks of the body are malformed"
    ChunkExtension BAD_REQUEST "a chunk extension is too long"
    Trailer BAD_REQUEST "a trailer is malformed"
    TrailersTooLarge BAD_REQUEST "the trailers are too long"
    Method METHOD_NOT_ALLOWED "this method is not served"
    HeadTimeout REQUEST_TIMEOUT "the request head took too long"
    BodyTimeout REQUEST_TIMEOUT "the request body paused for too long"
    BodyRate REQUEST_TIMEOUT "the request body came too slowly"
    TargetTooLong URI_TOO_LONG "the request target is too long"
    Expectation EXPECTATION_FAILED "the Expect header is not 100-continue"
    HeadTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "the request head is too long"
    TooManyFields REQUEST_HEADER_FIELDS_TOO_LARGE "there are too many header lines"
    MethodTooLong NOT_IMPLEMENTED "the method is too long"
    Version HTTP_VERSION_NOT_SUPPORTED "only HTTP/1.1 and HTTP/1.0 are served"
}

/// Tells whether a request stands for one that the front has refused: to be asked first by every
/// service.
pub fn refusal<B>(request: &Request<B>) -> Option<Refusal> {
    if request.method() != Method::TRACE {
        return None;
    }
    let name = request.uri().path().trim_start_matches('/');
    Some(Refusal::named(name).unwrap_or(Refusal::Method))
}

impl Refusal {
    /// Finds the refusal that made a body fail, behind the errors that hyper has wrapped around it.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<Self>()) {
                return Some(*found);
            }
            next = error.source();
        }
        None
    }

    /// The response to a refused request: its status, the reason as text, and the end of the
    /// connection.
    pub fn answer(self) -> Response<&'static str> {
        let mut response = Response::new(self.reason());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if self == Self::Method {
            // RFC 9110 section 15.5.6 asks for a list. Guests may allow more; the usual ones are
            // named.
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        response
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::HeadTimeout | Refusal::BodyTimeout | Refusal::BodyRate => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, refusal)
    }
}
