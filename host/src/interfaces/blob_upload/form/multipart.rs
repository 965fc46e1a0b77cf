//! Fields and files out of the parts of a form.

use super::super::error::Fault;
use super::super::receive::Receiver;
use super::super::upload::Coming;
use super::super::wit;
use super::charset::{self, HeaderText, decode, unreadable};
use super::disposition::Disposition;
use super::parameters::Parameters;
use super::parts::{Head, Parts};
use super::transfer::TransferDecoder;
use super::{bad_form, interrupted};
use crate::interfaces::body::Claimed;
use bytes::Bytes;
use encoding_rs::Encoding;
use futures_util::{StreamExt, stream};
use wit::BlobErrorCode as Code;

const LONGEST_NAME: usize = 255;

/// Receives a form. `declared`: the encoding that its content type names.
pub(super) async fn receive(
    receiver: &mut Receiver<'_>,
    boundary: &[u8],
    declared: Option<&'static Encoding>,
    length: Option<u64>,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    let source = body.map(|bytes| bytes.map_err(|error| interrupted(&error))).boxed();
    let mut parts = Parts::new(source, boundary, receiver.whole_bytes());
    let mut form = Draft { declared, ..Draft::default() };
    while let Some(head) = parts.next().await? {
        form.count(receiver)?;
        let part = Part::read(&head, None)?;
        let name = form.read_name(&part.name)?;
        let expected = length.map_or(0, |length| length.saturating_sub(parts.taken()));
        let received = form.receive_whole(receiver, part, &mut parts, expected).await;
        received.map_err(|fault| fault.in_field(&name))?;
    }
    form.finish(receiver)
}

/// What the head of a part says.
struct Part {
    name: HeaderText,
    file_name: Option<HeaderText>,
    /// As its sender wrote it.
    content_type: Option<String>,
    transfer: TransferDecoder,
}

impl Part {
    /// Reads a head. `outer`: the name that parts of a part have.
    fn read(head: &Head, outer: Option<&HeaderText>) -> Result<Self, Fault> {
        let disposition = Disposition::parse(head.get("content-disposition")?.unwrap_or_default())?;
        let name = outer.cloned().or(disposition.name);
        let name = name.ok_or_else(|| bad_form("a part of the form says no name of a field"))?;
        let content_type = head.get("content-type")?.map(|value| String::from_utf8_lossy(value).into_owned());
        let transfer = TransferDecoder::of(head.get("content-transfer-encoding")?);
        let transfer = transfer.map_err(|fault| fault.in_field(&name.read(None)))?;
        Ok(Self { name, file_name: disposition.file_name, content_type, transfer })
    }

    /// A parameter of the content type. One that cannot be read says nothing.
    fn parameter(&self, name: &str) -> Option<Vec<u8>> {
        let parameters = Parameters::parse(self.content_type.as_deref()?.as_bytes()).ok()?;
        Some(parameters.get(name).ok()??.value.clone())
    }

    /// The boundary of a part that is no file and has parts itself: several files of one field, as
    /// curl and old browsers send them.
    fn inner_boundary(&self) -> Result<Option<Vec<u8>>, Fault> {
        let essence = self.content_type.as_deref().unwrap_or_default().trim_start().to_ascii_lowercase();
        if self.file_name.is_some() || !essence.starts_with("multipart/") {
            return Ok(None);
        }
        let boundary = self.parameter("boundary").filter(|boundary| !boundary.is_empty());
        boundary.map(Some).ok_or_else(|| bad_form("the content type of a part is multipart without a boundary"))
    }

    async fn next(&mut self, parts: &mut Parts<'_>) -> Result<Option<Bytes>, Fault> {
        while let Some(piece) = parts.content().await? {
            let bytes = self.transfer.decode(piece)?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        let rest = self.transfer.finish()?;
        Ok((!rest.is_empty()).then_some(rest))
    }
}

/// A form whose texts are not read yet: the field `_charset_`, which says how, may be its last.
#[derive(Default)]
struct Draft {
    declared: Option<&'static Encoding>,
    parts: usize,
    fields: Vec<DraftField>,
    files: Vec<(HeaderText, wit::Blob)>,
}

struct DraftField {
    name: HeaderText,
    value: Vec<u8>,
    /// The encoding that the part itself declares.
    declared: Option<&'static Encoding>,
}

impl Draft {
    fn count(&mut self, receiver: &Receiver<'_>) -> Result<(), Fault> {
        self.parts += 1;
        if self.parts > receiver.parts() {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {} parts", receiver.parts())));
        }
        Ok(())
    }

    /// The encoding of texts that declare none, as far as it is known.
    fn encoding(&self) -> Result<Option<&'static Encoding>, Fault> {
        let fields = self.fields.iter().map(|field| (field.name.as_bytes(), field.value.as_slice()));
        Ok(charset::of_fields(fields)?.or(self.declared))
    }

    fn read_name(&self, name: &HeaderText) -> Result<String, Fault> {
        let name = name.read(self.encoding()?);
        if name.len() > LONGEST_NAME {
            return Err(bad_form(format!("a field's name of more than {LONGEST_NAME} bytes")));
        }
        Ok(name)
    }

    async fn receive_whole(
        &mut self,
        receiver: &mut Receiver<'_>,
        part: Part,
        parts: &mut Parts<'_>,
        expected: u64,
    ) -> Result<(), Fault> {
        match part.inner_boundary()? {
            Some(boundary) => self.receive_inner(receiver, part, &boundary, parts, expected).await,
            None => self.receive_part(receiver, part, parts, expected).await,
        }
    }

    /// Receives the parts of a part, all under its name.
    async fn receive_inner(
        &mut self,
        receiver: &mut Receiver<'_>,
        outer: Part,
        boundary: &[u8],
        parts: &mut Parts<'_>,
        expected: u64,
    ) -> Result<(), Fault> {
        let pieces = stream::unfold((outer.transfer, parts), |(mut transfer, parts)| async move {
            let piece = parts.content().await.transpose()?;
            let decoded = piece.and_then(|piece| transfer.decode(piece));
            Some((decoded, (transfer, parts)))
        });
        let mut inner = Parts::new(pieces.boxed(), boundary, u64::MAX);
        while let Some(head) = inner.next().await? {
            self.count(receiver)?;
            let part = Part::read(&head, Some(&outer.name))?;
            if part.inner_boundary()?.is_some() {
                return Err(bad_form("parts of a part have parts themselves"));
            }
            self.receive_part(receiver, part, &mut inner, expected).await?;
        }
        Ok(())
    }

    async fn receive_part(
        &mut self,
        receiver: &mut Receiver<'_>,
        mut part: Part,
        parts: &mut Parts<'_>,
        expected: u64,
    ) -> Result<(), Fault> {
        if part.file_name.is_some() {
            if let Some(blob) = self.receive_file(receiver, &mut part, parts, expected).await? {
                self.files.push((part.name, blob));
            }
            return Ok(());
        }
        let label = part.parameter("charset").filter(|label| !label.is_empty());
        let declared = label.map(|label| charset::encoding(&label)).transpose()?;
        let value = receive_text(receiver, &mut part, parts).await?;
        self.fields.push(DraftField { name: part.name, value, declared });
        Ok(())
    }

    /// None for a file input that the visitor left empty: browsers send it without name and bytes.
    async fn receive_file(
        &self,
        receiver: &mut Receiver<'_>,
        part: &mut Part,
        parts: &mut Parts<'_>,
        expected: u64,
    ) -> Result<Option<wit::Blob>, Fault> {
        let mut next = part.next(parts).await?;
        let Some(file_name) = part.file_name.as_ref().filter(|name| next.is_some() || !name.is_empty()) else {
            return Ok(None);
        };
        let file_name = file_name.read(self.encoding()?);
        let mut upload =
            receiver.begin(Some(&file_name), part.content_type.as_deref(), Coming::AtMost(expected))?;
        while let Some(bytes) = next {
            let written = match receiver.write(&mut upload, &bytes).await {
                Ok(()) => part.next(parts).await,
                Err(fault) => Err(fault),
            };
            next = match written {
                Ok(next) => next,
                Err(fault) => {
                    receiver.discard(upload).await;
                    return Err(fault);
                }
            };
        }
        receiver.finish(upload).await.map(Some)
    }

    /// Reads the texts, now that all is known that says how.
    fn finish(self, receiver: &mut Receiver<'_>) -> Result<wit::Form, Fault> {
        let form = self.encoding()?;
        let field = |field: DraftField| {
            let name = field.name.read(form);
            let is_charset = name.eq_ignore_ascii_case(charset::CHARSET_FIELD);
            let encoding = field.declared.or_else(|| form.filter(|_| !is_charset));
            let value = decode(&field.value, encoding).ok_or_else(|| unreadable(&name, encoding))?;
            check_size(receiver, field.value.len(), value.len()).map_err(|fault| fault.in_field(&name))?;
            Ok(wit::FormField { name, value })
        };
        let fields = self.fields.into_iter().map(field).collect::<Result<_, Fault>>()?;
        let file = |(name, blob): (HeaderText, wit::Blob)| wit::FormFile { field: name.read(form), blob };
        Ok(wit::Form { fields, files: self.files.into_iter().map(file).collect() })
    }
}

async fn receive_text(
    receiver: &mut Receiver<'_>,
    part: &mut Part,
    parts: &mut Parts<'_>,
) -> Result<Vec<u8>, Fault> {
    let most = receiver.field_bytes();
    let mut text = Vec::new();
    while let Some(bytes) = part.next(parts).await? {
        text.extend_from_slice(&bytes);
        if text.len() > most {
            return Err(Fault::request(Code::TooLarge, format!("a field of more than {most} bytes")));
        }
        receiver.count_field(bytes.len())?;
    }
    Ok(text)
}

/// A text may take up more bytes than it had in the encoding in which it came.
fn check_size(receiver: &mut Receiver<'_>, came: usize, read: usize) -> Result<(), Fault> {
    let most = receiver.field_bytes();
    if read > most {
        return Err(Fault::request(Code::TooLarge, format!("a field of more than {most} bytes")));
    }
    receiver.count_field(read.saturating_sub(came))
}
