//! The first line of a request: method, target, version.

use std::ops::Range;

use super::characters::{is_path, is_query, is_token};
use super::host::is_authority;
use super::refusal::Refusal;

/// The longest method that is let through; all registered ones are shorter (IANA:
/// UPDATEREDIRECTREF).
const METHOD_BYTES: usize = 64;

/// What a request line has beside its target: method, two spaces, version, CRLF.
pub(super) const BESIDE_TARGET: usize = METHOD_BYTES + " ".len() + " HTTP/1.1\r\n".len();

/// What the rest of the head is judged by.
#[derive(Debug)]
pub(super) struct RequestLine {
    pub(super) version: Version,
    /// The host that an absolute-form target names.
    pub(super) host: Option<NamedHost>,
}

/// The host that a target names.
#[derive(Debug)]
pub(super) struct NamedHost {
    /// Where its authority stands: within the line at first, within the head once that is known.
    pub(super) place: Range<usize>,
    /// The port that is meant where none is named.
    pub(super) default_port: u16,
}

/// The versions that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
}

impl RequestLine {
    /// Judges a whole line, without its CRLF.
    pub(super) fn parse(line: &[u8], uri_bytes: usize) -> Result<Self, Refusal> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), version, None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Refusal::RequestLine);
        };
        if method.is_empty() || target.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(Refusal::RequestLine);
        }
        // The version before the method: `PRI * HTTP/2.0` is a client that speaks HTTP/2.
        let version = match version {
            Some(version) => parse_version(version)?,
            // RFC 1945 section 4.1: the whole request of an HTTP/0.9 client.
            None if method == b"GET" && target.starts_with(b"/") => return Err(Refusal::Version),
            None => return Err(Refusal::RequestLine),
        };
        check_method(method)?;
        if target.len() > uri_bytes {
            return Err(Refusal::TargetTooLong);
        }
        let host = check_target(method, target)?;
        Ok(Self { version, host: host.map(|host| host.moved(method.len() + 1)) })
    }
}

impl NamedHost {
    /// The same host, in what begins so many bytes earlier.
    pub(super) fn moved(self, by: usize) -> Self {
        Self { place: self.place.start + by..self.place.end + by, ..self }
    }
}

fn parse_version(word: &[u8]) -> Result<Version, Refusal> {
    match word {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', rest @ ..] if is_version_number(rest) => Err(Refusal::Version),
        _ => Err(Refusal::RequestLine),
    }
}

fn is_version_number(text: &[u8]) -> bool {
    matches!(text, [b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// TRACE would echo cookies (RFC 9110 section 9.3.8), CONNECT is for proxies, a long one is a 501
/// (RFC 9112 3).
fn check_method(method: &[u8]) -> Result<(), Refusal> {
    if method.len() > METHOD_BYTES {
        return Err(Refusal::MethodTooLong);
    }
    if method.eq_ignore_ascii_case(b"TRACE") || method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(Refusal::Method);
    }
    Ok(())
}

/// The forms of RFC 9112 section 3.2, without the one for CONNECT.
fn check_target(method: &[u8], target: &[u8]) -> Result<Option<NamedHost>, Refusal> {
    if target.first() == Some(&b'/') {
        return check_path(target).map(|()| None);
    }
    if target == b"*" {
        return if method == b"OPTIONS" { Ok(None) } else { Err(Refusal::Target) };
    }
    let (start, default_port) = scheme(target).ok_or(Refusal::Target)?;
    let after = target.get(start..).unwrap_or_default();
    let len = after.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
    let (authority, path) = after.split_at_checked(len).ok_or(Refusal::Target)?;
    if !is_authority(authority) {
        return Err(Refusal::Target);
    }
    check_path(path)?;
    Ok(Some(NamedHost { place: start..start + len, default_port }))
}

/// The length of the scheme that a target begins with, and its port.
fn scheme(target: &[u8]) -> Option<(usize, u16)> {
    [(b"http://".as_slice(), 80), (b"https://", 443)]
        .into_iter()
        .find(|(scheme, _)| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        .map(|(scheme, port)| (scheme.len(), port))
}

fn check_path(target: &[u8]) -> Result<(), Refusal> {
    let mut bytes = target.iter();
    let path_is_sound = bytes.by_ref().take_while(|byte| **byte != b'?').all(|byte| is_path(*byte));
    if path_is_sound && bytes.all(|byte| is_query(*byte)) { Ok(()) } else { Err(Refusal::Target) }
}
