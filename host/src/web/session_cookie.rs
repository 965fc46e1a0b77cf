//! The session cookie: read and written by the host alone, never seen by a guest (RFC 6265bis).
//!
//! Where the visitor came by https its name begins with `__Host-`, which binds it to this host name
//! and to https; browsers do not accept that name over plain http, as on a laptop. Each app has a
//! name of its own. The browser forgets the cookie when it is closed, unless the app has said that
//! the session lives on.

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

    /// Takes the host's cookies out of a request's headers and returns the session's id. Two
    /// different ids mean that someone else has planted one: then none counts.
    pub(super) fn take(&self, headers: &mut HeaderMap) -> Option<SessionId> {
        if !headers.contains_key(COOKIE) {
            return None;
        }
        let mut found: Vec<SessionId> = Vec::new();
        let mut kept: Vec<&[u8]> = Vec::new();
        let mut has_others = false;
        for line in headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes) {
            let mut attributes = Attributes::default();
            // Bytes, since pages of the app and of its neighbours may set cookies that are no
            // ASCII: they hide no other one.
            for bytes in line.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
                let pair = String::from_utf8_lossy(bytes);
                let (name, value) = pair.split_once('=').unwrap_or(("", &pair));
                let (name, value) = (name.trim_ascii_end(), unquoted(value.trim_ascii_start()));
                let is_ours = is_hosts(unquoted(name)) || (name.is_empty() && is_hosts(value));
                let belongs = attributes.of(name, is_ours);
                if name == self.name {
                    found.extend(SessionId::parse(value));
                }
                if !is_ours && !holds_hosts(value) && belongs != Some(Owner::Host) {
                    kept.push(bytes);
                    has_others |= belongs.is_none() && !bytes.is_empty();
                }
            }
        }
        let kept = has_others.then(|| HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok()).flatten();
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

/// Whether a cookie of the host's is part of a value, as where commas stand between cookies, or its
/// name in quotes.
fn holds_hosts(value: &str) -> bool {
    let mut parts = value.split([',', ' ', '\t', '"']).filter_map(|part| part.split_once('='));
    parts.any(|(name, _)| is_hosts(name))
}

/// Whose cookie an attribute such as `$Path` belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// All of them, as `$Version` does.
    Header,
    /// One of the host's.
    Host,
    /// One of somebody else's.
    Other,
}

/// Tells attributes from cookies. Java and Android write both into the header, and values in
/// quotes, where a cookie has been given a `Max-Age`: `$Version="1"; a="b"; $Path="/"` (RFC 2965,
/// section 3.3.4). Elsewhere a name that begins with a dollar sign is one like any other.
#[derive(Default)]
struct Attributes {
    is_versioned: bool,
    owner: Option<Owner>,
}

impl Attributes {
    /// Whose attribute this is; none: it is a cookie.
    fn of(&mut self, name: &str, is_hosts: bool) -> Option<Owner> {
        if name.eq_ignore_ascii_case("$Version") {
            self.is_versioned = true;
            return Some(Owner::Header);
        }
        if self.is_versioned && ["$Path", "$Domain", "$Port"].iter().any(|known| name.eq_ignore_ascii_case(known))
        {
            return self.owner.or(Some(Owner::Header));
        }
        self.owner = Some(if is_hosts { Owner::Host } else { Owner::Other });
        None
    }
}

/// A value without the quotes that some clients put around it (RFC 6265, section 4.1.1).
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// A cache that many share keeps an answer with a cookie, too, where it is allowed to keep it (RFC
/// 9111, section 7.3): the next visitor would get this one's session. A guest does not see the
/// cookie, and cannot know.
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

/// A cookie without a name whose value looks like one of ours would be read as ours (RFC 6265bis,
/// section 5.6).
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

/// Whether a name is one of the host's, however it is spelled: browsers compare the prefix without
/// case.
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
    fn an_id_behind_another_separator_is_shown_to_nobody() {
        let id = SessionId::random().unwrap().expose();
        for part in [
            format!("b=1, innkeeper-blog={id}"),
            format!("b=\"x innkeeper-blog={id}\""),
            format!("\"innkeeper-blog\"={id}"),
        ] {
            let mut headers = headers(COOKIE, &[&format!("a=1; {part}; theme=innkeeper-dark")]);
            SessionCookie::new("blog", false).take(&mut headers);
            assert_eq!(headers.get(COOKIE).unwrap(), "a=1; theme=innkeeper-dark", "{part}");
        }
    }

    #[test]
    fn a_cookie_counts_however_a_client_writes_it() {
        let id = SessionId::random().unwrap();
        for (line, others) in [
            (r#"innkeeper-blog="ID""#, None),
            (r#"innkeeper-blog = "ID" "#, None),
            (r#"$Version="1"; innkeeper-blog="ID"; $Path="/""#, None),
            (r#"$Version="1"; innkeeper-blog="ID";$Path="/";$Domain="blog.example";$Port="80""#, None),
            (r#"$Version=1; innkeeper-blog=ID"#, None),
            (
                r#"$Version="1"; a="1"; $Path="/a"; innkeeper-blog="ID"; $Path="/"; b="2"; $Domain="x""#,
                Some(r#"$Version="1"; a="1"; $Path="/a"; b="2"; $Domain="x""#),
            ),
            (r#"a="1"; innkeeper-blog=ID; $Path=x; c"#, Some(r#"a="1"; $Path=x; c"#)),
            (r#"innkeeper-other="x"; innkeeper-blog="ID"; theme=innkeeper-dark"#, Some("theme=innkeeper-dark")),
            (r#"a="1;innkeeper-blog=ID;b=2""#, Some(r#"a="1; b=2""#)),
            (r#"innkeeper-blog="ID"; innkeeper-blog=ID"#, None),
        ] {
            let line = line.replace("ID", &id.expose());
            let mut headers = headers(COOKIE, &[&line]);
            assert_eq!(SessionCookie::new("blog", false).take(&mut headers), Some(id.clone()), "{line}");
            assert_eq!(headers.get(COOKIE).map(|value| value.to_str().unwrap()), others, "{line}");
        }
        for line in
            [r#"innkeeper-blog="ID"#, r#"innkeeper-blog=ID""#, r#"innkeeper-blog=""ID"""#, "innkeeper-blog='ID'"]
        {
            let mut headers = headers(COOKIE, &[&line.replace("ID", &id.expose())]);
            assert_eq!(SessionCookie::new("blog", false).take(&mut headers), None, "{line}");
        }
    }

    /// However a header is spoilt, the guest never sees the id under the host's name, and cookies
    /// without a dollar sign that are not the host's stay.
    #[test]
    fn a_spoilt_header_gives_nothing_away() {
        let id = SessionId::random().unwrap();
        let pieces = [
            "$Version=\"1\"",
            "$Path=\"/\"",
            "$path=x",
            "a=1",
            "b=\"2\"",
            "=",
            "",
            "c",
            "\"",
            "=innkeeper-blog=x",
            "innkeeper-blog=\"ID\"",
            "innkeeper-blog=ID",
            " innkeeper-blog =ID",
            "__Host-innkeeper-blog=ID",
            "d=\u{fc}",
        ];
        let mut state = 1_usize;
        for _ in 0..20_000 {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 33
            };
            let chosen: Vec<&str> = (0..=next() % 6).map(|_| pieces[next() % pieces.len()]).collect();
            let line = chosen.join([";", "; ", " ;"][next() % 3]).replace("ID", &id.expose());
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let mut headers = HeaderMap::from_iter([(COOKIE, value)]);
            let found = SessionCookie::new("blog", false).take(&mut headers);
            assert_eq!(
                found.is_some(),
                chosen.iter().any(|piece| piece.trim_start().starts_with("innkeeper-blog")),
                "{line}"
            );
            let seen = headers.get(COOKIE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let seen = seen.unwrap_or_default();
            assert!(!seen.contains("innkeeper-blog"), "{line}: {seen}");
            for own in chosen.iter().filter(|piece| piece.starts_with(['a', 'b', 'c', 'd'])) {
                assert!(seen.split("; ").any(|piece| piece == *own), "{line}: {seen}");
            }
        }
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
