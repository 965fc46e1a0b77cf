//! The session cookie: read and written by the host alone, never seen by a guest (RFC 6265bis).
//!
//! Where the visitor came by https its name begins with `__Host-`, which binds it to this host name and to https; browsers do not
//! accept that name over plain http, as on a laptop. Each app has a name of its own. The browser forgets the cookie when it is closed, unless
//! the app has said that the session lives on.

use crate::interfaces::session::{CookieChange, SessionId};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, COOKIE, HeaderValue, SET_COOKIE};

const SECURE_PREFIX: &str = "__Host-";
const PREFIX: &str = "innkeeper-";

/// Which cookie belongs to an app's visitors.
pub(super) struct SessionCookie {
    name: String,
    https: bool,
}

impl SessionCookie {
    /// The cookie of an app for a visitor who came by https or not.
    pub(super) fn new(app: &str, https: bool) -> Self {
        let secure = if https { SECURE_PREFIX } else { "" };
        Self { name: format!("{secure}{PREFIX}{app}"), https }
    }

    /// Takes the host's cookies out of a request's headers and returns the session's id. Two different ids mean that someone
    /// else has planted one: then none counts.
    pub(super) fn take(&self, headers: &mut HeaderMap) -> Option<SessionId> {
        if !headers.contains_key(COOKIE) {
            return None;
        }
        let mut found: Vec<SessionId> = Vec::new();
        let mut kept: Vec<&[u8]> = Vec::new();
        // Bytes, since pages of the app and of its neighbours may set cookies that are no ASCII: they hide no other one.
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        for bytes in lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii) {
            let pair = String::from_utf8_lossy(bytes);
            let (name, value) = pair.split_once('=').unwrap_or(("", &pair));
            if name == self.name {
                found.extend(SessionId::parse(value));
            }
            if !is_hosts(name) && !is_hosts(value) {
                kept.push(bytes);
            }
        }
        let kept = HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|value| !value.is_empty());
        headers.remove(COOKIE);
        if let Some(kept) = kept {
            headers.insert(COOKIE, kept);
        }
        let first = found.first()?.clone();
        found.iter().all(|id| *id == first).then_some(first)
    }

    /// Removes what a guest must not set, and sets what has to change.
    pub(super) fn apply(&self, headers: &mut HeaderMap, change: Option<&CookieChange>) {
        if headers.contains_key(SET_COOKIE) {
            drop_forged(headers);
        }
        let Some(change) = change else { return };
        let secure = if self.https { "; Secure" } else { "" };
        let name = &self.name;
        let cookie = match change {
            CookieChange::Set { id, max_age } => {
                let kept = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
                format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{kept}{secure}", id.expose())
            }
            CookieChange::Clear => format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"),
        };
        if let Ok(mut value) = HeaderValue::from_str(&cookie) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
            keep_private(headers);
        }
    }
}

/// A cache that many share keeps an answer with a cookie, too, where it is allowed to keep it (RFC 9111, section 7.3): the next visitor would get
/// this one's session. A guest does not see the cookie, and cannot know.
fn keep_private(headers: &mut HeaderMap) {
    let said: Vec<String> = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    let is_private = |said: &String| said.split(',').any(|word| matches!(word.trim(), "private" | "no-store"));
    if !said.is_empty() && !said.iter().any(is_private) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

/// A cookie without a name whose value looks like one of ours would be read as ours (RFC 6265bis, section 5.6).
fn drop_forged(headers: &mut HeaderMap) {
    let honest: Vec<HeaderValue> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let (name, rest) = text.split_once('=').unwrap_or(("", &text));
            let nameless = name.trim().is_empty() && is_hosts(rest.trim());
            !is_hosts(name.trim()) && !nameless
        })
        .cloned()
        .collect();
    headers.remove(SET_COOKIE);
    for value in honest {
        headers.append(SET_COOKIE, value);
    }
}

/// Whether a name is one of the host's, however it is spelled: browsers compare the prefix without case.
fn is_hosts(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_prefix("__host-").or_else(|| lower.strip_prefix("__secure-")).unwrap_or(&lower);
    plain.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, values: &[&str]) -> HeaderMap {
        let pairs = values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap()));
        pairs.collect()
    }

    #[test]
    fn the_guest_sees_other_cookies_only() {
        let id = SessionId::random().unwrap();
        let line = format!("a=1; innkeeper-blog={}; b=2; innkeeper-other=x", id.expose());
        let mut headers = headers(COOKIE, &[&line]);
        assert_eq!(SessionCookie::new("blog", false).take(&mut headers), Some(id));
        assert_eq!(headers.get(COOKIE).unwrap(), "a=1; b=2");
    }

    #[test]
    fn a_cookie_that_is_no_ascii_hides_no_other() {
        let id = SessionId::random().unwrap();
        for other in ["name=J\u{fc}rgen".as_bytes(), b"name=\xff"] {
            let line = [other, format!("; innkeeper-blog={}; b=2", id.expose()).as_bytes()].concat();
            let mut headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(&line).unwrap())]);
            assert_eq!(SessionCookie::new("blog", false).take(&mut headers), Some(id.clone()));
            assert_eq!(headers.get(COOKIE).unwrap().as_bytes(), [other, b"; b=2"].concat());
        }
    }

    #[test]
    fn an_answer_with_a_cookie_is_for_nobody_else() {
        for (said, kept) in [
            (None, None),
            (Some("public, max-age=60"), Some("private, no-cache")),
            (Some("max-age=60, Private"), Some("max-age=60, Private")),
            (Some("no-store"), Some("no-store")),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(said.map(|said| (CACHE_CONTROL, HeaderValue::from_static(said))));
            SessionCookie::new("blog", true).apply(&mut headers, Some(&CookieChange::Clear));
            assert_eq!(headers.get(CACHE_CONTROL).map(|value| value.to_str().unwrap()), kept, "{said:?}");
        }
    }

    #[test]
    fn a_cookie_outlives_the_browser_only_where_the_session_is_to() {
        let id = SessionId::random().unwrap();
        let set = |https, max_age| {
            let mut headers = HeaderMap::new();
            let change = CookieChange::Set { id: id.clone(), max_age };
            SessionCookie::new("blog", https).apply(&mut headers, Some(&change));
            headers.get(SET_COOKIE).unwrap().to_str().unwrap().to_owned()
        };
        let value = id.expose();
        assert_eq!(set(false, None), format!("innkeeper-blog={value}; Path=/; HttpOnly; SameSite=Lax"));
        let kept = format!("__Host-innkeeper-blog={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert_eq!(set(true, Some(60)), kept);
    }

    #[test]
    fn two_different_ids_count_as_none() {
        let ids = [SessionId::random().unwrap(), SessionId::random().unwrap()];
        let lines = ids.each_ref().map(|id| format!("innkeeper-blog={}", id.expose()));
        let mut headers = headers(COOKIE, &[&lines[0], &lines[1]]);
        assert_eq!(SessionCookie::new("blog", false).take(&mut headers), None);
        assert!(!headers.contains_key(COOKIE));
    }

    #[test]
    fn a_guest_cannot_set_the_hosts_cookies() {
        let forged = ["__Host-innkeeper-blog=x", "__host-INNKEEPER-blog=x", "=innkeeper-blog=x", "own=1; Path=/"];
        let mut headers = headers(SET_COOKIE, &forged);
        SessionCookie::new("blog", true).apply(&mut headers, Some(&CookieChange::Clear));
        let values: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(
            values,
            ["own=1; Path=/", "__Host-innkeeper-blog=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"]
        );
    }
}
