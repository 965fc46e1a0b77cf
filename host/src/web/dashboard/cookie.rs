//! Cookies of the dashboard: no script reads them, and other sites do not make a browser send them.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

const SECURE_PREFIX: &str = "__Host-";
/// Cookies of one name that are looked at: somebody else may have planted more.
const MOST: usize = 8;

/// A cookie by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookie(pub(super) &'static str);

impl Cookie {
    /// Its values. A script of an app on the same origin can plant one of the same name, which the
    /// browser sends beside the dashboard's own.
    pub(super) fn values(self, headers: &HeaderMap, https: bool) -> Vec<&str> {
        let name = self.name(https);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(other, _)| *other == name).map(|(_, value)| value).take(MOST).collect()
    }

    /// Sets it until the browser is closed.
    pub(super) fn set(self, value: &str, https: bool) -> HeaderValue {
        self.write(value, "", https)
    }

    /// Takes it away.
    pub(super) fn clear(self, https: bool) -> HeaderValue {
        self.write("", "; Max-Age=0", https)
    }

    fn write(self, value: &str, age: &str, https: bool) -> HeaderValue {
        let secure = if https { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{age}{secure}", self.name(https));
        // All of it is letters, digits and what may stand in a header.
        let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// Over https the browser accepts no such cookie from other host names.
    fn name(self, https: bool) -> String {
        format!("{}{}", if https { SECURE_PREFIX } else { "" }, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_of_a_name_are_found() {
        let headers = |lines: &[&str]| -> HeaderMap {
            lines.iter().map(|line| (COOKIE, HeaderValue::from_str(line).expect("a header"))).collect()
        };
        let cookie = Cookie("innkeeper-admin_session");
        let secure = "__Host-innkeeper-admin_session";
        let alone = headers(&[&format!("a=1; {secure}=x.y; innkeeper-admin_session=z")]);
        assert_eq!(cookie.values(&alone, true), ["x.y"]);
        assert_eq!(cookie.values(&alone, false), ["z"], "over http the one without the prefix");
        assert_eq!(cookie.values(&headers(&[&format!("{secure}=x; {secure}=y")]), true), ["x", "y"]);
        assert_eq!(cookie.values(&headers(&[&format!("{secure}=x"), &format!("{secure}=y")]), true), ["x", "y"]);
        assert!(cookie.values(&headers(&["a=1"]), true).is_empty());
        let many = format!("{secure}=x; ").repeat(100);
        assert_eq!(cookie.values(&headers(&[&many]), true).len(), MOST);
    }

    #[test]
    fn a_cookie_is_for_the_dashboards_own_pages() {
        let cookie = Cookie("innkeeper-admin_session");
        assert_eq!(
            cookie.set("x", true),
            "__Host-innkeeper-admin_session=x; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(cookie.clear(false), "innkeeper-admin_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }
}
