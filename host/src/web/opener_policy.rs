//! What apps may say of windows that their pages open (`Cross-Origin-Opener-Policy`).
//!
//! The dashboard says `same-origin`, so a page that opens it in a window loses the handle, unless
//! that page says the same and is of the same origin. Where apps and the dashboard share an origin,
//! a script of an app could then read and operate the dashboard through the handle. So there the
//! stricter policy of an app becomes `same-origin-allow-popups`: the windows that the app opens
//! itself are kept from it as well.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const LOOSENED: HeaderValue = HeaderValue::from_static("same-origin-allow-popups");
/// With these a browser takes the handle away.
const HARMLESS: [&str; 3] = ["unsafe-none", "same-origin-allow-popups", "noopener-allow-popups"];

/// Leaves a policy that takes the handle away, and puts one that does in place of every other,
/// however it is spelled.
pub(super) fn loosen(headers: &mut HeaderMap) {
    let mut values = headers.get_all(OPENER_POLICY).iter();
    let Some(first) = values.next() else { return };
    let name = first.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !HARMLESS.contains(&name) || values.next().is_some() {
        headers.insert(OPENER_POLICY, LOOSENED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loosened(values: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(OPENER_POLICY, HeaderValue::from_str(value).expect("a header"));
        }
        loosen(&mut headers);
        headers.get_all(OPENER_POLICY).iter().map(|value| value.to_str().expect("a text").to_owned()).collect()
    }

    #[test]
    fn no_policy_of_an_app_keeps_the_handle_of_a_window() {
        assert!(loosened(&[]).is_empty());
        for kept in ["unsafe-none", "same-origin-allow-popups", "noopener-allow-popups; report-to=\"x\""] {
            assert_eq!(loosened(&[kept]), [kept]);
        }
        for values in [
            &["same-origin"][..],
            &[" same-origin "],
            &["same-origin; report-to=\"x\""],
            &["same-origin;report-to=x"],
            &["Same-Origin"],
            &["same-origin-plus-coep"],
            &["unsafe-none, same-origin"],
            &["unsafe-none", "same-origin"],
            &["same-origin", "unsafe-none"],
            &[""],
        ] {
            assert_eq!(loosened(values), ["same-origin-allow-popups"], "{values:?}");
        }
    }
}
