//! Forms: `multipart/form-data` (RFC 7578) taken apart while it arrives, and `application/x-www-form-urlencoded`.

use super::error::Fault;
use super::meter::{Meter, Metered, Stalled};
use super::receive::Receiver;
use super::upload::Coming;
use super::wit;
use crate::interfaces::body::{BodyError, Claimed};
use bytes::Bytes;
use futures_util::StreamExt;
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::sync::Arc;
use wit::BlobErrorCode as Code;

/// RFC 2046, section 5.1.1.
const LONGEST_BOUNDARY: usize = 70;
const LONGEST_NAME: usize = 255;

/// Receives the form in a body of the given content type and, where it is known, length.
pub(super) async fn receive(
    receiver: &mut Receiver<'_>,
    content_type: &str,
    length: Option<u64>,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    if content_type.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return receive_urlencoded(receiver, body).await;
    }
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Fault::request(Code::BadForm, "the request is no form: its content type is another"))?;
    if boundary.is_empty() || boundary.len() > LONGEST_BOUNDARY {
        return Err(Fault::request(Code::BadForm, "a boundary has 1 to 70 characters"));
    }
    receive_multipart(receiver, boundary, length, body).await
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
    length: Option<u64>,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    let meter = Arc::new(Meter::default());
    let source = Metered::new(body, Arc::clone(&meter));
    let limits = SizeLimit::new().whole_stream(receiver.whole_bytes());
    let mut parts = Multipart::with_constraints(source, boundary, Constraints::new().size_limit(limits));
    let mut form = wit::Form { fields: Vec::new(), files: Vec::new() };
    for number in 0.. {
        let next = parts.next_field().await.map_err(|error| from_multer(&error))?;
        meter.note_progress();
        let Some(part) = next else { break };
        if number >= receiver.parts() {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {} parts", receiver.parts())));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if name.len() > LONGEST_NAME {
            return Err(Fault::request(
                Code::BadForm,
                format!("a field's name of more than {LONGEST_NAME} bytes"),
            ));
        }
        let expected = length.map_or(0, |length| meter.left_of(length));
        let received = receive_part(receiver, part, expected, &meter, &mut form).await;
        received.map_err(|fault| fault.in_field(&name))?;
    }
    Ok(form)
}

async fn receive_part(
    receiver: &mut Receiver<'_>,
    part: Field<'static>,
    expected: u64,
    meter: &Meter,
    form: &mut wit::Form,
) -> Result<(), Fault> {
    let name = part.name().unwrap_or_default().to_owned();
    if part.file_name().is_some() {
        if let Some(blob) = receive_file(receiver, part, expected, meter).await? {
            form.files.push(wit::FormFile { field: name, blob });
        }
        return Ok(());
    }
    let value = receive_text(receiver, part, meter).await?;
    form.fields.push(wit::FormField { name, value });
    Ok(())
}

/// None for a file input that the visitor left empty: browsers send it without name and bytes.
async fn receive_file(
    receiver: &mut Receiver<'_>,
    mut part: Field<'static>,
    expected: u64,
    meter: &Meter,
) -> Result<Option<wit::Blob>, Fault> {
    let file_name = part.file_name().unwrap_or_default().to_owned();
    let declared = part.content_type().map(ToString::to_string);
    let mut first = next_chunk(&mut part, meter).await?;
    if first.is_none() && file_name.is_empty() {
        return Ok(None);
    }
    let mut upload = receiver.begin(Some(&file_name), declared.as_deref(), Coming::AtMost(expected))?;
    while let Some(bytes) = first.take() {
        if let Err(fault) = receiver.write(&mut upload, &bytes).await {
            receiver.discard(upload).await;
            return Err(fault);
        }
        first = match next_chunk(&mut part, meter).await {
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
    meter: &Meter,
) -> Result<String, Fault> {
    let most = receiver.field_bytes();
    let mut text = Vec::new();
    while let Some(bytes) = next_chunk(&mut part, meter).await? {
        text.extend_from_slice(&bytes);
        if text.len() > most {
            return Err(Fault::request(Code::TooLarge, format!("a field of more than {most} bytes")));
        }
        receiver.count_field(bytes.len())?;
    }
    String::from_utf8(text).map_err(|_| Fault::request(Code::BadForm, "a field is not UTF-8"))
}

/// The next bytes of a part; the parser's empty pieces are left out.
async fn next_chunk(part: &mut Field<'static>, meter: &Meter) -> Result<Option<Bytes>, Fault> {
    loop {
        let chunk = part.chunk().await.map_err(|error| from_multer(&error))?;
        meter.note_progress();
        if chunk.as_ref().is_none_or(|bytes| !bytes.is_empty()) {
            return Ok(chunk);
        }
    }
}

fn from_multer(error: &multer::Error) -> Fault {
    match error {
        multer::Error::StreamSizeExceeded { limit } => {
            Fault::request(Code::TooLarge, format!("a form of more than {limit} bytes"))
        }
        multer::Error::StreamReadFailed(error) if error.is::<Stalled>() => {
            Fault::request(Code::BadForm, error.to_string())
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
