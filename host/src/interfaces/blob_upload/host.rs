//! The functions of `wit/blob-upload.wit`.

use super::error::{Fault, convert};
use super::file_name;
use super::link::{Grant, Link, UploadRules};
use super::reader::Reader;
use super::receive::{self, to_wit};
use super::upload::{Coming, Rules, Upload, full};
use super::wit;
use crate::interfaces::{OPEN_BLOBS, Pending, View};
use crate::storage::{blobs, now_micros};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Resource;
use wit::BlobErrorCode as Code;

type Answer<T> = std::result::Result<T, Fault>;

const LONGEST_WRITE: usize = 1 << 20;
const LONGEST_LIST: u32 = 1000;
/// A week.
pub const LONGEST_SECONDS: u32 = 604_800;
/// Of a signed URL: what browsers and routers take.
const LONGEST_PATH: usize = 4096;

/// How a blob is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The file name that the visitor is shown; none: the blob's.
    pub name: Option<String>,
    /// Offer to save rather than to show.
    pub download: bool,
    /// Seconds for which the visitor's browser may use its copy without asking.
    pub max_age: Option<u32>,
}

impl wit::Host for View<'_> {
    async fn receive_form(&mut self, limits: Option<wit::FormLimits>) -> Answer<wit::Form> {
        receive::receive_form(self.context, limits).await
    }

    async fn receive_body(&mut self, name: Option<String>, limits: Option<wit::FormLimits>) -> Answer<wit::Blob> {
        receive::receive_body(self.context, name.as_deref(), limits).await
    }

    async fn create(&mut self, name: Option<String>, content_type: String) -> Answer<Resource<Upload>> {
        let app = std::sync::Arc::clone(&self.context.app);
        let (most, quota) = (app.limits.file_bytes, app.limits.app_bytes);
        if blobs::used(&mut self.context.unit).await? >= quota {
            return Err(full(&app.space));
        }
        let (space, discards) = (app.space.clone(), app.discards.clone());
        let rules = Rules { most, quota, accept: Vec::new(), space, discards };
        let upload = Upload::begin(name.as_deref(), Some(&content_type), Coming::AtMost(0), &rules)?;
        Ok(self.table.push(upload.holding(self.place()?))?)
    }

    async fn open(&mut self, id: String, range: Option<wit::ByteRange>) -> Answer<Resource<Reader>> {
        let blob = blobs::stat(&mut self.context.unit, &id).await?;
        Ok(self.table.push(Reader::new(blob, range, self.place()?)?)?)
    }

    async fn stat(&mut self, id: String) -> Answer<wit::Blob> {
        Ok(to_wit(blobs::stat(&mut self.context.unit, &id).await?))
    }

    async fn list_blobs(&mut self, after: Option<String>, limit: u32) -> Answer<Vec<wit::Blob>> {
        if limit == 0 || limit > LONGEST_LIST {
            return Err(Fault::request(Code::BadParameter, "limit is a number from 1 to 1000"));
        }
        let found = blobs::list(&mut self.context.unit, after.as_deref().unwrap_or_default(), limit).await?;
        Ok(found.into_iter().map(to_wit).collect())
    }

    async fn keep(&mut self, id: String) -> Answer<()> {
        Ok(blobs::keep(&mut self.context.unit, &id).await?)
    }

    async fn delete(&mut self, id: String) -> Answer<()> {
        Ok(blobs::delete(&mut self.context.unit, &id).await?)
    }

    async fn send(&mut self, id: String, options: Option<wit::SendOptions>) -> Answer<()> {
        if self.context.is_answered() {
            return Err(Fault::request(Code::Conflict, "the response has been set"));
        }
        let blob = blobs::stat(&mut self.context.unit, &id).await?;
        self.context.set_pending(Pending { blob, options: send_options(options) });
        Ok(())
    }

    async fn sign_download(
        &mut self,
        id: String,
        options: Option<wit::SendOptions>,
        seconds: u32,
    ) -> Answer<String> {
        let until = until(seconds)?;
        let blob = blobs::stat(&mut self.context.unit, &id).await?;
        let mut options = send_options(options);
        options.name = options.name.as_deref().and_then(file_name::clean);
        self.sign(blob.id, until, Grant::Download(options))
    }

    async fn sign_upload(&mut self, limits: Option<wit::FormLimits>, seconds: u32) -> Answer<wit::UploadTicket> {
        let (until, id) = (until(seconds)?, blobs::new_id()?);
        let (max_file, max_total, accept) =
            limits.map_or((None, None, Vec::new()), |limits| (limits.max_file, limits.max_total, limits.accept));
        let asked = [max_file, max_total].into_iter().flatten().map(u64::from);
        let most = asked.fold(self.context.app.limits.file_bytes, u64::min);
        let path = self.sign(id.clone(), until, Grant::Upload(UploadRules { most, accept }))?;
        Ok(wit::UploadTicket { id, path })
    }

    fn convert_blob_error(&mut self, fault: Fault) -> wasmtime::Result<wit::BlobError> {
        convert(fault, &self.context.outage)
    }
}

impl wit::HostWriter for View<'_> {
    async fn write(&mut self, writer: Resource<Upload>, bytes: Vec<u8>) -> Answer<()> {
        if bytes.len() > LONGEST_WRITE {
            return Err(Fault::request(Code::TooLarge, format!("more than {LONGEST_WRITE} bytes in one call")));
        }
        let upload = self.table.get_mut(&writer)?;
        if upload.has_ended() {
            return Err(Fault::request(Code::Closed, "the writer has ended"));
        }
        upload.write(&mut self.context.unit, &bytes).await
    }

    async fn finish(&mut self, writer: Resource<Upload>) -> Answer<wit::Blob> {
        let upload = self.table.get_mut(&writer)?;
        if upload.has_ended() {
            return Err(Fault::request(Code::Closed, "the writer has ended"));
        }
        Ok(to_wit(upload.finish(&mut self.context.unit).await?))
    }

    async fn drop(&mut self, writer: Resource<Upload>) -> wasmtime::Result<()> {
        let upload = self.table.delete(writer)?;
        if !upload.is_finished() {
            upload.discard(&mut self.context.unit).await;
        }
        Ok(())
    }
}

impl wit::HostReader for View<'_> {
    async fn get_blob(&mut self, reader: Resource<Reader>) -> wasmtime::Result<wit::Blob> {
        Ok(to_wit(self.table.get(&reader)?.blob().clone()))
    }

    async fn read(&mut self, reader: Resource<Reader>, max_bytes: u32) -> Answer<Vec<u8>> {
        let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        self.table.get_mut(&reader)?.read(&mut self.context.unit, most).await
    }

    async fn drop(&mut self, reader: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl View<'_> {
    fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let text = || format!("more than {OPEN_BLOBS} blobs at once: finish or drop writers, drop readers");
        self.context.place_for_blob().ok_or_else(|| Fault::request(Code::TooLarge, text()))
    }

    fn sign(&self, id: String, until: i64, grant: Grant) -> Answer<String> {
        let app = &self.context.app;
        let path = Link { app: app.space.app().to_string(), id, until, grant }.sign(&app.keyring)?;
        if path.len() > LONGEST_PATH {
            return Err(Fault::request(
                Code::BadParameter,
                "more than fits into a URL: a shorter name, fewer types",
            ));
        }
        Ok(path)
    }
}

/// Seconds since 1970 at which a URL ends.
fn until(seconds: u32) -> Answer<i64> {
    if seconds == 0 || seconds > LONGEST_SECONDS {
        return Err(Fault::request(
            Code::BadParameter,
            format!("seconds is a number from 1 to {LONGEST_SECONDS}"),
        ));
    }
    Ok(now_micros() / 1_000_000 + i64::from(seconds))
}

fn send_options(options: Option<wit::SendOptions>) -> SendOptions {
    options.map_or_else(SendOptions::default, |options| SendOptions {
        name: options.name,
        download: options.download,
        max_age: options.max_age,
    })
}
