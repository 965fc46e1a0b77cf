//! From the host's call to the app's handler and back.

use crate::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use crate::{Error, Request, Response, Result};

/// Makes a handler the app: a function that takes a [`Request`] and returns something that is
/// [`IntoResponse`].
///
/// ```
/// innkeeper_sdk::app!(|request| format!("{} {}\n", request.method(), request.path()));
/// ```
#[macro_export]
macro_rules! app {
    ($handler:expr) => {
        const _: () = {
            struct App;
            impl $crate::bindings::exports::wasi::http::incoming_handler::Guest for App {
                fn handle(
                    request: $crate::bindings::wasi::http::types::IncomingRequest,
                    out: $crate::bindings::wasi::http::types::ResponseOutparam,
                ) {
                    $crate::serve(request, out, $handler);
                }
            }
    $crate::bindings::export!(App with_types_in $crate::bindings);
        };
    };
}

/// What a handler may return.
pub trait IntoResponse {
    /// The response, or the error in its place.
    fn into_response(self) -> Result<Response>;
}

impl IntoResponse for Response {
    fn into_response(self) -> Result<Response> {
        Ok(self)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Result<Response> {
        Ok(Response::text(self))
    }
}

impl IntoResponse for &str {
    fn into_response(self) -> Result<Response> {
        Ok(Response::text(self))
    }
}

#[cfg(feature = "maud")]
impl IntoResponse for maud::Markup {
    fn into_response(self) -> Result<Response> {
        Ok(Response::html(self.into_string()))
    }
}

/// The error may be of any type: [`Error`], one of the app's own, `Box<dyn Error + Send + Sync>`,
/// or one of a crate for errors.
impl<T: IntoResponse, E: Into<Box<dyn std::error::Error + Send + Sync>>> IntoResponse for Result<T, E> {
    fn into_response(self) -> Result<Response> {
        // Where it happened is not known any more, unless it is an `Error`.
        self.map_err(|error| Error::from_boxed(error.into(), None))?.into_response()
    }
}

/// Answers one request of the host. A panic ends it with 500; message and place go to stderr.
pub fn serve<R: IntoResponse>(
    incoming: IncomingRequest,
    out: ResponseOutparam,
    handler: impl FnOnce(Request) -> R,
) {
    // Shorter than the standard library's, which advises a variable that does nothing here.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let request = Request::receive(incoming);
    let head_only = request.is_head();
    let response = handler(request).into_response().unwrap_or_else(Error::into_response);
    response.send(out, head_only);
}
