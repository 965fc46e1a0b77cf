//! What guests may do with HTTP beyond answering: nothing. Requests to elsewhere are denied.

use super::outgoing::PIECES;
use http::HeaderName;
use http::header::{CONNECTION, HOST, HeaderMap, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use std::sync::{Arc, LazyLock};
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

/// What a guest may write of its answer at a time.
pub(super) const ANSWER_CHUNK: usize = 256 << 10;

/// Denies outgoing requests and headers that are the host's.
#[derive(Debug)]
pub(super) struct Hooks;

/// Framing and connection are the host's business (RFC 9110, section 7.6.1), and so is what proxies
/// ask and are told; `host` in a response means nothing.
fn is_hosts(name: &HeaderName) -> bool {
    [CONNECTION, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "proxy-authenticate" | "proxy-authorization" | "http2-settings"
        )
}

type Sent =
    wasmtime_wasi_http::Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>)>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_hosts(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        static FILTER: LazyLock<ForbiddenHeaderFilter> = LazyLock::new(|| Arc::new(is_hosts));
        Arc::clone(&FILTER)
    }

    /// What bounds bodies is counted in bytes (`outgoing`).
    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        PIECES
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        ANSWER_CHUNK
    }

    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// Takes the host's headers out of a map; `new-incoming-request` refuses a map that has some.
pub(super) fn strip(headers: &mut HeaderMap) {
    let hosts: Vec<HeaderName> = headers.keys().filter(|name| is_hosts(name) && *name != HOST).cloned().collect();
    for name in hosts {
        headers.remove(name);
    }
}
