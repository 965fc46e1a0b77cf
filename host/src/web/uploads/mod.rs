//! Uploads that need no guest: the tus protocol 1.0 (tus.io, "Resumable Upload Protocol"), with
//! creation, creation-with-upload, expiration, checksum and termination.
//!
//! A ticket is the URL of one upload: `POST` there begins it, `HEAD`, `PATCH` and `DELETE` at the
//! same place go on with it. How far it has got is in the database alone, so any dyno can take it
//! up. A complete upload is a staged blob; a guest keeps it.

mod answer;
mod checksum;
mod creation;
mod desk;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod headers;
mod patch;

use super::body::Body;
use super::pages::Problem;
use super::signed;
use crate::guests::admission::{Client, Party};
use crate::guests::{Guest, Registry};
use crate::interfaces::blob_upload::link::{Grant, Link, UploadRules};
use crate::interfaces::blob_upload::resume::{Counting, Resume};
use crate::interfaces::blob_upload::{BlobErrorCode, Fault};
use crate::storage::blobs::resumable::{self, Resumable};
use crate::storage::blobs::{self, Blob};
use crate::storage::{AppSpace, Code, Error, UnitOfWork};
use crate::telemetry::metrics;
use answer::Answer;
use checksum::Checksum;
use desk::Turn;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use patch::{Delivery, End};
use std::sync::Arc;

pub(super) use desk::Desk;

/// Where a checksum does not hold (tus protocol, "Checksum").
const CHECKSUM_MISMATCH: u16 = 460;

/// One request about one upload.
struct Visit {
    head: Parts,
    link: Link,
    rules: UploadRules,
    guest: Arc<Guest>,
    client: Client,
}

/// Answers a request below the path of uploads.
pub(super) async fn respond(
    registry: &Registry,
    request: Request<Incoming>,
    who: Client,
    desk: &Desk,
) -> Result<Response<Body>, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(Answer::abilities(registry.limits().file_bytes).done());
    }
    let (link, guest) = signed::admit(registry, &request).await?;
    let Grant::Upload(rules) = link.grant.clone() else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "This link is for something else.",
            "no link for an upload",
        ));
    };
    let (head, body) = request.into_parts();
    if headers::text(&head.headers, "tus-resumable") != Some(headers::VERSION) {
        let answer =
            Answer::refusal(StatusCode::PRECONDITION_FAILED, "this endpoint speaks the tus protocol 1.0.0");
        return Ok(answer.with("tus-version", headers::VERSION).done());
    }
    if head.headers.contains_key("upload-concat") {
        // An upload that was meant as a part of another one would become a file of its own.
        let text = "uploads cannot be put together here: the extension \"concatenation\" is not in Tus-Extension";
        return Ok(Answer::refusal(StatusCode::BAD_REQUEST, text).done());
    }
    let visit = Visit { head, link, rules, guest, client: who };
    let answer = match headers::method(&visit.head.method, &visit.head.headers) {
        Method::POST => visit.begin(body, desk).await,
        Method::HEAD => visit.look().await,
        Method::PATCH => visit.go_on(body, desk).await,
        Method::DELETE => visit.end().await,
        _ => Ok(Answer::refusal(StatusCode::METHOD_NOT_ALLOWED, "not a method of the tus protocol")
            .with("allow", "OPTIONS, POST, HEAD, PATCH, DELETE")),
    };
    answer.map(Answer::done).map_err(unavailable)
}

type Answered = Result<Answer, Error>;

impl Visit {
    fn space(&self) -> &AppSpace {
        &self.guest.app.space
    }

    /// The same path and query as this request's: that is where the upload is.
    fn place(&self) -> &str {
        self.head.uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default()
    }

    /// The blob that the upload has become, if it has.
    async fn complete(&self) -> Result<Option<Blob>, Error> {
        let mut unit = UnitOfWork::new(self.space().clone(), self.guest.app.transactions);
        match blobs::stat(&mut unit, &self.link.id).await {
            Err(error) if error.code == Code::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    fn about(&self, status: StatusCode, upload: &Resumable) -> Answer {
        let lifetime = self.guest.app.limits.staged_blob_lifetime;
        Answer::new(status).about(upload, lifetime, self.link.until)
    }

    async fn look(self) -> Answered {
        let answer = if let Some(upload) = resumable::find(self.space(), &self.link.id).await? {
            self.about(StatusCode::OK, &upload).with("upload-length", &upload.size.to_string())
        } else if let Some(blob) = self.complete().await? {
            let size = blob.size.to_string();
            Answer::new(StatusCode::OK).with("upload-offset", &size).with("upload-length", &size)
        } else {
            return Ok(gone());
        };
        let metadata = resumable::metadata(self.space(), &self.link.id).await?;
        Ok(metadata.iter().fold(answer, |answer, words| answer.with("upload-metadata", words)))
    }

    async fn go_on(self, body: Incoming, desk: &Desk) -> Answered {
        let headers = &self.head.headers;
        if !headers::brings_bytes(headers) {
            let text = format!("the content type of a PATCH is {}", headers::OFFSET_STREAM);
            return Ok(Answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
        }
        let Some(offset) = headers::bytes(headers, "upload-offset") else {
            let text = "Upload-Offset has to say where the bytes belong";
            return Ok(Answer::refusal(StatusCode::BAD_REQUEST, text));
        };
        let delivery = Delivery::new(body, self.turn(desk).await?);
        match self.at(offset).await? {
            Ok(upload) => self.take(upload, delivery, desk, StatusCode::NO_CONTENT).await,
            Err(refusal) => Ok(refusal),
        }
    }

    async fn end(self) -> Answered {
        if resumable::remove(self.space(), &self.link.id).await? {
            return Ok(Answer::new(StatusCode::NO_CONTENT));
        }
        Ok(match self.complete().await? {
            Some(_) => Answer::refusal(StatusCode::CONFLICT, "the app has kept the file"),
            None => gone(),
        })
    }

    /// Waits until this request may bring bytes.
    async fn turn(&self, desk: &Desk) -> Result<Turn, Error> {
        let party = Party { app: Arc::clone(self.space().app()), client: self.client };
        desk.turn(&party, &format!("{}/{}", self.link.app, self.link.id)).await
    }

    /// Takes the bytes of this request into an upload, and says how far it has got.
    async fn take(self, upload: Resumable, delivery: Delivery, desk: &Desk, status: StatusCode) -> Answered {
        let checksum = match headers::text(&self.head.headers, "upload-checksum").map(Checksum::read) {
            Some(None) => return Ok(Answer::refusal(StatusCode::BAD_REQUEST, "no such checksum is known here")),
            checksum => checksum.flatten(),
        };
        let counting = if checksum.is_some() { Counting::AtTheEnd } else { Counting::AtOnce };
        let offset = upload.received;
        let taking = desk.tasks.spawn(async move {
            let (space, rules) = (self.space().clone(), self.rules.clone());
            let mut upload = Resume::open(space, upload, rules, self.link.until, counting).await?;
            let end = delivery.take(&mut upload, checksum).await;
            Ok::<_, Error>((self, upload, end))
        });
        match taking.await.map_err(|_| Error::new(Code::Other, "taking an upload in has failed"))? {
            Ok((visit, upload, end)) => visit.taken(&upload, end, status).await,
            // It was moved or ended between two looks at it.
            Err(error) if matches!(error.code, Code::Conflict | Code::NotFound) => Ok(conflict(offset)),
            Err(error) => Err(error),
        }
    }

    /// The upload, if it has got as far as the client says and what comes fits into it.
    async fn at(&self, offset: u64) -> Result<Result<Resumable, Answer>, Error> {
        let Some(upload) = resumable::find(self.space(), &self.link.id).await? else {
            return Ok(Err(self.complete().await?.map_or_else(gone, |blob| conflict(blob.size))));
        };
        Ok(if offset == upload.received { self.fitting(upload) } else { Err(conflict(upload.received)) })
    }

    /// The upload, if what the request brings fits into it.
    fn fitting(&self, upload: Resumable) -> Result<Resumable, Answer> {
        let length = headers::bytes(&self.head.headers, "content-length").unwrap_or(0);
        if upload.received.saturating_add(length) > upload.size {
            return Err(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than the upload was to have"));
        }
        Ok(upload)
    }

    async fn taken(self, upload: &Resume, end: End, status: StatusCode) -> Answered {
        match end {
            End::Whole => Ok(self.about(status, upload.upload())),
            End::Broken => Ok(broken_off()),
            End::Damaged => {
                let status = StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
                Ok(Answer::refusal(status, "the checksum does not hold"))
            }
            End::Failed(Fault::Request(code, text, _)) => {
                if code == BlobErrorCode::UnsupportedType {
                    // It will not become a file of the right kind.
                    resumable::remove(self.space(), &self.link.id).await?;
                    return Ok(Answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
                }
                Ok(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, &text))
            }
            End::Failed(Fault::Storage(error)) if error.code == Code::Conflict => Ok(conflict(upload.offset())),
            End::Failed(Fault::Storage(error)) => Err(error),
            End::Failed(Fault::Trap(_)) => Err(Error::new(Code::Other, "an upload without a guest has trapped")),
        }
    }
}

/// Someone else goes on with the upload, or the client is wrong about how far it has got: it asks
/// and goes on.
fn conflict(offset: u64) -> Answer {
    Answer::refusal(StatusCode::CONFLICT, "the upload is elsewhere").with("upload-offset", &offset.to_string())
}

fn broken_off() -> Answer {
    Answer::refusal(StatusCode::REQUEST_TIMEOUT, "the request broke off")
}

fn gone() -> Answer {
    Answer::refusal(StatusCode::NOT_FOUND, "there is no such upload: it was not begun, has ended or was swept")
}

fn no_room(space: &AppSpace) -> Answer {
    metrics::upload_refused(space.app());
    Answer::refusal(StatusCode::INSUFFICIENT_STORAGE, "the files of this app take up all their space")
}

fn unavailable(error: Error) -> Problem {
    let reason = format!("an upload: {error}");
    let problem = if error.code == Code::DiskFull {
        Problem::disk_full(reason)
    } else if error.is_outage() || error.retryable() || error.code == Code::ReadOnly {
        Problem::unavailable("The upload cannot be stored right now.", 2, reason)
    } else {
        Problem::internal(reason)
    };
    problem.with_headers(answer::mark)
}
