//! Whether a visitor has changed rows of an app a moment ago. Then a follower of the database may
//! not have them yet, so the visitor is answered by the primary until it has: whoever has sent a
//! form sees on the next page what came of it, at whichever host. A short-lived cookie says so; no
//! guest sees it, and whoever forges it reads from the primary.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use std::time::Duration;

/// The cookie of an app's visitors. No app has an underscore in its name, so no session has it.
fn name(app: &str) -> String {
    format!("innkeeper-{app}_wrote")
}

/// Whether a request comes from somebody who has.
pub(super) fn is_told(headers: &HeaderMap, app: &str) -> bool {
    if !headers.contains_key(COOKIE) {
        return false;
    }
    let name = name(app);
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    pairs.any(|pair| pair.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
}

/// Tells a visitor who has now, for as long as a follower may be behind.
pub(super) fn tell(headers: &mut HeaderMap, app: &str, lag: Duration, https: bool) {
    let secure = if https { "; Secure" } else { "" };
    // What is begun of a second counts.
    let seconds = lag.as_secs() + 1;
    let cookie = format!("{}=1; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", name(app));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))])
    }

    #[test]
    fn only_the_cookie_of_the_app_says_so() {
        for (cookie, expected) in [
            ("innkeeper-shop_wrote=1", true),
            ("a=1; innkeeper-shop_wrote=1; b=2", true),
            ("innkeeper-shop_wrote", false),
            ("innkeeper-other_wrote=1", false),
            ("innkeeper-shop_wrote_more=1", false),
            ("a=innkeeper-shop_wrote=1", false),
        ] {
            assert_eq!(is_told(&headers(cookie), "shop"), expected, "{cookie}");
        }
        assert!(!is_told(&HeaderMap::new(), "shop"));
    }

    #[test]
    fn it_lasts_as_long_as_a_follower_may_be_behind() {
        for (lag, seconds) in [(200, 1), (5_000, 6), (5_900, 6)] {
            let mut headers = HeaderMap::new();
            tell(&mut headers, "shop", Duration::from_millis(lag), true);
            let expected =
                format!("innkeeper-shop_wrote=1; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}; Secure");
            assert_eq!(headers.get(SET_COOKIE).unwrap(), &expected);
        }
    }
}
