//! Names that look like a mistyped one.

/// The name that was most likely meant: the beginning of it was typed, or all of it but for a slip
/// in every three letters.
pub fn nearest<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let typed = typed.to_lowercase().replace('_', "-");
    let distance = |name: &str| match name.starts_with(&typed) && typed.len() >= 3 {
        true => 0,
        false => strsim::damerau_levenshtein(&typed, name),
    };
    let (nearest, apart) = names.map(|name| (name, distance(name))).min_by_key(|(_, apart)| *apart)?;
    (apart <= (nearest.len().min(typed.len()) / 3).max(1)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_is_near_that_was_meant_and_no_other() {
        let names =
            ["apps", "blobs", "deploy", "dev", "doctor", "keys", "migrate", "serve", "sessions", "versions"];
        for (typed, meant) in [
            ("depoly", Some("deploy")),
            ("Deploy", Some("deploy")),
            ("app", Some("apps")),
            ("vers", Some("versions")),
            ("sesions", Some("sessions")),
            ("key", Some("keys")),
            ("logs", None),
            ("push", None),
            ("env", None),
            ("ps", None),
            ("migrations", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), meant, "{typed}");
        }
    }
}
