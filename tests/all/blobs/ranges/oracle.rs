//! What RFC 9110 says of a `Range` header, written down once more and in another way than the host
//! does it: by looking at the slice.

use super::asked::Asked;

/// The answer that is expected.
pub(super) enum Expected {
    Whole,
    One(u64, u64),
    Several(Vec<(u64, u64)>),
    Nothing,
}

impl Expected {
    /// Section 14.1.2 for each range, section 14.2 for what may be ignored.
    pub(super) fn of(asked: &Asked, size: u64) -> Self {
        let Some(asked) = &asked.ranges else { return Self::Whole };
        let is_invalid =
            |range: &(Option<u64>, Option<u64>)| matches!(range, (Some(first), Some(last)) if last < first);
        if asked.len() > 5 || asked.iter().any(is_invalid) {
            return Self::Whole;
        }
        let there = asked.iter().filter_map(|(first, last)| match (first, last) {
            (None, Some(length)) => (*length > 0).then(|| (size - (*length).min(size), size - 1)),
            (Some(first), last) => (*first < size).then(|| (*first, last.unwrap_or(u64::MAX).min(size - 1))),
            (None, None) => None,
        });
        let there: Vec<(u64, u64)> = there.collect();
        match there[..] {
            [] => Self::Nothing,
            [(first, last)] => Self::One(first, last),
            _ if overlapping(&there) > 2 || bytes(&there) > size => Self::Whole,
            _ => Self::Several(there),
        }
    }

    pub(super) fn status(&self) -> &'static str {
        match self {
            Self::Whole => "200",
            Self::One(..) | Self::Several(_) => "206",
            Self::Nothing => "416",
        }
    }

    pub(super) fn content_range(&self, size: u64) -> Option<String> {
        match self {
            Self::One(first, last) => Some(format!("bytes {first}-{last}/{size}")),
            Self::Nothing => Some(format!("bytes */{size}")),
            Self::Whole | Self::Several(_) => None,
        }
    }

    /// The body, with the boundary that the answer names.
    pub(super) fn body(&self, blob: &[u8], content_type: &str, boundary: &str) -> Vec<u8> {
        match self {
            Self::Whole => blob.to_vec(),
            Self::One(first, last) => slice(blob, *first, *last).to_vec(),
            Self::Nothing => Vec::new(),
            Self::Several(ranges) => {
                let mut body = Vec::new();
                for (first, last) in ranges {
                    let range = format!("Content-Range: bytes {first}-{last}/{}", blob.len());
                    let head = format!("--{boundary}\r\nContent-Type: {content_type}\r\n{range}\r\n\r\n");
                    body.extend_from_slice(head.as_bytes());
                    body.extend_from_slice(slice(blob, *first, *last));
                    body.extend_from_slice(b"\r\n");
                }
                body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
                body
            }
        }
    }
}

fn slice(blob: &[u8], first: u64, last: u64) -> &[u8] {
    let at = |byte: u64| usize::try_from(byte).expect("it lies within the blob");
    &blob[at(first)..=at(last)]
}

/// How many of the ranges share a byte with another one.
fn overlapping(ranges: &[(u64, u64)]) -> usize {
    let shares = |one: usize, other: usize| {
        let ((first, last), (begin, end)) = (ranges[one], ranges[other]);
        one != other && first.max(begin) <= last.min(end)
    };
    (0..ranges.len()).filter(|one| (0..ranges.len()).any(|other| shares(*one, other))).count()
}

fn bytes(ranges: &[(u64, u64)]) -> u64 {
    ranges.iter().map(|(first, last)| last - first + 1).sum()
}
