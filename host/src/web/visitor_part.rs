//! Which part of the visitors a request is of, while a canary answers some of them. A cookie of the
//! host's remembers it, so that a visitor does not go back and forth between two versions; no guest
//! sees it. Whoever tests says it by a header, or by the cookie.

use super::cookie;
use crate::guests::canary::{CanaryGuest, PARTS, Part};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, SET_COOKIE};

/// The cookie, whose value is a number, or as in [`HEADER`]. No app has an underscore in its name,
/// so no session has this cookie.
const NAME: &str = "innkeeper-canary_part";
/// `always` or `never`.
const HEADER: HeaderName = HeaderName::from_static("innkeeper-canary");

/// The part of a request; none where the visitor has none yet.
pub(super) struct VisitorPart {
    part: Option<Part>,
    is_new: bool,
}

impl VisitorPart {
    /// Takes what a request says of its part out of its headers.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        let by_header = headers.remove(HEADER).and_then(|value| read(value.to_str().ok()?));
        let by_cookie = cookie::take(headers, NAME).iter().find_map(|value| read(value));
        Self { part: by_header.or(by_cookie), is_new: false }
    }

    /// Whether a canary answers. A visitor who is of no part yet becomes of one.
    pub(super) fn is_for(&mut self, canary: &CanaryGuest) -> bool {
        self.is_new |= self.part.is_none();
        canary.answers(*self.part.get_or_insert_with(|| Part::Of(random())))
    }

    /// Tells a visitor who is new which part it is of.
    pub(super) fn tell(&self, headers: &mut HeaderMap, https: bool) {
        let (Some(Part::Of(part)), true) = (self.part, self.is_new) else { return };
        let secure = if https { "; Secure" } else { "" };
        let cookie = format!("{NAME}={part}; Path=/; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

fn read(text: &str) -> Option<Part> {
    match text {
        "always" => Some(Part::Always),
        "never" => Some(Part::Never),
        number => number.parse().ok().filter(|part| *part < PARTS).map(Part::Of),
    }
}

/// Without random numbers everybody keeps the active version.
fn random() -> u8 {
    let number = getrandom::u32().map(|number| number % u32::from(PARTS));
    number.ok().and_then(|part| u8::try_from(part).ok()).unwrap_or(PARTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_a_request_says_is_kept_and_no_guest_sees_it() {
        let mut given =
            headers(&[("cookie", "a=1; innkeeper-canary_part=7; b=2"), ("cookie", "innkeeper-canary_part=8")]);
        let part = VisitorPart::take(&mut given);
        assert_eq!(part.part, Some(Part::Of(7)));
        assert_eq!(given, headers(&[("cookie", "a=1; b=2")]));
        let mut answer = HeaderMap::new();
        part.tell(&mut answer, true);
        assert!(answer.is_empty(), "it knows");
    }

    #[test]
    fn a_header_goes_before_the_cookie() {
        let mut given = headers(&[("innkeeper-canary", "always"), ("cookie", "innkeeper-canary_part=99")]);
        assert_eq!(VisitorPart::take(&mut given).part, Some(Part::Always));
        assert!(given.is_empty());
        assert_eq!(
            VisitorPart::take(&mut headers(&[("cookie", "innkeeper-canary_part=never")])).part,
            Some(Part::Never)
        );
    }

    #[test]
    fn nonsense_says_nothing() {
        for cookie in [
            "a=1",
            "innkeeper-canary_part=100",
            "innkeeper-canary_part=",
            "innkeeper-canary_part=-1",
            "xinnkeeper-canary_part=7",
        ] {
            assert_eq!(VisitorPart::take(&mut headers(&[("cookie", cookie)])).part, None, "{cookie}");
        }
    }

    #[test]
    fn a_visitor_who_is_new_is_told_its_part() {
        let part = VisitorPart { part: Some(Part::Of(7)), is_new: true };
        let mut answer = HeaderMap::new();
        part.tell(&mut answer, true);
        assert_eq!(
            answer.get(SET_COOKIE).unwrap(),
            "innkeeper-canary_part=7; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert!((0..1000).all(|_| random() < PARTS));
    }
}
