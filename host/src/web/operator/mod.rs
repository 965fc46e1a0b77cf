//! Tokens of operators in requests: they go into one header of a request to the host, and to no
//! guest, wherever in a request they stand. Who may do what by them is decided in `admin::auth`.

mod attempts;
mod traces;

use super::pages::Problem;
use crate::config::Secret;
pub(super) use attempts::Attempts;
use http::header::{COOKIE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, StatusCode};
use traces::Traces;

/// Finds operators' tokens in requests.
pub(super) struct Operator {
    traces: Traces,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").finish_non_exhaustive()
    }
}

impl Operator {
    /// Finds this token, if there is one, and whatever looks like a token of the registry.
    pub(super) fn new(token: Option<&Secret>) -> Self {
        Self { traces: Traces::new(token) }
    }

    /// Whether a token stands in the path: then nobody gets the request, and the path is not
    /// logged.
    pub(super) fn is_in_path(&self, path: &str) -> bool {
        self.traces.are_in(path.as_bytes())
    }

    /// Takes tokens out of a request that a guest gets: out of every field, the cookies and the
    /// query. An error where one stands in the name of the host, without which there is no request.
    pub(super) fn hide<B>(&self, request: &mut Request<B>) -> Result<(), Problem> {
        let traces = &self.traces;
        let headers = request.headers();
        if headers.get(HOST).is_some_and(|host| traces.are_in(host.as_bytes()) || named_in(traces, host)) {
            return Err(misplaced());
        }
        let is_found = |name: &HeaderName, value: &HeaderValue| {
            traces.are_in_name(name.as_str()) || traces.are_in(value.as_bytes())
        };
        let mut found: Vec<HeaderName> = Vec::new();
        for (name, value) in headers {
            if is_found(name, value) && !found.contains(name) {
                found.push(name.clone());
            }
        }
        for name in found {
            let values = headers_without(traces, request.headers(), &name);
            request.headers_mut().remove(&name);
            for value in values {
                request.headers_mut().append(&name, value);
            }
        }
        if let Some(uri) = uri_without(traces, request.uri()) {
            *request.uri_mut() = uri;
        }
        Ok(())
    }
}

/// The answer to a request whose path or host is the operator's token.
pub(super) fn misplaced() -> Problem {
    let text = "The operator's token does not belong into an address.";
    Problem::new(StatusCode::NOT_FOUND, text, "the operator's token stands in the address")
}

/// Names of hosts are compared without case.
fn named_in(traces: &Traces, host: &HeaderValue) -> bool {
    host.to_str().is_ok_and(|host| traces.are_in_name(&host.to_ascii_lowercase()))
}

/// The values of a field that do not have the token. Of cookies only those that do are left out.
fn headers_without(traces: &Traces, headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    if traces.are_in_name(name.as_str()) {
        return Vec::new();
    }
    let without = |value: &HeaderValue| match traces.are_in(value.as_bytes()) {
        false => Some(value.clone()),
        true if name == COOKIE => HeaderValue::from_bytes(&parts_without(traces, value.as_bytes(), b';')?).ok(),
        true => None,
    };
    headers.get_all(name).iter().filter_map(without).collect()
}

/// An address whose query does not have the token; none where it does not have it anyway.
fn uri_without(traces: &Traces, uri: &Uri) -> Option<Uri> {
    let query = uri.query().filter(|query| traces.are_in(query.as_bytes()))?;
    let rest = parts_without(traces, query.as_bytes(), b'&').and_then(|rest| String::from_utf8(rest).ok());
    let path = uri.path();
    let target = rest.map_or_else(|| path.to_owned(), |rest| format!("{path}?{rest}"));
    let mut parts = uri.clone().into_parts();
    // What was taken out leaves an address that is as sound as before.
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    Uri::from_parts(parts).ok()
}

/// The parts that do not have the token; nothing where there are none, or where it can be seen over
/// the border between them.
fn parts_without(traces: &Traces, value: &[u8], border: u8) -> Option<Vec<u8>> {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == border).filter(|part| !traces.are_in(part)).collect();
    let rest = parts.join(&border);
    let rest = rest.trim_ascii();
    (!rest.is_empty() && !traces.are_in(rest)).then(|| rest.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::AUTHORIZATION;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn operator() -> Operator {
        Operator::new(Some(&Secret::new(TOKEN)))
    }

    /// What a guest gets of a request.
    fn hidden(operator: &Operator, uri: &str, fields: &[(&str, &str)]) -> (String, HeaderMap) {
        let request =
            fields.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(()).unwrap();
        operator.hide(&mut request).unwrap();
        (request.uri().to_string(), request.headers().clone())
    }

    #[test]
    fn no_guest_sees_the_token_and_other_authorization_passes() {
        let bearer = format!("Bearer {TOKEN}");
        let token = format!("Token token=\"{TOKEN}\"");
        let given =
            [("authorization", bearer.as_str()), ("authorization", "Bearer other"), ("authorization", &token)];
        assert_eq!(hidden(&operator(), "/", &given).1, headers(&["Bearer other"]));
        let basic = [("authorization", "Basic dTpw")];
        assert_eq!(hidden(&Operator::new(None), "/", &basic).1, headers(&["Basic dTpw"]));
    }

    #[test]
    fn the_token_is_taken_out_of_every_field() {
        let referer = format!("https://h.example/?token={TOKEN}");
        let cookies = format!("a=1; token={TOKEN}; b=2");
        let alone = format!("token={TOKEN}");
        let (_, left) = hidden(
            &operator(),
            "/",
            &[
                ("referer", &referer),
                ("x-api-key", TOKEN),
                ("x-api-key", "other"),
                ("cookie", &cookies),
                ("cookie", &alone),
                (TOKEN, "1"),
                ("user-agent", "a visitor"),
            ],
        );
        let expected = [("x-api-key", "other"), ("cookie", "a=1; b=2"), ("user-agent", "a visitor")];
        let expected: HeaderMap = expected
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn the_token_is_taken_out_of_the_query() {
        for (given, left) in [
            ("/a?x=1&token=TOKEN&y=%20", "/a?x=1&y=%20"),
            ("/a?TOKEN", "/a"),
            ("/a?token=TOKEN&token=TOKEN", "/a"),
            ("http://h.example/a?x=1&token=TOKEN", "http://h.example/a?x=1"),
            ("/a?x=1&y=2", "/a?x=1&y=2"),
        ] {
            assert_eq!(hidden(&operator(), &given.replace("TOKEN", TOKEN), &[]).0, left, "{given}");
        }
    }

    #[test]
    fn an_address_that_is_the_token_is_nobodys() {
        assert!(operator().is_in_path(&format!("/a/{TOKEN}")));
        assert!(!operator().is_in_path("/a/another-path-that-is-long-enough-to-be-looked-at"));
        assert!(!Operator::new(None).is_in_path(&format!("/a/{TOKEN}")));
        for host in [TOKEN.to_owned(), TOKEN.to_uppercase(), format!("{TOKEN}.example:80")] {
            let mut request = Request::get("/").header(HOST, host).body(()).unwrap();
            assert_eq!(operator().hide(&mut request).unwrap_err().status, 404);
        }
    }

    #[test]
    fn a_token_may_have_any_character_that_sets_words_apart() {
        for token in ["q0ZxQm5yb3Rob3NlbndvcmRzbm90c2VjcmV0MDEyMzQ=", "=0123456789,abcdef,0123456789\"abcdef=="] {
            let operator = Operator::new(Some(&Secret::new(token)));
            for shape in
                ["Bearer TOKEN", "TOKEN", "bearer   TOKEN", "Token token=TOKEN", "Token a=b, token=\"TOKEN\",c=d"]
            {
                let given = shape.replace("TOKEN", token);
                let given = [("authorization", given.as_str()), ("authorization", "Basic dTpw")];
                assert_eq!(hidden(&operator, "/", &given).1, headers(&["Basic dTpw"]), "{shape}");
            }
        }
        let odd = Operator::new(Some(&Secret::new("a;0123456789;abcdef;0123456789;abcdef&x&y")));
        let cookie = [("cookie", "t=a;0123456789;abcdef;0123456789;abcdef&x&y; b=1")];
        let (uri, left) = hidden(&odd, "/?a=1&t=a;0123456789;abcdef;0123456789;abcdef&x&y", &cookie);
        assert_eq!((uri.as_str(), left.len()), ("/", 0), "what holds it over several parts goes as a whole");
    }

    #[test]
    fn tokens_of_the_registry_are_taken_out_too() {
        let token = format!("innkeeper_0123456789ab_{}", "aB-_0".repeat(9).get(..43).unwrap());
        let bearer = format!("Bearer {token}");
        let cookies = format!("a=1; token={token}; b=2");
        let given = [
            ("authorization", bearer.as_str()),
            ("cookie", cookies.as_str()),
            ("user-agent", "innkeeper_visitor"),
        ];
        for operator in [operator(), Operator::new(None)] {
            let (uri, left) = hidden(&operator, &format!("/a?x=1&token={token}"), &given);
            let expected = [("cookie", "a=1; b=2"), ("user-agent", "innkeeper_visitor")];
            let expected: HeaderMap = expected
                .into_iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!((uri.as_str(), left), ("/a?x=1", expected));
            assert!(operator.is_in_path(&format!("/_innkeeper/admin/api/{token}")));
            let mut request = Request::get("/").header(HOST, token.clone()).body(()).unwrap();
            assert_eq!(operator.hide(&mut request).unwrap_err().status, 404);
            let (_, left) = hidden(&operator, "/", &[(&token.to_ascii_lowercase(), "1")]);
            assert!(left.is_empty(), "a token as the name of a field");
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        assert_eq!(format!("{:?}", operator()), "Operator { .. }");
    }
}
