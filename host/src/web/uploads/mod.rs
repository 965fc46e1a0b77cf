//! Uploads that need no guest: the tus protocol 1.0 (tus.io, "Resumable Upload Protocol"), with creation, creation-with-upload, expiration, checksum and
//! termination.
//!
//! A ticket is the URL of one upload: `POST` there begins it, `HEAD`, `PATCH` and `DELETE` at the same place go on with it. How far it has got is
//! in the database alone, so any dyno can take it up. A complete upload is a staged blob; a guest keeps it.

mod answer;
mod checksum;
mod headers;
mod patch;

use super::body::Body;
use super::pages::Problem;
use super::signed;
use crate::guests::{Guest, Registry};
use crate::interfaces::blob_upload::link::{Grant, Link, UploadRules};
use crate::interfaces::blob_upload::resume::{Counting, Resume};
use crate::interfaces::blob_upload::{BlobErrorCode, Fault, clean_file_name};
use crate::storage::blobs::resumable::{self, Begun, Resumable};
use crate::storage::blobs::{self, Blob};
use crate::storage::{AppSpace, Code, Error, UnitOfWork, now_micros};
use crate::telemetry::metrics;
use answer::Answer;
use checksum::Checksum;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use patch::End;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Where a checksum does not hold (tus protocol, "Checksum").
const CHECKSUM_MISMATCH: u16 = 460;

/// Requests that bring bytes at the same time; each takes a chunk's memory.
const AT_ONCE: usize = 64;
/// How long one more waits for its turn.
const WAIT: Duration = Duration::from_secs(1);

/// Where uploads are taken in.
#[derive(Debug)]
pub(super) struct Desk {
    /// What comes in after its client has gone is taken in by a task of these.
    tasks: TaskTracker,
    places: Semaphore,
}

impl Desk {
    /// Nobody is there yet. `tasks` are waited for at the end.
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Self { tasks, places: Semaphore::new(AT_ONCE) }
    }
}

/// One request about one upload.
struct Visit {
    head: Parts,
    link: Link,
    rules: UploadRules,
    guest: Arc<Guest>,
}

/// Answers a request below the path of uploads.
pub(super) async fn respond(
    registry: &Registry,
    request: Request<Incoming>,
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
    let visit = Visit { head, link, rules, guest };
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

    async fn begin(self, body: Incoming, desk: &Desk) -> Answered {
        let headers = &self.head.headers;
        let Some(size) = headers::bytes(headers, "upload-length") else {
            return Ok(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "Upload-Length has to say how many bytes will come",
            ));
        };
        let Some(metadata) = headers::metadata(headers) else {
            return Ok(Answer::refusal(StatusCode::BAD_REQUEST, "Upload-Metadata is malformed"));
        };
        if size > self.rules.most {
            let text = format!("the file may have {} bytes", self.rules.most);
            return Ok(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, &text));
        }
        let fresh = Resumable {
            id: self.link.id.clone(),
            size,
            received: 0,
            progress: Vec::new(),
            content_type: metadata.content_type.unwrap_or_default(),
            name: metadata.name.as_deref().and_then(clean_file_name),
            moved_at: now_micros(),
        };
        let upload = match resumable::begin(self.space(), &fresh, self.guest.app.limits.app_bytes).await? {
            Begun::New => fresh,
            Begun::NoRoom => return Ok(no_room(self.space())),
            // The answer to an earlier attempt was lost.
            Begun::Exists => match resumable::find(self.space(), &fresh.id).await? {
                Some(upload) if upload.size == size => upload,
                _ => return Ok(Answer::refusal(StatusCode::CONFLICT, "this ticket has been used")),
            },
        };
        let place = self.place().to_owned();
        let brings_bytes = headers::brings_bytes(headers) || size == 0;
        let answer = match brings_bytes && upload.received == 0 {
            true => self.take(upload, body, desk, StatusCode::CREATED).await?,
            false => self.about(StatusCode::CREATED, &upload),
        };
        Ok(answer.at(&place))
    }

    async fn look(self) -> Answered {
        if let Some(upload) = resumable::find(self.space(), &self.link.id).await? {
            return Ok(self.about(StatusCode::OK, &upload).with("upload-length", &upload.size.to_string()));
        }
        Ok(match self.complete().await? {
            Some(blob) => Answer::new(StatusCode::OK)
                .with("upload-offset", &blob.size.to_string())
                .with("upload-length", &blob.size.to_string()),
            None => gone(),
        })
    }

    async fn go_on(self, body: Incoming, desk: &Desk) -> Answered {
        let headers = &self.head.headers;
        if !headers::brings_bytes(headers) {
            let text = format!("the content type of a PATCH is {}", headers::OFFSET_STREAM);
            return Ok(Answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
        }
        let Some(offset) = headers::bytes(headers, "upload-offset") else {
            return Ok(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "Upload-Offset has to say where the bytes belong",
            ));
        };
        let Some(upload) = resumable::find(self.space(), &self.link.id).await? else {
            let complete = self.complete().await?;
            return Ok(complete.map_or_else(gone, |blob| conflict(blob.size)));
        };
        if offset != upload.received {
            return Ok(conflict(upload.received));
        }
        let length = headers::bytes(headers, "content-length").unwrap_or(0);
        if offset.saturating_add(length) > upload.size {
            return Ok(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than the upload was to have"));
        }
        self.take(upload, body, desk, StatusCode::NO_CONTENT).await
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

    /// Takes the bytes of this request in and says how far the upload has got.
    async fn take(self, upload: Resumable, body: Incoming, desk: &Desk, status: StatusCode) -> Answered {
        let checksum = match headers::text(&self.head.headers, "upload-checksum").map(Checksum::read) {
            Some(None) => return Ok(Answer::refusal(StatusCode::BAD_REQUEST, "no such checksum is known here")),
            checksum => checksum.flatten(),
        };
        let turn = tokio::time::timeout(WAIT, desk.places.acquire()).await;
        let _turn =
            turn.ok().and_then(Result::ok).ok_or_else(|| Error::new(Code::Busy, "too many uploads at once"))?;
        let counting = if checksum.is_some() { Counting::AtTheEnd } else { Counting::AtOnce };
        let taking = desk.tasks.spawn(async move {
            let mut upload = Resume::open(self.space().clone(), upload, self.rules.clone(), counting).await?;
            let end = patch::take(&mut upload, body, checksum).await;
            Ok::<_, Error>((self, upload, end))
        });
        let taken = taking.await.map_err(|_| Error::new(Code::Other, "taking an upload in has failed"))?;
        let (visit, upload, end) = taken?;
        visit.taken(&upload, end, status).await
    }

    async fn taken(self, upload: &Resume, end: End, status: StatusCode) -> Answered {
        match end {
            End::Whole => Ok(self.about(status, upload.upload())),
            End::Broken => Ok(Answer::refusal(StatusCode::REQUEST_TIMEOUT, "the request broke off")),
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

/// Someone else goes on with the upload, or the client is wrong about how far it has got: it asks and goes on.
fn conflict(offset: u64) -> Answer {
    Answer::refusal(StatusCode::CONFLICT, "the upload is elsewhere").with("upload-offset", &offset.to_string())
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
    let problem = if error.is_outage() || error.retryable() || error.code == Code::ReadOnly {
        Problem::unavailable("The upload cannot be stored right now.", 2, reason)
    } else {
        Problem::internal(reason)
    };
    problem.with_headers(answer::mark)
}
