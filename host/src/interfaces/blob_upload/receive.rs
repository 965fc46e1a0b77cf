//! Receiving: limits over all files of a request, the app's quota, and what happens to the rest of
//! a body after an error.

use super::error::Fault;
use super::form::{self, interrupted};
use super::upload::{Coming, Rules, Upload, discard, full};
use super::wit;
use crate::interfaces::Context;
use crate::interfaces::body::Claimed;
use crate::storage::UnitOfWork;
use crate::storage::blobs::{self, Blob, Unfinished};
use futures_util::StreamExt;
use std::time::Duration;
use wit::BlobErrorCode as Code;

/// After an error the rest of the body is read and thrown away, since a browser shows the answer
/// only once it has sent everything; but not for ever.
const DRAIN_BYTES: u64 = 32 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Boundaries, headers and fields come on top of the files.
const FORM_OVERHEAD: u64 = 1 << 20;
/// All fields together may have so many times the bytes of one.
const ALL_FIELDS: u64 = 4;

/// Receives the files of one request.
pub(super) struct Receiver<'c> {
    unit: &'c mut UnitOfWork,
    rules: Rules,
    /// Bytes that the guest allows for all files together.
    total_left: u64,
    files_left: u32,
    field_bytes: usize,
    /// Bytes that all fields together may still have: they are kept in memory.
    fields_left: usize,
    parts: usize,
    /// Files that are whole, of a form that is not.
    staged: Vec<Unfinished>,
}

impl<'c> Receiver<'c> {
    fn new(context: &'c mut Context, limits: Option<wit::FormLimits>) -> Self {
        let app = std::sync::Arc::clone(&context.app);
        let limits = limits.unwrap_or(wit::FormLimits {
            max_file: None,
            max_total: None,
            max_files: None,
            accept: Vec::new(),
        });
        Self {
            rules: Rules {
                most: limits.max_file.map_or(u64::MAX, u64::from).min(app.limits.file_bytes),
                quota: app.limits.app_bytes,
                accept: limits.accept,
                space: app.space.clone(),
                discards: app.discards.clone(),
            },
            total_left: limits.max_total.map_or(u64::MAX, u64::from),
            files_left: limits.max_files.unwrap_or(u32::MAX),
            field_bytes: usize::try_from(app.limits.multipart_field_bytes).unwrap_or(usize::MAX),
            fields_left: usize::try_from(app.limits.multipart_field_bytes.saturating_mul(ALL_FIELDS))
                .unwrap_or(usize::MAX),
            parts: usize::try_from(app.limits.multipart_parts).unwrap_or(usize::MAX),
            unit: &mut context.unit,
            staged: Vec::new(),
        }
    }

    /// Bytes of a field that is no file.
    pub(super) fn field_bytes(&self) -> usize {
        self.field_bytes
    }

    /// Counts bytes of a field against what all fields together may have.
    pub(super) fn count_field(&mut self, bytes: usize) -> Result<(), Fault> {
        let left = self.fields_left.checked_sub(bytes);
        self.fields_left =
            left.ok_or_else(|| Fault::request(Code::TooLarge, "the fields together are larger than allowed"))?;
        Ok(())
    }

    /// Parts of a form.
    pub(super) fn parts(&self) -> usize {
        self.parts
    }

    /// Bytes of a whole form, all its fields and files.
    pub(super) fn whole_bytes(&self) -> u64 {
        let fields = u64::try_from(self.field_bytes).unwrap_or(u64::MAX);
        let files =
            self.rules.most.saturating_mul(u64::from(self.files_left)).min(self.total_left).min(self.rules.quota);
        // A file that is one byte too large is to be found by its own limit, with a better message.
        files.saturating_mul(2).saturating_add(fields.saturating_mul(8)).saturating_add(FORM_OVERHEAD)
    }

    /// Begins one more file.
    pub(super) fn begin(
        &mut self,
        name: Option<&str>,
        declared: Option<&str>,
        coming: Coming,
    ) -> Result<Upload, Fault> {
        self.files_left = self
            .files_left
            .checked_sub(1)
            .ok_or_else(|| Fault::request(Code::TooLarge, "more files than this form takes"))?;
        Upload::begin(name, declared, coming, &self.rules)
    }

    /// Takes more bytes of a file.
    pub(super) async fn write(&mut self, upload: &mut Upload, bytes: &[u8]) -> Result<(), Fault> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.total_left = self
            .total_left
            .checked_sub(size)
            .ok_or_else(|| Fault::request(Code::TooLarge, "the files together are larger than allowed"))?;
        upload.write(self.unit, bytes).await
    }

    /// Stages a file.
    pub(super) async fn finish(&mut self, mut upload: Upload) -> Result<wit::Blob, Fault> {
        match upload.finish(self.unit).await {
            Ok(blob) => {
                let mut staged = self.rules.discards.unfinished(&self.rules.space, &blob.id);
                staged.note_begun();
                self.staged.push(staged);
                Ok(to_wit(blob))
            }
            Err(fault) => {
                upload.discard(self.unit).await;
                Err(fault)
            }
        }
    }

    /// Throws a file away.
    pub(super) async fn discard(&mut self, upload: Upload) {
        upload.discard(self.unit).await;
    }

    /// Throws all files of this request away. What cannot be removed now is removed a little later.
    async fn discard_all(&mut self) {
        for mut staged in std::mem::take(&mut self.staged) {
            discard(&mut staged, self.unit).await;
        }
    }

    /// Everything has been received: the files stay until nothing has kept them for too long.
    fn settle(&mut self) {
        self.staged.iter_mut().for_each(Unfinished::settle);
    }

    /// What is known to be too large is refused before any of it has arrived.
    async fn refuse_early(&mut self, length: u64) -> Result<(), Fault> {
        if length > self.rules.most.min(self.total_left) {
            return Err(too_large());
        }
        match length {
            0 => Ok(()),
            _ if blobs::used(self.unit).await?.saturating_add(length) > self.rules.quota => {
                Err(full(self.unit.space()))
            }
            _ => Ok(()),
        }
    }

    async fn receive_body(
        &mut self,
        name: Option<&str>,
        declared: Option<&str>,
        coming: Coming,
        mut body: Claimed,
    ) -> Result<wit::Blob, Fault> {
        let mut upload = self.begin(name, declared, coming)?;
        while let Some(bytes) = body.next().await {
            let written = match bytes {
                Ok(bytes) => self.write(&mut upload, &bytes).await,
                Err(error) => Err(interrupted(&error)),
            };
            if let Err(fault) = written {
                self.discard(upload).await;
                return Err(fault);
            }
        }
        self.finish(upload).await
    }
}

/// Receives the form in the request's body.
pub(super) async fn receive_form(
    context: &mut Context,
    limits: Option<wit::FormLimits>,
) -> Result<wit::Form, Fault> {
    let body = claim(context)?;
    let content_type = context.body.content_type.clone().unwrap_or_default();
    let length = context.body.length;
    let mut receiver = Receiver::new(context, limits);
    let received = match length {
        Some(length) if length > receiver.whole_bytes() => Err(too_large()),
        _ => form::receive(&mut receiver, &content_type, length, body.clone()).await,
    };
    match received {
        Ok(_) => receiver.settle(),
        Err(_) => {
            receiver.discard_all().await;
            drain(body).await;
        }
    }
    received
}

/// Receives the whole body as one blob.
pub(super) async fn receive_body(
    context: &mut Context,
    name: Option<&str>,
    limits: Option<wit::FormLimits>,
) -> Result<wit::Blob, Fault> {
    let body = claim(context)?;
    let declared = context.body.content_type.clone();
    let length = context.body.length;
    let coming = length.map_or(Coming::AtMost(0), Coming::Exactly);
    let mut receiver = Receiver::new(context, limits);
    let received = match receiver.refuse_early(length.unwrap_or(0)).await {
        Ok(()) => receiver.receive_body(name, declared.as_deref(), coming, body.clone()).await,
        Err(fault) => Err(fault),
    };
    match received {
        Ok(_) => receiver.settle(),
        Err(_) => drain(body).await,
    }
    received
}

fn too_large() -> Fault {
    Fault::request(Code::TooLarge, "the request body is larger than allowed")
}

fn claim(context: &Context) -> Result<Claimed, Fault> {
    if context.is_answered() {
        return Err(Fault::request(Code::Conflict, "the response has been set"));
    }
    if let Some(encoding) = &context.body.encoding {
        let text = format!("the request body is encoded ({encoding}), which the host does not undo");
        return Err(Fault::request(Code::UnsupportedType, text));
    }
    context.body.claim().ok_or_else(|| Fault::request(Code::Conflict, "the request body has been read already"))
}

async fn drain(mut body: Claimed) {
    if !body.is_worth_draining(DRAIN_BYTES) {
        return;
    }
    let reading = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(bytes)) = body.next().await {
            match left.checked_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX)) {
                Some(less) => left = less,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
}

/// A blob in the words of the interface.
pub(super) fn to_wit(blob: Blob) -> wit::Blob {
    wit::Blob {
        sha256: crate::storage::hex(&blob.sha256),
        id: blob.id,
        size: blob.size,
        content_type: blob.content_type,
        name: blob.name,
        created: blob.created_at,
        kept: blob.kept,
    }
}
