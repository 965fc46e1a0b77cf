//! Text inside HTML.

/// Text that shows as it is and never becomes markup, neither between tags nor in a quoted
/// attribute. Not needed with a template that does it by itself.
///
/// ```
/// assert_eq!(innkeeper_sdk::escape("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_is_shown_not_run() {
        let shown = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt; 🌍";
        assert_eq!(escape(r#"<script>alert("1" & '2')</script> 🌍"#), shown);
    }
}
