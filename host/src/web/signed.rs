//! Who holds a signed URL is let in: without a guest, without a session.

use super::pages::Problem;
use super::{closed, front};
use crate::guests::routes::Room;
use crate::guests::{Guest, Registry};
use crate::interfaces::blob_upload::link::{DOWNLOADS, Link, Refused, UPLOADS};
use http::header::HOST;
use http::{HeaderMap, Request, StatusCode};
use std::sync::Arc;

/// What a request's URL allows, and the app that it is about.
pub(super) async fn admit<B>(registry: &Registry, request: &Request<B>) -> Result<(Link, Arc<Guest>), Problem> {
    if !registry.is_loaded()
        && let Some(absence) = registry.absence()
    {
        return Err(closed::absent(&absence));
    }
    let presented = request.uri().path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    let link = read(registry, presented).await.map_err(refused)?;
    let guest = guest(registry, &link.app, request.headers())?;
    Ok((link, guest))
}

/// A key that is not known here may be one that another host has just made.
async fn read(registry: &Registry, presented: &str) -> Result<Link, Refused> {
    let read = || Link::read(presented, registry.keyring());
    if read() == Err(Refused::UnknownKey) {
        registry.ask_for_keys(|| read() != Err(Refused::UnknownKey)).await;
    }
    read()
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Forged => {
            Problem::new(StatusCode::FORBIDDEN, "This link is not complete or was changed.", "a forged link")
        }
        Refused::UnknownKey => {
            Problem::new(StatusCode::FORBIDDEN, "This link is no longer good.", "a link by an unknown key")
        }
        Refused::Expired => Problem::new(StatusCode::GONE, "This link has expired.", "an expired link"),
    }
}

/// The app that the path of a link names, good or not.
pub(super) fn app_in(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(DOWNLOADS).or_else(|| path.strip_prefix(UPLOADS))?;
    rest.split_once('/').map(|(app, _)| app)
}

/// The app of a link, where it answers at this host name.
pub(super) fn guest(registry: &Registry, app: &str, headers: &HeaderMap) -> Result<Arc<Guest>, Problem> {
    let routes = registry.routes();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(front::normalise_host);
    let here = |of_app: &[String]| of_app.iter().any(|route| routes.is_at_home(route, host.as_deref()));
    match routes.room_of(app) {
        Some(Room::Open(guest)) if here(&guest.routes) => Ok(Arc::clone(guest)),
        Some(Room::Closed(closed)) if here(&closed.routes) => Err(closed::closed(closed)),
        _ => {
            Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing here.", "a link to an app that is not here"))
        }
    }
}
