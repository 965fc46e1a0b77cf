//! `POST`: the beginning of an upload (tus protocol 1.0, extensions "creation" and "creation-with-upload").

use super::answer::Answer;
use super::{Answered, Desk, Visit, headers, no_room};
use crate::interfaces::blob_upload::{clean_file_name, clean_media_type};
use crate::storage::blobs::resumable::{self, Begun, Resumable};
use crate::storage::{Error, now_micros};
use http::StatusCode;
use hyper::body::Incoming;

/// Bytes of what a client says of its file.
const LONGEST_METADATA: usize = 4096;

impl Visit {
    /// Begins an upload, or says where it is if it was begun before and the answer was lost.
    pub(super) async fn begin(self, body: Incoming, desk: &Desk) -> Answered {
        let fresh = match self.described() {
            Ok(fresh) => fresh,
            Err(refusal) => return Ok(refusal),
        };
        let upload = match self.begun(fresh).await? {
            Ok(upload) => upload,
            Err(refusal) => return Ok(refusal),
        };
        let place = self.place().to_owned();
        let brings_bytes = headers::brings_bytes(&self.head.headers) || upload.size == 0;
        if !brings_bytes || upload.received > 0 {
            return Ok(self.about(StatusCode::CREATED, &upload).at(&place));
        }
        let answer = self.take(body, desk, 0, StatusCode::CREATED).await?;
        Ok(if answer.status() == StatusCode::CREATED { answer.at(&place) } else { answer })
    }

    /// The upload as the client describes it, within the ticket's limits.
    fn described(&self) -> Result<Resumable, Answer> {
        let bad = |text| Answer::refusal(StatusCode::BAD_REQUEST, text);
        let headers = &self.head.headers;
        let size = headers::bytes(headers, "upload-length")
            .ok_or_else(|| bad("Upload-Length has to say how many bytes will come"))?;
        let words = headers::text(headers, "upload-metadata").filter(|text| !text.is_empty());
        let metadata =
            headers::metadata(headers).filter(|_| words.is_none_or(|text| text.len() <= LONGEST_METADATA));
        let metadata = metadata.ok_or_else(|| bad("Upload-Metadata is malformed, or longer than 4 KiB"))?;
        if size > self.rules.most {
            let text = format!("the file may have {} bytes", self.rules.most);
            return Err(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, &text));
        }
        Ok(Resumable {
            id: self.link.id.clone(),
            size,
            received: 0,
            progress: Vec::new(),
            content_type: metadata.content_type.as_deref().and_then(clean_media_type).unwrap_or_default(),
            name: metadata.name.as_deref().and_then(clean_file_name),
            metadata: words.map(str::to_owned),
            moved_at: now_micros(),
        })
    }

    async fn begun(&self, fresh: Resumable) -> Result<Result<Resumable, Answer>, Error> {
        let quota = self.guest.app.limits.app_bytes;
        Ok(match resumable::begin(self.space(), &fresh, quota).await? {
            Begun::New => Ok(fresh),
            Begun::NoRoom => Err(no_room(self.space())),
            Begun::Exists => match resumable::find(self.space(), &fresh.id).await? {
                Some(upload) if upload.size == fresh.size => Ok(upload),
                _ => Err(Answer::refusal(StatusCode::CONFLICT, "this ticket has been used")),
            },
        })
    }
}
