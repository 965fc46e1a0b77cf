//! The operator of the host, who proves it with a token. It goes into one header of a request to
//! the host, and to no guest.
//!
//! Wrong tokens are counted (`attempts`). The right one always opens: it cannot be guessed at any
//! speed, and whoever shares the operator's address must not be able to lock the operator out. The
//! bound is there so that guessing costs little and shows.

mod attempts;
mod traces;

use super::body::Body;
use super::pages::{self, Problem};
use crate::config::Secret;
use attempts::Attempts;
use http::header::{
    AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use traces::Traces;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"innkeeper\"");

/// Knows the operator's token when it comes.
pub(super) struct Operator {
    /// None where there is no operator.
    token: Option<Token>,
    attempts: Attempts,
}

struct Token {
    secret: Secret,
    traces: Traces,
}

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAdmitted {
    /// There is no operator.
    Nobody,
    /// It is another one.
    Wrong,
    /// Too many wrong ones have come from this address: so long to wait.
    TooMany(Duration),
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("is_there", &self.token.is_some()).finish_non_exhaustive()
    }
}

impl Operator {
    /// Whoever has this token; nobody where there is none. Others may try so often a minute from
    /// each address.
    pub(super) fn new(token: Option<&Secret>, attempts: u32) -> Self {
        let token = token.map(|secret| Token { secret: secret.clone(), traces: Traces::new(secret) });
        Self { token, attempts: Attempts::new(attempts) }
    }

    /// The answer to whoever asks for something of the operator's and does not show the token; none
    /// to the operator.
    pub(super) fn refusal(&self, headers: &HeaderMap, address: IpAddr) -> Option<Response<Body>> {
        if self.token.is_none() {
            return Some(pages::plain(
                StatusCode::NOT_FOUND,
                "switched off: set INNKEEPER_ADMIN_TOKEN to at least 32 random characters, for example from `openssl rand -hex 32`\n",
            ));
        }
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (shown, is_alone) = (values.next(), values.next().is_none());
        if is_alone && shown.and_then(bearer).is_some_and(|shown| self.is_token(shown)) {
            return None;
        }
        // Who shows nothing does not guess.
        if shown.is_some()
            && let Err(wait) = self.attempts.note(address, Instant::now())
        {
            return Some(too_many(wait));
        }
        let mut refused = pages::plain(
            StatusCode::UNAUTHORIZED,
            "wanted: the header Authorization: Bearer INNKEEPER_ADMIN_TOKEN\n",
        );
        refused.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        Some(refused)
    }

    /// Whether this is the token, shown in a form from an address.
    pub(super) fn admit(&self, shown: &str, address: IpAddr) -> Result<(), NotAdmitted> {
        if self.token.is_none() {
            return Err(NotAdmitted::Nobody);
        }
        if self.is_token(shown.as_bytes()) {
            return Ok(());
        }
        Err(match self.attempts.note(address, Instant::now()) {
            Ok(()) => NotAdmitted::Wrong,
            Err(wait) => NotAdmitted::TooMany(wait),
        })
    }

    /// Tells one token from another, and nothing of what it is; none where there is no operator.
    pub(super) fn fingerprint(&self) -> Option<String> {
        self.token.as_ref().map(|token| crate::storage::hex(&Sha256::digest(token.secret.expose())))
    }

    /// Whether the token stands in the path: then nobody gets the request, and the path is not
    /// logged.
    pub(super) fn is_in_path(&self, path: &str) -> bool {
        self.token.as_ref().is_some_and(|token| token.traces.are_in(path.as_bytes()))
    }

    /// Takes the token out of a request that a guest gets: out of every field, the cookies and the
    /// query. An error where it stands in the name of the host, without which there is no request.
    pub(super) fn hide<B>(&self, request: &mut Request<B>) -> Result<(), Problem> {
        let Some(Token { traces, .. }) = &self.token else { return Ok(()) };
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

    /// Digests are compared: not even the length shows in the time it takes.
    fn is_token(&self, shown: &[u8]) -> bool {
        let Some(token) = &self.token else { return false };
        is_same(&Sha256::digest(token.secret.expose()), &Sha256::digest(shown))
    }
}

/// The answer to a request whose path or host is the operator's token.
pub(super) fn misplaced() -> Problem {
    let text = "The operator's token does not belong into an address.";
    Problem::new(StatusCode::NOT_FOUND, text, "the operator's token stands in the address")
}

fn too_many(wait: Duration) -> Response<Body> {
    let mut refused = pages::plain(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens\n");
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    refused
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

/// Takes the same time however much of two texts of one length is the same: all of it is looked at.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |differences, (one, other)| differences | (one ^ other));
    std::hint::black_box(differences) == 0
}

/// What follows the scheme, whose name is compared without case (RFC 9110, section 11.1).
fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn operator() -> Operator {
        Operator::new(Some(&Secret::new(TOKEN)), 10)
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
    fn only_the_token_opens() {
        let status =
            |values: &[&str]| operator().refusal(&headers(values), HERE).map(|answer| answer.status().as_u16());
        assert_eq!(status(&["Bearer 0123456789abcdef0123456789abcdef"]), None);
        assert_eq!(status(&["bearer  0123456789abcdef0123456789abcdef"]), None);
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            TOKEN,
            "Basic 0123456789abcdef0123456789abcdef",
            "Bearer 0123456789abcdef0123456789abcdeg",
        ] {
            assert_eq!(status(&[wrong]), Some(401), "{wrong}");
        }
        let right = format!("Bearer {TOKEN}");
        assert_eq!((status(&[]), status(&[&right, &right])), (Some(401), Some(401)));
        let nobody = Operator::new(None, 10).refusal(&headers(&[&right]), HERE).unwrap();
        assert_eq!(nobody.status(), 404);
    }

    #[test]
    fn wrong_tokens_are_bounded_and_lock_nobody_out() {
        let operator = operator();
        let ask = |value: &str, address: IpAddr| operator.refusal(&headers(&[value]), address);
        for _ in 0..10 {
            assert_eq!(ask("Bearer wrong", HERE).unwrap().status(), 401);
        }
        let refused = ask("Bearer wrong", HERE).unwrap();
        assert_eq!(refused.status(), 429);
        let wait: u64 = refused.headers().get(RETRY_AFTER).unwrap().to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(ask(&format!("Bearer {TOKEN}"), HERE).is_none(), "the operator is not locked out");
        assert_eq!(operator.refusal(&HeaderMap::new(), HERE).unwrap().status(), 401, "no token is no guess");
        assert_eq!(ask("Bearer wrong", "192.0.2.7".parse().unwrap()).unwrap().status(), 401);
    }

    #[test]
    fn no_guest_sees_the_token_and_other_authorization_passes() {
        let bearer = format!("Bearer {TOKEN}");
        let token = format!("Token token=\"{TOKEN}\"");
        let given =
            [("authorization", bearer.as_str()), ("authorization", "Bearer other"), ("authorization", &token)];
        assert_eq!(hidden(&operator(), "/", &given).1, headers(&["Bearer other"]));
        let basic = [("authorization", "Basic dTpw")];
        assert_eq!(hidden(&Operator::new(None, 10), "/", &basic).1, headers(&["Basic dTpw"]));
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
        assert!(!Operator::new(None, 10).is_in_path(&format!("/a/{TOKEN}")));
        for host in [TOKEN.to_owned(), TOKEN.to_uppercase(), format!("{TOKEN}.example:80")] {
            let mut request = Request::get("/").header(HOST, host).body(()).unwrap();
            assert_eq!(operator().hide(&mut request).unwrap_err().status, 404);
        }
    }

    #[test]
    fn a_token_may_have_any_character_that_sets_words_apart() {
        for token in ["q0ZxQm5yb3Rob3NlbndvcmRzbm90c2VjcmV0MDEyMzQ=", "=0123456789,abcdef,0123456789\"abcdef=="] {
            let operator = Operator::new(Some(&Secret::new(token)), 10);
            assert!(operator.refusal(&headers(&[&format!("Bearer {token}")]), HERE).is_none(), "{token}");
            for shape in
                ["Bearer TOKEN", "TOKEN", "bearer   TOKEN", "Token token=TOKEN", "Token a=b, token=\"TOKEN\",c=d"]
            {
                let given = shape.replace("TOKEN", token);
                let given = [("authorization", given.as_str()), ("authorization", "Basic dTpw")];
                assert_eq!(hidden(&operator, "/", &given).1, headers(&["Basic dTpw"]), "{shape}");
            }
        }
        let odd = Operator::new(Some(&Secret::new("a;0123456789;abcdef;0123456789;abcdef&x&y")), 10);
        let cookie = [("cookie", "t=a;0123456789;abcdef;0123456789;abcdef&x&y; b=1")];
        let (uri, left) = hidden(&odd, "/?a=1&t=a;0123456789;abcdef;0123456789;abcdef&x&y", &cookie);
        assert_eq!((uri.as_str(), left.len()), ("/", 0), "what holds it over several parts goes as a whole");
    }

    #[test]
    fn the_token_is_not_printed() {
        assert_eq!(format!("{:?}", operator()), "Operator { is_there: true, .. }");
    }
}
