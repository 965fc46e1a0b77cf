//! The operator of the host, who proves it with a token. It goes into one header of a request to the host, and to no guest.

use super::body::Body;
use super::pages;
use crate::config::Secret;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use sha2::{Digest, Sha256};

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"innkeeper\"");

/// Knows the operator's token when it comes.
#[derive(Clone)]
pub(super) struct Operator {
    /// None where there is no operator.
    token: Option<Secret>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("is_there", &self.token.is_some()).finish()
    }
}

impl Operator {
    /// Whoever has this token; nobody where there is none.
    pub(super) fn new(token: Option<&Secret>) -> Self {
        Self { token: token.cloned() }
    }

    /// The answer to whoever asks for something of the operator's and does not show the token; none to the operator.
    pub(super) fn refusal(&self, headers: &HeaderMap) -> Option<Response<Body>> {
        if self.token.is_none() {
            return Some(pages::plain(
                StatusCode::NOT_FOUND,
                "switched off: set INNKEEPER_ADMIN_TOKEN to at least 32 random characters, for example from `openssl rand -hex 32`\n",
            ));
        }
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let shown = match (values.next(), values.next()) {
            (Some(value), None) => bearer(value).is_some_and(|shown| self.is_token(shown)),
            _ => false,
        };
        if shown {
            return None;
        }
        let mut refused = pages::plain(
            StatusCode::UNAUTHORIZED,
            "wanted: the header Authorization: Bearer INNKEEPER_ADMIN_TOKEN\n",
        );
        refused.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        Some(refused)
    }

    /// Takes the token out of a request that a guest gets. What else is in `Authorization` is the guest's business.
    pub(super) fn hide(&self, headers: &mut HeaderMap) {
        if self.token.is_none() || !headers.contains_key(AUTHORIZATION) {
            return;
        }
        let others: Vec<HeaderValue> =
            headers.get_all(AUTHORIZATION).iter().filter(|value| !self.is_in(value)).cloned().collect();
        headers.remove(AUTHORIZATION);
        for value in others {
            headers.append(AUTHORIZATION, value);
        }
    }

    /// Whether the token stands anywhere in a value, in whatever scheme. It may have any character that schemes set words apart by.
    fn is_in(&self, value: &HeaderValue) -> bool {
        let Some(token) = &self.token else { return false };
        let token = token.expose().as_bytes();
        value.as_bytes().windows(token.len().max(1)).any(|part| is_same(part, token))
    }

    /// Digests are compared: not even the length shows in the time it takes.
    fn is_token(&self, shown: &[u8]) -> bool {
        let Some(token) = &self.token else { return false };
        is_same(&Sha256::digest(token.expose()), &Sha256::digest(shown))
    }
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

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn operator() -> Operator {
        Operator::new(Some(&Secret::new(TOKEN)))
    }

    #[test]
    fn only_the_token_opens() {
        let status = |values: &[&str]| operator().refusal(&headers(values)).map(|answer| answer.status().as_u16());
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
        let nobody = Operator::new(None).refusal(&headers(&[&right])).unwrap();
        assert_eq!(nobody.status(), 404);
    }

    #[test]
    fn no_guest_sees_the_token_and_other_authorization_passes() {
        let mut given = headers(&[
            "Bearer 0123456789abcdef0123456789abcdef",
            "Bearer other",
            "Token token=\"0123456789abcdef0123456789abcdef\"",
        ]);
        operator().hide(&mut given);
        assert_eq!(given, headers(&["Bearer other"]));
        let mut given = headers(&["Basic dTpw"]);
        Operator::new(None).hide(&mut given);
        assert_eq!(given, headers(&["Basic dTpw"]));
    }

    #[test]
    fn a_token_may_have_any_character_that_sets_words_apart() {
        for token in ["q0ZxQm5yb3Rob3NlbndvcmRzbm90c2VjcmV0MDEyMzQ=", "=0123456789,abcdef,0123456789\"abcdef=="] {
            let operator = Operator::new(Some(&Secret::new(token)));
            assert!(operator.refusal(&headers(&[&format!("Bearer {token}")])).is_none(), "{token}");
            for shape in
                ["Bearer TOKEN", "TOKEN", "bearer   TOKEN", "Token token=TOKEN", "Token a=b, token=\"TOKEN\",c=d"]
            {
                let mut given = headers(&[&shape.replace("TOKEN", token), "Basic dTpw"]);
                operator.hide(&mut given);
                assert_eq!(given, headers(&["Basic dTpw"]), "{shape}");
            }
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        assert_eq!(format!("{:?}", operator()), "Operator { is_there: true }");
    }
}
