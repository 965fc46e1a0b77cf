//! A shared photo album: accounts, albums with members, photos with captions, search, links for
//! everybody, and uploads that can be interrupted.
//!
//! This file knows which address is answered where. From there: `handlers` do it, `accounts`,
//! `albums`, `photos` and `uploads` are the tables and their rules, `schema` is their history, and
//! `pages` write the HTML.

mod accounts;
mod albums;
mod handlers;
mod pages;
mod photos;
mod schema;
mod uploads;

use handlers::{account, album, photo, shared, upload};
use innkeeper_sdk::{Request, Response, Result, Router, app};

app!(handle);

fn handle(request: Request) -> Response {
    answer(request).unwrap_or_else(|error| error.respond_with(pages::problem))
}

fn answer(request: Request) -> Result<Response> {
    schema::migrate()?;
    Router::new()
        .get("/", album::home)
        .get("/static/album.css", handlers::style)
        .get("/static/upload.js", handlers::script)
        .post("/sign-up", account::sign_up)
        .post("/sign-in", account::sign_in)
        .post("/sign-out", account::sign_out)
        .get("/account", account::show)
        .post("/account/password", account::change_password)
        .post("/albums", album::create)
        .get("/albums/{id}", album::show)
        .post("/albums/{id}/delete", album::delete)
        .post("/albums/{id}/members", album::add_member)
        .post("/albums/{id}/members/{member}/remove", album::remove_member)
        .post("/albums/{id}/leave", album::leave)
        .post("/albums/{id}/share", album::share)
        .post("/albums/{id}/unshare", album::unshare)
        .post("/albums/{id}/photos", upload::form)
        .post("/albums/{id}/uploads", upload::begin)
        .post("/albums/{id}/uploads/{blob}", upload::finish)
        .get("/photos/{id}", photo::show)
        .get("/photos/{id}/file", photo::file)
        .post("/photos/{id}/caption", photo::set_caption)
        .post("/photos/{id}/delete", photo::delete)
        .get("/shared/{token}", shared::show)
        .get("/shared/{token}/photos/{id}", shared::file)
        .handle(request)
}
