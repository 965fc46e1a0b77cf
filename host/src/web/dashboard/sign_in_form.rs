//! What makes a form for a token one of the dashboard's own: the browser that sends it has got it
//! before, at the same address. Otherwise a script of an app on the same origin could send a token
//! of its own, and the operator would go on in somebody else's name.

use super::cookie::Cookie;
use super::session;
use crate::interfaces::blob_upload::Keyring;
use crate::storage::Result;
use http::header::{HeaderMap, HeaderValue};
use std::net::IpAddr;

pub(super) const COOKIE: Cookie = Cookie("innkeeper-admin_sign-in");
const SIGN_IN: &str = "innkeeper dashboard sign-in";
/// Of the base64 of 128 bits.
const NONCE_CHARACTERS: usize = 22;

/// A form for a browser that was given a nonce by a cookie.
#[derive(Debug)]
pub(super) struct SignInForm {
    /// What the form brings along.
    pub(super) key: String,
    /// The cookie, unless the browser has it.
    pub(super) cookie: Option<HeaderValue>,
}

impl SignInForm {
    /// A form for whoever asks. One that is open in another window stays good.
    pub(super) fn new(keyring: &Keyring, headers: &HeaderMap, https: bool, address: IpAddr) -> Result<Self> {
        let has = COOKIE.values(headers, https).into_iter().find(|value| is_nonce(value));
        let (nonce, cookie) = match has {
            Some(nonce) => (nonce.to_owned(), None),
            None => {
                let nonce = session::nonce()?;
                let cookie = COOKIE.set(&nonce, https);
                (nonce, Some(cookie))
            }
        };
        Ok(Self { key: keyring.seal(SIGN_IN, &sealed(&nonce, address))?, cookie })
    }
}

/// Whether a form brings along the key that this browser was given.
pub(super) fn is_own(keyring: &Keyring, headers: &HeaderMap, https: bool, address: IpAddr, key: &str) -> bool {
    let nonces = COOKIE.values(headers, https).into_iter().filter(|value| is_nonce(value));
    nonces.into_iter().any(|nonce| keyring.is_sealed(SIGN_IN, &sealed(nonce, address), key))
}

fn sealed(nonce: &str, address: IpAddr) -> String {
    format!("{nonce}.{address}")
}

fn is_nonce(text: &str) -> bool {
    text.len() == NONCE_CHARACTERS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::registry::Key;
    use http::header;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn sends(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).expect("a header"))).collect()
    }

    #[test]
    fn a_form_is_good_in_the_browser_that_has_got_it() {
        let keyring = Keyring::default();
        assert!(SignInForm::new(&keyring, &HeaderMap::new(), false, HERE).is_err(), "there is no key");
        keyring.put(vec![Key { id: "0badcafe".to_owned(), secret: [7; 32], created_at: 0 }]);
        let form = SignInForm::new(&keyring, &HeaderMap::new(), false, HERE).expect("there is a key");
        let cookie = form.cookie.expect("a cookie");
        let pair = cookie.to_str().expect("a text").split(';').next().expect("a pair");
        let own = sends(&[pair]);
        let is_own =
            |headers: &HeaderMap, address, key: &str| super::is_own(&keyring, headers, false, address, key);
        assert!(is_own(&own, HERE, &form.key));
        let planted = sends(&["innkeeper-admin_sign-in=x; innkeeper-admin_sign-in=AAAAAAAAAAAAAAAAAAAAAA", pair]);
        assert!(is_own(&planted, HERE, &form.key), "others hide it from nobody");
        let again = SignInForm::new(&keyring, &own, false, HERE).expect("there is a key");
        assert!(again.cookie.is_none() && again.key == form.key, "another window");
        assert!(!is_own(&own, ELSEWHERE, &form.key), "what somebody else has got is good only there");
        assert!(!is_own(&HeaderMap::new(), HERE, &form.key));
        assert!(!is_own(&own, HERE, "") && !is_own(&own, HERE, "0badcafe.AAAA"));
    }
}
