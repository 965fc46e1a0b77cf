//! Printing. Nothing else writes to the terminal, so that a reader who leaves (`innkeeper apps |
//! head -1`) ends every command alike: quietly, and with the status that shells know.

mod table;
mod words;

use table::Column;
pub(super) use table::{flexible, number, table, text};
pub(super) use words::{age_of, bytes, printable, time, time_of};

use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

/// What shells report for a program that SIGPIPE has ended. The signal itself stays off: it would
/// end a host that writes to a process which it has started and which has died.
const PIPE_CLOSED: i32 = 141;

/// Prints a line. What moves the cursor is taken out: parts of it may come from a host elsewhere.
pub(super) fn line(text: impl Display) {
    write_bytes(format!("{}\n", words::printable_lines(&text.to_string())).as_bytes());
}

/// Prints bytes as they are.
pub(super) fn write_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Prints a line with styles, which only a terminal that wants them gets.
fn styled_line(text: &str) {
    let mut out = anstream::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Says something beside the result, on standard error. Where that cannot be written the command
/// goes on: its work and its status are worth more.
pub(super) fn note(text: impl Display) {
    let line = format!("{}\n", words::printable_lines(&text.to_string()));
    beside(io::stderr().lock().write_all(line.as_bytes()));
}

/// Passes on what another program has printed, as it is, to standard error.
pub(super) fn forward(bytes: &[u8]) {
    beside(io::stderr().lock().write_all(bytes));
}

/// Whether standard error is a terminal whose user wants colours.
pub(super) fn shows_colours() -> bool {
    io::stderr().is_terminal() && anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Ends the process where nobody reads what is said beside the result.
pub(super) fn beside(result: io::Result<()>) {
    let _ = result.inspect_err(end_if_closed);
}

/// Says on a terminal what is being done, on standard error. Nothing where nobody watches.
pub(super) fn progress(text: &str) {
    if io::stderr().is_terminal() {
        note(format!("{text} ..."));
    }
}

/// Prints a value as JSON, for scripts.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    write_bytes(format!("{}\n", serde_json::to_string_pretty(value)?).as_bytes());
    Ok(())
}

/// Prints a list: as JSON, as a table with a row for each, or, where there is none, a sentence.
pub(super) fn listing<T: Serialize, const N: usize>(
    json: bool,
    items: &[T],
    empty: impl Display,
    columns: [Column; N],
    row: impl Fn(&T) -> [String; N],
) -> anyhow::Result<()> {
    if json {
        return self::json(&items);
    }
    match items.is_empty() {
        true => line(empty),
        false => table(columns, &items.iter().map(row).collect::<Vec<_>>()),
    }
    Ok(())
}

/// Prints a value as JSON in one line, for scripts that read line by line.
pub(super) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    write_bytes(format!("{}\n", serde_json::to_string(value)?).as_bytes());
    Ok(())
}

/// Ends the process where something could not be printed.
pub(super) fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(PIPE_CLOSED);
    }
    // Where this cannot be written either, the status has to say it.
    let _ = writeln!(io::stderr(), "innkeeper: cannot print: {error}");
    std::process::exit(1);
}

/// Standard output, for those who write to it piece by piece.
pub(super) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes).inspect_err(end_if_closed)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().inspect_err(end_if_closed)
    }
}

fn end_if_closed(error: &io::Error) {
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(PIPE_CLOSED);
    }
}

/// Prints what is known of one thing: names, and what each has.
pub(super) fn facts(facts: &[(&str, String)]) {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, fact) in facts {
        line(format!("{name:<width$}  {}", printable(fact)).trim_end());
    }
}

/// Asks before something is done that cannot be undone, unless `yes`: whoever sits at a terminal
/// has to type this word. `consequence` is a sentence, and said in each case.
pub(super) async fn confirm(consequence: &str, word: &str, yes: bool) -> anyhow::Result<()> {
    note(consequence);
    if yes {
        return Ok(());
    }
    let question = format!("Type {word} to go on:");
    match tokio::task::spawn_blocking(move || ask_for_text(&question)).await? {
        Some(typed) if typed == word => Ok(()),
        Some(_) => anyhow::bail!("nothing was done"),
        None => anyhow::bail!("nothing was done: say --yes where nobody sits at a terminal to be asked"),
    }
}

/// Asks a question that is answered with yes or no. None where nobody sits at a terminal who could
/// answer.
pub(super) fn ask(question: &str) -> Option<bool> {
    let answer = ask_for_text(&format!("{question} [y/N]"))?;
    Some(["y", "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes)))
}

/// Asks for a line of text. None where nobody sits at a terminal who could answer.
pub(super) fn ask_for_text(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    let mut out = io::stderr().lock();
    beside(write!(out, "{question} ").and_then(|()| out.flush()));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}
