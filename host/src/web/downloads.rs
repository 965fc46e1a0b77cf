//! Downloads that need no guest: whoever holds a signed URL gets the blob.

use super::blobs::{self, Wanted};
use super::body::Body;
use super::pages::Problem;
use super::signed;
use crate::guests::Registry;
use crate::guests::admission::Client;
use crate::interfaces::Pending;
use crate::interfaces::blob_upload::link::Grant;
use crate::storage::{self, UnitOfWork};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

/// Answers a request below the path of downloads.
pub(super) async fn respond(
    registry: &Registry,
    request: &Request<Incoming>,
    who: Client,
) -> Result<Response<Body>, Problem> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This link is for reading.", "not GET or HEAD")
            .with_headers(|headers| {
                drop(headers.insert(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD")))
            }));
    }
    let (link, guest) = signed::admit(registry, request).await?;
    let Grant::Download(options) = link.grant else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "This link is for something else.",
            "no link for a download",
        ));
    };
    let space = &guest.app.space;
    let mut unit = UnitOfWork::new(space.clone(), guest.app.transactions);
    let blob = storage::blobs::stat(&mut unit, &link.id).await;
    let blob = blob.map_err(|error| blobs::not_sent(&error, "a signed link"))?;
    let wanted = Wanted::new(request.method(), request.headers(), who);
    Ok(blobs::respond(space, Pending { blob, options }, &wanted, None))
}
