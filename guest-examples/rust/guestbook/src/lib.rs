//! A guestbook: entries with photos, for visitors with or without a name.
//!
//! This file has the addresses and what each of them does. `entries` is the table, `forms` says
//! what a form may contain, and `page` writes the HTML.

mod ago;
mod entries;
mod forms;
mod page;

use std::time::Duration;

use innkeeper_sdk::blobs::{self, SendOptions};
use innkeeper_sdk::{Code, Error, Request, Response, Result, Router, app, csrf_field, json, serde_json, session};

use entries::Deletion;
use forms::{CSRF_FORM, Draft, Refusal};
use page::{Book, Visitor};

const PAGE_ENTRIES: i64 = 20;
const MAX_ENTRIES: i64 = 100;
/// A photo never changes; an hour is how long one that was deleted may still show in a browser that
/// knows it.
const PHOTO_MAX_AGE: Duration = Duration::from_secs(3600);

app!(handle);

fn handle(request: Request) -> Response {
    let answer = answer(request).or_else(|error| match error.downcast_ref() {
        Some(refusal) => refused(refusal),
        None => Err(error),
    });
    answer.unwrap_or_else(|error| error.respond_with(page::short))
}

fn answer(request: Request) -> Result<Response> {
    entries::define()?;
    Router::new()
        .get("/", book)
        .post("/entries", add_entry)
        .post("/entries/{id}/delete", delete_entry)
        .get("/entries.json", entries_json)
        .get("/photos/{id}", photo)
        .post("/login", login)
        .post("/logout", logout)
        .get("/me", me)
        .handle(request)
}

/// `GET /`: the book.
fn book(request: Request) -> Result<Response> {
    let before = request.query("before");
    let before = before.map_err(|_| Error::new(400, "The address contains something that is no number."))?;
    let listing = entries::list(before, PAGE_ENTRIES)?;
    let visitor = visitor(!request.is_head())?;
    // HEAD shows nobody the messages.
    let messages = if request.is_head() { Vec::new() } else { session::take_flash()? };
    Ok(page::book(&Book { listing, visitor, messages, is_newest: before.is_none(), refusal: None }))
}

/// The book with a form that was not accepted, to be corrected.
fn refused(refusal: &Refusal) -> Result<Response> {
    let listing = entries::list(None, PAGE_ENTRIES)?;
    let (visitor, messages) = (visitor(false)?, session::take_flash()?);
    Ok(page::book(&Book { listing, visitor, messages, is_newest: true, refusal: Some(refusal) }))
}

/// `POST /entries`: writes into the book.
fn add_entry(_: Request) -> Result<Response> {
    let form = forms::receive_with_photo()?;
    let Draft { author, message } = forms::draft(&form)?;
    let photo = form.file("photo").map(|photo| photo.id.as_str());
    if let Some(photo) = photo {
        blobs::keep(photo)?;
    }
    entries::insert(&author, &message, photo, session::user()?.as_deref())?;
    session::flash(&format!("Thank you, {author}."))?;
    Ok(Response::see_other("/"))
}

/// `POST /entries/ID/delete`: tears an entry out, with its photo.
fn delete_entry(request: Request) -> Result<Response> {
    forms::receive()?;
    match entries::delete(request.param("id")?, session::user()?.as_deref())? {
        Deletion::Done(photo) => photo.map_or(Ok(()), |id| delete_photo(&id))?,
        Deletion::NotOwner => return Err(Error::new(403, "This entry is somebody else's.")),
        Deletion::NotFound => return Err(Error::not_found()),
    }
    Ok(Response::see_other("/"))
}

fn delete_photo(id: &str) -> Result<()> {
    match blobs::delete(id) {
        // What the operator has removed already needs no deletion.
        Err(error) if error.code() == Code::NotFound => Ok(()),
        other => other,
    }
}

/// `GET /entries.json`: the book for programs.
fn entries_json(request: Request) -> Result<Response> {
    let (Ok(before), Ok(limit)) = (request.query("before"), request.query("limit")) else {
        let error = json!({ "error": "`before` and `limit` must be whole numbers" });
        return Ok(json_document(&error)?.with_status(400));
    };
    let listing = entries::list(before, limit.unwrap_or(PAGE_ENTRIES).clamp(1, MAX_ENTRIES))?;
    json_document(&listing.to_json())
}

/// `GET /photos/ID`: a photo, if an entry shows it.
fn photo(request: Request) -> Result<Response> {
    let id: String = request.param("id")?;
    if !entries::has_photo(&id)? {
        return Err(Error::not_found());
    }
    blobs::send(&id, &SendOptions { max_age: Some(PHOTO_MAX_AGE), ..SendOptions::default() })
}

/// `POST /login`: takes the visitor at his word.
fn login(_: Request) -> Result<Response> {
    let form = forms::receive()?;
    let name = forms::user(&form)?;
    session::renew(Some(name))?;
    session::flash(&format!("Welcome, {name}."))?;
    Ok(Response::see_other("/"))
}

/// `POST /logout`: forgets him.
fn logout(_: Request) -> Result<Response> {
    forms::receive()?;
    session::destroy()?;
    Ok(Response::see_other("/"))
}

/// `GET /me`: what the app knows about the visitor.
fn me(request: Request) -> Result<Response> {
    let Visitor { name, visits, .. } = visitor(!request.is_head())?;
    json_document(&json!({ "name": name, "visits": visits, "csrf": session::csrf_token(CSRF_FORM)? }))
}

/// Reads the session. GET is a visit; HEAD only asks.
fn visitor(is_visit: bool) -> Result<Visitor> {
    let visits = if is_visit {
        // Counted by the host, so that two pages at once are two visits.
        session::increment("visits", 1)?
    } else {
        session::get("visits")?.map_or(Ok(0), |visits| visits.parse())?
    };
    Ok(Visitor { name: session::user()?, visits, csrf: csrf_field(CSRF_FORM)? })
}

fn json_document(document: &serde_json::Value) -> Result<Response> {
    Ok(uncached(Response::json(document)?))
}

/// No cache may keep it: everything here depends on the visitor.
fn uncached(response: Response) -> Response {
    response.with_header("cache-control", "no-store").with_header("x-content-type-options", "nosniff")
}
