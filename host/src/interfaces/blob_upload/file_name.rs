//! File names as senders give them: data to show, never a path.

const LONGEST: usize = 255;

/// The last part of a name without control characters, direction marks and quotes, at most 255
/// bytes. None if nothing is left.
pub fn clean(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_unwanted(*c)).collect();
    let kept = cut(kept.trim().trim_start_matches('.'));
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Control characters, quotes, and characters that change how the text around them is read (Unicode
/// Annex 9).
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || c == '"'
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn names_lose_what_is_not_a_name() {
        for (given, kept) in [
            ("photo.png", Some("photo.png")),
            ("../../etc/passwd", Some("passwd")),
            (r"C:\Users\me\cat.jpg", Some("cat.jpg")),
            (r"report\", Some("report")),
            ("a\0b\r\nc.png", Some("abc.png")),
            ("\"; filename=evil", Some("; filename=evil")),
            ("gnp.\u{202e}exe", Some("gnp.exe")),
            (".htaccess", Some("htaccess")),
            ("Grüße 🐈.png", Some("Grüße 🐈.png")),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(clean(given).as_deref(), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let cut = clean(&"é".repeat(300)).unwrap();
        assert_eq!(cut.len(), 254);
    }
}
