//! Answers of the dashboard, with the headers that keep browsers strict.

use super::page::{BASE, HOME, safe_return};
use crate::storage::hex;
use crate::web::body::{Body, full};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode, Uri};
use maud::Markup;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const CSS: &str = include_str!("style.css");
/// Where the style sheet is. Another one has another address.
static STYLE: LazyLock<String> = LazyLock::new(|| format!("{BASE}/style-{}.css", *STYLE_HASH));
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hex(&Sha256::digest(CSS)).chars().take(16).collect());

/// No script runs, nothing is loaded from elsewhere, no form is sent elsewhere, and no other page
/// shows this one in a frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// How often a page that is to stay up to date is loaded again, in seconds.
const REFRESH_SECONDS: HeaderValue = HeaderValue::from_static("5");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The address of the style sheet.
pub(super) fn style_address() -> &'static str {
    &STYLE
}

/// A page.
pub(super) fn html(status: StatusCode, markup: Markup) -> Response<Body> {
    let mut response = Response::new(full(markup.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    strict(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// The same page, loaded again by the browser every few seconds. It is asked for in its address, so
/// whoever reads slowly is not disturbed.
pub(super) fn kept_up_to_date(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(REFRESH, REFRESH_SECONDS);
    response
}

/// A page that asks for the same address at once.
pub(super) fn once_more(address: &Uri) -> Response<Body> {
    let wanted = address.path_and_query().map_or(HOME, |wanted| wanted.as_str());
    let address = safe_return(Some(wanted));
    let mut response = html(StatusCode::OK, super::pages::trouble::one_moment(address));
    let refresh = HeaderValue::from_str(&format!("0; url={address}"));
    response.headers_mut().extend(refresh.ok().map(|refresh| (REFRESH, refresh)));
    response
}

/// Go there and ask again with GET.
pub(super) fn see_other(to: &str) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    strict(headers);
    headers.insert(LOCATION, HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static(HOME)));
    response
}

/// The style sheet. Its address has its hash, so it never changes there.
pub(super) fn style(hash: &str) -> Option<Response<Body>> {
    if hash != *STYLE_HASH {
        return None;
    }
    let mut response = Response::new(full(CSS));
    let headers = response.headers_mut();
    strict(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Some(response)
}

fn strict(headers: &mut HeaderMap) {
    let same_origin = HeaderValue::from_static("same-origin");
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Forms name their origin only where a page may be named at all.
    headers.insert(REFERRER_POLICY, same_origin.clone());
    headers.insert(OPENER_POLICY, same_origin.clone());
    headers.insert(RESOURCE_POLICY, same_origin);
}
