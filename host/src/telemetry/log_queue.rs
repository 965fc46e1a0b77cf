//! Lines on their way to standard output. Whoever logs never waits: a thread looks for lines by
//! itself while there are any, and is woken by the first after a silence. Where nobody reads what
//! it writes, only so many bytes are kept for later. What finds no room or cannot be written is
//! left out, counted, and told as soon as lines get through again.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
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

/// Lines of this process that were left out.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);
/// The thread of this process.
static WRITER: OnceLock<LogWriter> = OnceLock::new();

/// Where the log's lines go. Cloning shares it.
///
/// Sending to a channel of the standard library makes a system call only where the receiver sleeps
/// in it, and ours never does: it sleeps beside it.
#[derive(Debug, Clone)]
pub(super) struct LogQueue {
    lines: Sender<Box<[u8]>>,
    writer: LogWriter,
}

/// The thread that writes.
#[derive(Debug, Clone)]
struct LogWriter {
    thread: Thread,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes of lines that wait.
    waiting: AtomicUsize,
    /// Lines that were left out and have not been told of.
    left_out: AtomicU64,
    /// The thread looks no more until it is woken.
    is_asleep: AtomicBool,
    /// No more lines will come.
    is_ending: AtomicBool,
    has_ended: Mutex<bool>,
    at_end: Condvar,
}

/// Writes what is waiting when it is dropped, unless that takes too long.
#[derive(Debug)]
#[must_use = "the last lines are written when this is dropped"]
pub struct LogGuard(LogWriter);

/// How many lines this process has left out of its log, since nobody read it fast enough.
pub(super) fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

/// Writes what is waiting, for whoever ends the process where it stands. Nothing is logged after
/// it.
pub fn end_log() {
    if let Some(writer) = WRITER.get() {
        writer.end(LAST_LINES);
    }
}

impl LogQueue {
    /// A queue that a thread of its own writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let (lines, coming) = channel();
        let shared = Arc::<Shared>::default();
        let of_writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            write(&of_writer, &coming, &mut Output { output, is_torn: false });
            *of_writer.has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            of_writer.at_end.notify_all();
        })?;
        let writer = LogWriter { thread: thread.thread().clone(), shared };
        Ok((Self { lines, writer: writer.clone() }, LogGuard(writer)))
    }

    /// From now on the end of the process waits for this queue: see [`end_log`].
    pub(super) fn is_of_process(&self) {
        // Of several, as in tests of one process, the first stays.
        let _ = WRITER.set(self.writer.clone());
    }

    /// Takes a line, or leaves it out.
    pub(super) fn put(&self, line: &[u8]) {
        let shared = &self.writer.shared;
        let before = shared.waiting.fetch_add(line.len(), Ordering::Relaxed);
        // The thread itself says now and then how much was left out, when there is least room.
        let has_room = before.saturating_add(line.len()) <= MOST_WAITING || self.writer.is_this_thread();
        if !has_room || self.lines.send(line.into()).is_err() {
            shared.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            shared.leave_out(1);
        }
        // Together with that of the thread: one of both sees what the other has done.
        fence(Ordering::SeqCst);
        if shared.is_asleep.load(Ordering::Relaxed) && shared.is_asleep.swap(false, Ordering::Relaxed) {
            self.writer.thread.unpark();
        }
    }
}

impl LogWriter {
    fn is_this_thread(&self) -> bool {
        std::thread::current().id() == self.thread.id()
    }

    /// Waits until all lines are written, but no longer than `most`: then they are lost with the
    /// process.
    fn end(&self, most: Duration) {
        self.shared.is_ending.store(true, Ordering::Release);
        self.thread.unpark();
        let has_ended = self.shared.has_ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.shared.at_end.wait_timeout_while(has_ended, most, |has_ended| !*has_ended);
    }
}

impl Shared {
    fn leave_out(&self, lines: u64) {
        self.left_out.fetch_add(lines, Ordering::Relaxed);
        LEFT_OUT.fetch_add(lines, Ordering::Relaxed);
    }
}

/// Writes what comes, until the end has been asked for and nothing is left.
fn write(shared: &Shared, coming: &Receiver<Box<[u8]>>, output: &mut Output<impl Write>) {
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
        match output.write(&lines) {
            // Else there is no place to say so.
            0 => tell(shared.left_out.swap(0, Ordering::Relaxed)),
            lost => shared.leave_out(lost),
        }
        lines.clear();
        lines.shrink_to(KEPT);
        in_vain = 0;
        shared.is_asleep.store(false, Ordering::Relaxed);
        if !is_ending {
            std::thread::park_timeout(BUSY);
        }
    }
}

fn tell(left_out: u64) {
    if left_out > 0 {
        tracing::warn!(lines = left_out, "the log is not read as fast as it is written: some lines are left out");
    }
}

/// Where lines are written.
struct Output<W> {
    output: W,
    /// Of the last line only the beginning has been written.
    is_torn: bool,
}

impl<W: Write> Output<W> {
    /// Writes lines, however long nobody reads them. Returns how many could not be written.
    fn write(&mut self, lines: &[u8]) -> u64 {
        if self.is_torn && !self.all(b"\n").is_empty() {
            return count(lines);
        }
        self.is_torn = false;
        let left = self.all(lines);
        let written = lines.strip_suffix(left).and_then(<[u8]>::last);
        self.is_torn = written.is_some_and(|byte| *byte != b'\n');
        count(left)
    }

    /// Writes bytes, and returns those that could not be written.
    fn all<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut left = bytes;
        loop {
            let result = match left {
                [] => self.output.flush().map(|()| 0),
                left => self.output.write(left).and_then(|written| match written {
                    0 => Err(ErrorKind::WriteZero.into()),
                    written => Ok(written),
                }),
            };
            match result {
                Ok(0) => return left,
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever has the other end may have asked for that.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::park_timeout(BUSY),
                Err(_) => return left,
            }
        }
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.split_inclusive(|byte| *byte == b'\n').map(|_| 1).sum()
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.end(LAST_LINES);
    }
}

/// How often this thread gives its processor away by itself while it does some work: the fewest
/// times of five rounds, since one may meet somebody else's lock, or the disk.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn switches_at_best(work: impl Fn()) -> Option<u64> {
    let switches = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse::<u64>().ok()
    };
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = switches()?;
        work();
        least = least.min(switches()? - before);
        if least == 0 {
            break;
        }
    }
    Some(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    /// Longer than a busy machine takes to write a few lines.
    const LONG: Duration = Duration::from_secs(60);

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
        let line = format!("{:1023}\n", "x").into_bytes();
        (0..10 * 1024).for_each(|_| queue.put(&line));
        let shared = &queue.writer.shared;
        let (waiting, left_out) =
            (shared.waiting.load(Ordering::Relaxed), shared.left_out.load(Ordering::Relaxed));
        assert!(waiting <= MOST_WAITING && left_out >= 6 * 1024, "{waiting} {left_out}");
        assert!(super::left_out() >= left_out);
        drop(opener);
        guard.0.end(LONG);
        let written = written.lock().expect("nobody panics").len();
        assert!((MOST_WAITING - 1024..=2 * MOST_WAITING).contains(&written), "{written}");
    }

    #[test]
    fn lines_are_written_before_the_end_and_the_end_does_not_wait_for_ever() {
        let (queue, guard, opener, written) = gated();
        queue.put(b"the last line\n");
        opener.send(()).expect("the thread waits");
        guard.0.end(LONG);
        assert_eq!(*written.lock().expect("nobody panics"), b"the last line\n");
        let (queue, guard, _opener, _written) = gated();
        queue.put(b"never read\n");
        let began = Instant::now();
        drop(guard);
        assert!(began.elapsed() >= LAST_LINES);
    }

    /// An output that does one thing after the other: takes so many bytes, or fails.
    struct Script(Vec<u8>, std::vec::IntoIter<Result<usize, ErrorKind>>);

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let most = self.1.next().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            self.0.extend_from_slice(&bytes[..most]);
            Ok(most)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn scripted(script: Vec<Result<usize, ErrorKind>>) -> Output<Script> {
        Output { output: Script(Vec::new(), script.into_iter()), is_torn: false }
    }

    #[test]
    fn an_output_that_takes_little_and_late_gets_all() {
        let (block, interrupt) = (Err(ErrorKind::WouldBlock), Err(ErrorKind::Interrupted));
        let mut output = scripted(vec![block, Ok(1), interrupt, Ok(4), block, block, Ok(2)]);
        assert_eq!(output.write(b"one\ntwo\nthree\n"), 0);
        assert_eq!(output.output.0, b"one\ntwo\nthree\n");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_the_next_line_begins_as_one() {
        let full = Err(ErrorKind::StorageFull);
        let mut output = scripted(vec![Ok(6), full, full, Ok(1), full, Ok(0), Ok(4), full]);
        assert_eq!(output.write(b"one\ntwo\nthree\n"), 2, "the second is torn");
        assert_eq!(output.write(b"four\n"), 1, "not even the end of that line");
        assert_eq!(output.write(b"five\nsix\n"), 2);
        assert_eq!(output.write(b"seven\n"), 1, "nothing is taken, which is no progress");
        assert_eq!(output.write(b"ten\neleven\n"), 1);
        assert_eq!(output.write(b"twelve\n"), 0);
        assert_eq!(output.output.0, b"one\ntw\nten\ntwelve\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_logs_gives_its_processor_away_for_nobody() {
        let (queue, guard) = LogQueue::start(io::sink()).expect("a thread");
        let switched = switches_at_best(|| {
            for _ in 0..100 {
                (0..20).for_each(|_| queue.put(&[b'x'; 300]));
                // Long enough that the writer takes what there is meanwhile.
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(2) {
                    std::hint::spin_loop();
                }
            }
        });
        assert_eq!(switched, Some(0));
        drop(guard);
    }
}
