//! Several ranges in one body: `multipart/byteranges` (RFC 9110, section 14.6).

use super::range::ByteRange;
use super::stream::Piece;
use crate::storage::hex;
use bytes::Bytes;

/// Random bytes of a boundary. Whoever uploaded the file cannot have written it there: it is made
/// for one answer.
const BOUNDARY_BYTES: usize = 24;

/// The content type of the whole and its pieces; `content_type` and `size` are the file's. None
/// where the system gives no random numbers: then the file is sent whole.
pub(super) fn parts(ranges: &[ByteRange], content_type: &str, size: u64) -> Option<(String, Vec<Piece>)> {
    let mut random = [0_u8; BOUNDARY_BYTES];
    getrandom::fill(&mut random).ok()?;
    let boundary = hex(&random);
    let mut pieces = Vec::new();
    let mut line_end = "";
    for range in ranges {
        let content_range = range.content_range(size);
        let head = format!(
            "{line_end}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {content_range}\r\n\r\n"
        );
        pieces.extend([Piece::Text(Bytes::from(head)), Piece::Range(*range)]);
        line_end = "\r\n";
    }
    pieces.push(Piece::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    Some((format!("multipart/byteranges; boundary={boundary}"), pieces))
}
