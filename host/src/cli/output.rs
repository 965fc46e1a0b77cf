//! Printing. The only place but `main` that writes to the terminal.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where commands print")]

use serde::Serialize;

/// Prints a line.
pub(super) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Says something beside the result, on standard error.
pub(super) fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Says on a terminal what is being done, on standard error. Nothing where nobody watches.
pub(super) fn progress(text: &str) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() {
        note(format!("{text} ..."));
    }
}

/// Asks a question that is answered with yes or no. None where nobody sits at a terminal who could
/// answer.
pub(super) fn ask(question: &str) -> Option<bool> {
    use std::io::{IsTerminal, Write};
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    eprint!("{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes)))
}

/// Prints a value as JSON, for scripts.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows in columns that are as wide as their widest cell.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: [&str; N]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end());
    };
    print(head);
    for row in rows {
        print(row.each_ref().map(String::as_str));
    }
}

/// A time as people read it.
pub(super) fn time(micros: i64) -> String {
    let text = crate::storage::calendar::print_instant(micros);
    text.get(..19).map_or(text.clone(), |seconds| format!("{}Z", seconds))
}
