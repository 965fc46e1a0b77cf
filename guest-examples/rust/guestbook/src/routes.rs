//! One function for each address.

use crate::bindings::innkeeper::storage::blob_upload::{self, BlobErrorCode, SendOptions};
use crate::clock;
use crate::entries::{self, Deletion};
use crate::error::Error;
use crate::form::{Form, Refusal};
use crate::http::{Request, Response};
use crate::json;
use crate::page::{self, Book};
use crate::visitor::{self, Visitor};

const PAGE_ENTRIES: usize = 20;
const MAX_ENTRIES: i64 = 100;
/// A photo never changes; an hour is how long one that was deleted may still show in a browser that
/// knows it.
const PHOTO_MAX_AGE_SECONDS: u32 = 3_600;

/// What a route ends with.
pub enum Answer {
    /// A response of this app.
    Response(Response),
    /// The host answers with a blob.
    Blob,
}

/// `GET /`: the book.
pub fn book(request: &Request) -> Result<Answer, Error> {
    let before = number(request, "before").map_err(|_| Error::BadNumber)?;
    let listing = entries::list(before, PAGE_ENTRIES)?;
    let visitor = visit(request)?;
    // HEAD shows nobody the messages.
    let messages = if request.is_head() { Vec::new() } else { visitor::messages()? };
    let is_newest = before.is_none();
    respond(page::book(&Book { listing, visitor, messages, is_newest, now: clock::now(), refusal: None }))
}

/// The book with a form that was not accepted, to be corrected.
pub fn refused(refusal: &Refusal) -> Result<Answer, Error> {
    let listing = entries::list(None, PAGE_ENTRIES)?;
    let (visitor, messages) = (Visitor::current()?, visitor::messages()?);
    respond(page::book(&Book {
        listing,
        visitor,
        messages,
        is_newest: true,
        now: clock::now(),
        refusal: Some(refusal),
    }))
}

/// `GET /entries.json`: the book for programs.
pub fn entries_json(request: &Request) -> Result<Answer, Error> {
    let (Ok(before), Ok(limit)) = (number(request, "before"), number(request, "limit")) else {
        return respond(json::error(400, "`before` and `limit` must be whole numbers"));
    };
    let limit = limit.map_or(PAGE_ENTRIES, |limit| limit.clamp(1, MAX_ENTRIES) as usize);
    respond(json::listing(&entries::list(before, limit)?))
}

/// `POST /entries`: writes into the book.
pub fn add_entry(_: &Request) -> Result<Answer, Error> {
    let form = Form::receive_with_photo()?;
    let draft = form.draft()?;
    if let Some(photo) = form.photo() {
        blob_upload::keep(photo)?;
    }
    entries::insert(&draft, form.photo(), visitor::name()?.as_deref())?;
    visitor::tell(&format!("Thank you, {}.", draft.author))?;
    back_to_the_book()
}

/// `POST /entries/ID/delete`: tears an entry out, with its photo.
pub fn delete_entry(request: &Request) -> Result<Answer, Error> {
    Form::receive_fields()?;
    let id = request.segments().get(1).and_then(|id| id.parse().ok()).ok_or(Error::NotFound)?;
    match entries::delete(id, visitor::name()?.as_deref())? {
        Deletion::Done(photo) => delete_photo(photo)?,
        Deletion::NotOwner => return respond(page::short(403, "This entry is somebody else's.")),
        Deletion::NotFound => return Err(Error::NotFound),
    }
    back_to_the_book()
}

/// `GET /photos/ID`: a photo, if an entry shows it.
pub fn photo(request: &Request) -> Result<Answer, Error> {
    let segments = request.segments();
    let id = segments.get(1).ok_or(Error::NotFound)?;
    if !entries::has_photo(id)? {
        return Err(Error::NotFound);
    }
    let options = SendOptions { name: None, download: false, max_age: Some(PHOTO_MAX_AGE_SECONDS) };
    blob_upload::send(id, Some(&options))?;
    Ok(Answer::Blob)
}

/// `POST /login`: takes the visitor at his word.
pub fn login(_: &Request) -> Result<Answer, Error> {
    let form = Form::receive_fields()?;
    let name = form.user()?;
    visitor::sign_in(name)?;
    visitor::tell(&format!("Welcome, {name}."))?;
    back_to_the_book()
}

/// `POST /logout`: forgets him.
pub fn logout(_: &Request) -> Result<Answer, Error> {
    Form::receive_fields()?;
    visitor::sign_out()?;
    back_to_the_book()
}

/// `GET /me`: what the app knows about the visitor.
pub fn me(request: &Request) -> Result<Answer, Error> {
    respond(json::visitor(&visit(request)?))
}

/// GET is a visit; HEAD only asks.
fn visit(request: &Request) -> Result<Visitor, Error> {
    if request.is_head() { Visitor::current() } else { Visitor::welcome() }
}

fn delete_photo(photo: Option<String>) -> Result<(), Error> {
    match photo.map(|id| blob_upload::delete(&id)) {
        // What the operator has removed already needs no deletion.
        Some(Err(error)) if error.code != BlobErrorCode::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn number(request: &Request, name: &str) -> Result<Option<i64>, std::num::ParseIntError> {
    request.query(name).map(|text| text.parse()).transpose()
}

fn back_to_the_book() -> Result<Answer, Error> {
    respond(Response::see_other("/"))
}

fn respond(response: Response) -> Result<Answer, Error> {
    Ok(Answer::Response(response))
}
