//! What a process has printed so far, and waiting for it to print something.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

use crate::DEADLINE;

/// Everything that a process prints, on standard output and standard error, in the order of
/// arrival.
#[derive(Clone, Debug)]
pub struct Logs(watch::Receiver<String>);

impl Logs {
    /// Reads both streams of a process until they are closed.
    pub fn capture(stdout: impl AsyncRead + Send + 'static, stderr: impl AsyncRead + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(String::new());
        let sender = Arc::new(sender);
        tokio::spawn(copy_lines(Box::pin(stdout), sender.clone()));
        tokio::spawn(copy_lines(Box::pin(stderr), sender));
        Self(receiver)
    }

    /// What has been printed so far.
    pub fn so_far(&self) -> String {
        self.0.borrow().clone()
    }

    /// As many lines at most of the end of it.
    pub fn last_lines(&self, count: usize) -> String {
        let all = self.so_far();
        let lines: Vec<&str> = all.lines().collect();
        lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
    }

    /// Waits for a line that contains `text` and returns it.
    ///
    /// Panics when the process ends without printing it, or after [`DEADLINE`].
    pub async fn wait_for(&self, text: &str) -> String {
        let mut logs = self.0.clone();
        let mut found = None;
        let waiting = logs.wait_for(|log| {
            found = log.lines().find(|line| line.contains(text)).map(str::to_owned);
            found.is_some()
        });
        let end = match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(Ok(_)) => return found.expect("the line that ended the waiting"),
            Ok(Err(_closed)) => "the process ended".to_owned(),
            Err(_late) => format!("{DEADLINE:?} went by"),
        };
        panic!("{end} without a line that contains {text:?}; it printed:\n{}", self.so_far());
    }

    /// Waits until the process has closed both streams: nothing more will come.
    pub async fn wait_for_end(&self) {
        let mut logs = self.0.clone();
        let waiting = logs.wait_for(|_log| false);
        let closed = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(closed.is_ok(), "the process still holds its output open after {DEADLINE:?}");
    }
}

/// Bytes that are no UTF-8 are shown as replacement characters: a log is for a person to read.
async fn copy_lines(stream: impl AsyncRead + Unpin, into: Arc<watch::Sender<String>>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        into.send_modify(|log| log.push_str(&String::from_utf8_lossy(&line)));
        line.clear();
    }
}
