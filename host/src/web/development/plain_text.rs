//! What programs print for terminals, as plain text.

/// Without colours and other commands to a terminal. Of a line that was written over only the last
/// text is left, as a terminal shows it.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut line = 0;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\x1b' => skip_command(&mut chars),
            '\r' if chars.peek().is_some_and(|next| *next != '\n' && *next != '\r') => plain.truncate(line),
            '\n' => {
                plain.push('\n');
                line = plain.len();
            }
            '\x08' if plain.len() > line => drop(plain.pop()),
            char if char == '\t' || !char.is_control() => plain.push(char),
            _ => {}
        }
    }
    plain
}

/// What follows the escape character (ECMA-48): a control sequence up to its final byte, a string
/// up to its end, or one character.
fn skip_command(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|char| !matches!(char, '@'..='~')) {},
        // Which characters are meant.
        Some(' '..='/') => while chars.next().is_some_and(|char| matches!(char, ' '..='/')) {},
        Some(']' | 'P' | 'X' | '_' | '^') => {
            // One that has lost its end must not take everything along that was printed after it.
            while let Some(char) = chars.next_if(|next| *next != '\n') {
                match char {
                    '\x07' => return,
                    '\x1b' => {
                        chars.next_if_eq(&'\\');
                        return;
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_lines_that_were_written_over_are_gone() {
        for (printed, shown) in [
            ("\x1b[1m\x1b[38;5;9merror\x1b[0m: no\n", "error: no\n"),
            ("10 %\r20 %\rdone\nnext", "done\nnext"),
            ("windows\r\n", "windows\n"),
            ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07", "link"),
            ("ab\x08c\td\0\x7f", "ac\td"),
            ("\x1b[", ""),
            ("ü€ \x1b(Bx", "ü€ x"),
            ("\x1b]0;title\nerror: no", "\nerror: no"),
            ("\x1bXhidden\x1b\\shown", "shown"),
        ] {
            assert_eq!(plain(printed), shown, "{printed:?}");
        }
    }
}
