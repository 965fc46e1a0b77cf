//! What a guest prints: lines in the log, with the app's name and the request's id, up to a bound
//! per request and one per minute.

use super::log_minute::LogMinute;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Longer lines become several; Heroku splits at 10,000 bytes.
const LONGEST_LINE: usize = 4096;
/// What a line may become in the log, where signs are escaped.
const LONGEST_ESCAPED: usize = 8192;
const PERMIT: usize = 64 * 1024;
/// So much of what a guest prints is kept for whoever develops it: the end, which says why.
const OVERHEARD_BYTES: usize = 64 << 10;

/// What a guest has printed to standard error in one request. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Overheard(Arc<Mutex<Vec<u8>>>);

impl Overheard {
    /// The last part of it.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = bytes.len().saturating_sub(OVERHEARD_BYTES);
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }

    fn take(&self, more: &[u8]) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len().saturating_add(more.len()) > 2 * OVERHEARD_BYTES {
            let past = bytes.len().saturating_sub(OVERHEARD_BYTES);
            bytes.drain(..past);
        }
        bytes.extend_from_slice(more);
    }
}

/// Standard output or standard error of one request.
#[derive(Clone)]
pub(super) struct Output {
    lines: Arc<Mutex<Lines>>,
    /// Who else hears it.
    overheard: Option<Overheard>,
}

struct Lines {
    /// Who prints, for the log.
    label: Arc<Label>,
    stream: &'static str,
    left: u64,
    dropped: u64,
    partial: Vec<u8>,
    /// What the log makes of it.
    escaped: usize,
}

/// Who prints.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) app: Arc<str>,
    pub(super) version: i64,
    pub(super) request: String,
    pub(super) minute: Arc<LogMinute>,
}

impl Output {
    pub(super) fn new(label: Arc<Label>, stream: &'static str, most: u64, overheard: Option<Overheard>) -> Self {
        let lines = Lines { label, stream, left: most, dropped: 0, partial: Vec::new(), escaped: 0 };
        Self { lines: Arc::new(Mutex::new(lines)), overheard }
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (now, over) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
        self.left = self.left.saturating_sub(count(now));
        self.dropped = self.dropped.saturating_add(count(over));
        for byte in now {
            match byte {
                b'\n' => self.print(self.partial.len()),
                byte => {
                    self.partial.push(*byte);
                    self.escaped += escaped(*byte);
                }
            }
            if self.partial.len() >= LONGEST_LINE || self.escaped >= LONGEST_ESCAPED {
                self.print(whole_characters(&self.partial));
            }
        }
    }

    /// Logs the first bytes of what there is, and keeps the others for the next line.
    fn print(&mut self, length: usize) {
        let Label { app, version, request, minute } = &*self.label;
        let (line, rest) = self.partial.split_at_checked(length).unwrap_or((&self.partial, &[]));
        let line = String::from_utf8_lossy(line);
        if minute.has_room(&line, request) {
            // Control characters are escaped by the log's formatter.
            tracing::info!(target: "guest", app = %app, version, request_id = request, stream = self.stream, "{line}");
        }
        let rest = rest.len();
        self.partial.drain(..self.partial.len() - rest);
        self.escaped = self.partial.iter().copied().map(escaped).sum();
    }
}

/// Bytes of a text up to a character that is not whole yet. What is no text counts as whole.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

/// What a byte becomes in the log at most: what is no text is replaced by a character of three
/// bytes.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => 2,
        0..=0x1f | 0x7f => 6,
        0x80.. => 3,
        _ => 1,
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.partial.is_empty() {
            self.print(self.partial.len());
        }
        if self.dropped > 0 {
            let Label { app, version, request, minute } = &*self.label;
            let (stream, bytes) = (self.stream, self.dropped);
            let message = format!("dropped {bytes} bytes: the limit of one request is reached");
            if minute.has_room(&message, request) {
                tracing::warn!(target: "guest", app = %app, version, request_id = request, stream, "{message}");
            }
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Asked for by WASI 0.3 only, which this engine does not run.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > PERMIT {
            return Err(StreamError::trap("more bytes than were permitted"));
        }
        if let Some(overheard) = &self.overheard {
            overheard.take(&bytes);
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_is_printed_is_overheard() {
        let overheard = Overheard::default();
        overheard.take(b"begins");
        (0..300u32).for_each(|number| overheard.take(format!("{number:01000}").as_bytes()));
        let text = overheard.text();
        assert_eq!(text.len(), OVERHEARD_BYTES);
        assert!(text.ends_with("0299") && !text.contains("begins"));
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(whole_characters("aü€".as_bytes()), 6);
        assert_eq!(whole_characters(&"aü€".as_bytes()[..5]), 3);
        assert_eq!(whole_characters(b"a\xff\xfe"), 3);
        assert_eq!(whole_characters(b"\xe2\x82"), 2, "nothing would be left to log");
    }
}
