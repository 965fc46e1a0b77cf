//! The functions of `wit/blob-upload.wit`.

use super::error::{Fault, convert};
use super::reader::Reader;
use super::receive::{self, to_wit};
use super::upload::{Rules, Upload};
use super::wit;
use crate::interfaces::{Pending, View};
use crate::storage::blobs;
use wasmtime::component::Resource;
use wit::BlobErrorCode as Code;

type Answer<T> = std::result::Result<T, Fault>;

const LONGEST_WRITE: usize = 1 << 20;
const LONGEST_LIST: u32 = 1000;

/// How a blob is sent.
#[derive(Debug, Clone, Default)]
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
        let limits = &self.context.app.limits;
        let quota = limits.app_bytes.saturating_sub(blobs::total(&mut self.context.unit).await?);
        if quota == 0 {
            return Err(Fault::request(Code::QuotaExceeded, "the files of this app take up all their space"));
        }
        let rules = Rules { most: limits.file_bytes.min(quota), accept: Vec::new() };
        Ok(self.table.push(Upload::begin(name.as_deref(), Some(&content_type), &rules)?)?)
    }

    async fn open(&mut self, id: String, range: Option<wit::ByteRange>) -> Answer<Resource<Reader>> {
        let blob = blobs::stat(&mut self.context.unit, &id).await?;
        Ok(self.table.push(Reader::new(blob, range)?)?)
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
        let options = options.map_or_else(SendOptions::default, |options| SendOptions {
            name: options.name,
            download: options.download,
            max_age: options.max_age,
        });
        self.context.set_pending(Pending { blob, options });
        Ok(())
    }

    async fn sign_download(&mut self, _: String, _: Option<wit::SendOptions>, _: u32) -> Answer<String> {
        Err(Fault::request(Code::Other, "not yet"))
    }

    async fn sign_upload(&mut self, _: Option<wit::FormLimits>, _: u32) -> Answer<wit::UploadTicket> {
        Err(Fault::request(Code::Other, "not yet"))
    }

    fn convert_blob_error(&mut self, fault: Fault) -> wasmtime::Result<wit::BlobError> {
        convert(fault)
    }
}

impl wit::HostWriter for View<'_> {
    async fn write(&mut self, writer: Resource<Upload>, bytes: Vec<u8>) -> Answer<()> {
        if bytes.len() > LONGEST_WRITE {
            return Err(Fault::request(Code::TooLarge, format!("more than {LONGEST_WRITE} bytes in one call")));
        }
        let upload = self.table.get_mut(&writer)?;
        if upload.is_finished() {
            return Err(Fault::request(Code::Closed, "the writer has ended"));
        }
        upload.write(&mut self.context.unit, &bytes).await
    }

    async fn finish(&mut self, writer: Resource<Upload>) -> Answer<wit::Blob> {
        let upload = self.table.get_mut(&writer)?;
        if upload.is_finished() {
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
