//! Text inside HTML.

use std::fmt;

/// Text that shows as it is and never becomes markup, neither between tags nor in an attribute.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        for piece in self.0.split_inclusive(['&', '<', '>', '"', '\'']) {
            let text = piece.strip_suffix(['&', '<', '>', '"', '\'']).unwrap_or(piece);
            out.write_str(text)?;
            out.write_str(match piece.get(text.len()..) {
                Some("&") => "&amp;",
                Some("<") => "&lt;",
                Some(">") => "&gt;",
                Some("\"") => "&quot;",
                Some("'") => "&#39;",
                _ => "",
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn markup_is_shown_not_run() {
        let text = r#"<script>alert("1" & '2')</script> 🌍"#;
        let shown = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt; 🌍";
        assert_eq!(Escaped(text).to_string(), shown);
    }
}
