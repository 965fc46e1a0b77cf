//! The parts of a body that boundaries divide (RFC 2046, section 5.1), taken apart while it
//! arrives.
//!
//! Why not a crate: those that read a stream give headers to an HTTP parser, which refuses folded
//! lines and keeps nothing of what it takes out of `Content-Disposition`. A form comes from clients
//! of mail libraries too.

use super::super::error::Fault;
use super::super::wit::BlobErrorCode as Code;
use super::bad_form;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use memchr::memmem::Finder;

/// Bytes before the first part, and of the head of a part.
const MOST_BETWEEN: usize = 16 * 1024;
/// Blanks behind a boundary.
const MOST_PADDING: usize = 1024;

/// The bytes of a body, or of a part that has parts itself.
pub(super) type Source<'s> = BoxStream<'s, Result<Bytes, Fault>>;

/// Reads one part after the other.
pub(super) struct Parts<'s> {
    source: Source<'s>,
    /// What has arrived and is not taken yet.
    buffer: BytesMut,
    has_ended: bool,
    /// Bytes that have arrived.
    arrived: u64,
    /// Bytes that may arrive.
    most: u64,
    /// A line break, two dashes and the boundary.
    delimiter: Finder<'static>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Preamble,
    Head,
    Content {
        /// Bytes of the empty line before it, which may be the line break of the next delimiter as
        /// well.
        blank: usize,
    },
    End,
}

enum Found {
    Delimiter {
        at: usize,
        end: usize,
        line: Line,
    },
    /// There is none before this place; it may begin there.
    Nothing {
        before: usize,
    },
}

/// What stands behind a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// `--`: there is no further part.
    Last,
    /// A line break.
    Ends,
    /// A line feed alone, as some programs write it.
    EndsInLineFeed,
}

impl<'s> Parts<'s> {
    /// Parts of at most `most` bytes together.
    pub(super) fn new(source: Source<'s>, boundary: &[u8], most: u64) -> Self {
        Self {
            source,
            // The first boundary may stand at the very beginning.
            buffer: BytesMut::from(&b"\n"[..]),
            has_ended: false,
            arrived: 0,
            most,
            delimiter: Finder::new(&[b"\n--", boundary].concat()).into_owned(),
            stage: Stage::Preamble,
        }
    }

    /// Bytes that have been taken out.
    pub(super) fn taken(&self) -> u64 {
        self.arrived.saturating_sub(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX))
    }

    /// The head of the next part. What is left of the part before it is passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Head>, Fault> {
        while self.content().await?.is_some() {}
        if matches!(self.stage, Stage::Preamble) {
            self.pass_preamble().await?;
        }
        match self.stage {
            Stage::Head => self.head().await.map(Some),
            Stage::Preamble | Stage::Content { .. } | Stage::End => Ok(None),
        }
    }

    /// The next bytes of the part, never none; none at its end.
    pub(super) async fn content(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let Stage::Content { blank } = self.stage else { return Ok(None) };
            let at = match self.find() {
                // The empty line behind the head may also be the line break of the delimiter.
                Found::Delimiter { at, end, line } if at == 0 || at < blank => {
                    self.buffer.advance(end);
                    self.stage = if line == Line::Last { Stage::End } else { Stage::Head };
                    return Ok(None);
                }
                Found::Nothing { before } if before == 0 || before < blank => {
                    self.fill().await?;
                    continue;
                }
                Found::Delimiter { at, .. } | Found::Nothing { before: at } => at,
            };
            if blank == 0 {
                return Ok(Some(self.buffer.split_to(at).freeze()));
            }
            self.buffer.advance(blank);
            self.stage = Stage::Content { blank: 0 };
        }
    }

    async fn pass_preamble(&mut self) -> Result<(), Fault> {
        let mut passed = 0;
        loop {
            match self.find() {
                Found::Delimiter { end, line, .. } => {
                    if line != Line::EndsInLineFeed {
                        let delimiter = [b"\r", self.delimiter.needle()].concat();
                        self.delimiter = Finder::new(&delimiter).into_owned();
                    }
                    self.buffer.advance(end);
                    self.stage = if line == Line::Last { Stage::End } else { Stage::Head };
                    return Ok(());
                }
                Found::Nothing { before } => {
                    passed += before;
                    self.buffer.advance(before);
                }
            }
            if passed > MOST_BETWEEN {
                return Err(too_much_between());
            }
            if !self.more().await? {
                return Err(bad_form("no line of the body is the boundary that the content type names"));
            }
        }
    }

    async fn head(&mut self) -> Result<Head, Fault> {
        let mut searched = 0;
        loop {
            let end = head_end(&self.buffer, searched);
            if end.map_or(self.buffer.len(), |(end, _)| end) > MOST_BETWEEN {
                return Err(too_much_between());
            }
            if let Some((end, blank)) = end {
                let lines = self.buffer.split_to(end);
                self.stage = Stage::Content { blank };
                return Head::parse(&lines);
            }
            // The line break of an empty line may have come in part.
            searched = self.buffer.len().saturating_sub(2);
            self.fill().await?;
        }
    }

    /// The first delimiter in what has arrived.
    fn find(&self) -> Found {
        let needle = self.delimiter.needle();
        let mut from = 0;
        while let Some(found) = self.buffer.get(from..).and_then(|rest| self.delimiter.find(rest)) {
            let (at, behind) = (from + found, from + found + needle.len());
            match end_of_line(self.buffer.get(behind..).unwrap_or_default()) {
                Ok(Some((length, line))) => return Found::Delimiter { at, end: behind + length, line },
                Err(Undecided) if !self.has_ended => return Found::Nothing { before: at },
                // A line that only begins like a boundary.
                Ok(None) | Err(Undecided) => from = at + 1,
            }
        }
        // A delimiter may have come in part. Its first byte is no other one of it.
        let tail = self.buffer.len().saturating_sub(needle.len().saturating_sub(1)).max(from);
        let begins = |at: &usize| self.buffer.get(*at..).is_some_and(|tail| needle.starts_with(tail));
        let before = (tail..self.buffer.len()).find(begins).unwrap_or(self.buffer.len());
        Found::Nothing { before: if self.has_ended { self.buffer.len() } else { before } }
    }

    /// Waits for more bytes, which have to come.
    async fn fill(&mut self) -> Result<(), Fault> {
        if self.more().await? { Ok(()) } else { Err(bad_form("the form ends before its last boundary")) }
    }

    /// Waits for more bytes. False at the end.
    async fn more(&mut self) -> Result<bool, Fault> {
        if self.has_ended {
            return Ok(false);
        }
        let Some(bytes) = self.source.next().await.transpose()? else {
            self.has_ended = true;
            return Ok(!self.buffer.is_empty());
        };
        self.arrived = self.arrived.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.arrived > self.most {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {} bytes", self.most)));
        }
        if self.buffer.is_empty() {
            self.buffer = BytesMut::from(bytes);
        } else {
            self.buffer.extend_from_slice(&bytes);
        }
        Ok(true)
    }
}

fn too_much_between() -> Fault {
    bad_form("too many bytes before or between the parts of the form")
}

/// More bytes have to come before anyone can know.
struct Undecided;

/// What stands behind a boundary, and how long it is; none where the line goes on otherwise.
fn end_of_line(rest: &[u8]) -> Result<Option<(usize, Line)>, Undecided> {
    match rest {
        [b'-', b'-', ..] => return Ok(Some((2, Line::Last))),
        [] | [b'-'] => return Err(Undecided),
        _ => {}
    }
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if blanks > MOST_PADDING {
        return Ok(None);
    }
    match rest.get(blanks..).unwrap_or_default() {
        [b'\r', b'\n', ..] => Ok(Some((blanks + 2, Line::Ends))),
        [b'\n', ..] => Ok(Some((blanks + 1, Line::EndsInLineFeed))),
        [] | [b'\r'] => Err(Undecided),
        _ => Ok(None),
    }
}

/// Where the lines of a head end, and how long the empty line behind them is. Line breaks before
/// `searched` are known to end none.
fn head_end(bytes: &[u8], searched: usize) -> Option<(usize, usize)> {
    let empty_line = |at: usize| match bytes.get(at..).unwrap_or_default() {
        [b'\r', b'\n', ..] => Some((at, 2)),
        [b'\n', ..] => Some((at, 1)),
        _ => None,
    };
    let mut breaks = memchr::memchr_iter(b'\n', bytes.get(searched..).unwrap_or_default());
    empty_line(0).or_else(|| breaks.find_map(|at| empty_line(searched + at + 1)))
}

/// The headers of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head(Vec<(String, Vec<u8>)>);

impl Head {
    /// Reads lines. One that begins with a blank goes on with the one before it (RFC 5322, section
    /// 2.2.3).
    fn parse(lines: &[u8]) -> Result<Self, Fault> {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in lines.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // Others may be part of a file's name: some encodings of Japanese need them.
            if line.iter().any(|byte| matches!(byte, b'\0' | b'\r')) {
                return Err(bad_form("a control character in the head of a part"));
            }
            match (line.first(), headers.last_mut()) {
                (None, _) => {}
                (Some(b' ' | b'\t'), Some((_, value))) => {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                (Some(first), _) => {
                    let colon = line.iter().position(|byte| *byte == b':');
                    let split = colon.and_then(|colon| Some((line.get(..colon)?, line.get(colon + 1..)?)));
                    let (name, value) = split
                        .filter(|_| !matches!(first, b' ' | b'\t' | b':'))
                        .ok_or_else(|| bad_form("a line in the head of a part is no header"))?;
                    let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
                    headers.push((name, value.trim_ascii().to_vec()));
                }
            }
        }
        Ok(Self(headers))
    }

    /// The value of a header, whose name is in lower case.
    pub(super) fn get(&self, name: &str) -> Result<Option<&[u8]>, Fault> {
        let mut values = self.0.iter().filter(|header| header.0 == name).map(|header| header.1.as_slice());
        let first = values.next();
        if values.any(|other| Some(other) != first) {
            return Err(bad_form(format!("a part has several headers {name}")));
        }
        Ok(first)
    }
}
