//! Albums: what is in them, and who may see them.

use innkeeper_sdk::{Error, Request, Response, Result, session};

use super::receive;
use crate::accounts::{self, Account};
use crate::albums::{self, Album};
use crate::{pages, photos};

/// `GET /`: the albums and, where something is looked for, the photos of all of them.
pub fn home(request: Request) -> Result<Response> {
    let Some(account) = accounts::current()? else { return pages::sign_in(None) };
    let (words, before) = search(&request)?;
    if words.is_empty() {
        return pages::home(&account, &albums::list(&account)?);
    }
    pages::found(&account, &words, &photos::in_all_albums(&account, &words, before)?)
}

/// `POST /albums`
pub fn create(_: Request) -> Result<Response> {
    let (account, form) = (accounts::required()?, receive()?);
    let id = albums::create(form.get("title"), &account)?;
    Ok(Response::see_other(&format!("/albums/{id}")))
}

/// `GET /albums/ID`
pub fn show(request: Request) -> Result<Response> {
    let account = accounts::required()?;
    let album = albums::find(request.param("id")?, &account)?;
    let (words, before) = search(&request)?;
    let listing = photos::in_album(album.id, &words, before)?;
    pages::album(&account, &album, &albums::members(&album)?, &words, &listing)
}

/// `POST /albums/ID/delete`
pub fn delete(request: Request) -> Result<Response> {
    let (_, album) = own(&request)?;
    receive()?;
    albums::delete(&album)?;
    session::flash(&format!("{} is gone.", album.title))?;
    Ok(Response::see_other("/"))
}

/// `POST /albums/ID/members`
pub fn add_member(request: Request) -> Result<Response> {
    let (_, album) = own(&request)?;
    let form = receive()?;
    let member = accounts::by_name(form.get("name"))?;
    let member = member.ok_or_else(|| Error::new(422, "Nobody has an account with this name."))?;
    albums::add_member(&album, &member)?;
    session::flash(&format!("{} sees the album now.", member.name))?;
    Ok(back_to(&album))
}

/// `POST /albums/ID/members/MEMBER/remove`
pub fn remove_member(request: Request) -> Result<Response> {
    let (_, album) = own(&request)?;
    receive()?;
    albums::remove_member(&album, request.param("member")?)?;
    Ok(back_to(&album))
}

/// `POST /albums/ID/leave`: for a member who was let in and does not want to be.
pub fn leave(request: Request) -> Result<Response> {
    let account = accounts::required()?;
    let album = albums::find(request.param("id")?, &account)?;
    receive()?;
    albums::remove_member(&album, account.id)?;
    Ok(Response::see_other("/"))
}

/// `POST /albums/ID/share`
pub fn share(request: Request) -> Result<Response> {
    let (_, album) = own(&request)?;
    receive()?;
    albums::share(&album)?;
    Ok(back_to(&album))
}

/// `POST /albums/ID/unshare`
pub fn unshare(request: Request) -> Result<Response> {
    let (_, album) = own(&request)?;
    receive()?;
    albums::unshare(&album)?;
    Ok(back_to(&album))
}

fn own(request: &Request) -> Result<(Account, Album)> {
    let account = accounts::required()?;
    let album = albums::find_own(request.param("id")?, &account)?;
    Ok((account, album))
}

/// The words that are looked for, and where the page begins.
fn search(request: &Request) -> Result<(String, Option<i64>)> {
    let words: String = request.query("q")?.unwrap_or_default();
    Ok((words.trim().chars().take(100).collect(), request.query("before")?))
}

/// The page of an album after one of its forms.
pub fn back_to(album: &Album) -> Response {
    Response::see_other(&format!("/albums/{}", album.id))
}
