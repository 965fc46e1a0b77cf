//! How results are shown: tables that read well both as plain text and as Markdown, and verdicts on
//! aims.

/// What is said of an aim.
pub fn verdict(is_reached: bool) -> &'static str {
    if is_reached { "reached" } else { "MISSED" }
}

/// Prints a table. Rows may be shorter than the head.
pub fn print(head: &[&str], rows: &[Vec<String>]) {
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let width = |column: usize, name: &str| {
        let cells = rows.iter().map(|row| cell(row, column).chars().count());
        cells.chain([name.chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = head.iter().enumerate().map(|(column, name)| width(column, name)).collect();
    let line = |row: &[String]| {
        let padded = widths.iter().enumerate().map(|(column, width)| format!(" {:width$} |", cell(row, column)));
        println!("|{}", padded.collect::<String>());
    };
    line(&head.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    println!("|{}", widths.iter().map(|width| format!("-{}-|", "-".repeat(*width))).collect::<String>());
    rows.iter().for_each(|row| line(row));
}
