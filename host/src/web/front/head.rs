//! One request head, judged line by line while its bytes arrive.
//!
//! Every decision hangs on the bytes up to some place and never on how they were cut into reads:
//! the same request gets the same answer whether it comes at once or byte by byte.

use super::fields::Fields;
use super::framing::Framing;
use super::host::is_same_place;
use super::line::{LineEnd, find_end};
use super::refusal::Refusal;
use super::request_line::{BESIDE_TARGET, RequestLine, Version};
use super::rules::Rules;

/// A head that was found sound.
#[derive(Debug)]
pub(super) struct Head {
    /// Its length, with the empty line.
    pub(super) len: usize,
    /// How the body that follows ends.
    pub(super) body: Framing,
}

/// How far a head has been judged.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    line_start: usize,
    /// No line ends before this offset but those already judged.
    seen: usize,
    began_with_blank: bool,
    request: Option<RequestLine>,
    fields: Fields,
}

impl HeadScan {
    /// Judges what has arrived of a head: `bytes` are all its bytes so far, those of earlier calls
    /// included.
    pub(super) fn feed(&mut self, bytes: &[u8], rules: &Rules) -> Result<Option<Head>, Refusal> {
        loop {
            let limit = self.limit(rules);
            let window = bytes.get(..limit).unwrap_or(bytes);
            match find_end(window, self.seen)? {
                LineEnd::Beyond(seen) => {
                    self.seen = seen;
                    return if window.len() < limit { Ok(None) } else { Err(self.too_long(window)) };
                }
                LineEnd::At(end) => {
                    let start = std::mem::replace(&mut self.line_start, end + 2);
                    self.seen = self.line_start;
                    if self.line(window.get(start..end).unwrap_or_default(), start, rules)? {
                        return self.finish(bytes).map(Some);
                    }
                }
            }
        }
    }

    /// Up to where the current line has to end.
    fn limit(&self, rules: &Rules) -> usize {
        let line = match self.request {
            Some(_) => usize::MAX,
            None => self.line_start.saturating_add(rules.uri_bytes).saturating_add(BESIDE_TARGET),
        };
        line.min(rules.head_bytes)
    }

    fn too_long(&self, window: &[u8]) -> Refusal {
        let line = window.get(self.line_start..).unwrap_or_default();
        match self.request {
            Some(_) => Refusal::HeadTooLarge,
            None if line.contains(&b' ') => Refusal::TargetTooLong,
            None => Refusal::RequestLine,
        }
    }

    /// Judges one line; true if it is the empty one that ends the head.
    fn line(&mut self, line: &[u8], start: usize, rules: &Rules) -> Result<bool, Refusal> {
        match &self.request {
            // RFC 9112 section 2.2: some clients end a body with a CRLF too many.
            None if line.is_empty() && !self.began_with_blank => self.began_with_blank = true,
            None => {
                let mut request = RequestLine::parse(line, rules.uri_bytes)?;
                request.host = request.host.map(|host| host.moved(start));
                self.request = Some(request);
            }
            Some(_) if line.is_empty() => return Ok(true),
            Some(request) => self.fields.add(line, start, request.version, rules.headers)?,
        }
        Ok(false)
    }

    /// Judges what only the whole head can tell.
    fn finish(&self, bytes: &[u8]) -> Result<Head, Refusal> {
        let request = self.request.as_ref().ok_or(Refusal::RequestLine)?;
        let host = self.fields.host.clone();
        if host.is_none() && request.version == Version::Http11 {
            return Err(Refusal::NoHost);
        }
        if let (Some(target), Some(host)) = (&request.host, host) {
            // RFC 9112 section 3.2.2 would ignore the Host: what a proxy in front has routed by is
            // then unknown.
            let part = |place| bytes.get(place).unwrap_or_default();
            if !is_same_place(part(target.place.clone()), part(host), target.default_port) {
                return Err(Refusal::HostDiffers);
            }
        }
        let body = Framing::new(self.fields.chunked, self.fields.length);
        Ok(Head { len: self.line_start, body })
    }
}
