//! The field lines of a head: their form, and those few that decide where the message ends or whom
//! it is for.

use std::ops::Range;

use super::characters::is_token;
use super::host::is_authority;
use super::refusal::Refusal;
use super::request_line::Version;

/// A length that hyper and every signed counter can hold; larger ones are an attack on a counter.
const LARGEST_LENGTH: u64 = i64::MAX as u64;

/// What the fields of one head have said so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    count: usize,
    /// Where the value of the Host field stands, within the head.
    pub(super) host: Option<Range<usize>>,
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
}

impl Fields {
    /// Judges one line, which begins at offset `at` of the head.
    pub(super) fn add(&mut self, line: &[u8], at: usize, version: Version, most: usize) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > most {
            return Err(Refusal::TooManyFields);
        }
        let colon = name_len(line)?;
        let (name, rest) = line.split_at_checked(colon).unwrap_or_default();
        let after = rest.get(1..).unwrap_or_default();
        let value = after.trim_ascii();
        // The length first: it sorts out nearly all names.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                let start = at + colon + 1 + (after.len() - after.trim_ascii_start().len());
                self.host(value, start)
            }
            6 if name.eq_ignore_ascii_case(b"expect") => check_expectation(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value, version),
            _ => Ok(()),
        }
    }

    /// RFC 9112 section 3.2: more than one Host line is a 400, and so is one with an invalid value.
    fn host(&mut self, value: &[u8], start: usize) -> Result<(), Refusal> {
        if self.host.is_some() {
            return Err(Refusal::SeveralHosts);
        }
        if !is_authority(value) {
            return Err(Refusal::HostValue);
        }
        self.host = Some(start..start + value.len());
        Ok(())
    }

    /// RFC 9112 section 6.3 lets equal lengths pass as one; whoever sends several means no good.
    fn length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal::SeveralLengths);
        }
        if self.chunked {
            return Err(Refusal::LengthAndChunks);
        }
        self.length = Some(parse_length(value).ok_or(Refusal::LengthValue)?);
        Ok(())
    }

    /// RFC 9112 section 6.1: a length beside it is to be treated as an attack, and HTTP/1.0 does
    /// not have it.
    fn transfer_encoding(&mut self, value: &[u8], version: Version) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal::LengthAndChunks);
        }
        if version == Version::Http10 {
            return Err(Refusal::ChunksInOldVersion);
        }
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::TransferEncoding);
        }
        self.chunked = true;
        Ok(())
    }
}

/// The length of a sound field name, which a colon follows at once (RFC 9112 section 5.1).
fn name_len(line: &[u8]) -> Result<usize, Refusal> {
    let end = line.iter().position(|byte| !is_token(*byte)).ok_or(Refusal::FieldName)?;
    match (end, line.get(end)) {
        // Both folding (RFC 9112 section 5.2) and whitespace before the first field (section 2.2).
        (0, Some(b' ' | b'\t')) => Err(Refusal::Folded),
        (1.., Some(b':')) => Ok(end),
        (1.., Some(b' ' | b'\t')) => Err(Refusal::SpaceBeforeColon),
        _ => Err(Refusal::FieldName),
    }
}

fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    (length <= LARGEST_LENGTH).then_some(length)
}

/// RFC 9110 section 10.1.1.
fn check_expectation(value: &[u8]) -> Result<(), Refusal> {
    if value.eq_ignore_ascii_case(b"100-continue") { Ok(()) } else { Err(Refusal::Expectation) }
}
