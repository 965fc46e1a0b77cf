//! `POST`: the beginning of an upload (tus protocol 1.0, extensions "creation" and
//! "creation-with-upload").
//!
//! A ticket is good for one upload. A client that has lost the answer to its POST sends it again,
//! and gets the same answer: it is the same POST if it describes the file in the same words, and if
//! the bytes that it brings are those that are there already.

use super::answer::Answer;
use super::{Answered, Delivery, Desk, End, Visit, broken_off, headers, no_room};
use crate::interfaces::blob_upload::resume::hash_so_far;
use crate::interfaces::blob_upload::{clean_file_name, clean_media_type};
use crate::storage::blobs::Blob;
use crate::storage::blobs::resumable::{self, Begun, Resumable};
use crate::storage::{Error, now_micros};
use http::StatusCode;
use hyper::body::Incoming;

/// Bytes of what a client says of its file.
const LONGEST_METADATA: usize = 4096;

/// What there is under a ticket.
enum Found {
    /// An upload that was begun by this request or one like it.
    UnderWay(Resumable),
    /// A file that a request like this one described.
    Complete(Blob),
}

impl Visit {
    /// Begins an upload, or says where it is if it was begun before and the answer was lost.
    pub(super) async fn begin(self, body: Incoming, desk: &Desk) -> Answered {
        let fresh = match self.described() {
            Ok(fresh) => fresh,
            Err(refusal) => return Ok(refusal),
        };
        let place = self.place().to_owned();
        let answer = if headers::brings_bytes(&self.head.headers) || fresh.size == 0 {
            let delivery = Delivery::new(body, self.turn(desk).await?);
            self.begin_with(fresh, delivery, desk).await?
        } else {
            match self.begun(fresh).await? {
                Ok(Found::UnderWay(upload)) => self.about(StatusCode::CREATED, &upload),
                Ok(Found::Complete(_)) => used(),
                Err(refusal) => refusal,
            }
        };
        Ok(if answer.status() == StatusCode::CREATED { answer.at(&place) } else { answer })
    }

    async fn begin_with(self, fresh: Resumable, mut delivery: Delivery, desk: &Desk) -> Answered {
        match self.begun(fresh).await? {
            Ok(Found::UnderWay(upload)) if upload.received > 0 => {
                let end = delivery.compare_with_begun(upload.received, &hash_so_far(&upload)?).await;
                // A checksum is one of all that the request brings.
                let has_checksum = self.head.headers.contains_key("upload-checksum");
                if matches!(end, End::Whole) && delivery.goes_on() && !has_checksum {
                    return self.take(upload, delivery, desk, StatusCode::CREATED).await;
                }
                Ok(repeated(&end, || self.about(StatusCode::CREATED, &upload)))
            }
            Ok(Found::UnderWay(upload)) => match self.fitting(upload) {
                Ok(upload) => self.take(upload, delivery, desk, StatusCode::CREATED).await,
                Err(refusal) => Ok(refusal),
            },
            Ok(Found::Complete(blob)) => {
                let complete = || Answer::new(StatusCode::CREATED).with("upload-offset", &blob.size.to_string());
                Ok(repeated(&delivery.compare(&blob).await, complete))
            }
            Err(refusal) => Ok(refusal),
        }
    }

    /// The upload as the client describes it, within the ticket's limits.
    fn described(&self) -> Result<Resumable, Answer> {
        let bad = |text| Answer::refusal(StatusCode::BAD_REQUEST, text);
        let headers = &self.head.headers;
        let size = headers::bytes(headers, "upload-length")
            .ok_or_else(|| bad("Upload-Length has to say how many bytes will come"))?;
        let metadata = headers::metadata(headers);
        if metadata.words.as_ref().is_some_and(|words| words.len() > LONGEST_METADATA) {
            return Err(bad("Upload-Metadata is longer than 4 KiB"));
        }
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
            metadata: metadata.words,
            moved_at: now_micros(),
        })
    }

    async fn begun(&self, fresh: Resumable) -> Result<Result<Found, Answer>, Error> {
        let quota = self.guest.app.limits.app_bytes;
        Ok(match resumable::begin(self.space(), &fresh, quota).await? {
            Begun::New => Ok(Found::UnderWay(fresh)),
            Begun::NoRoom => Err(no_room(self.space())),
            Begun::Exists => self.like(&fresh).await?.ok_or_else(used),
        })
    }

    /// What was begun earlier, if it was described in the same words.
    async fn like(&self, fresh: &Resumable) -> Result<Option<Found>, Error> {
        if let Some(upload) = resumable::find(self.space(), &fresh.id).await? {
            let is_same = upload.size == fresh.size && upload.metadata == fresh.metadata;
            return Ok(is_same.then_some(Found::UnderWay(upload)));
        }
        let Some(blob) = self.complete().await? else { return Ok(None) };
        let words = resumable::metadata(self.space(), &fresh.id).await?;
        Ok((blob.size == fresh.size && words == fresh.metadata).then_some(Found::Complete(blob)))
    }
}

/// The answer to a request whose bytes were compared with those that are there.
fn repeated(end: &End, same: impl FnOnce() -> Answer) -> Answer {
    match end {
        End::Whole => same(),
        End::Broken => broken_off(),
        End::Damaged | End::Failed(_) => used(),
    }
}

fn used() -> Answer {
    Answer::refusal(
        StatusCode::CONFLICT,
        "this ticket has been used for another upload, or its upload is complete",
    )
}
