//! The one layout of all tables: a header, columns as wide as their widest text, two blanks
//! between.

use super::{printable, styled_line};
use anstyle::Style;
use std::io::IsTerminal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What lies between two columns.
const GAP: &str = "  ";
/// The least to which a column is cut.
const LEAST: usize = 12;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Column {
    title: &'static str,
    is_number: bool,
    is_flexible: bool,
}

/// A column of texts.
pub(in crate::cli) const fn text(title: &'static str) -> Column {
    Column { title, is_number: false, is_flexible: false }
}

/// A column of numbers, which end where the others end.
pub(in crate::cli) const fn number(title: &'static str) -> Column {
    Column { title, is_number: true, is_flexible: false }
}

/// A column of texts that are cut where the terminal is too narrow for all columns, and nowhere
/// else.
pub(in crate::cli) const fn flexible(title: &'static str) -> Column {
    Column { title, is_number: false, is_flexible: true }
}

/// Prints rows below a header.
pub(in crate::cli) fn table<const N: usize>(columns: [Column; N], rows: &[[String; N]]) {
    for line in lay_out(columns, rows, terminal_width()) {
        styled_line(&line);
    }
}

/// None where the output goes elsewhere: nothing is cut then.
fn terminal_width() -> Option<usize> {
    let out = std::io::stdout();
    let (width, _) = out.is_terminal().then(|| terminal_size::terminal_size_of(&out))??;
    Some(usize::from(width.0)).filter(|columns| *columns > 0)
}

fn lay_out<const N: usize>(columns: [Column; N], rows: &[[String; N]], room: Option<usize>) -> Vec<String> {
    // Names and notes are the choice of users and visitors.
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|text| printable(text))).collect();
    let mut widths = columns.map(|column| column.title.width());
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }
    if let Some(room) = room {
        narrow(&columns, &mut widths, room);
    }
    let line = |cells: [&str; N]| {
        let cells = columns.iter().zip(cells).zip(widths);
        let padded: Vec<String> =
            cells.map(|((column, text), width)| pad(text, width, column.is_number)).collect();
        padded.join(GAP).trim_end().to_owned()
    };
    let bold = Style::new().bold();
    let head = format!("{bold}{}{bold:#}", line(columns.map(|column| column.title)));
    std::iter::once(head).chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str)))).collect()
}

/// Takes from the flexible columns, the last first, what there is no room for.
fn narrow<const N: usize>(columns: &[Column; N], widths: &mut [usize; N], room: usize) {
    let gaps = GAP.len() * N.saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
    for (column, width) in columns.iter().zip(widths).rev().filter(|(column, _)| column.is_flexible) {
        let least = LEAST.max(column.title.width());
        let taken = width.saturating_sub(least).min(excess);
        *width -= taken;
        excess -= taken;
    }
}

/// A text in a column of this width, cut if need be.
fn pad(text: &str, width: usize, to_the_right: bool) -> String {
    let text = if text.width() > width { cut(text, width) } else { text.to_owned() };
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    if to_the_right { blanks + &text } else { text + &blanks }
}

fn cut(text: &str, width: usize) -> String {
    let (mut short, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(columns: [Column; 3], rows: &[[&str; 3]], room: Option<usize>) -> Vec<String> {
        let rows: Vec<[String; 3]> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        let lines = lay_out(columns, &rows, room);
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    const COLUMNS: [Column; 3] = [text("APP"), number("SIZE"), flexible("NOTE")];

    #[test]
    fn columns_are_as_wide_as_their_widest_text_and_numbers_end_together() {
        let rows = [["a", "5", "first"], ["häuser", "1234567", ""], ["日本", "12", "x"]];
        let expected =
            ["APP        SIZE  NOTE", "a             5  first", "häuser  1234567", "日本         12  x"];
        assert_eq!(plain(COLUMNS, &rows, None), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut_and_nothing_else() {
        let note = "a note that says a great deal about very little";
        let rows = [["guestbook", "5", note]];
        assert_eq!(plain(COLUMNS, &rows, Some(40))[1], "guestbook     5  a note that says a gre…");
        assert_eq!(plain(COLUMNS, &rows, Some(5))[1], "guestbook     5  a note that…");
        for room in [None, Some(200)] {
            assert_eq!(plain(COLUMNS, &rows, room)[1], format!("guestbook     5  {note}"));
        }
    }

    #[test]
    fn what_moves_the_cursor_is_replaced() {
        let rows = [["a\u{1b}[2J", "1", "one\ntwo \u{202e}x"]];
        assert_eq!(plain(COLUMNS, &rows, None)[1], "a\u{fffd}[2J     1  one\u{fffd}two \u{fffd}x");
    }
}
