//! Printing. The only place but `main` that writes to the terminal.

#![expect(clippy::print_stdout, reason = "this is where commands print")]

use serde::Serialize;

/// Prints a line.
pub(super) fn line(text: impl std::fmt::Display) {
    println!("{text}");
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
