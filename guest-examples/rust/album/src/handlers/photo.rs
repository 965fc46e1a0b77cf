//! One photo.

use innkeeper_sdk::{Error, Request, Response, Result};

use super::{album, receive, send};
use crate::accounts::{self, Account};
use crate::albums::{self, Album};
use crate::pages;
use crate::photos::{self, Photo};

/// `GET /photos/ID`
pub fn show(request: Request) -> Result<Response> {
    let (account, album, photo) = seen(&request)?;
    pages::photo(&account, &album, &photo)
}

/// `GET /photos/ID/file`
pub fn file(request: Request) -> Result<Response> {
    let (_, _, photo) = seen(&request)?;
    send(&photo)
}

/// `POST /photos/ID/caption`
pub fn set_caption(request: Request) -> Result<Response> {
    let (_, photo) = changed(&request)?;
    photos::set_caption(&photo, receive()?.get("caption"))?;
    Ok(Response::see_other(&format!("/photos/{}", photo.id)))
}

/// `POST /photos/ID/delete`
pub fn delete(request: Request) -> Result<Response> {
    let (album, photo) = changed(&request)?;
    receive()?;
    photos::delete(&photo)?;
    Ok(album::back_to(&album))
}

/// A photo in an album that the visitor may see.
fn seen(request: &Request) -> Result<(Account, Album, Photo)> {
    let account = accounts::required()?;
    let photo = photos::find(request.param("id")?)?;
    let album = albums::find(photo.album, &account)?;
    Ok((account, album, photo))
}

/// A photo that the visitor may change.
fn changed(request: &Request) -> Result<(Album, Photo)> {
    let (account, album, photo) = seen(request)?;
    if photo.may_be_changed_by(&account, &album) {
        return Ok((album, photo));
    }
    Err(Error::new(403, "Only the owner of the album and whoever has brought the photo may do that."))
}
