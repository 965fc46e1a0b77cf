//! What the fuzzer asks of the reader of forms.

use super::disposition::Disposition;
use super::form_kind;
use super::parts::Parts;
use super::transfer::TransferDecoder;
use crate::interfaces::blob_upload::error::Fault;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

/// The name of a field, of a file, and the bytes of the part.
pub type Part = (Option<String>, Option<String>, Vec<u8>);

/// Reads the names in `Content-Disposition`.
pub fn names(header: &[u8]) -> Option<(Option<String>, Option<String>)> {
    let read = Disposition::parse(header).ok()?;
    Some((read.name.map(|name| name.read(None)), read.file_name.map(|name| name.read(None))))
}

/// Reads a content type. Answers whether it is one of a form.
pub fn is_form(content_type: &str) -> bool {
    form_kind(content_type).is_ok()
}

/// Takes a body with the boundary `x` apart that arrives in pieces of `size` bytes. None where it
/// is no form.
pub fn parts(body: &[u8], size: usize) -> Option<Vec<Part>> {
    let pieces: Vec<_> = body.chunks(size.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    take_apart(Parts::new(stream::iter(pieces).boxed(), b"x", u64::MAX)).now_or_never()?.ok()
}

async fn take_apart(mut parts: Parts<'_>) -> Result<Vec<Part>, Fault> {
    let mut read = Vec::new();
    while let Some(head) = parts.next().await? {
        let names = Disposition::parse(head.get("content-disposition")?.unwrap_or_default())?;
        let mut decoder = TransferDecoder::of(head.get("content-transfer-encoding")?)?;
        let mut bytes = Vec::new();
        while let Some(piece) = parts.content().await? {
            bytes.extend(decoder.decode(piece)?);
        }
        bytes.extend(decoder.finish()?);
        read.push((names.name.map(|name| name.read(None)), names.file_name.map(|name| name.read(None)), bytes));
    }
    Ok(read)
}
