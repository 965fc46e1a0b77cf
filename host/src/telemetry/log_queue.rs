//! Lines on their way to standard output. Whoever logs never waits: a thread writes, and where
//! nobody reads what it writes, only so many bytes are kept for later. What finds no room is left
//! out, and counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait for the thread; as many may be in its hands.
const MOST_WAITING: usize = 2 << 20;
/// Room that is not given back when it is empty.
const KEPT: usize = 64 << 10;
/// Lines that come within this time are written together: waking the thread for each would cost
/// more than the line.
const GATHER: Duration = Duration::from_millis(5);
/// How long the end of the process may wait for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where the log's lines go. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    left_out: u64,
    /// No more lines will come.
    is_ending: bool,
    /// Everything is written.
    has_ended: bool,
}

/// Writes what is waiting when it is dropped, unless that takes too long.
#[derive(Debug)]
#[must_use = "the last lines are written when this is dropped"]
pub struct LogGuard(LogQueue);

impl LogQueue {
    /// A queue that a thread of its own writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let queue = Self::default();
        let writer = queue.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || writer.write_to(output))?;
        Ok((queue.clone(), LogGuard(queue)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, line: &[u8]) {
        let mut state = self.state();
        if state.waiting.len().saturating_add(line.len()) > MOST_WAITING {
            state.left_out += 1;
            return;
        }
        let was_empty = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if was_empty {
            self.0.changed.notify_all();
        }
    }

    fn write_to(self, mut output: impl Write) {
        let mut lines = Vec::new();
        while let Some(left_out) = self.take(&mut lines) {
            // Nobody may be reading any more. There is no other place to say so.
            let _ = output.write_all(&lines).and_then(|()| output.flush());
            lines.clear();
            lines.shrink_to(KEPT);
            if left_out > 0 {
                tracing::warn!(
                    lines = left_out,
                    "the log is not read as fast as it is written: some lines are left out"
                );
            }
        }
        self.state().has_ended = true;
        self.0.changed.notify_all();
    }

    /// Waits for lines and puts them into `lines`. Says how many were left out before; none when no
    /// more will come.
    fn take(&self, lines: &mut Vec<u8>) -> Option<u64> {
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.is_ending;
        let waiting = self.0.changed.wait_while(self.state(), nothing);
        let state = waiting.unwrap_or_else(PoisonError::into_inner);
        let more = |state: &mut State| !state.is_ending;
        let gathered = self.0.changed.wait_timeout_while(state, GATHER, more);
        let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        std::mem::swap(&mut state.waiting, lines);
        Some(std::mem::take(&mut state.left_out))
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let LogQueue(shared) = &self.0;
        self.0.state().is_ending = true;
        shared.changed.notify_all();
        let unwritten = |state: &mut State| !state.has_ended;
        // Where the time is over, the lines are lost with the process.
        drop(shared.changed.wait_timeout_while(self.0.state(), LAST_LINES, unwritten));
    }
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    /// An output that takes a write only when it is let.
    struct Gate {
        open: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.open.recv();
            self.written.lock().expect("nobody panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (LogQueue, LogGuard, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (opener, open) = mpsc::channel();
        let written = Arc::new(Mutex::default());
        let (queue, guard) = LogQueue::start(Gate { open, written: Arc::clone(&written) }).expect("a thread");
        (queue, guard, opener, written)
    }

    #[test]
    fn an_output_that_nobody_reads_neither_stops_nor_fills_the_process() {
        let (queue, guard, opener, written) = gated();
        let line = vec![b'x'; 1024];
        (0..10 * 1024).for_each(|_| queue.put(&line));
        let state = queue.state();
        assert!(state.waiting.len() <= MOST_WAITING && state.left_out >= 6 * 1024, "{}", state.left_out);
        drop(state);
        drop(opener);
        drop(guard);
        let written = written.lock().expect("nobody panics").len();
        assert!((MOST_WAITING - 1024..=2 * MOST_WAITING).contains(&written), "{written}");
    }

    #[test]
    fn lines_are_written_before_the_end_and_the_end_does_not_wait_for_ever() {
        let (mut queue, guard, opener, written) = gated();
        queue.write_all(b"the last line\n").expect("there is room");
        opener.send(()).expect("the thread waits");
        drop(guard);
        assert_eq!(*written.lock().expect("nobody panics"), b"the last line\n");
        let (mut queue, guard, _opener, _written) = gated();
        queue.write_all(b"never read\n").expect("there is room");
        let began = Instant::now();
        drop(guard);
        assert!(began.elapsed() >= LAST_LINES);
    }
}
