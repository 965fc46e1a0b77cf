//! Photos on their way in: by a form, or piece by piece.

use innkeeper_sdk::{Error, Request, Response, Result, json, session};

use super::album::back_to;
use super::{CSRF_FORM, receive};
use crate::accounts::{self, Account};
use crate::albums::{self, Album};
use crate::{photos, uploads};

const MAX_FILES: u32 = 20;

/// `POST /albums/ID/photos`: a form with files, which needs no script.
pub fn form(request: Request) -> Result<Response> {
    let (account, album) = member(&request)?;
    let form = uploads::limits().max_files(MAX_FILES).receive(CSRF_FORM)?;
    let mut count = 0;
    for file in form.files("photo") {
        photos::add(&album, &account, &file.id, form.get("caption"))?;
        count += 1;
    }
    if count == 0 {
        return Err(Error::new(422, "Please choose a photo."));
    }
    session::flash(&format!("{count} new {}.", if count == 1 { "photo" } else { "photos" }))?;
    Ok(back_to(&album))
}

/// `POST /albums/ID/uploads`: where the page may send one file to.
pub fn begin(request: Request) -> Result<Response> {
    let (account, album) = member(&request)?;
    receive()?;
    let ticket = uploads::begin(&album, &account)?;
    Response::json(&json!({ "id": ticket.id, "path": ticket.path }))
}

/// `POST /albums/ID/uploads/BLOB`: the file has arrived.
pub fn finish(request: Request) -> Result<Response> {
    let (account, album) = member(&request)?;
    let form = receive()?;
    uploads::finish(&album, &account, &request.param::<String>("blob")?, form.get("caption"))?;
    Ok(Response::new(204))
}

fn member(request: &Request) -> Result<(Account, Album)> {
    let account = accounts::required()?;
    let album = albums::find(request.param("id")?, &account)?;
    Ok((account, album))
}
