//! Which endpoint a request is for, and the names in its path.

use super::endpoint::{Endpoint, Verb};
use super::endpoints::ENDPOINTS;
use super::error::ApiError;
use http::Method;
use percent_encoding::percent_decode_str;

/// A request that was found in the list.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) endpoint: &'static Endpoint,
    pub(super) app: Option<String>,
    pub(super) id: Option<String>,
}

/// Finds the endpoint of a request. Segments are decoded once, and what is found by them is what is
/// authorised.
pub(super) fn find(method: &Method, path: &str) -> Result<Call, ApiError> {
    let segments = segments(path).ok_or_else(ApiError::no_such_path)?;
    // A path that is written out goes before one with a name in it.
    let matching = ENDPOINTS.iter().filter_map(|endpoint| matches(endpoint, &segments));
    let calls: Vec<Call> = matching.collect();
    let fixed = calls.iter().map(|call| placeholders(call.endpoint.path)).min();
    let calls: Vec<Call> =
        calls.into_iter().filter(|call| Some(placeholders(call.endpoint.path)) == fixed).collect();
    let wanted = if *method == Method::HEAD { Verb::Get.name() } else { method.as_str() };
    if calls.is_empty() {
        return Err(ApiError::no_such_path());
    }
    let mut allowed: Vec<&str> = calls.iter().map(|call| call.endpoint.method.name()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    calls
        .into_iter()
        .find(|call| call.endpoint.method.name() == wanted)
        .ok_or_else(|| ApiError::method(&allowed.join(", ")))
}

fn placeholders(path: &str) -> usize {
    path.matches('{').count()
}

fn matches(endpoint: &'static Endpoint, segments: &[String]) -> Option<Call> {
    let pattern: Vec<&str> = endpoint.path.split('/').skip(1).collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut call = Call { endpoint, app: None, id: None };
    for (part, segment) in pattern.into_iter().zip(segments) {
        match part {
            "{app}" => call.app = Some(segment.clone()),
            "{id}" => call.id = Some(segment.clone()),
            part if part == segment => {}
            _ => return None,
        }
    }
    Some(call)
}

/// None where a segment is empty, is a way to another one, or holds what no name has.
fn segments(path: &str) -> Option<Vec<String>> {
    let decode = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        let is_name =
            !text.is_empty() && text != "." && text != ".." && !text.contains('/') && !text.contains('\\');
        (is_name && !text.contains(char::is_control)).then_some(text)
    };
    path.strip_prefix('/')?.split('/').map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::Act;

    fn found(method: Method, path: &str) -> Result<Act, u16> {
        find(&method, path).map(|call| call.endpoint.act).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn requests_are_found_by_path_and_method() {
        assert_eq!(found(Method::GET, "/apps"), Ok(Act::Apps));
        assert_eq!(found(Method::HEAD, "/apps"), Ok(Act::Apps));
        assert_eq!(found(Method::GET, "/apps/blog"), Ok(Act::App));
        assert_eq!(found(Method::GET, "/tokens/current"), Ok(Act::CurrentToken));
        assert_eq!(found(Method::DELETE, "/tokens/0123456789ab"), Ok(Act::RevokeToken));
        assert_eq!(found(Method::POST, "/apps/blog/rollback"), Ok(Act::Rollback));
        for (method, path) in [
            (Method::PUT, "/apps"),
            (Method::OPTIONS, "/apps"),
            (Method::DELETE, "/tokens/current"),
            (Method::HEAD, "/apps/blog/promote"),
            (Method::GET, "/apps/blog/uploads"),
        ] {
            assert_eq!(found(method, path), Err(405), "{path}");
        }
    }

    #[test]
    fn a_path_has_one_meaning() {
        let call = find(&Method::GET, "/%61pps/%62log").unwrap();
        assert_eq!((call.endpoint.act, call.app.as_deref()), (Act::App, Some("blog")));
        for path in [
            "",
            "/",
            "/apps/",
            "//apps",
            "/apps//blog",
            "/apps/./blog",
            "/apps/../apps",
            "/apps/%2e%2e/apps",
            "/apps/blog%2Fversions",
            "/apps/a%5cb",
            "/apps/a%00",
            "/apps/%ff",
            "/Apps",
            "/apps/blog/versions/1/",
            "/apps/blog;x/versions/1/component/x",
            "/nothing",
        ] {
            assert_eq!(found(Method::GET, path), Err(404), "{path}");
        }
    }
}
