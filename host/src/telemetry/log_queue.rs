//! Lines on their way to standard output. Whoever logs never waits: a thread looks for lines by
//! itself while there are any, and is woken by the first after a silence. Where nobody reads what
//! it writes, only so many bytes are kept for later. What finds no room is left out, and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Thread;
use std::time::Duration;

/// Bytes that may wait for the thread; as many may be in its hands.
const MOST_WAITING: usize = 2 << 20;
/// Room that is not given back when it is empty.
const KEPT: usize = 64 << 10;
/// The thread looks this often while lines come, and writes together what it finds.
const BUSY: Duration = Duration::from_millis(5);
/// After so many looks in vain it sleeps.
const LOOKS: u32 = 20;
/// How long the end of the process may wait for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Lines of this process that found no room.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Where the log's lines go. Cloning shares it.
///
/// Sending to a channel of the standard library makes a system call only where the receiver sleeps
/// in it, and ours never does: it sleeps beside it.
#[derive(Debug, Clone)]
pub(super) struct LogQueue {
    lines: Sender<Box<[u8]>>,
    writer: Thread,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes of lines that wait.
    waiting: AtomicUsize,
    left_out: AtomicU64,
    /// The thread looks no more until it is woken.
    is_asleep: AtomicBool,
    /// No more lines will come.
    is_ending: AtomicBool,
}

/// Writes what is waiting when it is dropped, unless that takes too long.
#[derive(Debug)]
#[must_use = "the last lines are written when this is dropped"]
pub struct LogGuard {
    shared: Arc<Shared>,
    writer: Thread,
    ended: Receiver<()>,
}

/// How many lines this process has left out of its log, since nobody read it fast enough.
pub(super) fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

impl LogQueue {
    /// A queue that a thread of its own writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let (lines, coming) = channel();
        let (at_end, ended) = channel();
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            write(&writer, &coming, output);
            // Nobody may wait for it any more.
            let _ = at_end.send(());
        })?;
        let writer = thread.thread().clone();
        let guard = LogGuard { shared: Arc::clone(&shared), writer: writer.clone(), ended };
        Ok((Self { lines, writer, shared }, guard))
    }

    /// Takes a line, or leaves it out.
    pub(super) fn put(&self, line: &[u8]) {
        let before = self.shared.waiting.fetch_add(line.len(), Ordering::Relaxed);
        let has_room = before.saturating_add(line.len()) <= MOST_WAITING;
        if !has_room || self.lines.send(line.into()).is_err() {
            self.shared.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            self.shared.left_out.fetch_add(1, Ordering::Relaxed);
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
        // Together with that of the thread: one of both sees what the other has done.
        fence(Ordering::SeqCst);
        if self.shared.is_asleep.load(Ordering::Relaxed) && self.shared.is_asleep.swap(false, Ordering::Relaxed) {
            self.writer.unpark();
        }
    }
}

/// Writes what comes, until the end has been asked for and nothing is left.
fn write(shared: &Shared, coming: &Receiver<Box<[u8]>>, mut output: impl Write) {
    let mut lines = Vec::new();
    let mut in_vain = 0;
    loop {
        // Before the look: what came before the end was asked for is found.
        let is_ending = shared.is_ending.load(Ordering::Acquire);
        while lines.len() < MOST_WAITING
            && let Ok(line) = coming.try_recv()
        {
            lines.extend_from_slice(&line);
        }
        if lines.is_empty() {
            if is_ending {
                return;
            }
            in_vain += 1;
            match in_vain {
                ..LOOKS => std::thread::park_timeout(BUSY),
                // One more look, since a line may have come before whoever sent it could see this.
                LOOKS => {
                    shared.is_asleep.store(true, Ordering::Relaxed);
                    fence(Ordering::SeqCst);
                }
                _ => {
                    std::thread::park();
                    in_vain = LOOKS - 1;
                }
            }
            continue;
        }
        shared.waiting.fetch_sub(lines.len(), Ordering::Relaxed);
        // Nobody may be reading any more. There is no other place to say so.
        let _ = output.write_all(&lines).and_then(|()| output.flush());
        lines.clear();
        lines.shrink_to(KEPT);
        let left_out = shared.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(
                lines = left_out,
                "the log is not read as fast as it is written: some lines are left out"
            );
        }
        in_vain = 0;
        shared.is_asleep.store(false, Ordering::Relaxed);
        if !is_ending {
            std::thread::park_timeout(BUSY);
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::Release);
        self.writer.unpark();
        // Where the time is over, the lines are lost with the process.
        let _ = self.ended.recv_timeout(LAST_LINES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc};
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
        let shared = &queue.shared;
        let (waiting, left_out) =
            (shared.waiting.load(Ordering::Relaxed), shared.left_out.load(Ordering::Relaxed));
        assert!(waiting <= MOST_WAITING && left_out >= 6 * 1024, "{waiting} {left_out}");
        assert!(super::left_out() >= left_out);
        drop(opener);
        drop(guard);
        let written = written.lock().expect("nobody panics").len();
        assert!((MOST_WAITING - 1024..=2 * MOST_WAITING).contains(&written), "{written}");
    }

    #[test]
    fn lines_are_written_before_the_end_and_the_end_does_not_wait_for_ever() {
        let (queue, guard, opener, written) = gated();
        queue.put(b"the last line\n");
        opener.send(()).expect("the thread waits");
        drop(guard);
        assert_eq!(*written.lock().expect("nobody panics"), b"the last line\n");
        let (queue, guard, _opener, _written) = gated();
        queue.put(b"never read\n");
        let began = Instant::now();
        drop(guard);
        assert!(began.elapsed() >= LAST_LINES);
    }

    /// Times that this thread has given its processor away by itself.
    #[cfg(target_os = "linux")]
    fn switches() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse().ok()).expect("a number")
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_logs_gives_its_processor_away_for_nobody() {
        let (queue, guard) = LogQueue::start(io::sink()).expect("a thread");
        let before = switches();
        for _ in 0..100 {
            (0..20).for_each(|_| queue.put(&[b'x'; 300]));
            // Long enough that the writer takes what there is meanwhile.
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
        }
        assert_eq!(switches() - before, 0);
        drop(guard);
    }
}
