//! What everybody sees who has the link of an album.

use innkeeper_sdk::{Error, Request, Response, Result};

use super::send;
use crate::{albums, pages, photos};

/// `GET /shared/TOKEN`
pub fn show(request: Request) -> Result<Response> {
    let token: String = request.param("token")?;
    let album = albums::find_shared(&token)?;
    let listing = photos::in_album(album.id, "", request.query("before")?)?;
    Ok(pages::shared(&album, &token, &listing))
}

/// `GET /shared/TOKEN/photos/ID`
pub fn file(request: Request) -> Result<Response> {
    let album = albums::find_shared(&request.param::<String>("token")?)?;
    let photo = photos::find(request.param("id")?)?;
    if photo.album == album.id { send(&photo) } else { Err(Error::not_found()) }
}
