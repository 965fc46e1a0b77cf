//! What apps allow their pages to load (Content Security Policy Level 3), widened by the script
//! that loads a page again and by what that asks for, and by nothing else.

use http::HeaderMap;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue};

const SELF: &str = "'self'";

/// Lets the script with this nonce run, where there is a policy.
pub(super) fn allow_script(headers: &mut HeaderMap, nonce: &str) {
    let values: Vec<HeaderValue> = headers.get_all(CONTENT_SECURITY_POLICY).iter().cloned().collect();
    headers.remove(CONTENT_SECURITY_POLICY);
    for value in values {
        let widened = value.to_str().ok().map(|text| {
            let policies: Vec<String> = text.split(',').map(|policy| widened(policy, nonce)).collect();
            policies.join(", ")
        });
        // What is no text no browser reads.
        headers.append(
            CONTENT_SECURITY_POLICY,
            widened.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or(value),
        );
    }
}

/// One policy. Of several directives with one name the first counts.
fn widened(policy: &str, nonce: &str) -> String {
    let mut directives: Vec<(String, Vec<String>)> = Vec::new();
    for directive in policy.split(';') {
        let mut words = directive.split_ascii_whitespace().map(str::to_owned);
        let Some(name) = words.next() else { continue };
        if !directives.iter().any(|(there, _)| there.eq_ignore_ascii_case(&name)) {
            directives.push((name, words.collect()));
        }
    }
    widen(&mut directives, &["script-src-elem", "script-src"], |sources| script_source(sources, nonce));
    widen(&mut directives, &["connect-src"], |_| SELF.to_owned());
    let texts = directives.into_iter().map(|(name, sources)| [&[name][..], &sources].concat().join(" "));
    texts.collect::<Vec<_>>().join("; ")
}

/// Adds a source to the first directive of these names that is there. Where none is, what holds for
/// everything else holds for it too, and gets a directive of its own.
fn widen(directives: &mut Vec<(String, Vec<String>)>, names: &[&str], source: impl Fn(&[String]) -> String) {
    let position = |name: &&str| directives.iter().position(|(there, _)| there.eq_ignore_ascii_case(name));
    let own = names.iter().find_map(position);
    let at = match (own, position(&"default-src"), names.first()) {
        (Some(at), _, _) => at,
        (None, Some(default), Some(name)) => {
            let sources = directives.get(default).map(|(_, sources)| sources.clone());
            directives.push(((*name).to_owned(), sources.unwrap_or_default()));
            directives.len() - 1
        }
        _ => return,
    };
    let Some((_, sources)) = directives.get_mut(at) else { return };
    sources.retain(|source| !source.eq_ignore_ascii_case("'none'"));
    let added = source(sources);
    if !sources.iter().any(|source| source.eq_ignore_ascii_case(&added)) {
        sources.push(added);
    }
}

/// A nonce, unless that would forbid the scripts in the page itself that the app allows.
fn script_source(sources: &[String], nonce: &str) -> String {
    let has = |beginning: &str| {
        let begins =
            |source: &String| source.get(..beginning.len()).is_some_and(|it| it.eq_ignore_ascii_case(beginning));
        sources.iter().any(begins)
    };
    let ignores_inline = ["'nonce-", "'sha256-", "'sha384-", "'sha512-", "'strict-dynamic'"].into_iter().any(has);
    match has("'unsafe-inline'") && !ignores_inline {
        true => SELF.to_owned(),
        false => format!("'nonce-{nonce}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_the_script_and_nothing_else_that_it_did_not() {
        for (policy, with_script) in [
            ("default-src 'self'", "default-src 'self'; script-src-elem 'self' 'nonce-N'; connect-src 'self'"),
            ("default-src 'none'", "default-src 'none'; script-src-elem 'nonce-N'; connect-src 'self'"),
            ("script-src 'none'; img-src *", "script-src 'nonce-N'; img-src *"),
            ("Script-Src 'self'; connect-src 'self'", "Script-Src 'self' 'nonce-N'; connect-src 'self'"),
            (
                "script-src 'self'; script-src-elem https://x; connect-src https://x",
                "script-src 'self'; script-src-elem https://x 'nonce-N'; connect-src https://x 'self'",
            ),
            ("script-src 'unsafe-inline' https://x", "script-src 'unsafe-inline' https://x 'self'"),
            ("script-src 'unsafe-inline' 'self'", "script-src 'unsafe-inline' 'self'"),
            (
                "script-src 'unsafe-inline' 'nonce-M' 'strict-dynamic'",
                "script-src 'unsafe-inline' 'nonce-M' 'strict-dynamic' 'nonce-N'",
            ),
            ("script-src 'self'; script-src *;;", "script-src 'self' 'nonce-N'"),
            ("script-src", "script-src 'nonce-N'"),
            ("upgrade-insecure-requests", "upgrade-insecure-requests"),
            ("img-src 'self', script-src 'self'", "img-src 'self', script-src 'self' 'nonce-N'"),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static("img-src x"));
            allow_script(&mut headers, "N");
            let values: Vec<_> = headers.get_all(CONTENT_SECURITY_POLICY).iter().collect();
            assert_eq!(values, [with_script, "img-src x"], "{policy}");
        }
        let mut none = HeaderMap::new();
        allow_script(&mut none, "N");
        assert!(none.is_empty());
    }
}
