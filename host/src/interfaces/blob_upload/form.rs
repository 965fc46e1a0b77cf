//! Forms: `multipart/form-data` (RFC 7578) taken apart while it arrives, and `application/x-www-form-urlencoded`.

use super::error::Fault;
use super::receive::Receiver;
use super::wit;
use crate::interfaces::body::{BodyError, Claimed};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use wit::BlobErrorCode as Code;

/// What may arrive without the parser making anything of it: the preamble, or the headers of a part.
const STALL_BYTES: u64 = 64 * 1024;

/// Receives the form in a body of the given content type.
pub(super) async fn receive(
    receiver: &mut Receiver<'_>,
    content_type: &str,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    if content_type.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return receive_urlencoded(receiver, body).await;
    }
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Fault::request(Code::BadForm, "the request is no form: its content type is another"))?;
    receive_multipart(receiver, boundary, body).await
}

async fn receive_urlencoded(receiver: &mut Receiver<'_>, mut body: Claimed) -> Result<wit::Form, Fault> {
    let most = receiver.field_bytes();
    let mut text = Vec::new();
    while let Some(bytes) = body.next().await {
        text.extend_from_slice(&bytes.map_err(|error| interrupted(&error))?);
        if text.len() > most {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {most} bytes")));
        }
    }
    let pairs = form_urlencoded::parse(&text).take(receiver.parts().saturating_add(1));
    let fields: Vec<_> =
        pairs.map(|(name, value)| wit::FormField { name: name.into_owned(), value: value.into_owned() }).collect();
    if fields.len() > receiver.parts() {
        return Err(Fault::request(Code::TooLarge, format!("a form of more than {} fields", receiver.parts())));
    }
    Ok(wit::Form { fields, files: Vec::new() })
}

async fn receive_multipart(
    receiver: &mut Receiver<'_>,
    boundary: String,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    let stalled = Arc::new(AtomicU64::new(0));
    let source = Metered { body, stalled: Arc::clone(&stalled), rest: false };
    let limits = SizeLimit::new().whole_stream(receiver.whole_bytes());
    let mut parts = Multipart::with_constraints(source, boundary, Constraints::new().size_limit(limits));
    let mut form = wit::Form { fields: Vec::new(), files: Vec::new() };
    for number in 0.. {
        let next = parts.next_field().await.map_err(|error| from_multer(&error))?;
        stalled.store(0, Ordering::Relaxed);
        let Some(part) = next else { break };
        if number >= receiver.parts() {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {} parts", receiver.parts())));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let received = receive_part(receiver, part, &stalled, &mut form).await;
        received.map_err(|fault| fault.in_field(&name))?;
    }
    Ok(form)
}

async fn receive_part(
    receiver: &mut Receiver<'_>,
    part: Field<'static>,
    stalled: &AtomicU64,
    form: &mut wit::Form,
) -> Result<(), Fault> {
    let name = part.name().unwrap_or_default().to_owned();
    if part.file_name().is_some() {
        if let Some(blob) = receive_file(receiver, part, stalled).await? {
            form.files.push(wit::FormFile { field: name, blob });
        }
        return Ok(());
    }
    let value = receive_text(receiver, part, stalled).await?;
    form.fields.push(wit::FormField { name, value });
    Ok(())
}

/// None for a file input that the visitor left empty: browsers send it without name and bytes.
async fn receive_file(
    receiver: &mut Receiver<'_>,
    mut part: Field<'static>,
    stalled: &AtomicU64,
) -> Result<Option<wit::Blob>, Fault> {
    let file_name = part.file_name().unwrap_or_default().to_owned();
    let declared = part.content_type().map(ToString::to_string);
    let mut first = next_chunk(&mut part, stalled).await?;
    if first.is_none() && file_name.is_empty() {
        return Ok(None);
    }
    let mut upload = receiver.begin(Some(&file_name), declared.as_deref()).await?;
    while let Some(bytes) = first.take() {
        if let Err(fault) = receiver.write(&mut upload, &bytes).await {
            receiver.discard(upload).await;
            return Err(fault);
        }
        first = match next_chunk(&mut part, stalled).await {
            Ok(next) => next,
            Err(fault) => {
                receiver.discard(upload).await;
                return Err(fault);
            }
        };
    }
    receiver.finish(upload).await.map(Some)
}

async fn receive_text(
    receiver: &mut Receiver<'_>,
    mut part: Field<'static>,
    stalled: &AtomicU64,
) -> Result<String, Fault> {
    let most = receiver.field_bytes();
    let mut text = Vec::new();
    while let Some(bytes) = next_chunk(&mut part, stalled).await? {
        text.extend_from_slice(&bytes);
        if text.len() > most {
            return Err(Fault::request(Code::TooLarge, format!("a field of more than {most} bytes")));
        }
        receiver.count_field(bytes.len())?;
    }
    String::from_utf8(text).map_err(|_| Fault::request(Code::BadForm, "a field is not UTF-8"))
}

/// The next bytes of a part; the parser's empty pieces are left out.
async fn next_chunk(part: &mut Field<'static>, stalled: &AtomicU64) -> Result<Option<Bytes>, Fault> {
    loop {
        let chunk = part.chunk().await.map_err(|error| from_multer(&error))?;
        stalled.store(0, Ordering::Relaxed);
        if chunk.as_ref().is_none_or(|bytes| !bytes.is_empty()) {
            return Ok(chunk);
        }
    }
}

/// Feeds the parser piece by piece. The parser reads on as long as there is something to read, so this source pauses after each piece,
/// and ends when too much has gone in without anything coming out.
struct Metered {
    body: Claimed,
    stalled: Arc<AtomicU64>,
    rest: bool,
}

impl Stream for Metered {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.body.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.rest = true;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let before = self.stalled.fetch_add(size, Ordering::Relaxed);
            if before > STALL_BYTES {
                return Poll::Ready(Some(Err("too many bytes before or between the parts of the form".into())));
            }
        }
        next
    }
}

fn from_multer(error: &multer::Error) -> Fault {
    match error {
        multer::Error::StreamSizeExceeded { limit } => {
            Fault::request(Code::TooLarge, format!("a form of more than {limit} bytes"))
        }
        multer::Error::StreamReadFailed(error) => interrupted(error),
        multer::Error::IncompleteStream | multer::Error::IncompleteFieldData { .. } => {
            Fault::request(Code::BadForm, "the form ends before its last boundary")
        }
        other => Fault::request(Code::BadForm, format!("malformed form: {other}")),
    }
}

/// The visitor went away, or took too long.
pub(super) fn interrupted(error: &BodyError) -> Fault {
    Fault::request(Code::Interrupted, format!("the request body ended early: {error}"))
}
