//! What the router in front has said of a request: by which scheme it came, and under which id.

use super::body::Body;
use super::front::{self, ClientInfo};
use super::pages;
use crate::config::HttpsRule;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use http::{Request, Response, StatusCode};
use std::sync::atomic::{AtomicU64, Ordering};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A year, without the names below: those may be somebody else's.
const FOR_A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Asked by whoever watches over the process, from beside it.
const ALWAYS_ANSWERED: [&str; 2] = ["/_innkeeper/live", "/_innkeeper/ready"];

/// Where a request belongs that has come by plain http, if it does not belong here. Without a
/// router that is believed nobody knows how a request has come.
pub(super) fn elsewhere<B>(
    request: &Request<B>,
    client: &ClientInfo,
    rule: HttpsRule,
    trust_proxy: bool,
) -> Option<HeaderValue> {
    let path = request.uri().path();
    if rule == HttpsRule::Off || !trust_proxy || client.scheme_https || ALWAYS_ANSWERED.contains(&path) {
        return None;
    }
    // The port belongs to plain http.
    let host = request.headers().get(HOST)?.to_str().ok().and_then(front::normalise_host)?;
    // `OPTIONS *` asks about the server as a whole.
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let target = if target.starts_with('/') { target } else { "/" };
    HeaderValue::from_str(&format!("https://{host}{target}")).ok()
}

/// Method and body stay. Nobody is to remember it: the setting may be taken back.
pub(super) fn redirect(location: &HeaderValue) -> Response<Body> {
    let mut response = pages::plain(StatusCode::PERMANENT_REDIRECT, "this site is served by https\n");
    response.headers_mut().insert(LOCATION, location.clone());
    response
}

/// Lets the guest know the id by which the log names the request.
pub(super) fn name_request(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// Marks an answer with the request's id, and with the wish to be visited by https.
pub(super) fn mark(headers: &mut HeaderMap, request_id: &str, client: &ClientInfo, rule: HttpsRule) {
    name_request(headers, request_id);
    if rule == HttpsRule::Strict && client.scheme_https {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(FOR_A_YEAR);
    }
}

/// Ids for requests that come without one: unique on this machine and over restarts.
#[derive(Debug)]
pub(super) struct RequestIds {
    process: u32,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        let mut random = [0u8; 4];
        // Without random numbers ids are still unique in this process.
        let _ = getrandom::fill(&mut random);
        Self { process: u32::from_le_bytes(random), count: AtomicU64::new(1) }
    }

    pub(super) fn next(&self) -> String {
        format!("{:08x}-{:012}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(host: &str, target: &str, client: &ClientInfo, rule: HttpsRule, trust: bool) -> Option<String> {
        let request = Request::get(target).header(HOST, host).body(()).unwrap();
        elsewhere(&request, client, rule, trust).map(|location| location.to_str().unwrap().to_owned())
    }

    #[test]
    fn plain_http_goes_to_the_same_place_by_https() {
        let (plain, redirect) = (ClientInfo::default(), HttpsRule::Redirect);
        let to = |host, target| sent_to(host, target, &plain, redirect, true);
        assert_eq!(to("Shop.example:80", "/a%2Fb?c=//d").as_deref(), Some("https://shop.example/a%2Fb?c=//d"));
        assert_eq!(to("[::1]:5000", "/").as_deref(), Some("https://[::1]/"));
        assert_eq!(
            to("shop.example", "//other.example/x").as_deref(),
            Some("https://shop.example//other.example/x")
        );
        assert_eq!(to("shop.example", "*").as_deref(), Some("https://shop.example/"));
        assert_eq!(to("shop.example", "/_innkeeper/live"), None);
    }

    #[test]
    fn whoever_has_come_by_https_or_by_no_router_stays() {
        let secure = ClientInfo { scheme_https: true, ..ClientInfo::default() };
        let plain = ClientInfo::default();
        assert_eq!(sent_to("a", "/", &secure, HttpsRule::Strict, true), None);
        assert_eq!(sent_to("a", "/", &plain, HttpsRule::Strict, false), None);
        assert_eq!(sent_to("a", "/", &plain, HttpsRule::Off, true), None);
    }
}
