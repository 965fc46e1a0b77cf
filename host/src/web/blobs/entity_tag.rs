//! Entity tags as requests list them (RFC 9110, section 8.8.3).

/// One tag of a list.
struct Tag<'a> {
    weak: bool,
    /// What stands between the quotes.
    opaque: &'a [u8],
}

/// How tags are compared (RFC 9110, section 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Byte for byte the same: a weak tag never is.
    Strong,
    /// As good as the same.
    Weak,
}

/// Whether a list names this strong tag, or is `*`. One that cannot be read names nothing.
pub(super) fn names(list: &[u8], tag: &str, comparison: Comparison) -> bool {
    let opaque = tag.trim_matches('"').as_bytes();
    let fits = |one: &Tag<'_>| one.opaque == opaque && !(one.weak && comparison == Comparison::Strong);
    list.trim_ascii() == b"*" || parse(list).is_some_and(|tags| tags.iter().any(fits))
}

/// A comma may be part of a tag, so a list cannot be split at commas.
fn parse(list: &[u8]) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = behind_commas(list);
    while !rest.is_empty() {
        let quoted = rest.strip_prefix(b"W/");
        let weak = quoted.is_some();
        let quoted = quoted.unwrap_or(rest).strip_prefix(b"\"")?;
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        tags.push(Tag { weak, opaque: quoted.get(..end)? });
        let behind = quoted.get(end.saturating_add(1)..)?.trim_ascii_start();
        rest = behind_commas(behind);
        if !behind.is_empty() && rest.len() == behind.len() {
            return None;
        }
    }
    Some(tags)
}

/// Without the blanks and commas at its begin.
fn behind_commas(list: &[u8]) -> &[u8] {
    let is_tag = |byte: &u8| !matches!(byte, b' ' | b'\t' | b',');
    let begin = list.iter().position(is_tag).unwrap_or(list.len());
    list.get(begin..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Comparison, names};

    #[test]
    fn lists_are_read_as_the_rfc_has_them() {
        for (list, weak, strong) in [
            ("\"a\"", true, true),
            ("W/\"a\"", true, false),
            ("*", true, true),
            (" \"x\" ,, W/\"y\",\"a\" ", true, true),
            ("\"x, y\", \"a\"", true, true),
            ("\"x,a\"", false, false),
            ("\",\", W/\"a\"", true, false),
            ("\"x\" \"a\"", false, false),
            ("w/\"a\"", false, false),
            ("\"a", false, false),
            ("a", false, false),
            ("*, \"a\"", false, false),
            ("\"A\"", false, false),
            ("", false, false),
        ] {
            assert_eq!(names(list.as_bytes(), "\"a\"", Comparison::Weak), weak, "{list}");
            assert_eq!(names(list.as_bytes(), "\"a\"", Comparison::Strong), strong, "{list}");
        }
    }
}
