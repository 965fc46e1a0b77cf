//! The script at the end of a page by which the page loads itself again.

use super::super::body::{Body, BodyError};
use super::{FULL_PATH, policy};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, LAST_MODIFIED,
};
use http::{Method, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Adds the script to an answer that is a page, and lets it run.
pub(super) fn add_to(response: Response<Body>, method: &Method, mark: &str) -> Response<Body> {
    if *method == Method::HEAD || !is_page(&response) {
        return response;
    }
    // Without random numbers there is no script either: a nonce that can be guessed is none.
    let (Ok(high), Ok(low)) = (getrandom::u64(), getrandom::u64()) else { return response };
    let nonce = format!("{high:016x}{low:016x}");
    let (mut parts, body) = response.into_parts();
    let tag = format!(
        "\n<script src=\"{FULL_PATH}reload.js\" data-mark=\"{mark}\" data-method=\"{method}\" nonce=\"{nonce}\"></script>\n"
    );
    let tag = Bytes::from(tag);
    policy::allow_script(&mut parts.headers, &nonce);
    announce(&mut parts.headers, tag.len());
    Response::from_parts(parts, Extended { body, more: Some(tag) }.boxed_unsync())
}

/// Whether a browser reads it as a whole page.
fn is_page(response: &Response<Body>) -> bool {
    let headers = response.headers();
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let kind = text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let encoding = text(CONTENT_ENCODING);
    let status = response.status();
    kind.eq_ignore_ascii_case("text/html")
        && (encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"))
        && !text(CONTENT_DISPOSITION).trim_start().to_ascii_lowercase().starts_with("attachment")
        && !headers.contains_key(CONTENT_RANGE)
        && !status.is_redirection()
        && ![StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::PARTIAL_CONTENT].contains(&status)
}

/// The page is longer now, and no other page is taken for it: one that a browser has kept has an
/// old mark, and would be loaded again for ever.
fn announce(headers: &mut HeaderMap, more: usize) {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length.saturating_add(more)));
    }
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// A body with more at its end, unless it breaks off.
struct Extended {
    body: Body,
    /// None once the body is over.
    more: Option<Bytes>,
}

impl http_body::Body for Extended {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.more.is_none() {
            // The body has ended, and some bodies may not be asked again after that.
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Err(error)) => {
                self.more = None;
                Poll::Ready(Some(Err(error)))
            }
            Some(frame) => Poll::Ready(Some(frame)),
            None => Poll::Ready(self.more.take().map(|more| Ok(Frame::data(more)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.more.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let more = self.more.as_ref().map_or(0, Bytes::len) as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(more));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(more));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::body::{broken, full};
    use super::*;

    fn page(headers: &[(&'static str, &'static str)]) -> Response<Body> {
        let mut response = Response::new(full("<h1>x</h1>"));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("Text/HTML; charset=utf-8"));
        for (name, value) in headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        response
    }

    async fn text(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_page_has_the_script_at_its_end() {
        let marked = add_to(page(&[("content-length", "10"), ("etag", "\"1\"")]), &Method::POST, "0f-3");
        let length = marked.headers()[CONTENT_LENGTH].to_str().unwrap().to_owned();
        assert!(!marked.headers().contains_key(ETAG) && marked.headers()[CACHE_CONTROL] == "no-store");
        let text = text(marked).await;
        assert_eq!(text.len().to_string(), length);
        let begins = "<h1>x</h1>\n<script src=\"/_innkeeper/dev/reload.js\" data-mark=\"0f-3\" data-method=\"POST\" nonce=\"";
        assert!(text.starts_with(begins), "{text}");
    }

    #[tokio::test]
    async fn what_is_no_whole_page_stays_as_it_is() {
        for header in [
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("content-range", "bytes 0-9/20"),
            ("content-disposition", "Attachment; filename=a.html"),
        ] {
            assert_eq!(text(add_to(page(&[header]), &Method::GET, "m")).await, "<h1>x</h1>", "{header:?}");
        }
        for status in [204, 206, 302, 304] {
            let mut response = page(&[]);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(text(add_to(response, &Method::GET, "m")).await, "<h1>x</h1>", "{status}");
        }
        assert_eq!(text(add_to(page(&[]), &Method::HEAD, "m")).await, "<h1>x</h1>");
    }

    /// A stream of this kind panics where it is asked again.
    #[tokio::test]
    async fn a_page_that_has_ended_is_not_asked_again() {
        let pieces = futures_util::stream::unfold(Some("<h1>"), |piece| async move {
            piece.map(|piece| (Ok::<_, BodyError>(Frame::data(Bytes::from(piece))), None))
        });
        let mut response = page(&[]);
        *response.body_mut() = http_body_util::StreamBody::new(pieces).boxed_unsync();
        let text = text(add_to(response, &Method::GET, "m")).await;
        assert!(text.starts_with("<h1>\n<script"), "{text}");
    }

    #[tokio::test]
    async fn a_page_that_breaks_off_still_does() {
        let mut response = page(&[]);
        *response.body_mut() = broken(Bytes::from_static(b"<h1>"));
        assert!(add_to(response, &Method::GET, "m").into_body().collect().await.is_err());
    }
}
