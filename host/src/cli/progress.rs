//! How far a command is: a bar on a terminal, a line now and then where nobody watches.

use super::output;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two lines.
const EVERY: Duration = Duration::from_secs(10);

/// Counts what has been done of something.
pub(super) struct Progress {
    what: &'static str,
    /// None where nobody knows.
    total: Option<u64>,
    done: u64,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Progress {
    /// Begins to count bytes of `what`.
    pub(super) fn bytes(what: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(what, total));
        Self { what, total, done: 0, bar, told: Instant::now() }
    }

    /// Counts more.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let total = self.total.map(|all| format!(" of {}", output::bytes(all))).unwrap_or_default();
            output::note(format!("{}: {}{total}", self.what, output::bytes(self.done)));
        }
    }

    /// Says something beside the count.
    pub(super) fn say(&self, text: impl std::fmt::Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &'static str, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{msg} [{bar:30}] {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}")
        }
        None => (ProgressBar::no_length(), "{msg} {bytes} {binary_bytes_per_sec}"),
    };
    // A template that cannot be read leaves the style that there is by itself.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(what)
}
