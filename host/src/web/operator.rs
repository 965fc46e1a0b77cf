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
    /// The SHA-256 of the token; none where there is no operator.
    token: Option<[u8; 32]>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("is_there", &self.token.is_some()).finish()
    }
}

impl Operator {
    /// Whoever has this token; nobody where there is none.
    pub(super) fn new(token: Option<&Secret>) -> Self {
        Self { token: token.map(|token| Sha256::digest(token.expose()).into()) }
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

    /// Whether the token is one of the words of a value, in whatever scheme.
    fn is_in(&self, value: &HeaderValue) -> bool {
        value.as_bytes().split(|byte| b" \t,=\"".contains(byte)).any(|word| self.is_token(word))
    }

    /// Takes the same time however much of it is right: digests are compared, and all of them.
    fn is_token(&self, shown: &[u8]) -> bool {
        let Some(token) = &self.token else { return false };
        let shown: [u8; 32] = Sha256::digest(shown).into();
        let differences = token.iter().zip(shown).fold(0, |differences, (one, other)| differences | (one ^ other));
        std::hint::black_box(differences) == 0
    }
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
    fn the_token_is_not_printed() {
        assert_eq!(format!("{:?}", operator()), "Operator { is_there: true }");
    }
}
