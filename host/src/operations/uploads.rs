//! Components, and code that the deployer's machine has compiled, which are brought in pieces
//! before they are deployed.

use super::{ErrorKind, OperationError, Operations, Result};
use crate::guests::native::MOST_BROUGHT_BYTES;
use crate::storage::hex;
use crate::storage::registry::{ComponentUpload, NewComponentUpload, PieceOutcome, check_name};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Bytes of a piece at most. On a line of 2 Mbit/s so much takes 17 s, and routers end a request
/// after 30 s.
pub const PIECE_BYTES: usize = 4 << 20;
/// Uploads that one token may have at once.
const MOST_UPLOADS: usize = 8;

/// A component that is to be brought, or its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// Of what is brought, in hexadecimal digits.
    #[schema(
        pattern = "^[0-9a-fA-F]{64}$",
        example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    pub sha256: String,
    /// Of what is brought, in bytes.
    #[schema(minimum = 1, example = 1_048_576)]
    pub size: u64,
    /// The digest of the engine for which native code is; none: a component is brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub engine: Option<String>,
}

/// A component that is being brought, or its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// Names the upload; none where the component is stored already and nothing has to be brought.
    pub id: Option<String>,
    /// The app that it is for.
    pub app: String,
    /// Of what is brought, in hexadecimal digits.
    pub sha256: String,
    /// Of what is brought, in bytes.
    pub size: u64,
    /// So many bytes are there; the next piece begins here.
    pub offset: u64,
    /// Whether all are there, and the component can be deployed.
    pub complete: bool,
}

/// Who brings a component.
#[derive(Debug, Clone, Copy)]
pub struct Uploader<'a> {
    /// The id of a token.
    pub owner: &'a str,
    /// Whether a component counts as stored where another app has it: to know its hash is no right
    /// to it, unless one may look at every app anyway.
    pub sees_all: bool,
}

impl Operations {
    /// Begins an upload, or goes on with the one of the same component.
    pub async fn begin_upload(
        &self,
        uploader: Uploader<'_>,
        app: &str,
        request: &UploadRequest,
    ) -> Result<UploadView> {
        check_name(app)?;
        let sha256 = parse_sha256(&request.sha256)?;
        if request.size == 0 {
            return Err(OperationError::invalid("size: there is nothing to bring, it is empty"));
        }
        let (what, most) = match &request.engine {
            None => ("component", self.registry.limits().component_bytes),
            Some(engine) => {
                self.check_engine(engine)?;
                ("compiled code", MOST_BROUGHT_BYTES)
            }
        };
        if request.size > most {
            let text = format!("the {what} has {} bytes, and {most} is the limit of this host", request.size);
            return Err(OperationError::new(ErrorKind::TooLarge, text));
        }
        if request.engine.is_none() && self.is_stored(uploader.sees_all, app, &sha256).await? {
            let (size, sha256) = (request.size, hex(&sha256));
            return Ok(UploadView { id: None, app: app.to_owned(), sha256, size, offset: size, complete: true });
        }
        let new = NewComponentUpload {
            id: &random_id()?,
            app,
            sha256: &sha256,
            size: i64::try_from(request.size).unwrap_or(i64::MAX),
            owner: uploader.owner,
            most: MOST_UPLOADS,
        };
        let upload = self.database().begin_component_upload(new).await?.ok_or_else(|| {
            let text = format!(
                "this token has {MOST_UPLOADS} uploads that were not deployed: deploy them, or wait an hour until they are swept"
            );
            OperationError::new(ErrorKind::TooMany, text)
        })?;
        if upload.received == upload.size {
            // A host may have ended between the last piece and this.
            self.check_upload(&upload).await?;
        }
        Ok(upload.into())
    }

    fn check_engine(&self, digest: &str) -> Result<()> {
        let own = self.engine();
        if digest.eq_ignore_ascii_case(&own.digest) {
            return Ok(());
        }
        let text = format!(
            "engine: the code is for another engine than this host's ({}, {}): bring the component alone, and the host compiles it",
            own.target, own.digest
        );
        Err(OperationError::conflict(text))
    }

    /// How far an upload is.
    pub async fn upload(&self, app: &str, id: &str) -> Result<UploadView> {
        Ok(self.find_upload(app, id).await?.into())
    }

    /// Adds a piece that begins at `offset`. The last one has to make the hash right.
    pub async fn add_piece(&self, app: &str, id: &str, offset: u64, piece: &[u8]) -> Result<UploadView> {
        let mut upload = self.find_upload(app, id).await?;
        let received = u64::try_from(upload.received).unwrap_or_default();
        if offset != received {
            return Err(OperationError::conflict(format!(
                "the upload has {received} bytes: the next piece begins there"
            )));
        }
        let length = i64::try_from(piece.len()).unwrap_or(i64::MAX);
        if length > upload.size.saturating_sub(upload.received) {
            let text = format!("the upload was to have {} bytes: the piece goes beyond them", upload.size);
            return Err(OperationError::new(ErrorKind::TooLarge, text));
        }
        if piece.is_empty() {
            return Err(OperationError::invalid("a piece is not empty"));
        }
        if self.database().add_piece(&upload, piece).await? == PieceOutcome::Elsewhere {
            return Err(OperationError::conflict("another piece came first: ask how far the upload is"));
        }
        upload.received = upload.received.saturating_add(length);
        if upload.received == upload.size {
            self.check_upload(&upload).await?;
        }
        Ok(upload.into())
    }

    /// An error where what has come is not what was announced. Then the upload has ended.
    async fn check_upload(&self, upload: &ComponentUpload) -> Result<()> {
        let bytes = self.database().uploaded_bytes(upload).await?;
        let found = Sha256::digest(&bytes);
        if found.as_slice() == upload.sha256.as_slice() {
            return Ok(());
        }
        self.database().end_component_upload(&upload.id).await?;
        let text = format!(
            "the bytes do not have the hash that was announced, but {}: begin the upload anew",
            hex(&found)
        );
        Err(OperationError::new(ErrorKind::Unfit, text))
    }

    /// Whether a component can be deployed to an app: it was brought, or is stored.
    pub(super) async fn has_component(&self, sees_all: bool, app: &str, sha256: &[u8]) -> Result<bool> {
        Ok(self.has_upload(app, sha256).await? || self.is_stored(sees_all, app, sha256).await?)
    }

    /// Whether something was brought as a whole.
    pub(super) async fn has_upload(&self, app: &str, sha256: &[u8]) -> Result<bool> {
        let upload = self.database().component_upload_of(app, sha256).await?;
        Ok(upload.is_some_and(|upload| upload.received == upload.size))
    }

    /// The bytes of something that was brought as a whole, if they have their hash.
    pub(super) async fn brought(&self, app: &str, sha256: &[u8]) -> Result<Option<Bytes>> {
        let upload = self.database().component_upload_of(app, sha256).await?;
        let Some(upload) = upload.filter(|upload| upload.received == upload.size) else { return Ok(None) };
        let bytes = self.database().uploaded_bytes(&upload).await?;
        Ok((Sha256::digest(&bytes).as_slice() == sha256).then(|| bytes.into()))
    }

    /// The bytes of a component that was brought or is stored.
    pub(super) async fn brought_component(&self, sees_all: bool, app: &str, sha256: &[u8]) -> Result<Bytes> {
        if let Some(bytes) = self.brought(app, sha256).await? {
            return Ok(bytes);
        }
        if self.is_stored(sees_all, app, sha256).await?
            && let Some(bytes) = self.database().stored_component(sha256).await?
        {
            return Ok(bytes.into());
        }
        Err(not_brought())
    }

    /// Ends an upload that is needed no more.
    pub async fn forget_upload(&self, app: &str, sha256: &[u8]) -> Result<()> {
        match self.database().component_upload_of(app, sha256).await? {
            Some(upload) => Ok(self.database().end_component_upload(&upload.id).await?),
            None => Ok(()),
        }
    }

    async fn is_stored(&self, sees_all: bool, app: &str, sha256: &[u8]) -> Result<bool> {
        let database = self.database();
        if database.stored_component_size(sha256).await?.is_none() {
            return Ok(false);
        }
        let is_own = async || match database.find_app(app).await? {
            Some(_) => Ok(database.versions(app).await?.iter().any(|version| version.sha256 == sha256)),
            None => Ok::<_, OperationError>(false),
        };
        Ok(sees_all || is_own().await?)
    }

    async fn find_upload(&self, app: &str, id: &str) -> Result<ComponentUpload> {
        let found = self.database().component_upload(app, id).await?;
        found.ok_or_else(|| {
            OperationError::not_found(
                "there is no such upload: it was not begun, was deployed, or was swept after an hour",
            )
        })
    }
}

/// The bytes of a hash in hexadecimal digits.
pub(super) fn parse_sha256(text: &str) -> Result<Vec<u8>> {
    let wrong = || OperationError::invalid("sha256: not 64 hexadecimal digits");
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(()).ok_or_else(wrong)?;
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|_| wrong())).collect()
}

/// 128 random bits in hexadecimal digits.
pub(super) fn random_id() -> Result<String> {
    let mut id = [0u8; 16];
    let unavailable = |_| OperationError::new(ErrorKind::Unavailable, "the system gives no random numbers");
    getrandom::fill(&mut id).map_err(unavailable)?;
    Ok(hex(&id))
}

pub(super) fn not_brought() -> OperationError {
    OperationError::conflict("the component is not here: bring it first, with an upload of its bytes")
}

pub(super) fn code_not_brought() -> OperationError {
    OperationError::conflict("the compiled code is not here: bring it first, or deploy the component without it")
}

impl From<ComponentUpload> for UploadView {
    fn from(upload: ComponentUpload) -> Self {
        let whole = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
        Self {
            id: Some(upload.id),
            app: upload.app,
            sha256: hex(&upload.sha256),
            size: whole(upload.size),
            offset: whole(upload.received),
            complete: upload.received == upload.size,
        }
    }
}
