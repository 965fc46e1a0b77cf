//! Who would rather see the last good version than why the last build failed says so by a cookie,
//! which counts until the next build has ended. No guest sees it.

use super::super::body::Body;
use super::super::{cookie, pages};
use http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use http::{Response, StatusCode};
use url::form_urlencoded;

/// Its value is the mark of the build. No app has an underscore in its name, so no session has this
/// cookie.
const NAME: &str = "innkeeper-last_good";

/// Takes out of a request which failure its visitor does not want to see.
pub(super) fn take(headers: &mut HeaderMap) -> Vec<String> {
    cookie::take(headers, NAME)
}

/// The query by which a visitor who has seen the failure with this mark goes on to a page.
pub(super) fn query(mark: &str, target: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("build", mark).append_pair("to", target).finish()
}

/// Sends a visitor on to the last good version.
pub(super) fn go_on(query: &str) -> Response<Body> {
    let value = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    let (mark, target) = (value("build"), value("to"));
    let mark = mark.map(|(_, mark)| mark).filter(|mark| is_mark(mark)).unwrap_or_default();
    let target = target.map(|(_, target)| target).filter(|target| is_local(target)).unwrap_or("/".into());
    let cookie = HeaderValue::from_str(&format!("{NAME}={mark}; Path=/; HttpOnly; SameSite=Lax"));
    let (Ok(cookie), Ok(target)) = (cookie, HeaderValue::from_str(&target)) else {
        return pages::plain(StatusCode::BAD_REQUEST, "this is no address of a page\n");
    };
    let mut response = pages::plain(StatusCode::SEE_OTHER, "the last good version\n");
    response.headers_mut().extend([(SET_COOKIE, cookie), (LOCATION, target)]);
    response
}

fn is_mark(mark: &str) -> bool {
    mark.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Not the address of another site. Browsers leave tabs out before they read an address.
fn is_local(target: &str) -> bool {
    target.starts_with('/') && !target[1..].starts_with(['/', '\\']) && !target.contains('\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_stays_on_this_site() {
        for (target, sent_to) in [
            ("/a?b=c&d=%20ü", "/a?b=c&d=%20ü"),
            ("/", "/"),
            ("//example.org/", "/"),
            ("/\\example.org/", "/"),
            ("/\t/example.org/", "/"),
            ("https://example.org/", "/"),
            ("", "/"),
        ] {
            let response = go_on(&query("0f-3", target));
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(response.headers()[LOCATION].as_bytes(), sent_to.as_bytes(), "{target}");
            let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
            assert_eq!(cookie, "innkeeper-last_good=0f-3; Path=/; HttpOnly; SameSite=Lax");
        }
        assert_eq!(go_on("build=a&to=/%0d%0ax").status(), StatusCode::BAD_REQUEST);
        let forged = go_on("build=a;%20Domain=x&to=/");
        assert_eq!(forged.headers()[SET_COOKIE], "innkeeper-last_good=; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn no_guest_sees_the_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::COOKIE, HeaderValue::from_static("a=1; innkeeper-last_good=0f-3"));
        assert_eq!(take(&mut headers), ["0f-3"]);
        assert_eq!(headers[http::header::COOKIE], "a=1");
    }
}
