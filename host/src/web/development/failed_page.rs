//! The pages that say what went wrong.

use super::super::body::Body;
use super::plain_text::plain;
use super::{BuildFailure, FULL_PATH, ignored_failure};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:64rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}\
     h1{font-size:1.5rem}h2{font-size:1.1rem}pre{padding:1rem;overflow:auto;background:#8882;border-radius:.4rem;white-space:pre-wrap;\
     overflow-wrap:anywhere;font-size:.9rem}iframe{width:100%;height:24rem;border:1px solid #8888;border-radius:.4rem;background:#fff}";
/// What an app has answered is shown with its own looks, and does nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'",
);
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A request that came to a bad end.
#[derive(Debug)]
pub(super) struct FailedRequest<'a> {
    pub(super) status: StatusCode,
    pub(super) request_id: &'a str,
    /// What is wrong, where the host knows.
    pub(super) reason: Option<String>,
    /// What the guest has printed to standard error.
    pub(super) stderr: String,
    /// What the guest has answered.
    pub(super) answer: Option<ShownAnswer>,
}

/// An answer of a guest, as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ShownAnswer {
    Page(String),
    Text(String),
    /// What it is, in words.
    Other(String),
}

/// Instead of a page whose app could not be built. `target` is what was asked for, where the last
/// good version would answer.
pub(super) fn of_build(failure: &BuildFailure, mark: &str, target: Option<&str>) -> Response<Body> {
    let output = plain(&failure.output);
    let content = html! {
        pre { (plain(&failure.reason)) }
        @if let Some(target) = target {
            p { a href=(format!("{FULL_PATH}last-good?{}", ignored_failure::query(mark, target))) { "Show the last good version" } }
        }
        @if !output.trim().is_empty() {
            h2 { "What the build printed" }
            pre { (output) }
        }
        p { small { "innkeeper dev builds again when a file changes." } }
    };
    page(StatusCode::INTERNAL_SERVER_ERROR, "The app could not be built", &content)
}

/// Instead of what visitors would see of a request that failed.
pub(super) fn of_request(failed: &FailedRequest<'_>) -> Response<Body> {
    let stderr = plain(&failed.stderr);
    let content = html! {
        // What the app says of it comes first: a stack is long, and seldom names the cause.
        @if !stderr.trim().is_empty() {
            h2 { "Standard error of this request" }
            pre { (stderr) }
        }
        @if let Some(reason) = &failed.reason {
            h2 { "What the host says" }
            pre { (reason) }
        }
        @if stderr.trim().is_empty() {
            p { "The app has printed nothing to standard error." }
        }
        @if let Some(answer) = &failed.answer {
            h2 { "What the app answered" }
            @match answer {
                ShownAnswer::Page(page) => iframe sandbox="" title="What the app answered" srcdoc=(page) {},
                ShownAnswer::Text(text) => pre { (text) },
                ShownAnswer::Other(what) => p { (what) },
            }
        }
        p { small { "Request " (failed.request_id) ". Only innkeeper dev shows this page." } }
    };
    page(failed.status, &failed.status.to_string(), &content)
}

fn page(status: StatusCode, title: &str, content: &Markup) -> Response<Body> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (content) }
        }
    };
    let mut response = Response::new(super::super::body::full(document.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HTML);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
